/* truth.c - see truth.h. */
#include "truth.h"

#include <math.h>
#include <stdlib.h>

#include "judge.h"
#include "ramp.h"

enum { JUDGING_STREAM = 0x6a7564, STRETCH_STREAM = 0x737472, STRETCH_SHARE = 8 };
static const double STRETCH_S = 120;

static uint64_t seed_of(uint64_t seed, uint64_t stream) {
  return seed * 0x9e3779b97f4a7c15u + stream;
}

static fc_status_t open_simulator(const truth_t *truth, uint64_t seed, simulator_t **simulator, fc_error_t *error) {
  const simulator_options_t options = {.seed = seed, .semantics = truth->semantics, .users = truth->users};
  FC_TRY(simulator_new(truth->workflow, &options, simulator, error));
  return simulator_set_parameters(*simulator, &truth->world->truth, error);
}

fc_status_t truth_init(truth_t *truth, const fc_workflow_t *workflow, const world_t *world, fc_semantics_t semantics,
                       int32_t users, uint64_t seed, fc_error_t *error) {
  *truth = (truth_t){.workflow = workflow, .world = world, .semantics = semantics, .users = users};
  return open_simulator(truth, seed_of(seed, 0), &truth->simulator, error);
}

void truth_clear(truth_t *truth) {
  simulator_destroy(&truth->simulator);
  *truth = (truth_t){0};
}

fc_status_t truth_measure(void *context, const fc_function_configuration_t *configuration, fc_observation_t *window,
                          fc_qos_verdict_t *verdict, double *worst, fc_error_t *error) {
  truth_t *truth = context;
  FC_TRY(simulator_observed_window(truth->simulator, truth->window++, configuration, window, error));
  ramp_correct(truth->workflow, window);
  *verdict = judge_severity(truth->workflow, truth->semantics, window, truth->users, worst);
  return FC_OK;
}

double truth_eq2_usd(const fc_workflow_t *workflow, const fc_observation_t *window) {
  double sum_usd = 0;
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    sum_usd += fc_cost_function_usd_h(&workflow->prices, &window->configuration[f]) *
               window->metrics[f].mean_in_flight * window->duration_s / 3600;
  return sum_usd;
}

/* Several windows as the mean one of them. */
typedef struct {
  int64_t successes, failures, unfinished, n;
  double latency_sum_s;
} stretch_t;

static void stretch_add(stretch_t *stretch, const fc_observation_t *window) {
  const fc_outcome_t *o = &window->outcome;
  stretch->n += 1;
  stretch->successes += o->successes;
  stretch->failures += o->failures;
  stretch->unfinished += o->unfinished;
  if (o->present & FC_OUTCOME_HAS_LATENCY_MEAN) stretch->latency_sum_s += o->latency_mean_s * (double)o->successes;
}

/* Percentiles are not added up: the largest of the windows stands for the stretch. */
static bool stretch_is_met(const truth_t *truth, const stretch_t *stretch, const fc_observation_t *last, double p95_s) {
  fc_observation_t mean = *last;
  fc_outcome_t *o = &mean.outcome;
  o->successes = llround((double)stretch->successes / (double)stretch->n);
  o->failures = llround((double)stretch->failures / (double)stretch->n);
  o->unfinished = llround((double)stretch->unfinished / (double)stretch->n);
  o->present &= ~(uint32_t)(FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95);
  if (stretch->successes > 0) {
    o->present |= FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95;
    o->latency_mean_s = stretch->latency_sum_s / (double)stretch->successes;
    o->latency_p95_s = p95_s;
  }
  return judge_window(truth->workflow, truth->semantics, &mean, truth->users) == FC_QOS_MET;
}

static fc_status_t judge_stretches(const truth_t *truth, const fc_function_configuration_t *configuration, int32_t n,
                                   simulator_t *simulator, fc_observation_t *window, double *compliance,
                                   fc_error_t *error) {
  const int32_t n_windows = (int32_t)fmax(1, round(STRETCH_S / truth->workflow->window_s));
  int32_t n_met = 0;
  for (int32_t s = 0; s < n; ++s) {
    stretch_t stretch = {0};
    double p95_s = 0;
    simulator_end_stretch(simulator);
    for (int32_t w = 0; w < n_windows; ++w) {
      FC_TRY(simulator_next_window(simulator, (int64_t)s * n_windows + w, configuration, window, error));
      stretch_add(&stretch, window);
      if (window->outcome.present & FC_OUTCOME_HAS_LATENCY_P95) p95_s = fmax(p95_s, window->outcome.latency_p95_s);
    }
    n_met += stretch_is_met(truth, &stretch, window, p95_s);
  }
  *compliance = n > 0 ? (double)n_met / n : NAN;
  return FC_OK;
}

static fc_status_t judge_windows(const truth_t *truth, const fc_function_configuration_t *configuration, int32_t n,
                                 simulator_t *simulator, fc_observation_t *window, cell_t *cell, fc_error_t *error) {
  judge_t judge = {0};
  double eq2_usd = 0;
  for (int32_t w = 0; w < n; ++w) {
    FC_TRY(simulator_observed_window(simulator, w, configuration, window, error));
    judge_add(&judge, truth->workflow, truth->semantics, truth->users, window);
    eq2_usd += truth_eq2_usd(truth->workflow, window);
  }
  const judgement_t j = judge_result(&judge, truth->workflow, configuration);
  cell->cost_usd_h = j.cost_usd_h;
  cell->cost_eq2_usd = eq2_usd / n;
  cell->compliance = j.compliance;
  cell->wilson_low = j.wilson_low;
  cell->wilson_high = j.wilson_high;
  cell->qos_met = j.qos_met;
  cell->latency_mean_s = j.latency_s;
  cell->throughput = j.throughput;
  cell->judging_windows = n;
  return FC_OK;
}

fc_status_t truth_judge(const truth_t *truth, const fc_function_configuration_t *configuration, int32_t n,
                        uint64_t seed, cell_t *cell, fc_error_t *error) {
  simulator_t *simulator = NULL;
  fc_observation_t window = {0};
  fc_status_t status = open_simulator(truth, seed_of(seed, JUDGING_STREAM), &simulator, error);
  if (status == FC_OK && fc_observation_init(&window, truth->workflow->n_functions) != FC_OK)
    status = fc_error_set(error, FC_ENOMEM, "no memory for a window");
  if (status == FC_OK) simulator_set_outcomes_only(simulator);
  if (status == FC_OK) status = judge_windows(truth, configuration, n, simulator, &window, cell, error);
  if (status == FC_OK) {
    simulator_set_seed(simulator, seed_of(seed, STRETCH_STREAM));
    status =
        judge_stretches(truth, configuration, n / STRETCH_SHARE, simulator, &window, &cell->compliance_2min, error);
  }
  fc_observation_clear(&window);
  simulator_destroy(&simulator);
  return status;
}
