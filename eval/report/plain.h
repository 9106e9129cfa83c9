/* plain.h - names from outside made fit to be shown, and short texts for figures. Pure; any thread. */
#ifndef EVAL_REPORT_PLAIN_H
#define EVAL_REPORT_PLAIN_H

#include <stdio.h>

#include "summary.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PLAIN_SIZE = 512, PLAIN_LABEL_SIZE = 128 };

/* text in UTF-8 without control characters, cut to what fits. NULL is "". */
void plain_text(const char *text, char *out, size_t size);

/* A file name's part of text: a-z, 0-9, dashes; never empty. */
void plain_file_name(const char *text, char *out, size_t size);

/* "attmf", "attmf faithful", "plan level 0.99 + ses_paper, rails": what tells arms of one table apart. */
void plain_arm(const arm_t *arm, char out[PLAIN_LABEL_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
