/* tuning.c - see tuning.h. */
#include "tuning.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/clock.h"
#include "faasconf/cost.h"
#include "guarded.h"
#include "quantile.h"
#include "rows.h"

/* A measured configuration. */
typedef struct {
  fc_function_configuration_t *configuration; /* (N) */
  double cost_usd_h;
  int32_t n_met, n_violated;
} candidate_t;

typedef struct {
  const tuning_task_t *task;
  tuning_choice_t *choice;
  void *tuner;
  guarded_t guarded;
  fc_observation_t window;
  bool has_window;
  fc_function_configuration_t *proposal; /* (N) */
  candidate_t *candidates;               /* (budget) */
  int32_t n_candidates;
  double *seconds; /* (budget + 1) proposing and learning, by windows; the last is that of the next window */
  fc_clock_t clock;
} tuning_t;

static size_t configuration_bytes(const tuning_t *self) {
  return (size_t)self->task->setting.workflow->n_functions * sizeof(fc_function_configuration_t);
}

static fc_status_t remember(tuning_t *self, fc_qos_verdict_t verdict, fc_error_t *error) {
  candidate_t *found = NULL;
  for (int32_t i = 0; i < self->n_candidates && found == NULL; ++i)
    if (memcmp(self->candidates[i].configuration, self->window.configuration, configuration_bytes(self)) == 0)
      found = &self->candidates[i];
  if (found == NULL) {
    found = &self->candidates[self->n_candidates];
    found->configuration = malloc(configuration_bytes(self));
    if (found->configuration == NULL) return fc_error_set(error, FC_ENOMEM, "tuning: out of memory");
    self->n_candidates += 1;
    memcpy(found->configuration, self->window.configuration, configuration_bytes(self));
    found->cost_usd_h = fc_cost_reserved_usd_h(self->task->setting.workflow, found->configuration);
  }
  found->n_met += verdict == FC_QOS_MET;
  found->n_violated += verdict == FC_QOS_VIOLATED;
  return FC_OK;
}

static double seconds_since(const tuning_t *self, int64_t before_ns) {
  return 1e-9 * (double)(self->clock.monotonic_ns(self->clock.self) - before_ns);
}

/* One window of self->proposal, as far as strategy and rails let it through. */
static fc_status_t measure(tuning_t *self, bool trusted, fc_error_t *error) {
  const tuning_task_t *task = self->task;
  fc_qos_verdict_t verdict = FC_QOS_UNKNOWN;
  double worst = 1;
  const double load = self->has_window ? tuner_load_of(&self->window, 0) : 0;
  if (guarded_apply(&self->guarded, load, trusted, self->proposal) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "tuning: out of memory for safety records");
  FC_TRY(task->measure(task->context, self->proposal, &self->window, &verdict, &worst, error));
  self->has_window = true;
  self->choice->windows_used += 1;
  if (verdict == FC_QOS_VIOLATED) {
    self->choice->violations += 1;
    self->choice->severity += fmax(0, worst - 1);
    self->choice->unsafe_cost_usd_h += fc_cost_reserved_usd_h(task->setting.workflow, self->window.configuration);
  }
  guarded_learn(&self->guarded, &self->window, verdict);
  FC_TRY(remember(self, verdict, error));
  const int64_t before_ns = self->clock.monotonic_ns(self->clock.self);
  FC_TRY(task->tuner->learn(self->tuner, &self->window, verdict, error));
  self->seconds[self->choice->windows_used - 1] += seconds_since(self, before_ns);
  return FC_OK;
}

static fc_status_t propose(tuning_t *self, fc_error_t *error) {
  const int64_t before_ns = self->clock.monotonic_ns(self->clock.self);
  FC_TRY(
      self->task->tuner->propose(self->tuner, self->has_window ? &self->window : NULL, false, self->proposal, error));
  self->seconds[self->choice->windows_used] += seconds_since(self, before_ns);
  return FC_OK;
}

static fc_status_t explore(tuning_t *self, fc_error_t *error) {
  const bool is_planner = self->task->tuner->is_planner;
  const int32_t budget = self->task->budget_windows, n = is_planner ? budget : (2 * budget + 2) / 3;
  for (int32_t w = 0; w < n; ++w) {
    FC_TRY(propose(self, error));
    FC_TRY(measure(self, false, error));
  }
  return FC_OK;
}

