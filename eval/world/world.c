/* world.c - see world.h. */
#include "world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/rng.h"

typedef struct {
  const char *name, *summary;
} world_text_t;

static const world_text_t texts[WORLD_KINDS] = {
    [WORLD_EXACT] = {"exact", "the system is as the workflow file says"},
    [WORLD_PARAMETERS] = {"parameters",
                          "work, memory and overheads are each off by a factor of about exp(0.2), drawn "
                          "anew for each seed"},
    [WORLD_TAIL] = {"tail", "5 % of the calls take four times the work"},
    [WORLD_HIDDEN] = {"hidden", "every workflow takes 1.5 s longer, which no metric of a function shows"},
    [WORLD_LEAST_CONNECTIONS] = {"least_connections",
                                 "calls go to the replica with the fewest, methods are told: to a random one"},
    [WORLD_OPTIMISTIC] = {"optimistic", "calls go to a random replica, methods are told: to the one with the fewest"}};

const char *world_name(world_kind_t kind) {
  FC_ASSERT((int)kind >= 0 && kind < WORLD_KINDS);
  return texts[kind].name;
}

const char *world_summary(world_kind_t kind) {
  FC_ASSERT((int)kind >= 0 && kind < WORLD_KINDS);
  return texts[kind].summary;
}

bool world_find(const char *name, world_kind_t *kind) {
  for (int i = 0; i < WORLD_KINDS; ++i) {
    if (strcmp(texts[i].name, name) != 0) continue;
    *kind = (world_kind_t)i;
    return true;
  }
  return false;
}

const char *world_names(void) {
  return "exact, parameters, tail, hidden, least_connections or optimistic";
}

bool world_is_seeded(world_kind_t kind) {
  return kind == WORLD_PARAMETERS;
}

/* ---- the truth ---- */

static double factor(fc_rng_t *rng) {
  return exp(WORLD_PARAMETERS_SIGMA * fc_rng_normal(rng));
}

/* FNV-1a: workflows of one seed are off by factors of their own. */
static uint64_t stream_of(const char *workflow) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char *c = workflow; *c != '\0'; ++c) hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
  return hash;
}

/* A draw for every unknown, also for what is 0 and stays so: the same factors whatever a file leaves out. */
static void draw_parameters(fc_simulator_parameters_t *truth, int32_t n_functions, uint64_t seed,
                            const char *workflow) {
  fc_rng_t rng;
  fc_rng_init(&rng, seed, stream_of(workflow));
  truth->orchestrator_startup_s *= factor(&rng);
  truth->orchestrator_finish_s *= factor(&rng);
  truth->gateway_delay_s *= factor(&rng);
  const double answers = factor(&rng);
  for (int32_t f = 0; f < n_functions; ++f) {
    truth->functions[f].answer_delay_s *= answers;
    truth->functions[f].work_cpu_s *= factor(&rng);
    truth->functions[f].mem_mib_per_request *= factor(&rng);
  }
}

static void make_different(world_t *world, const char *workflow) {
  switch (world->kind) {
    case WORLD_PARAMETERS:
      draw_parameters(&world->truth, world->n_functions, world->seed, workflow);
      break;
    case WORLD_TAIL:
      world->truth.tail_share = WORLD_TAIL_SHARE;
      world->truth.tail_factor = WORLD_TAIL_FACTOR;
      break;
    case WORLD_HIDDEN:
      /* After the last answer: the orchestrator's, or the client's when it makes the one call itself. */
      world->truth.orchestrator_finish_s += WORLD_HIDDEN_DELAY_S;
      break;
    case WORLD_LEAST_CONNECTIONS:
      world->nominal.balancer = FC_BALANCER_RANDOM;
      world->truth.balancer = FC_BALANCER_LEAST_CONNECTIONS;
      break;
    case WORLD_OPTIMISTIC:
      world->nominal.balancer = FC_BALANCER_LEAST_CONNECTIONS;
      world->truth.balancer = FC_BALANCER_RANDOM;
      break;
    default:
      break;
  }
}

/* ---- memory ---- */

static bool copy_parameters(const fc_simulator_parameters_t *from, int32_t n_functions, fc_simulator_parameters_t *to) {
  const size_t size = (size_t)n_functions * sizeof *to->functions;
  *to = *from;
  to->functions = malloc(size);
  if (to->functions != NULL) memcpy(to->functions, from->functions, size);
  return to->functions != NULL;
}

fc_status_t world_init(world_t *world, const fc_workflow_t *workflow, world_kind_t kind, uint64_t seed,
                       fc_error_t *error) {
  memset(world, 0, sizeof *world);
  if (!workflow->simulator.present)
    return fc_error_set(error, FC_EINVAL, "workflow %s has no `simulator:` section: there is no world to simulate",
                        workflow->name);
  world->kind = kind;
  world->seed = seed;
  world->n_functions = workflow->n_functions;
  if (!copy_parameters(&workflow->simulator, workflow->n_functions, &world->nominal) ||
      !copy_parameters(&workflow->simulator, workflow->n_functions, &world->truth))
    return fc_error_set(error, FC_ENOMEM, "no memory for a world of workflow %s", workflow->name);
  make_different(world, workflow->name);
  return FC_OK;
}

void world_clear(world_t *world) {
  free(world->nominal.functions);
  free(world->truth.functions);
  memset(world, 0, sizeof *world);
}

fc_status_t world_particles(const world_t *world, const fc_workflow_t *workflow, bool truth, particles_t *particles,
                            fc_error_t *error) {
  const fc_simulator_parameters_t *from = truth ? &world->truth : &world->nominal;
  FC_TRY(particles_init(particles, workflow, 1, error));
  fc_function_simulator_t *functions = particles->parameters[0].functions;
  memcpy(functions, from->functions, (size_t)world->n_functions * sizeof *functions);
  particles->parameters[0] = *from;
  particles->parameters[0].functions = functions;
  return FC_OK;
}
