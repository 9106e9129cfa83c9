/* row_twin.h - a twin from offline rows: what a method knows of a system whose parameters nobody told it.
 *
 * It starts from a guess, every unknown of the workflow off by exp(0.5 z), z standard normal and drawn by the seed, and
 * learns from some of the rows, spread evenly over all of them, by the ensemble Kalman filter of
 * sim/calibration/twin.h.
 */
#ifndef EVAL_TUNERS_ROW_TWIN_H
#define EVAL_TUNERS_ROW_TWIN_H

#include "particles.h"
#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ROW_TWIN_PARTICLES = 64 };
#define ROW_TWIN_GUESS_SIGMA 0.5

/* From setting->rows (at least one with a measured load), or from the cache. FC_EINVAL without rows, and as twin_new;
 * FC_EIO. The caller frees with particles_clear. Blocks for seconds. */
fc_status_t row_twin_learn(const tuner_setting_t *setting, particles_t *particles, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
