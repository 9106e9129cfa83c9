/* truth.h - the true world of an experiment, as something to measure: one window after the other, and fresh windows for
 * judging.
 *
 * Windows of tuning and of judging have seeds of their own; both depend on the experiment's seed only, so that all
 * methods of one cell meet the same luck (common random numbers). One thread.
 */
#ifndef EVAL_EXPERIMENT_TRUTH_H
#define EVAL_EXPERIMENT_TRUTH_H

#include "cell.h"
#include "simulator.h"
#include "world.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow; /* borrowed, as world */
  const world_t *world;
  fc_semantics_t semantics;
  int32_t users; /* targets are those of so many */
  simulator_t *simulator;
  int64_t window; /* the next one's number */
} truth_t;

/* users: the most there will be. FC_EINVAL as simulator_new. The caller frees with truth_clear, also after a failure.
 */
fc_status_t truth_init(truth_t *truth, const fc_workflow_t *workflow, const world_t *world, fc_semantics_t semantics,
                       int32_t users, uint64_t seed, fc_error_t *error);
void truth_clear(truth_t *truth);

/* The next window: a tuning_measure_t with the truth_t as context. */
fc_status_t truth_measure(void *context, const fc_function_configuration_t *configuration, fc_observation_t *window,
                          fc_qos_verdict_t *verdict, double *worst, fc_error_t *error);

/* Judges a configuration (N) on n fresh windows and n / 8 stretches of two minutes (four windows of 30 s): cost, Eq. 2,
 * compliance of both, latency, throughput of *cell. */
fc_status_t truth_judge(const truth_t *truth, const fc_function_configuration_t *configuration, int32_t n,
                        uint64_t seed, cell_t *cell, fc_error_t *error);

/* Eq. 2 of the paper for one window: the execution time of a function is its requests in service times the window. */
double truth_eq2_usd(const fc_workflow_t *workflow, const fc_observation_t *window);

#ifdef __cplusplus
}
#endif
#endif
