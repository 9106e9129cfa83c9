/* eval_report.h - the report folder of an experiment: what was run, where and by whom it can be repeated. */
#ifndef CLI_EVAL_REPORT_H
#define CLI_EVAL_REPORT_H

#include "report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The command as it was typed, on one line, into text[size]. argv[0]: the experiment. */
void eval_report_command(int argc, char **argv, char *text, size_t size);

/* Writes the report of `report`, whose command, title, seeds and data are set, into `folder`; the rest (commit, date,
 * machine, load) is found here. Says on stderr what was written. Errors of report_write. */
fc_status_t eval_report_write(const report_t *report, const char *folder, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