static bool is_verified(const candidate_t *candidate) {
  return candidate->n_violated == 0 && candidate->n_met >= TUNING_REQUIRED_MEETS;
}

/* The cheapest that never violated; NULL: none. */
static const candidate_t *cheapest(const tuning_t *self) {
  const candidate_t *best = NULL;
  for (int32_t i = 0; i < self->n_candidates; ++i) {
    const candidate_t *candidate = &self->candidates[i];
    if (candidate->n_violated > 0 || candidate->n_met == 0) continue;
    if (best == NULL || candidate->cost_usd_h < best->cost_usd_h) best = candidate;
  }
  return best;
}

/* The cheapest verified one; NULL: none. */
static const candidate_t *cheapest_verified(const tuning_t *self) {
  const candidate_t *best = NULL;
  for (int32_t i = 0; i < self->n_candidates; ++i) {
    const candidate_t *candidate = &self->candidates[i];
    if (is_verified(candidate) && (best == NULL || candidate->cost_usd_h < best->cost_usd_h)) best = candidate;
  }
  return best;
}

static fc_status_t verify(tuning_t *self, fc_error_t *error) {
  while (self->choice->windows_used < self->task->budget_windows) {
    const candidate_t *candidate = cheapest(self);
    if (candidate != NULL && is_verified(candidate)) break;
    if (candidate == NULL)
      FC_TRY(propose(self, error));
    else
      memcpy(self->proposal, candidate->configuration, configuration_bytes(self));
    FC_TRY(measure(self, candidate != NULL, error));
  }
  const candidate_t *chosen = cheapest_verified(self);
  self->choice->settled = chosen != NULL;
  if (chosen != NULL) memcpy(self->choice->configuration, chosen->configuration, configuration_bytes(self));
  return FC_OK;
}

/* What a planner proposed last, whatever it measured. */
static void keep_to_plan(tuning_t *self) {
  memcpy(self->choice->configuration, self->proposal, configuration_bytes(self));
  self->choice->settled = true;
}

static fc_status_t open_tuning(tuning_t *self, fc_error_t *error) {
  const tuning_task_t *task = self->task;
  const size_t n = (size_t)task->setting.workflow->n_functions;
  self->proposal = calloc(n, sizeof *self->proposal);
  self->candidates = calloc((size_t)task->budget_windows + 1, sizeof *self->candidates);
  self->seconds = calloc((size_t)task->budget_windows + 1, sizeof *self->seconds);
  if (self->proposal == NULL || self->candidates == NULL || self->seconds == NULL ||
      fc_observation_init(&self->window, task->setting.workflow->n_functions) != FC_OK ||
      guarded_init(&self->guarded, &task->setting, task->strategy, task->rails, task->budget_windows + 1) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "tuning: out of memory");
  if (task->warm != NULL) {
    fc_observation_copy(&self->window, task->warm);
    self->has_window = true;
  }
  return tuner_create(task->tuner, &task->setting, &self->tuner, error);
}

fc_status_t tuning_run(const tuning_task_t *task, tuning_choice_t *choice, fc_error_t *error) {
  tuning_t self = {.task = task, .choice = choice, .clock = fc_clock_system()};
  const fc_workflow_t *workflow = task->setting.workflow;
  *choice = (tuning_choice_t){.configuration = choice->configuration};
  for (int32_t f = 0; f < workflow->n_functions; ++f) choice->configuration[f] = workflow->functions[f].start;
  fc_status_t status = open_tuning(&self, error);
  if (status == FC_OK) status = explore(&self, error);
  if (status == FC_OK && !task->tuner->is_planner) status = verify(&self, error);
  if (status == FC_OK && task->tuner->is_planner) keep_to_plan(&self);
  if (status == FC_OK && choice->windows_used > 0) {
    quantile_sort(self.seconds, choice->windows_used);
    choice->decide_s = quantile_of_sorted(self.seconds, choice->windows_used, 0.5);
  }
  if (self.tuner != NULL) task->tuner->destroy(&self.tuner);
  guarded_clear(&self.guarded);
  fc_observation_clear(&self.window);
  for (int32_t i = 0; i < self.n_candidates; ++i) free(self.candidates[i].configuration);
  free(self.candidates);
  free(self.seconds);
  free(self.proposal);
  return status;
}
