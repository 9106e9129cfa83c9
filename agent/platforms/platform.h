/* platform.h - what the agent asks of the thing it tunes: one table of functions per platform.
 *
 * Steps 1 and 10 of the flow end here. A platform discovers what it controls, measures windows, says what a change
 * would take, writes the configuration of one function at a time, and reads back what is really in force; it also
 * provides the clock everything in the agent runs on (`sim` runs in virtual time). The agent reaches `apply` and
 * `rollback` through agent/act.c only: no other file may call them.
 *
 * One thread: the agent's main loop. Calls may block, each at most as long as `timeout_s` of the platform's own
 * configuration; a platform that cannot answer in that time returns FC_ETIMEOUT. Shapes: N functions in the order of
 * the workflow, A knobs. Adding a platform: implement this table in one file of this folder as a library of its own
 * that agent/platform_choice.c links, and cli/doctor_platform.c, which only looks.
 */
#ifndef AGENT_PLATFORMS_PLATFORM_H
#define AGENT_PLATFORMS_PLATFORM_H

#include <string.h>

#include "faasconf/clock.h"
#include "faasconf/transition.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a platform can set and measure. */
enum {
  PLATFORM_SETS_CPU = 1u,
  PLATFORM_SETS_MEM = 2u,
  PLATFORM_SETS_REPLICAS = 4u,
  PLATFORM_SETS_CONCURRENCY = 8u,
  PLATFORM_SETS_ALL = 15u,
  PLATFORM_MEASURES_FUNCTIONS = 16u, /* metrics of every function */
  PLATFORM_VIRTUAL_TIME = 32u        /* windows take no real time: a run ends by its number of windows */
};

/* What a change of one function takes; higher is heavier. */
typedef enum {
  PLATFORM_CHANGE_NONE = 0,     /* already so */
  PLATFORM_CHANGE_IN_PLACE = 1, /* running replicas take the new values */
  PLATFORM_CHANGE_SCALE = 2,    /* replicas are added or removed, the others go on */
  PLATFORM_CHANGE_REPLACE = 3   /* every replica is replaced: expect cold starts */
} platform_change_t;

/* One step of a change: one function from one configuration to another. */
typedef struct {
  int32_t function; /* index in the workflow */
  platform_change_t change;
  fc_function_configuration_t from;
  fc_function_configuration_t to;
} platform_step_t;

typedef struct platform platform_t;
struct platform {
  const char *kind; /* "sim", "openfaas", ...; static storage */
  void *self;       /* what the functions below get */

  /* Finds every function of the workflow on the platform. *capabilities gets PLATFORM_* bits; caps (N, A) what the
   * platform accepts per knob. FC_ENOTFOUND names the missing functions. */
  fc_status_t (*discover)(void *self, uint32_t *capabilities, fc_knob_range_t *caps, fc_error_t *error);

  /* Measures the window that has just ended. *observation was initialised for N: fills window, start, duration, load,
   * outcome, the configuration in force and metrics; absent is absent, never zero. FC_EIO or FC_ETIMEOUT when nothing
   * could be measured. FC_ECLOSED: there are no more windows (a served simulation is over); the agent ends. FC_ESTATE:
   * the platform is lost for good, though nobody said that it is over; the agent ends with a failure. */
  fc_status_t (*read)(void *self, int64_t window, fc_observation_t *observation, fc_error_t *error);

  /* Optional (NULL: a window ends when the clock says so): somebody else ends windows. Waits at most timeout_ms for the
   * end of this one; true when `read` would not wait. The agent has written what it wanted when it asks first. */
  bool (*is_over)(void *self, int64_t window, int timeout_ms);

  /* What is in force for one function now, read from the platform itself (never from a memory of what was written). */
  fc_status_t (*read_back)(void *self, int32_t function, fc_function_configuration_t *configuration, fc_error_t *error);

  /* What one step would take: fills step->change. */
  fc_status_t (*plan)(void *self, platform_step_t *step, fc_error_t *error);

  /* Would the platform accept this configuration (N)? FC_EUNSAFE or FC_EINVAL names function and knob. No effect. */
  fc_status_t (*validate)(void *self, const fc_function_configuration_t *configuration, fc_error_t *error);

  /* Writes step->to for one function. When it fails, the function has its old or its new configuration; the caller
   * reads back which. Only agent/act.c calls it. */
  fc_status_t (*apply)(void *self, const platform_step_t *step, fc_error_t *error);

  /* Takes one step back: writes step->from. Only agent/act.c calls it. */
  fc_status_t (*rollback)(void *self, const platform_step_t *step, fc_error_t *error);

  /* The clock of this platform. Borrowed until destroy. */
  fc_clock_t (*clock)(void *self);

  /* Frees self. */
  void (*destroy)(void *self);
};

/* Destroys what *platform holds and clears it; accepts an empty one. */
static inline void platform_clear(platform_t *platform) {
  if (platform->destroy) platform->destroy(platform->self);
  memset(platform, 0, sizeof *platform);
}

/* Equality of all knobs of one function. */
static inline bool platform_same(const fc_function_configuration_t *a, const fc_function_configuration_t *b) {
  return a->cpu_millicores == b->cpu_millicores && a->mem_mib == b->mem_mib && a->replicas == b->replicas &&
         a->concurrency == b->concurrency;
}

#ifdef __cplusplus
}
#endif
#endif
