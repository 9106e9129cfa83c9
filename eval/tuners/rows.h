/* rows.h - offline rows in the making. One owner; nothing here blocks. */
#ifndef EVAL_TUNERS_ROWS_H
#define EVAL_TUNERS_ROWS_H

#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Room for `capacity` windows of n_functions functions. FC_ENOMEM. The caller frees with tuner_rows_clear, also after a
 * failure. */
fc_status_t tuner_rows_init(tuner_rows_t *rows, int32_t n_functions, int32_t capacity);
void tuner_rows_clear(tuner_rows_t *rows);

/* Copies one window; rows->n < rows->capacity. */
void tuner_rows_add(tuner_rows_t *rows, const fc_observation_t *window, fc_qos_verdict_t verdict);

/* Mean in flight of a window as measured, or `fallback` where it was not. */
double tuner_load_of(const fc_observation_t *window, double fallback);

#ifdef __cplusplus
}
#endif
#endif
