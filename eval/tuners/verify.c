/* verify.c - how every tuner settles: cheapest candidate first, re-measured, out at its first violation. */
#include <stdlib.h>
#include <string.h>

#include "tuner.h"

static int by_cost(const void *left, const void *right) {
  const double a = ((const tuner_candidate_t *)left)->cost_usd_h;
  const double b = ((const tuner_candidate_t *)right)->cost_usd_h;
  return (a > b) - (a < b);
}

fc_status_t tuner_verify(const tuner_task_t *task, tuner_candidate_t *candidates, int32_t n, tuner_choice_t *choice,
                         fc_error_t *error) {
  const int32_t n_functions = task->workflow->n_functions;
  if (n > 0) qsort(candidates, (size_t)n, sizeof *candidates, by_cost);
  choice->settled = false;
  for (int32_t i = 0; i < n && !choice->settled; ++i) {
    tuner_candidate_t *candidate = &candidates[i];
    while (candidate->n_violated == 0 && candidate->n_met < TUNER_REQUIRED_MEETS &&
           choice->windows_used < task->budget_windows) {
      bool qos_met = false;
      FC_TRY(task->measure(task->context, candidate->configuration, &qos_met, error));
      choice->windows_used += 1;
      choice->violations += qos_met ? 0 : 1;
      candidate->n_met += qos_met ? 1 : 0;
      candidate->n_violated += qos_met ? 0 : 1;
    }
    if (candidate->n_violated == 0 && candidate->n_met >= TUNER_REQUIRED_MEETS) {
      memcpy(choice->configuration, candidate->configuration, (size_t)n_functions * sizeof *choice->configuration);
      choice->settled = true;
    }
  }
  if (!choice->settled) {
    for (int32_t f = 0; f < n_functions; ++f) choice->configuration[f] = task->workflow->functions[f].start;
  }
  return FC_OK;
}
