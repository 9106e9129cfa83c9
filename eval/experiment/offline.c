/* offline.c - see offline.h. */
#include "offline.h"

#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "judge.h"
#include "ramp.h"
#include "simulator.h"

enum { CONFIGURATION_STREAM = 0x6f66666c, WINDOW_STREAM = 0x6f66776e };

typedef struct {
  const offline_t *offline;
  tuner_rows_t *rows;
} measuring_t;

int32_t offline_levels(const fc_workflow_t *workflow, int32_t users[OFFLINE_MAX_LOADS]) {
  const int32_t first = strcmp(workflow->name, "tcktapp") == 0 ? 20 : 10;
  for (int32_t i = 0; i < 5; ++i) users[i] = first + 5 * i;
  return 5;
}

/* Rows of one load: piece p of n_loads. */
static fc_status_t measure_block(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  const measuring_t *self = context;
  const offline_t *o = self->offline;
  const int32_t users = o->users[piece];
  const int64_t from = piece * o->n_rows / o->n_loads, to = (piece + 1) * o->n_rows / o->n_loads;
  const simulator_options_t options = {.seed = o->seed ^ WINDOW_STREAM, .semantics = o->semantics, .users = users};
  simulator_t *simulator = NULL;
  fc_function_configuration_t *configuration = calloc((size_t)o->workflow->n_functions, sizeof *configuration);
  (void)worker;
  if (configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  fc_status_t status = simulator_new(o->workflow, &options, &simulator, error);
  if (status == FC_OK) status = simulator_set_parameters(simulator, &o->world->nominal, error);
  for (int64_t i = from; status == FC_OK && i < to; ++i) {
    fc_rng_t rng;
    fc_rng_init(&rng, o->seed, CONFIGURATION_STREAM + ((uint64_t)i << 32));
    fc_knobs_draw(o->workflow, o->ranges, &rng, configuration);
    status = simulator_observed_window(simulator, i, configuration, &self->rows->windows[i], error);
    if (status != FC_OK) break;
    ramp_correct(o->workflow, &self->rows->windows[i]);
    self->rows->verdicts[i] = judge_window(o->workflow, o->semantics, &self->rows->windows[i], users);
  }
  simulator_destroy(&simulator);
  free(configuration);
  return status;
}

fc_status_t offline_measure(const offline_t *offline, tuner_rows_t *rows, fc_error_t *error) {
  measuring_t self = {offline, rows};
  if (tuner_rows_init(rows, offline->workflow->n_functions, offline->n_rows) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for %d offline rows", (int)offline->n_rows);
  FC_TRY(jobs_run(offline->n_workers, offline->n_loads, measure_block, NULL, &self, error));
  rows->n = offline->n_rows;
  return FC_OK;
}
