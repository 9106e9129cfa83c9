/* sections.h - the parts of report.html, in the order of the page. Each writes to `out`. */
#ifndef EVAL_REPORT_SECTIONS_H
#define EVAL_REPORT_SECTIONS_H

#include <stdio.h>

#include "plots.h"
#include "report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What was run, where, when. */
void section_run(FILE *out, const report_t *report);

/* Means per experiment, world, track and semantics. FC_ENOMEM. */
fc_status_t section_tables(FILE *out, const report_t *report, fc_error_t *error);

/* Every method against the reference: cost, compliance, violations. FC_ENOMEM. */
fc_status_t section_tests(FILE *out, const report_t *report, fc_error_t *error);

/* The drawings, or why there are none. Reads the SVG files. FC_ENOMEM, FC_EIO. */
fc_status_t section_plots(FILE *out, const plots_t *plots, fc_error_t *error);

/* The paper's claims and ours, once for each world and track with cells. FC_ENOMEM. */
fc_status_t section_claims(FILE *out, const report_t *report, fc_error_t *error);

/* What the columns mean. */
void section_reading(FILE *out, const report_t *report);

#ifdef __cplusplus
}
#endif
#endif
