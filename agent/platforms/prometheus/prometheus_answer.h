/* prometheus_answer.h - the JSON that Prometheus answers a query with, read and checked.
 *
 * Of any result type: scalar (one series with one sample), vector (each series one sample), matrix (each series samples
 * in ascending time), string (text). No series is an empty result: absent, which is not 0. Values may be NaN and
 * infinite as the server wrote them; whoever uses one decides that it is no measurement.
 */
#ifndef AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_ANSWER_H
#define AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  PROMETHEUS_MAX_BYTES = 512 << 10, /* of an answer: some 20000 samples; its JSON takes a multiple for a moment */
  PROMETHEUS_MAX_SERIES = 1000,
  PROMETHEUS_TEXT_SIZE = 256
};

typedef enum {
  PROMETHEUS_SCALAR = 0,
  PROMETHEUS_VECTOR = 1,
  PROMETHEUS_MATRIX = 2,
  PROMETHEUS_STRING = 3
} prometheus_type_t;

typedef struct {
  double time_s; /* Unix time, finite */
  double value;
} prometheus_sample_t;

typedef struct {
  int32_t n_samples;
  prometheus_sample_t *samples; /* (n_samples) borrowed from the answer */
} prometheus_series_t;

typedef struct {
  prometheus_type_t type;
  int32_t n_series;
  prometheus_series_t *series; /* (n_series) */
  prometheus_sample_t *samples;
  char text[PROMETHEUS_TEXT_SIZE];    /* of a string; cut at its end */
  int32_t n_warnings;                 /* the server computed the result, but not of all data */
  char warning[PROMETHEUS_TEXT_SIZE]; /* the first one */
} prometheus_answer_t;

/* Reads the body of an answer; http_status is for the message. *answer is owned by the caller and freed with
 * prometheus_answer_clear, also after a failure. Errors as prometheus_query's. */
fc_status_t prometheus_answer_parse(const char *body, size_t size, long http_status, prometheus_answer_t *answer,
                                    fc_error_t *error);
void prometheus_answer_clear(prometheus_answer_t *answer);

/* The one number of a scalar or of a vector with one series. False: none, several, or not finite. */
bool prometheus_answer_value(const prometheus_answer_t *answer, double *value);

#ifdef __cplusplus
}
#endif
#endif
