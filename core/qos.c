/* qos.c - judging one window against the terms of a workflow. */
#include "qos_terms.h"

double fc_qos_target(const fc_qos_term_t *term, double mean_in_flight) {
  FC_ASSERT(term->n_points > 0);
  return qos_target(term, mean_in_flight);
}

fc_qos_verdict_t fc_qos_judge(const fc_workflow_t *workflow, fc_semantics_t semantics, const fc_outcome_t *outcome,
                              double window_s, double load_in_flight, double *violation) {
  bool unknown = false, violated = false;
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    const double v = qos_violation(&workflow->qos_terms[i], semantics, outcome, window_s, load_in_flight);
    if (violation != NULL) violation[i] = v;
    unknown = unknown || isnan(v);
    violated = violated || v > 1.0;
  }
  return violated ? FC_QOS_VIOLATED : unknown ? FC_QOS_UNKNOWN : FC_QOS_MET;
}
