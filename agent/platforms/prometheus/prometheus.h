/* prometheus.h - a client of Prometheus' HTTP API: one query, one answer.
 *
 * Queries go as POST forms to URL/api/v1/query and URL/api/v1/query_range over one connection that is kept. Answers are
 * bounded in bytes and series and are checked whole (prometheus_answer.h); no byte a server sends does harm.
 *
 * One thread per client. Calls block for the client's timeout at most.
 */
#ifndef AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_H
#define AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_H

#include "prometheus_answer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct prometheus prometheus_t;

/* url: "http://127.0.0.1:9090", with a path when Prometheus has one (--web.external-url), without /api/v1. Asks nothing
 * yet. Caller owns *out and destroys it with prometheus_destroy. FC_EINVAL: no http(s) URL;
 * FC_ENOTFOUND: libcurl is not installed; FC_ENOMEM. */
fc_status_t prometheus_new(const char *url, double timeout_s, prometheus_t **out, fc_error_t *error);
void prometheus_destroy(prometheus_t **client);

/* Of the calls that follow. At least 1 ms. */
void prometheus_set_timeout(prometheus_t *client, double timeout_s);

/* Evaluates PromQL at time_s (Unix time; NAN: the server's now). An instant vector's samples carry the time of the
 * evaluation, not their own: a selector without a range shows samples up to 5 minutes old as if they were new. A
 * selector with a range ("up[10s]") gives a matrix of raw samples with the times they were scraped at.
 * *answer is cleared first; caller frees it with prometheus_answer_clear, also after a failure.
 * FC_EINVAL: the server refused the query as wrong, FC_ESTATE: it could not be evaluated on the data there is (its
 * sentence is in the message); FC_ETIMEOUT: no answer in time, or the
 * server gave up; FC_EIO: nobody answers, or the server has a fault of its own; FC_EFORMAT: not an answer of
 * Prometheus; FC_EEXHAUSTED: beyond PROMETHEUS_MAX_BYTES or _SERIES; FC_ENOMEM. */
fc_status_t prometheus_query(prometheus_t *client, const char *query, double time_s, prometheus_answer_t *answer,
                             fc_error_t *error);

/* The same at start_s, start_s + step_s, ... up to end_s: a matrix of evaluations, not of raw samples. */
fc_status_t prometheus_query_range(prometheus_t *client, const char *query, double start_s, double end_s, double step_s,
                                   prometheus_answer_t *answer, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
