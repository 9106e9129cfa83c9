/* rows.c - see rows.h. */
#include "rows.h"

#include <stdlib.h>

fc_status_t tuner_rows_init(tuner_rows_t *rows, int32_t n_functions, int32_t capacity) {
  const size_t room = capacity > 0 ? (size_t)capacity : 1;
  *rows = (tuner_rows_t){.n_functions = n_functions, .capacity = capacity};
  rows->windows = calloc(room, sizeof *rows->windows);
  rows->verdicts = calloc(room, sizeof *rows->verdicts);
  if (rows->windows == NULL || rows->verdicts == NULL) return FC_ENOMEM;
  for (int32_t i = 0; i < capacity; ++i) FC_TRY(fc_observation_init(&rows->windows[i], n_functions));
  return FC_OK;
}

void tuner_rows_clear(tuner_rows_t *rows) {
  for (int32_t i = 0; rows->windows != NULL && i < rows->capacity; ++i) fc_observation_clear(&rows->windows[i]);
  free(rows->windows);
  free(rows->verdicts);
  *rows = (tuner_rows_t){0};
}

void tuner_rows_add(tuner_rows_t *rows, const fc_observation_t *window, fc_qos_verdict_t verdict) {
  FC_ASSERT(rows->n < rows->capacity);
  fc_observation_copy(&rows->windows[rows->n], window);
  rows->verdicts[rows->n++] = verdict;
}

double tuner_load_of(const fc_observation_t *window, double fallback) {
  if (window == NULL || !(window->load.present & FC_LOAD_HAS_IN_FLIGHT)) return fallback;
  return window->load.mean_in_flight;
}
