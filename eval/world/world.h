/* world.h - the worlds that methods are judged in: what they are told of a system, and what it is.
 *
 * A method plans, trains and gets its offline rows in the *nominal* world; its windows are measured in the *true* one.
 * In `exact` both are the workflow file's. Every other world differs from that in one way:
 *
 *   parameters          truth: work and memory of each function and four overheads shared by all (start-up of the
 *                       orchestrator, its end, delay of the gateway, delay of answers), each times exp(0.2 z), z
 *                       standard normal: the median is the file's value. Drawn anew for each seed
 *   tail                truth: 5 % of the calls take four times the work
 *   hidden              truth: every workflow takes 1.5 s longer, in a step that needs no CPU and no metric shows
 *   least_connections   truth: calls go to the replica with the fewest; nominal: to a random one
 *   optimistic          the other way round: nominal least connections, truth random. The dangerous direction
 *
 * Plain data; immutable once filled.
 */
#ifndef EVAL_WORLD_WORLD_H
#define EVAL_WORLD_WORLD_H

#include "particles.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  WORLD_EXACT = 0,
  WORLD_PARAMETERS,
  WORLD_TAIL,
  WORLD_HIDDEN,
  WORLD_LEAST_CONNECTIONS,
  WORLD_OPTIMISTIC,
  WORLD_KINDS
} world_kind_t;

#define WORLD_PARAMETERS_SIGMA 0.2
#define WORLD_TAIL_SHARE 0.05
#define WORLD_TAIL_FACTOR 4.0
#define WORLD_HIDDEN_DELAY_S 1.5

typedef struct {
  world_kind_t kind;
  uint64_t seed;
  int32_t n_functions;               /* N */
  fc_simulator_parameters_t nominal; /* its functions are (N) */
  fc_simulator_parameters_t truth;
} world_t;

const char *world_name(world_kind_t kind);

/* One line for people. */
const char *world_summary(world_kind_t kind);

/* False when there is no such world; world_names() lists them for messages. */
bool world_find(const char *name, world_kind_t *kind);
const char *world_names(void);

/* Does another seed make another truth? */
bool world_is_seeded(world_kind_t kind);

/* Borrows nothing. FC_EINVAL when the workflow has no `simulator:` section; FC_ENOMEM. Caller frees with world_clear,
 * also after a failure. */
fc_status_t world_init(world_t *world, const fc_workflow_t *workflow, world_kind_t kind, uint64_t seed,
                       fc_error_t *error);
void world_clear(world_t *world);

/* One particle, for whoever plans in it: the truth, or the nominal world. Caller frees with particles_clear. */
fc_status_t world_particles(const world_t *world, const fc_workflow_t *workflow, bool truth, particles_t *particles,
                            fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
