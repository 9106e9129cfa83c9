/* twin.h - what measured windows say of a system: how likely each structure is, its unknowns given the structure, and
 * whether windows leave all of it.
 *
 * A structure is a balancer with an overflow rule. Each has an ensemble of its own (ensemble.h); all see the same
 * windows, and the density that each gave to a window before learning from it moves the weights (Bayes' rule). A
 * structure whose weight falls below 1e-4 is dropped and costs nothing more. The alarm (alarm.h) watches mean latency
 * and successes against what all structures together expected. One thread calls; `jobs` threads simulate; the same
 * numbers for any number of them.
 */
#ifndef SIM_CALIBRATION_TWIN_H
#define SIM_CALIBRATION_TWIN_H

#include "alarm.h"
#include "ensemble.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  TWIN_STRUCTURE_OF_FILE = 0, /* the file's balancer and overflow only */
  TWIN_BALANCERS = 1,         /* every balancer, the file's overflow */
  TWIN_ALL_STRUCTURES = 2     /* every balancer with every overflow */
} twin_structures_t;

typedef struct {
  ensemble_options_t ensemble; /* of each structure; its balancer and overflow do not count */
  twin_structures_t structures;
  double windows_per_false_alarm; /* 10 or more */
} twin_options_t;

typedef struct {
  fc_balancer_t balancer;
  fc_overflow_t overflow;
  double weight; /* of all structures the weights sum to 1; 0: dropped */
} twin_structure_t;

typedef struct twin twin_t;

/* Worlds that each structure should have to learn for that many particles: no fewer than those, and 24 per unknown,
 * twice what keeps an ensemble from being overconfident, because over hundreds of windows chance adds up. */
int32_t twin_worlds(const fc_workflow_t *workflow, int32_t n_particles);

/* Every structure weighs the same. Borrows workflow until twin_destroy. Errors as ensemble_new; FC_EINVAL also for
 * windows_per_false_alarm. Caller owns the result and destroys it with twin_destroy. */
fc_status_t twin_new(const fc_workflow_t *workflow, const twin_options_t *options, twin_t **out, fc_error_t *error);
void twin_destroy(twin_t **twin);

/* Learns from one window, as ensemble_observe. */
fc_status_t twin_observe(twin_t *twin, const fc_observation_t *observation, int32_t users, double rate_per_s,
                         fc_error_t *error);

/* Structures, unknowns and the alarm; borrowed until twin_destroy, current until the next window. */
int32_t twin_structures(const twin_t *twin, const twin_structure_t **list);
int32_t twin_unknowns(const twin_t *twin, const unknown_t **list);
const alarm_t *twin_alarm(const twin_t *twin);

/* Mean and standard deviation of an unknown over all structures. A deviation that is still near the prior's says that
 * the windows did not identify it. */
void twin_unknown(const twin_t *twin, int32_t unknown, double *mean, double *deviation);

/* n particles, fewer when there are fewer worlds: of every structure in proportion to its weight, at least one each;
 * their weights are exact. Caller frees with particles_clear. */
fc_status_t twin_particles(const twin_t *twin, int32_t n, particles_t *particles, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
