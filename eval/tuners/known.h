/* known.h - windows as coordinates and outcomes: what a surrogate learns from. Offline rows first, then this run's. One
 * owner.
 */
#ifndef EVAL_TUNERS_KNOWN_H
#define EVAL_TUNERS_KNOWN_H

#include "box.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const tuner_setting_t *setting;
  const box_t *box;
  fc_rng_t rng;
  int32_t n, capacity, n_offline;
  double *x;        /* (capacity, d) */
  double *outcome;  /* (capacity, FC_MAX_QOS_TERMS) less is better, compressed far from target; NaN: unknown */
  double *cost;     /* (capacity) USD/h */
  double *priority; /* (capacity) uniform: who comes first among equals */
  bool *excluded;   /* (capacity) */
  int32_t contradicted[FC_MAX_QOS_TERMS]; /* this run's windows that met QoS against this term */
} known_t;

/* FC_ENOMEM. Freed by known_clear, also after a failure. */
fc_status_t known_init(known_t *known, const tuner_setting_t *setting, const box_t *box);
void known_clear(known_t *known);

/* Ignored: a window without load, or without any term's outcome. FC_ENOMEM. */
fc_status_t known_add(known_t *known, const fc_observation_t *window, fc_qos_verdict_t verdict, bool offline);

/* The outcome of a term at its target for this load: met while at most that. */
double known_bound(const known_t *known, int32_t term, double load);
/* Is the term judged under the setting's semantics, and do verdicts go by it? (Counts are not judged in open loops.) */
bool known_term_applies(const known_t *known, int32_t term);

/* Indices of at most `max` windows for a load: this run's (at most half), then offline ones, two thirds of them near
 * the load. index (max); returns their number, ascending. FC_ENOMEM gives -1. */
int32_t known_select(const known_t *known, double load, int32_t max, int32_t *index);

/* The middle one of all loads; NaN when there is none. FC_ENOMEM gives NaN. */
double known_median_load(const known_t *known);

#ifdef __cplusplus
}
#endif
#endif
