/* prometheus_samples.h - what raw samples say about a window: increase of counters, mean of gauges.
 *
 * Both take the matrix that a selector with a range gives, whose samples have the times they were scraped at.
 *
 * An increase is counted from sample to sample: from the last one at or before `from_s` to the last one at or before
 * `until_s`, nothing extrapolated, with the times of both. The next window goes on at the sample where this one ended,
 * so that windows in a row add up to the counter. Prometheus' own increase() knows the samples inside the window only:
 * of x[5s] scraped every second it sees five samples, four seconds apart, and makes 5 of 4; what is counted between
 * the last sample of a window and the first one of the next is in neither.
 * A value lower than the one before is a restart from 0: the lower value is what was counted since. What was counted
 * between the last sample and the restart is lost, and a counter that has overtaken its old value before the next
 * scrape hides its restart (as for Prometheus).
 *
 * A sample that is not finite is no sample. Too old is what is older than max_age_s: at the end of a window (nobody
 * scrapes any more) and at its beginning (nobody did yet). Then nothing is known about the window: absent.
 */
#ifndef AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_SAMPLES_H
#define AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_SAMPLES_H

#include "prometheus_answer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  PROMETHEUS_KNOWN = 0,
  PROMETHEUS_NO_SERIES = 1, /* the selector matches nothing */
  PROMETHEUS_STALE = 2,     /* the newest sample is too old */
  PROMETHEUS_NO_START = 3,  /* no sample near the beginning of the window */
  PROMETHEUS_NO_STEP = 4    /* no new sample since then */
} prometheus_knowledge_t;

/* Why, for a message: "the newest sample is too old". Static storage. */
const char *prometheus_knowledge_text(prometheus_knowledge_t knowledge);

typedef struct {
  double increase;        /* sum over all series, >= 0 */
  double from_s, until_s; /* times of the first and last sample that count */
} prometheus_increase_t;

/* *out is written when KNOWN. Series that end in between (a replica was removed) count up to their end; one that begins
 * in between counts from its first sample. until_s of *out is where all series that go on are known. */
prometheus_knowledge_t prometheus_increase(const prometheus_answer_t *matrix, double from_s, double until_s,
                                           double max_age_s, prometheus_increase_t *out);

/* Mean over the scrapes in (from_s, until_s] of the sum over all series; a series counts as 0 where it was not there.
 */
prometheus_knowledge_t prometheus_mean(const prometheus_answer_t *matrix, double from_s, double until_s,
                                       double max_age_s, double *mean);

#ifdef __cplusplus
}
#endif
#endif
