/* random.c - random search: uniform draws over the ranges, then verification (algorithms, section 5.1). */
#include <stdlib.h>

#include "faasconf/cost.h"
#include "tuner.h"

static fc_status_t explore(const tuner_task_t *task, int32_t n_draws, fc_function_configuration_t *draws,
                           tuner_candidate_t *candidates, tuner_choice_t *choice, fc_error_t *error) {
  const int32_t n_functions = task->workflow->n_functions;
  fc_rng_t rng;
  fc_rng_init(&rng, task->seed, 0x72616e646f6d);
  for (int32_t i = 0; i < n_draws; ++i) {
    fc_function_configuration_t *draw = draws + (size_t)i * (size_t)n_functions;
    bool qos_met = false;
    fc_knobs_draw(task->workflow, task->ranges, &rng, draw);
    FC_TRY(task->measure(task->context, draw, &qos_met, error));
    choice->windows_used += 1;
    choice->violations += qos_met ? 0 : 1;
    candidates[i] = (tuner_candidate_t){.configuration = draw,
                                        .cost_usd_h = fc_cost_reserved_usd_h(task->workflow, draw),
                                        .n_met = qos_met ? 1 : 0,
                                        .n_violated = qos_met ? 0 : 1};
  }
  return FC_OK;
}

fc_status_t tuner_random(const tuner_task_t *task, tuner_choice_t *choice, fc_error_t *error) {
  const int32_t n_draws = (2 * task->budget_windows + 2) / 3;
  const size_t n_functions = (size_t)task->workflow->n_functions;
  fc_status_t status = FC_ENOMEM;
  fc_function_configuration_t *draws = calloc((size_t)n_draws * n_functions, sizeof *draws);
  tuner_candidate_t *candidates = calloc((size_t)n_draws, sizeof *candidates);
  choice->windows_used = 0;
  choice->violations = 0;
  if (draws == NULL || candidates == NULL) goto done;
  FC_TRY_GOTO(explore(task, n_draws, draws, candidates, choice, error), status, done);
  status = tuner_verify(task, candidates, n_draws, choice, error);
done:
  free(draws);
  free(candidates);
  return status;
}
