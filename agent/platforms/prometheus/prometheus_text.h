/* prometheus_text.h - a query of the settings with its placeholders put in. */
#ifndef AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_TEXT_H
#define AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_TEXT_H

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the placeholders stand for. Names are escaped as inside a PromQL text. */
typedef struct {
  const char *function; /* NULL: a query of the workflow */
  const char *workflow;
  const char *labels; /* matchers as they are; empty: a comma after {labels} goes with it */
  double window_s;
} prometheus_words_t;

/* *out: NUL-terminated, followed by `suffix`; caller frees it with free(). FC_ENOMEM. */
fc_status_t prometheus_text_fill(const char *query, const prometheus_words_t *words, const char *suffix, char **out,
                                 fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
