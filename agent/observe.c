/* observe.c - step 1: see observe.h. */
#include "observe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Nothing was measured: the window exists, its metrics do not. The configuration stays as far as it was read. */
static void forget_metrics(fc_observation_t *observation) {
  observation->load.present = 0;
  observation->outcome.present = 0;
  for (int32_t f = 0; f < observation->n_functions; ++f) observation->metrics[f].present = 0;
}

static void set_unusable(observe_result_t *result, const char *sentence) {
  result->usable = false;
  snprintf(result->why, sizeof result->why, "%s", sentence);
}

/* Nothing was asked of the workflow: neither good nor bad, and nothing to learn from. Requests that hang are in flight,
 * so that a workflow that answers nothing is not taken for an idle one. */
static bool is_idle(const fc_observation_t *observation) {
  return (observation->load.present & FC_LOAD_HAS_IN_FLIGHT) != 0 && fc_observation_is_idle(observation);
}

static void check_completeness(const fc_observation_t *observation, observe_result_t *result) {
  int32_t with_metrics = 0;
  for (int32_t f = 0; f < observation->n_functions; ++f) with_metrics += observation->metrics[f].present != 0;
  result->usable = false;
  if (!(observation->outcome.present & FC_OUTCOME_HAS_COUNTS)) {
    set_unusable(result, "the window has no outcome");
  } else if (!(observation->load.present & FC_LOAD_HAS_IN_FLIGHT)) {
    set_unusable(result, "the window has no measured load");
  } else if (2 * with_metrics < observation->n_functions) {
    snprintf(result->why, sizeof result->why, "only %d of %d functions have metrics", (int)with_metrics,
             (int)observation->n_functions);
  } else if (result->verdict == FC_QOS_UNKNOWN) {
    set_unusable(result, "a metric that the QoS target needs is missing");
  } else {
    result->usable = true;
  }
}

void observe_window(platform_t *platform, const fc_workflow_t *workflow, fc_semantics_t semantics, int64_t window,
                    int64_t previous_start_us, fc_observation_t *observation, observe_result_t *result) {
  memset(result, 0, sizeof *result);
  result->verdict = FC_QOS_UNKNOWN;
  result->mean_in_flight = NAN;
  for (int32_t i = 0; i < FC_MAX_QOS_TERMS; ++i) result->violation[i] = NAN;
  forget_metrics(observation);

  fc_error_t error = {0};
  fc_status_t status = platform->read(platform->self, window, observation, &error);
  result->ended = status == FC_ECLOSED;
  result->lost = status == FC_ESTATE;
  observation->window = window;
  if (status == FC_OK) status = fc_observation_validate(observation, workflow, &error);
  if (status == FC_OK && observation->start_us <= previous_start_us)
    status = fc_error_set(&error, FC_ETIMEOUT, "the metrics are those of an earlier window (stale)");
  if (status != FC_OK) {
    forget_metrics(observation);
    set_unusable(result, error.message[0] ? error.message : fc_status_text(status));
    return;
  }
  if (is_idle(observation)) {
    set_unusable(result, "nothing was asked of the workflow");
    return;
  }
  if (observation->load.present & FC_LOAD_HAS_IN_FLIGHT) {
    result->mean_in_flight = observation->load.mean_in_flight;
    result->verdict = fc_qos_judge(workflow, semantics, &observation->outcome, observation->duration_s,
                                   observation->load.mean_in_flight, result->violation);
  }
  result->measured = (observation->outcome.present & FC_OUTCOME_HAS_COUNTS) != 0;
  check_completeness(observation, result);
}
