/* prometheus_ask.h - one query of the settings put to Prometheus: placeholders, range, and what span makes a count. */
#ifndef AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_ASK_H
#define AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_ASK_H

#include "prometheus.h"
#include "prometheus_text.h"
#include "settings_metrics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Asks for `query` at time_s (Unix time; NAN: the server's now). words->labels and window_s included are the caller's.
 * Counters and gauges get the range that a window and max_age_s need. *answer is freed with prometheus_answer_clear,
 * also after a failure. Errors as prometheus_query's; FC_ENOMEM. */
fc_status_t prometheus_ask(prometheus_t *client, const settings_query_t *query, const prometheus_words_t *words,
                           double max_age_s, double time_s, prometheus_answer_t *answer, fc_error_t *error);

/* A count over much less or more than the window is not the window's. */
bool prometheus_span_fits(double span_s, double window_s);

#ifdef __cplusplus
}
#endif
#endif
