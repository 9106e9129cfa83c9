/* prometheus_ask.c - see prometheus_ask.h. */
#include "prometheus_ask.h"

#include <stdio.h>
#include <stdlib.h>

static const double MIN_SHARE = 0.5, MAX_SHARE = 1.5;

fc_status_t prometheus_ask(prometheus_t *client, const settings_query_t *query, const prometheus_words_t *words,
                           double max_age_s, double time_s, prometheus_answer_t *answer, fc_error_t *error) {
  char range[64] = "", *text = NULL;
  /* As far back as a window may begin to be counted, and the tick that a range leaves out at its beginning. */
  const double reach_s = words->window_s + 2 * max_age_s + 0.01;
  if (query->kind != SETTINGS_QUERY_VALUE) snprintf(range, sizeof range, "[%.0fms]", reach_s * 1000);
  *answer = (prometheus_answer_t){0};
  FC_TRY(prometheus_text_fill(query->text, words, range, &text, error));
  const fc_status_t status = prometheus_query(client, text, time_s, answer, error);
  free(text);
  return status;
}

bool prometheus_span_fits(double span_s, double window_s) {
  return span_s >= MIN_SHARE * window_s && span_s <= MAX_SHARE * window_s;
}
