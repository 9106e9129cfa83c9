/* doctor_report.h - the findings of `faasconf doctor` printed, for people and for machines. */
#ifndef CLI_DOCTOR_REPORT_H
#define CLI_DOCTOR_REPORT_H

#include <stdio.h>

#include "doctor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A line a finding, a line for what to do, and the sum. */
void doctor_print_text(const doctor_t *doctor, FILE *out);
/* One JSON object on stdout. */
void doctor_print_json(const doctor_t *doctor);

#ifdef __cplusplus
}
#endif
#endif
