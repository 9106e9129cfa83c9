/* trial.c - see trial.h. */
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells_csv.h"
#include "truth.h"
#include "tuning.h"

const char *trial_track_name(tuner_track_t track) {
  return track == TUNER_TRACK_SIMULATOR ? "simulator" : "rows";
}

fc_workflow_t trial_nominal_workflow(const fc_workflow_t *workflow, const world_t *world) {
  fc_workflow_t nominal = *workflow;
  nominal.simulator = world->nominal;
  return nominal;
}

void trial_name(const trial_t *trial, const contender_t *contender, const char *experiment, cell_t *cell) {
  *cell = cells_empty();
  cell->users = trial->users;
  cell->seed = (int64_t)trial->seed;
  snprintf(cell->experiment, sizeof cell->experiment, "%s", experiment);
  snprintf(cell->workflow, sizeof cell->workflow, "%s", trial->workflow->name);
  snprintf(cell->world, sizeof cell->world, "%s", world_name(trial->world->kind));
  snprintf(cell->track, sizeof cell->track, "%s", trial_track_name(trial->track));
  snprintf(cell->semantics, sizeof cell->semantics, "%s", fc_semantics_name(trial->semantics));
  contender_name(contender, cell);
}

tuner_setting_t trial_setting(const trial_t *trial, const contender_t *contender, const fc_workflow_t *nominal) {
  return (tuner_setting_t){.workflow = nominal,
                           .semantics = trial->semantics,
                           .ranges = trial->ranges,
                           .track = trial->track,
                           .variant = contender->variant,
                           .concurrency_is_fixed = contender->concurrency_is_fixed,
                           .rows = trial->rows,
                           .cache = trial->cache,
                           .oracles = contender->tuner->knows_the_world ? trial->oracles : NULL,
                           .truth = contender->tuner->knows_the_world ? trial->world : NULL,
                           .seed = trial->seed,
                           .level = contender->level};
}

fc_status_t trial_prepare(const trial_t *trial, const contender_t *contender, fc_error_t *error) {
  const fc_workflow_t nominal = trial_nominal_workflow(trial->workflow, trial->world);
  const tuner_setting_t setting = trial_setting(trial, contender, &nominal);
  void *self = NULL;
  const fc_status_t status = tuner_create(contender->tuner, &setting, &self, error);
  contender->tuner->destroy(&self);
  return status;
}

/* The window of the start configuration before the budget. */
static fc_status_t warm_up(truth_t *truth, fc_observation_t *window, fc_error_t *error) {
  const fc_workflow_t *workflow = truth->workflow;
  fc_qos_verdict_t verdict = FC_QOS_UNKNOWN;
  double worst = 0;
  fc_function_configuration_t *start = calloc((size_t)workflow->n_functions, sizeof *start);
  if (start == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  for (int32_t f = 0; f < workflow->n_functions; ++f) start[f] = workflow->functions[f].start;
  const fc_status_t status = truth_measure(truth, start, window, &verdict, &worst, error);
  free(start);
  return status;
}

static fc_status_t tune(const trial_t *trial, const contender_t *contender, truth_t *truth, fc_observation_t *warm,
                        tuning_choice_t *choice, double *prepared_s, fc_error_t *error) {
  const fc_workflow_t nominal = trial_nominal_workflow(trial->workflow, trial->world);
  tuning_task_t task = {.tuner = contender->tuner,
                        .setting = trial_setting(trial, contender, &nominal),
                        .budget_windows = trial->budget_windows,
                        .warm = warm,
                        .strategy = contender->strategy,
                        .rails = contender->rails,
                        .measure = truth_measure,
                        .context = truth};
  task.setting.prepared_s = prepared_s;
  FC_TRY(warm_up(truth, warm, error));
  return tuning_run(&task, choice, error);
}

fc_status_t trial_run(const trial_t *trial, const contender_t *contender, cell_t *cell,
                      fc_function_configuration_t *choice, fc_error_t *error) {
  const size_t n = (size_t)trial->workflow->n_functions;
  truth_t truth = {0};
  fc_observation_t warm = {0};
  tuning_choice_t chosen = {.configuration = calloc(n, sizeof *chosen.configuration)};
  fc_status_t status = FC_OK;
  if (chosen.configuration == NULL || fc_observation_init(&warm, trial->workflow->n_functions) != FC_OK)
    status = fc_error_set(error, FC_ENOMEM, "no memory for a trial");
  if (status == FC_OK)
    status = truth_init(&truth, trial->workflow, trial->world, trial->semantics, trial->users, trial->seed, error);
  cell->prepare_s = 0;
  if (status == FC_OK) status = tune(trial, contender, &truth, &warm, &chosen, &cell->prepare_s, error);
  if (status == FC_OK)
    status = truth_judge(&truth, chosen.configuration, trial->judging_windows, trial->seed, cell, error);
  if (status == FC_OK) {
    cell->settled = chosen.settled;
    cell->violations = chosen.violations;
    cell->severity = chosen.severity;
    cell->windows = chosen.windows_used;
    cell->decide_s = chosen.decide_s;
    cell->unsafe_cost_usd_h = chosen.unsafe_cost_usd_h;
    if (choice != NULL) memcpy(choice, chosen.configuration, n * sizeof *choice);
  }
  truth_clear(&truth);
  fc_observation_clear(&warm);
  free(chosen.configuration);
  return status;
}
