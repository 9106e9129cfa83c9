/* judge.c - see judge.h. */
#include "judge.h"

#include <math.h>

#include "simulator.h"

/* Keeps the judging draws apart from those of tuning for every user-given seed. */
static uint64_t judging_seed(uint64_t seed) {
  return seed ^ 0x9E3779B97F4A7C15u;
}

void judge_wilson(int32_t n_met, int32_t n, double *low, double *high) {
  FC_ASSERT(n > 0 && n_met >= 0 && n_met <= n);
  const double z = 1.959963984540054;
  const double p = (double)n_met / n;
  const double denominator = 1.0 + z * z / n;
  const double centre = (p + z * z / (2.0 * n)) / denominator;
  const double half = z * sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / denominator;
  /* Exact at the ends, where rounding would miss by an ulp. */
  *low = n_met == 0 ? 0.0 : fmax(0.0, centre - half);
  *high = n_met == n ? 1.0 : fmin(1.0, centre + half);
}

void judge_add(judge_t *judge, const fc_workflow_t *workflow, fc_semantics_t semantics, int32_t users,
               const fc_observation_t *observation) {
  const fc_outcome_t *outcome = &observation->outcome;
  const fc_qos_verdict_t verdict =
      fc_qos_judge(workflow, semantics, outcome, observation->duration_s, (double)users, NULL);
  judge->sums.n_windows += 1;
  judge->sums.n_met += verdict == FC_QOS_MET ? 1 : 0;
  judge->sums.latency_s +=
      (outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN) ? outcome->latency_mean_s : observation->duration_s;
  judge->successes += outcome->successes;
  judge->completed += fc_outcome_completed(outcome);
}

judgement_t judge_result(const judge_t *judge, const fc_workflow_t *workflow,
                         const fc_function_configuration_t *configuration) {
  judgement_t judgement = judge->sums;
  const int32_t n = judgement.n_windows;
  FC_ASSERT(n > 0);
  judgement.compliance = (double)judgement.n_met / n;
  judge_wilson(judgement.n_met, n, &judgement.wilson_low, &judgement.wilson_high);
  judgement.qos_met = judgement.compliance >= JUDGE_REQUIRED_COMPLIANCE;
  judgement.cost_usd_h = fc_cost_reserved_usd_h(workflow, configuration);
  judgement.latency_s /= n;
  judgement.throughput = (double)judge->successes / n;
  judgement.success_ratio = judge->completed > 0 ? (double)judge->successes / (double)judge->completed : 0.0;
  return judgement;
}

fc_qos_verdict_t judge_severity(const fc_workflow_t *workflow, fc_semantics_t semantics,
                                const fc_observation_t *observation, double users, double *worst) {
  double violation[FC_MAX_QOS_TERMS];
  const bool closed_loop = users > 0;
  *worst = 0;
  if (!closed_loop && fc_observation_is_idle(observation)) return FC_QOS_UNKNOWN;
  const fc_qos_verdict_t verdict = fc_qos_judge(workflow, semantics, &observation->outcome, observation->duration_s,
                                                closed_loop ? users : observation->load.mean_in_flight, violation);
  bool unknown = false;
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    if (!closed_loop && workflow->qos_terms[i].kind == FC_QOS_SUCCESS_COUNT) continue;
    unknown = unknown || isnan(violation[i]);
    if (violation[i] > *worst) *worst = violation[i];
  }
  if (closed_loop) return verdict;
  if (*worst > 1) return FC_QOS_VIOLATED;
  return unknown ? FC_QOS_UNKNOWN : FC_QOS_MET;
}

fc_qos_verdict_t judge_window(const fc_workflow_t *workflow, fc_semantics_t semantics,
                              const fc_observation_t *observation, double users) {
  double worst = 0;
  return judge_severity(workflow, semantics, observation, users, &worst);
}

fc_status_t judge_configuration(const fc_workflow_t *workflow, fc_semantics_t semantics, int32_t users, uint64_t seed,
                                int32_t n_windows, const fc_function_configuration_t *configuration,
                                judgement_t *judgement, fc_error_t *error) {
  const simulator_options_t options = {.seed = judging_seed(seed), .semantics = semantics, .users = users};
  simulator_t *simulator = NULL;
  fc_observation_t observation = {0};
  fc_status_t status = FC_OK;
  judge_t judge = {0};
  *judgement = (judgement_t){0};
  if (n_windows < 1) return fc_error_set(error, FC_EINVAL, "judging needs at least one window, not %d", n_windows);
  FC_TRY(fc_observation_init(&observation, workflow->n_functions));
  FC_TRY_GOTO(simulator_new(workflow, &options, &simulator, error), status, done);
  simulator_set_outcomes_only(simulator);
  for (int32_t w = 0; w < n_windows; ++w) {
    FC_TRY_GOTO(simulator_observed_window(simulator, w, configuration, &observation, error), status, done);
    judge_add(&judge, workflow, semantics, users, &observation);
  }
  *judgement = judge_result(&judge, workflow, configuration);
done:
  simulator_destroy(&simulator);
  fc_observation_clear(&observation);
  return status;
}
