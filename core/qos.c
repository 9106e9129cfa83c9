/* qos.c - judging one window against the terms of a workflow. */
#include <math.h>
#include <string.h>

#include "faasconf/transition.h"

double fc_qos_target(const fc_qos_term_t *term, double mean_in_flight) {
  const int32_t n = term->n_points;
  FC_ASSERT(n > 0);
  if (!(mean_in_flight > term->in_flight[0])) return term->target[0];
  if (mean_in_flight >= term->in_flight[n - 1]) return term->target[n - 1];
  int32_t i = 1;
  while (term->in_flight[i] < mean_in_flight) ++i;
  const double share = (mean_in_flight - term->in_flight[i - 1]) / (term->in_flight[i] - term->in_flight[i - 1]);
  return term->target[i - 1] + share * (term->target[i] - term->target[i - 1]);
}

/* v of one latency term; NaN when it cannot be judged. */
static double latency_violation(const fc_outcome_t *outcome, const fc_qos_term_t *term, double target,
                                double window_s) {
  const bool counted = (outcome->present & FC_OUTCOME_HAS_COUNTS) != 0;
  if (counted && outcome->successes == 0) {
    /* Nothing succeeded: worse than any latency, and never met, even with a target beyond the window. */
    return fmax(window_s / target, nextafter(1.0, 2.0));
  }
  if (term->kind == FC_QOS_LATENCY_MEAN)
    return (outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN) ? outcome->latency_mean_s / target : NAN;
  /* Only the 95th percentile is reported by windows. */
  const bool known = (outcome->present & FC_OUTCOME_HAS_LATENCY_P95) != 0 && term->percentile == 95.0;
  return known ? outcome->latency_p95_s / target : NAN;
}

static double success_violation(const fc_outcome_t *outcome, const fc_qos_term_t *term, double target) {
  if (!(outcome->present & FC_OUTCOME_HAS_COUNTS)) return NAN;
  const double floored = fmax(1.0, (double)outcome->successes);
  if (term->kind == FC_QOS_SUCCESS_COUNT) {
    if (outcome->successes == 0 && target > 0.0) return fmax(target, nextafter(1.0, 2.0));
    return target / floored;
  }
  if (term->base == FC_QOS_OF_OFFERED && !(outcome->present & FC_OUTCOME_HAS_UNFINISHED)) return NAN;
  const int64_t of = term->base == FC_QOS_OF_OFFERED ? fc_outcome_offered(outcome) : fc_outcome_completed(outcome);
  /* No request at all: nothing was refused. Completed requests but no success: floored at one request. */
  if (of == 0) return 1.0;
  if (outcome->successes == 0 && target > 0.0) return fmax(target * (double)of, nextafter(1.0, 2.0));
  /* In this order an observed ratio that equals the target, 45 of 50 for 0.9, gives exactly 1. */
  return target / (floored / (double)of);
}

fc_qos_verdict_t fc_qos_judge(const fc_workflow_t *workflow, fc_semantics_t semantics, const fc_outcome_t *outcome,
                              double window_s, double load_in_flight, double *violation) {
  bool unknown = false, violated = false;
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    const fc_qos_term_t *term = &workflow->qos_terms[i];
    double v = 1.0;
    if (!(term->strict_only && semantics != FC_SEMANTICS_STRICT)) {
      const double target = fc_qos_target(term, load_in_flight);
      v = term->kind == FC_QOS_LATENCY_MEAN || term->kind == FC_QOS_LATENCY_PERCENTILE
              ? latency_violation(outcome, term, target, window_s)
              : success_violation(outcome, term, target);
    }
    if (violation != NULL) violation[i] = v;
    unknown = unknown || isnan(v);
    violated = violated || v > 1.0;
  }
  return violated ? FC_QOS_VIOLATED : unknown ? FC_QOS_UNKNOWN : FC_QOS_MET;
}
