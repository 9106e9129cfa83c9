/* trace_run.c - see trace_run.h. */
#include "trace_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/clock.h"
#include "guarded.h"
#include "judge.h"
#include "quantile.h"
#include "rows.h"
#include "truth.h"

typedef struct {
  const trial_t *trial;
  const trace_t *trace;
  const contender_t *contender;
  void *tuner;
  guarded_t guarded;
  truth_t truth;
  fc_observation_t window;                         /* the last one */
  fc_function_configuration_t *current, *proposal; /* (N) */
  double *seconds;                                 /* (n_minutes) proposing and learning */
  int32_t n_windows, n_met, n_unmet;
  double eq2_usd, successes;
} run_t;

static int32_t most_users(const trace_t *trace) {
  int32_t most = 1;
  for (int32_t m = 0; m < trace->n_minutes; ++m) most = trace->users[m] > most ? trace->users[m] : most;
  return most;
}

static int64_t clock_ns(void) {
  const fc_clock_t clock = fc_clock_system();
  return clock.monotonic_ns(clock.self);
}

static fc_status_t decide(run_t *self, trace_minute_t *minute, double *seconds, cell_t *cell, fc_error_t *error) {
  const size_t bytes = (size_t)self->trial->workflow->n_functions * sizeof *self->current;
  const int64_t before_ns = clock_ns();
  if (self->contender->tuner->knows_the_world) self->window.load.mean_in_flight = minute->users;
  FC_TRY(self->contender->tuner->propose(self->tuner, &self->window, true, self->proposal, error));
  *seconds += 1e-9 * (double)(clock_ns() - before_ns);
  if (guarded_apply(&self->guarded, tuner_load_of(&self->window, 0), false, self->proposal) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for safety records");
  minute->reconfigured = memcmp(self->proposal, self->current, bytes) != 0;
  cell->reconfigurations += minute->reconfigured;
  for (int32_t f = 0; f < self->trial->workflow->n_functions; ++f) self->current[f] = self->proposal[f];
  return FC_OK;
}

static fc_status_t measure(run_t *self, trace_minute_t *minute, double *seconds, cell_t *cell, fc_error_t *error) {
  const trial_t *trial = self->trial;
  double worst = 0;
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what self holds is freed by trace_run, also then */
  FC_TRY(simulator_next_window(self->truth.simulator, self->n_windows++, self->current, &self->window, error));
  const fc_qos_verdict_t verdict =
      judge_severity(trial->workflow, trial->semantics, &self->window, minute->users, &worst);
  const fc_outcome_t *o = &self->window.outcome;
  const double latency_s = o->present & FC_OUTCOME_HAS_LATENCY_MEAN ? o->latency_mean_s : self->window.duration_s;
  const double cost_usd_h = fc_cost_reserved_usd_h(trial->workflow, self->window.configuration);
  self->n_met += verdict == FC_QOS_MET;
  self->n_unmet += verdict == FC_QOS_VIOLATED;
  self->eq2_usd += truth_eq2_usd(trial->workflow, &self->window);
  self->successes += (double)o->successes;
  minute->latency_s += latency_s / self->trace->windows_per_minute;
  minute->successes += (double)o->successes / self->trace->windows_per_minute;
  minute->cost_usd_h = cost_usd_h;
  cell->latency_sum_s += latency_s;
  cell->cost_usd_h += cost_usd_h;
  if (verdict == FC_QOS_VIOLATED) {
    minute->violations += 1;
    cell->severity += fmax(0, worst - 1);
    cell->unsafe_cost_usd_h += cost_usd_h;
  }
  guarded_learn(&self->guarded, &self->window, verdict);
  const int64_t before_ns = clock_ns();
  FC_TRY(self->contender->tuner->learn(self->tuner, &self->window, verdict, error));
  *seconds += 1e-9 * (double)(clock_ns() - before_ns);
  return FC_OK;
}

static fc_status_t play(run_t *self, trace_minute_t *minutes, cell_t *cell, fc_error_t *error) {
  for (int32_t m = 0; m < self->trace->n_minutes; ++m) {
    minutes[m] = (trace_minute_t){.users = self->trace->users[m]};
    FC_TRY(simulator_set_load(self->truth.simulator, minutes[m].users, 0, error));
    if (m > 0) FC_TRY(decide(self, &minutes[m], &self->seconds[m], cell, error));
    for (int32_t w = 0; w < self->trace->windows_per_minute; ++w)
      FC_TRY(measure(self, &minutes[m], &self->seconds[m], cell, error));
  }
  return FC_OK;
}

static fc_status_t open_run(run_t *self, const tuner_setting_t *setting, fc_error_t *error) {
  const trial_t *trial = self->trial;
  const size_t n = (size_t)trial->workflow->n_functions;
  const int32_t n_windows = self->trace->n_minutes * self->trace->windows_per_minute;
  self->current = calloc(n, sizeof *self->current);
  self->proposal = calloc(n, sizeof *self->proposal);
  self->seconds = calloc((size_t)self->trace->n_minutes, sizeof *self->seconds);
  if (self->current == NULL || self->proposal == NULL || self->seconds == NULL ||
      fc_observation_init(&self->window, trial->workflow->n_functions) != FC_OK ||
      guarded_init(&self->guarded, setting, self->contender->strategy, self->contender->rails, n_windows) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a trace");
  for (size_t f = 0; f < n; ++f) self->current[f] = trial->workflow->functions[f].start;
  FC_TRY(truth_init(&self->truth, trial->workflow, trial->world, trial->semantics, most_users(self->trace), trial->seed,
                    error));
  return tuner_create(self->contender->tuner, setting, &self->tuner, error);
}

static void sum_up(const run_t *self, cell_t *cell) {
  const int32_t judged = self->n_met + self->n_unmet;
  cell->cost_usd_h /= self->n_windows;
  cell->cost_eq2_usd = self->eq2_usd / self->n_windows;
  cell->throughput = self->successes / self->n_windows;
  cell->latency_mean_s = cell->latency_sum_s / self->n_windows;
  cell->compliance = judged > 0 ? (double)self->n_met / judged : NAN;
  if (judged > 0) judge_wilson(self->n_met, judged, &cell->wilson_low, &cell->wilson_high);
  cell->qos_met = cell->compliance >= JUDGE_REQUIRED_COMPLIANCE;
  cell->settled = true;
  cell->violations = self->n_unmet;
  cell->windows = self->n_windows;
  cell->judging_windows = judged;
  quantile_sort(self->seconds, self->trace->n_minutes);
  cell->decide_s = quantile_of_sorted(self->seconds, self->trace->n_minutes, 0.5);
}

fc_status_t trace_run(const trial_t *trial, const trace_t *trace, const contender_t *contender, trace_minute_t *minutes,
                      cell_t *cell, fc_error_t *error) {
  const fc_workflow_t nominal = trial_nominal_workflow(trial->workflow, trial->world);
  tuner_setting_t setting = trial_setting(trial, contender, &nominal);
  run_t self = {.trial = trial, .trace = trace, .contender = contender};
  cell->cost_usd_h = cell->severity = cell->latency_sum_s = cell->prepare_s = cell->unsafe_cost_usd_h = 0;
  setting.prepared_s = &cell->prepare_s;
  fc_status_t status = open_run(&self, &setting, error);
  if (status == FC_OK) status = play(&self, minutes, cell, error);
  if (status == FC_OK) sum_up(&self, cell);
  contender->tuner->destroy(&self.tuner);
  guarded_clear(&self.guarded);
  truth_clear(&self.truth);
  fc_observation_clear(&self.window);
  free(self.current);
  free(self.proposal);
  free(self.seconds);
  return status;
}
