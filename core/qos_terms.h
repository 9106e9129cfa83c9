/* qos_terms.h - one QoS term against one window, and the reward of a window: arithmetic that host (qos.c, the replay)
 * and kernels (sim/batch_rows.cu) share.
 */
#ifndef CORE_QOS_TERMS_H
#define CORE_QOS_TERMS_H

#include <math.h>

#include "faasconf/rng.h"
#include "faasconf/transition.h"

/* fc_qos_target */
static inline FC_HOST_DEVICE double qos_target(const fc_qos_term_t *term, double mean_in_flight) {
  const int32_t n = term->n_points;
  if (!(mean_in_flight > term->in_flight[0])) return term->target[0];
  if (mean_in_flight >= term->in_flight[n - 1]) return term->target[n - 1];
  int32_t i = 1;
  while (term->in_flight[i] < mean_in_flight) ++i;
  const double share = (mean_in_flight - term->in_flight[i - 1]) / (term->in_flight[i] - term->in_flight[i - 1]);
  return term->target[i - 1] + share * (term->target[i] - term->target[i - 1]);
}

static inline FC_HOST_DEVICE int64_t qos_completed(const fc_outcome_t *outcome) {
  return outcome->successes + outcome->failures;
}
static inline FC_HOST_DEVICE int64_t qos_offered(const fc_outcome_t *outcome) {
  const bool known = (outcome->present & FC_OUTCOME_HAS_UNFINISHED) != 0;
  return qos_completed(outcome) + (known ? outcome->unfinished : 0);
}

/* v of one latency term; NaN when it cannot be judged. */
static inline FC_HOST_DEVICE double qos_latency_violation(const fc_outcome_t *outcome, const fc_qos_term_t *term,
                                                          double target, double window_s) {
  const bool counted = (outcome->present & FC_OUTCOME_HAS_COUNTS) != 0;
  if (counted && outcome->successes == 0) {
    /* Nothing succeeded: worse than any latency, and never met, even with a target beyond the window. */
    return fmax(window_s / target, nextafter(1.0, 2.0));
  }
  if (term->kind == FC_QOS_LATENCY_MEAN)
    return (outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN) ? outcome->latency_mean_s / target : (double)NAN;
  /* Only the 95th percentile is reported by windows. */
  const bool known = (outcome->present & FC_OUTCOME_HAS_LATENCY_P95) != 0 && term->percentile == 95.0;
  return known ? outcome->latency_p95_s / target : (double)NAN;
}

static inline FC_HOST_DEVICE double qos_success_violation(const fc_outcome_t *outcome, const fc_qos_term_t *term,
                                                          double target) {
  if (!(outcome->present & FC_OUTCOME_HAS_COUNTS)) return (double)NAN;
  const double floored = fmax(1.0, (double)outcome->successes);
  if (term->kind == FC_QOS_SUCCESS_COUNT) {
    if (outcome->successes == 0 && target > 0.0) return fmax(target, nextafter(1.0, 2.0));
    return target / floored;
  }
  if (term->base == FC_QOS_OF_OFFERED && !(outcome->present & FC_OUTCOME_HAS_UNFINISHED)) return (double)NAN;
  const int64_t of = term->base == FC_QOS_OF_OFFERED ? qos_offered(outcome) : qos_completed(outcome);
  /* No request at all: nothing was refused. Completed requests but no success: floored at one request. */
  if (of == 0) return 1.0;
  if (outcome->successes == 0 && target > 0.0) return fmax(target * (double)of, nextafter(1.0, 2.0));
  /* In this order an observed ratio that equals the target, 45 of 50 for 0.9, gives exactly 1. */
  return target / (floored / (double)of);
}

/* v of one term: latency / target or target / observed; 1 where the term does not apply, NaN where unknown. */
static inline FC_HOST_DEVICE double qos_violation(const fc_qos_term_t *term, fc_semantics_t semantics,
                                                  const fc_outcome_t *outcome, double window_s, double load_in_flight) {
  if (term->strict_only && semantics != FC_SEMANTICS_STRICT) return 1.0;
  const double target = qos_target(term, load_in_flight);
  return term->kind == FC_QOS_LATENCY_MEAN || term->kind == FC_QOS_LATENCY_PERCENTILE
             ? qos_latency_violation(outcome, term, target, window_s)
             : qos_success_violation(outcome, term, target);
}

/* What a term takes from the reward: 0 when it is met, else the logarithm of v, at most ln 10. */
static inline FC_HOST_DEVICE double qos_log_excess(double violation) {
  return fmin(2.302585092994046, fmax(0.0, log(violation)));
}

/* Reward of a window (architecture, section 5): cost by the reference cost, and 20 for each factor e beyond a target.
 * log_excess: the sum of qos_log_excess over the terms. */
static inline FC_HOST_DEVICE double qos_reward(double cost_usd_h, double cost_ref_usd_h, double log_excess) {
  return -cost_usd_h / cost_ref_usd_h - 20.0 * log_excess;
}

#endif
