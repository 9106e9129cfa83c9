/* measured_rows.c - see measured_rows.h. */
#include "measured_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "faasconf/clock.h"
#include "faasconf/cost.h"
#include "workflow_file.h"

struct measured_rows {
  store_t *store;
  fc_workflow_t *workflow;
  fc_transition_t transition;
};

static fc_status_t open_rows(measured_rows_t *rows, const char *directory, const char *workflow_path, const char *agent,
                             fc_error_t *error) {
  const fc_clock_t clock = fc_clock_system();
  FC_TRY(store_open(directory, STORE_READ_WRITE, "", &rows->store, error));
  FC_TRY(workflow_file_register(rows->store, workflow_path, &rows->workflow, error));
  if (fc_transition_init(&rows->transition, rows->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a transition");
  snprintf(rows->transition.workflow, sizeof rows->transition.workflow, "%s", rows->workflow->name);
  snprintf(rows->transition.agent, sizeof rows->transition.agent, "%s", agent);
  /* Another number at each start, as an agent's state folder would give. */
  rows->transition.epoch = (uint64_t)clock.wall_us(clock.self);
  return FC_OK;
}

fc_status_t measured_rows_open(const char *directory, const char *workflow_path, const char *agent,
                               measured_rows_t **out, fc_error_t *error) {
  *out = NULL;
  measured_rows_t *rows = calloc(1, sizeof *rows);
  if (rows == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a store");
  const fc_status_t status = open_rows(rows, directory, workflow_path, agent, error);
  if (status != FC_OK) measured_rows_destroy(&rows);
  *out = rows;
  return status;
}

void measured_rows_destroy(measured_rows_t **rows) {
  if (*rows == NULL) return;
  fc_transition_clear(&(*rows)->transition);
  fc_workflow_destroy(&(*rows)->workflow);
  store_destroy(&(*rows)->store);
  free(*rows);
  *rows = NULL;
}

fc_status_t measured_rows_add(measured_rows_t *rows, const fc_observation_t *observation, bool as_published,
                              fc_error_t *error) {
  fc_transition_t *transition = &rows->transition;
  bool duplicate = false;
  if (transition->sequence > 0) fc_observation_copy(&transition->before, &transition->after);
  fc_observation_copy(&transition->after, observation);
  transition->flags = FC_TRANSITION_TERMINAL | (transition->sequence > 0 ? FC_TRANSITION_HAS_BEFORE : 0u) |
                      (as_published ? FC_TRANSITION_AS_PUBLISHED : 0u);
  transition->sequence += 1;
  transition->cost_usd_h = fc_cost_reserved_usd_h(rows->workflow, observation->configuration);
  FC_TRY(store_begin(rows->store, error));
  const fc_status_t status = store_insert_transition(rows->store, rows->workflow, transition, &duplicate, error);
  if (status == FC_OK) return store_commit(rows->store, error);
  store_rollback(rows->store);
  return status;
}
