/* demo_history.c - see demo_history.h. */
#include "demo_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/clock.h"
#include "faasconf/cost.h"
#include "simulator.h"

/* Streams of the demo's seed, one per consumer. */
enum { STREAM_HISTORY = 0x68697374 };

/* Measures row i and makes it the transition from the row before. */
static fc_status_t measure_row(simulator_t *simulator, const fc_workflow_t *workflow, int32_t users, int32_t i,
                               const fc_function_configuration_t *configuration, fc_transition_t *transition,
                               demo_history_t *history, fc_error_t *error) {
  fc_observation_copy(&transition->before, &transition->after);
  FC_TRY(simulator_observed_window(simulator, i, configuration, &transition->after, error));
  const fc_qos_verdict_t verdict = fc_qos_judge(workflow, FC_SEMANTICS_STRICT, &transition->after.outcome,
                                                transition->after.duration_s, users, NULL);
  transition->sequence = (uint64_t)i + 1;
  transition->flags = i > 0 ? FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL : FC_TRANSITION_TERMINAL;
  transition->after.start_us = transition->before.start_us + (int64_t)(workflow->window_s * 1e6);
  transition->cost_usd_h = fc_cost_reserved_usd_h(workflow, configuration);
  history->n_met += verdict == FC_QOS_MET ? 1 : 0;
  tuner_rows_add(&history->rows, &transition->after, verdict);
  return FC_OK;
}

static fc_status_t fill(store_t *store, const fc_workflow_t *workflow, const particles_t *particles, int32_t users,
                        uint64_t seed, demo_history_t *history, fc_error_t *error) {
  const simulator_options_t options = {.seed = seed ^ STREAM_HISTORY, .semantics = FC_SEMANTICS_STRICT, .users = users};
  simulator_t *simulator = NULL;
  fc_transition_t transition = {0};
  fc_status_t status = FC_OK;
  fc_rng_t rng;
  fc_rng_init(&rng, seed, STREAM_HISTORY);
  fc_function_configuration_t *configuration = calloc((size_t)workflow->n_functions, sizeof *configuration);
  if (configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  FC_TRY_GOTO(fc_transition_init(&transition, workflow->n_functions), status, done);
  snprintf(transition.workflow, sizeof transition.workflow, "%s", workflow->name);
  snprintf(transition.agent, sizeof transition.agent, "history");
  transition.epoch = 1;
  /* A fixed date, so that the same seed gives the same bytes. */
  transition.after.start_us = 1700000000000000;
  FC_TRY_GOTO(simulator_new(workflow, &options, &simulator, error), status, done);
  FC_TRY_GOTO(store_begin(store, error), status, done);
  for (int32_t i = 0; i < history->rows.capacity && status == FC_OK; ++i) {
    bool duplicate = false;
    if (particles != NULL)
      FC_TRY_GOTO(simulator_set_parameters(simulator, &particles->parameters[particles_of_window(particles, i)], error),
                  status, stored);
    fc_knobs_draw(workflow, FC_RANGES_MEASURED, &rng, configuration);
    status = measure_row(simulator, workflow, users, i, configuration, &transition, history, error);
    if (status == FC_OK) status = store_insert_transition(store, workflow, &transition, &duplicate, error);
  }
stored:
  if (status == FC_OK)
    status = store_commit(store, error);
  else
    store_rollback(store);
done:
  simulator_destroy(&simulator);
  fc_transition_clear(&transition);
  free(configuration);
  return status;
}

fc_status_t demo_history_make(store_t *store, const fc_workflow_t *workflow, const particles_t *particles,
                              int32_t users, int32_t n_rows, uint64_t seed, demo_history_t *history,
                              fc_error_t *error) {
  *history = (demo_history_t){0};
  if (tuner_rows_init(&history->rows, workflow->n_functions, n_rows) != FC_OK) {
    demo_history_clear(history);
    return fc_error_set(error, FC_ENOMEM, "no memory for %d rows of history", n_rows);
  }
  const fc_status_t status = fill(store, workflow, particles, users, seed, history, error);
  if (status != FC_OK) demo_history_clear(history);
  return status;
}

void demo_history_clear(demo_history_t *history) {
  tuner_rows_clear(&history->rows);
  *history = (demo_history_t){0};
}
