/* report.c - step 2: see report.h. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#include "faasconf/cost.h"

struct report {
  const fc_workflow_t *workflow;
  spool_t *spool;
  bool as_published;
  bool has_before;
  uint64_t next_sequence;
  int64_t count;
  fc_transition_t transition; /* `before` is the last measured window */
  fc_wire_buffer_t bytes;
};

fc_status_t report_new(const settings_t *settings, const fc_workflow_t *workflow, uint64_t epoch, spool_t *spool,
                       report_t **out, fc_error_t *error) {
  *out = NULL;
  report_t *report = calloc(1, sizeof *report);
  if (!report || fc_transition_init(&report->transition, workflow->n_functions) != FC_OK) {
    free(report);
    return fc_error_set(error, FC_ENOMEM, "report: out of memory");
  }
  report->workflow = workflow;
  report->spool = spool;
  report->as_published = settings->semantics == FC_SEMANTICS_AS_PUBLISHED;
  report->next_sequence = 1;
  snprintf(report->transition.workflow, FC_NAME_SIZE, "%s", workflow->name);
  snprintf(report->transition.agent, FC_NAME_SIZE, "%s", settings->agent);
  report->transition.epoch = epoch;
  *out = report;
  return FC_OK;
}

void report_destroy(report_t **report) {
  if (!*report) return;
  fc_transition_clear(&(*report)->transition);
  fc_wire_buffer_clear(&(*report)->bytes);
  free(*report);
  *report = NULL;
}

static fc_status_t spool_transition(report_t *report, fc_error_t *error) {
  fc_transition_t *transition = &report->transition;
  FC_TRY(fc_transition_validate(transition, report->workflow, error));
  FC_TRY(fc_wire_encode_transition(transition, &report->bytes, error));
  return spool_append(report->spool, transition->epoch, transition->sequence, report->bytes.data, report->bytes.size,
                      error);
}

fc_status_t report_window(report_t *report, const fc_observation_t *observation, uint32_t flags, int64_t policy_version,
                          fc_error_t *error) {
  fc_transition_t *transition = &report->transition;
  const bool follows = report->has_before && observation->window == transition->before.window + 1;
  transition->sequence = report->next_sequence;
  transition->flags =
      flags | (follows ? FC_TRANSITION_HAS_BEFORE : 0u) | (report->as_published ? FC_TRANSITION_AS_PUBLISHED : 0u);
  transition->policy_version = policy_version;
  transition->cost_usd_h = fc_cost_reserved_usd_h(report->workflow, observation->configuration);
  fc_observation_copy(&transition->after, observation);
  const fc_status_t status = spool_transition(report, error);
  fc_observation_copy(&transition->before, observation);
  report->has_before = true;
  if (status != FC_OK) return status;
  report->next_sequence += 1;
  report->count += 1;
  return FC_OK;
}

void report_gap(report_t *report) {
  report->has_before = false;
}
uint64_t report_next_sequence(const report_t *report) {
  return report->next_sequence;
}
int64_t report_count(const report_t *report) {
  return report->count;
}
