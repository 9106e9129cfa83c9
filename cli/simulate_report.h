/* simulate_report.h - what `faasconf simulate --rows` and `--trace` print on stdout: a table, or one JSON object. */
#ifndef CLI_SIMULATE_REPORT_H
#define CLI_SIMULATE_REPORT_H

#include "simulate_rows.h"
#include "simulate_trace.h"

#ifdef __cplusplus
extern "C" {
#endif

void report_scores(const simulate_rows_options_t *options, const simulate_rows_scores_t *scores, bool json);
void report_trace(const simulate_trace_options_t *options, const simulate_trace_result_t *result, bool json);

#ifdef __cplusplus
}
#endif
#endif
