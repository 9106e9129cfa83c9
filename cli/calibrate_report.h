/* calibrate_report.h - what `faasconf calibrate` prints. */
#ifndef CLI_CALIBRATE_REPORT_H
#define CLI_CALIBRATE_REPORT_H

#include "calibrate_store.h"

/* On stdout: tables, or one JSON object (keys: docs/cli.md). */
void calibrate_report(const calibrate_options_t *options, const twin_t *twin, const calibrate_result_t *result,
                      bool json);

#endif
