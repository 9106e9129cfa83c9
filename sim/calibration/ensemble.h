/* ensemble.h - a posterior over the unknowns of a workflow of one structure, from measured windows, one after the
 * other.
 *
 * An ensemble Kalman filter (kalman.h): n worlds drawn from the prior; for each measured window every world simulates
 * the same configuration m times, and is then moved by what it got wrong in the terms that the window has (terms.h).
 * All worlds weigh the same. No two worlds and no two windows share their luck: with common random numbers the
 * covariance between worlds would lack the luck that the innovation has, and the ensemble collapses (docs/twin.md). One
 * thread calls; simulating uses `jobs` threads and gives the same numbers for any number of them.
 */
#ifndef SIM_CALIBRATION_ENSEMBLE_H
#define SIM_CALIBRATION_ENSEMBLE_H

#include "faasconf/transition.h"
#include "particles.h"
#include "terms.h"
#include "unknowns.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ENSEMBLE_MIN_WORLDS = 16, ENSEMBLE_MIN_WINDOWS = 2, ENSEMBLE_MAX_WINDOWS = 64 };

typedef struct {
  fc_semantics_t semantics;
  fc_balancer_t balancer; /* the structure, */
  fc_overflow_t overflow; /* whatever the file has */
  int32_t n_worlds;       /* fewer than 12 per unknown are overconfident */
  int32_t n_windows;      /* simulated per world and measured window, m >= 2 */
  double prior_sigma;     /* of every unknown; ln 2 allows for errors of a factor of two */
  bool uses_cpu;          /* compare CPU % and throttling, too */
  uint64_t seed;
  int32_t jobs;
} ensemble_options_t;

typedef struct ensemble ensemble_t;

/* FC_EINVAL names the option that is out of range, or says that there is no `simulator:` section. */
fc_status_t ensemble_check(const fc_workflow_t *workflow, const ensemble_options_t *options, fc_error_t *error);

/* Borrows workflow until ensemble_destroy. FC_EINVAL as ensemble_check; FC_ENOMEM. Caller owns the result and destroys
 * it with ensemble_destroy. */
fc_status_t ensemble_new(const fc_workflow_t *workflow, const ensemble_options_t *options, ensemble_t **out,
                         fc_error_t *error);
void ensemble_destroy(ensemble_t **ensemble);

/* Learns from one window that was measured with observation->configuration under so many closed-loop users, or (users =
 * 0: open loop) Poisson arrivals at this rate. A window without counts teaches nothing and is skipped. Blocks for
 * n_worlds * n_windows simulated windows. FC_EINVAL for a load that the simulator refuses. */
fc_status_t ensemble_observe(ensemble_t *ensemble, const fc_observation_t *observation, int32_t users,
                             double rate_per_s, fc_error_t *error);

/* The unknowns in order; borrowed until ensemble_destroy. */
int32_t ensemble_unknowns(const ensemble_t *ensemble, const unknown_t **list);

/* Mean and standard deviation of an unknown across the worlds. An unknown whose deviation is still near prior_sigma was
 * not identified by the windows. */
void ensemble_unknown(const ensemble_t *ensemble, int32_t unknown, double *mean, double *deviation);

/* One of the n_worlds. *parameters is filled; its `functions` (N) are the caller's. */
void ensemble_world(const ensemble_t *ensemble, int32_t world, fc_simulator_parameters_t *parameters);

/* How unexpected the last window was, before it was learned from: mean latency (TERM_LATENCY) and successes
 * (TERM_SUCCESSES) in standard deviations of what was to be expected, positive when more was measured; has says which
 * the window had. log_density: of the whole window, comparable between ensembles that saw the same windows. */
typedef struct {
  bool has[TERMS_END_TO_END];
  double z[TERMS_END_TO_END];
  double log_density;
} ensemble_surprise_t;
void ensemble_surprise(const ensemble_t *ensemble, ensemble_surprise_t *surprise);

#ifdef __cplusplus
}
#endif
#endif
