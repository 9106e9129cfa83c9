/* learned.c - the methods that learn a policy: AttMF, and the actor-critics that it is compared with.
 *
 *   create:   trains on the offline rows, each a decision after the row before it (or takes the trained state from the
 *             cache)
 *   propose:  the actor's decision on the last window, with noise N(0, 0.05) on its action but for the first one; none
 *             where there is nothing to gain from exploring
 *   learn:    inserts the decision that was measured and makes 20 updates (faithful: one every third window, as
 *             published, and no noise)
 *
 * FIRM changes only the functions on the critical path of the last window and leaves the others as they are; FIRM's
 * localisation of culprits among those is not part of what is compared. Where concurrency limits are left alone, the
 * policy is trained without them: to critic and actor they are the same in every row. One thread per instance.
 */
#include "learned.h"

#include <stdlib.h>
#include <string.h>

#include "critical_path.h"
#include "faasconf/clock.h"
#include "faasconf/cost.h"
#include "learned_cache.h"
#include "narrowed.h"

enum { UPDATES_PER_WINDOW = 20, FAITHFUL_WINDOWS_PER_UPDATE = 3, ROOM_FOR_WINDOWS = 4096 };
enum { STREAM_NOISE = 0x6e6f6973 };
static const double NOISE = 0.05;

typedef struct {
  const tuner_setting_t *setting;
  const char *name; /* of the algorithm and the method */
  trainer_options_t options;
  narrowed_t seen; /* what the trainer is about */
  trainer_t *trainer;
  fc_rng_t noise;
  fc_observation_t before; /* the last window; the start configuration without metrics until there was one */
  int64_t n_proposals, n_learned;
  float *action; /* (N,A) */
  bool *on_path; /* (N) */
} learned_t;

static bool is_faithful(const learned_t *learned) {
  return learned->setting->variant == TUNER_FAITHFUL;
}

static void learned_destroy(void **self) {
  learned_t *learned = *self;
  if (learned == NULL) return;
  trainer_destroy(&learned->trainer);
  narrowed_clear(&learned->seen);
  fc_observation_clear(&learned->before);
  free(learned->action);
  free(learned->on_path);
  free(learned);
  *self = NULL;
}

/* ---- training ------------------------------------------------------------------------------------------------ */

/* One decision: after `before`, measured in `after`. No bootstrap: what follows does not depend on it. */
static fc_status_t insert(learned_t *learned, const fc_observation_t *before, const fc_observation_t *after) {
  const tuner_setting_t *setting = learned->setting;
  const bool published = setting->semantics == FC_SEMANTICS_AS_PUBLISHED;
  fc_transition_t transition;
  memset(&transition, 0, sizeof transition);
  transition.flags = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL | (published ? FC_TRANSITION_AS_PUBLISHED : 0u);
  transition.cost_usd_h = fc_cost_reserved_usd_h(setting->workflow, after->configuration);
  transition.before = *before; /* borrows their arrays for the call */
  transition.after = *after;
  return trainer_insert(learned->trainer, &transition, false);
}

int32_t learned_updates(const tuner_rows_t *rows) {
  const int32_t n = rows->n / 2;
  return n < LEARNED_LEAST_UPDATES ? LEARNED_LEAST_UPDATES : n > LEARNED_MOST_UPDATES ? LEARNED_MOST_UPDATES : n;
}

static fc_status_t train(learned_t *learned, fc_error_t *error) {
  const tuner_rows_t *rows = learned->setting->rows;
  const int32_t n_updates = learned_updates(rows);
  algorithm_report_t report;
  for (int32_t i = 1; i < rows->n; ++i) {
    const fc_status_t status = insert(learned, &rows->windows[i - 1], &rows->windows[i]);
    if (status != FC_OK) return fc_error_set(error, status, "%s: offline row %d cannot be used", learned->name, (int)i);
  }
  if (trainer_rows(learned->trainer) == 0)
    return fc_error_set(error, FC_EINVAL, "%s: needs at least two offline rows that can be judged", learned->name);
  trainer_freeze_normaliser(learned->trainer);
  return trainer_update(learned->trainer, n_updates, &report, error);
}

static fc_status_t new_trainer(learned_t *learned, fc_error_t *error) {
  trainer_destroy(&learned->trainer);
  return trainer_new(&learned->seen.workflow, &learned->options, &learned->trainer, error);
}

static int64_t clock_ns(void) {
  const fc_clock_t clock = fc_clock_system();
  return clock.monotonic_ns(clock.self);
}

/* A state that is absent, damaged or of another program is trained anew. */
static fc_status_t train_in_cache(learned_t *learned, const char *path, fc_error_t *error) {
  if (trainer_resume(learned->trainer, path, NULL) == FC_OK) return FC_OK;
  const int64_t before_ns = clock_ns();
  FC_TRY(new_trainer(learned, error));
  FC_TRY(train(learned, error));
  learned_cache_keep_seconds(path, 1e-9 * (double)(clock_ns() - before_ns));
  return trainer_save(learned->trainer, path, error);
}

static fc_status_t train_or_recall(learned_t *learned, fc_error_t *error) {
  const tuner_setting_t *setting = learned->setting;
  char name[FC_HEX_SIZE], path[LEARNED_CACHE_PATH_SIZE];
  int lock = -1;
  FC_TRY(new_trainer(learned, error));
  if (setting->cache == NULL) {
    const int64_t before_ns = clock_ns();
    FC_TRY(train(learned, error));
    if (setting->prepared_s != NULL) *setting->prepared_s += 1e-9 * (double)(clock_ns() - before_ns);
    return FC_OK;
  }
  learned_cache_name(setting, &learned->options, learned_updates(setting->rows), name);
  fc_status_t status = learned_cache_lock(setting->cache, name, path, &lock, error);
  if (status == FC_OK) status = train_in_cache(learned, path, error);
  if (status == FC_OK) learned_cache_tell_seconds(setting, path);
  learned_cache_unlock(lock);
  return status;
}

static trainer_options_t options_of(const tuner_setting_t *setting, const char *name) {
  const algorithm_variant_t variant = setting->variant == TUNER_FAITHFUL ? VARIANT_FAITHFUL : VARIANT_REPAIRED;
  trainer_options_t options = trainer_options_default(variant);
  options.algorithm = name;
  options.learning = algorithm_find(name, NULL)->defaults(variant);
  options.learning.seed = setting->seed;
  options.ranges = setting->ranges;
  options.semantics = setting->semantics;
  options.replay_capacity = setting->rows->n + ROOM_FOR_WINDOWS;
  return options;
}

static fc_status_t fill(learned_t *learned, fc_error_t *error) {
  const fc_workflow_t *workflow = learned->setting->workflow;
  const size_t n = (size_t)workflow->n_functions;
  learned->action = calloc(n * FC_KNOBS, sizeof *learned->action);
  learned->on_path = calloc(n, sizeof *learned->on_path);
  if (learned->action == NULL || learned->on_path == NULL ||
      fc_observation_init(&learned->before, workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory", learned->name);
  for (size_t f = 0; f < n; ++f) learned->before.configuration[f] = workflow->functions[f].start;
  fc_rng_init(&learned->noise, learned->setting->seed, STREAM_NOISE);
  learned->options = options_of(learned->setting, learned->name);
  FC_TRY(narrowed_init(&learned->seen, learned->setting, error));
  return train_or_recall(learned, error);
}

static fc_status_t create(const char *name, const tuner_setting_t *setting, void **self, fc_error_t *error) {
  learned_t *learned = calloc(1, sizeof *learned);
  *self = learned;
  if (learned == NULL) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", name);
  learned->setting = setting;
  learned->name = name;
  const fc_status_t status = fill(learned, error);
  if (status != FC_OK) learned_destroy(self);
  return status;
}

/* ---- window by window ---------------------------------------------------------------------------------------- */

static void explore(learned_t *learned) {
  const int32_t n = learned->setting->workflow->n_functions * FC_KNOBS;
  for (int32_t i = 0; i < n; ++i) {
    const double a = (double)learned->action[i] + NOISE * fc_rng_normal(&learned->noise);
    learned->action[i] = (float)(a < 0.0 ? 0.0 : a > 1.0 ? 1.0 : a);
  }
}

/* The published decode knows one box; what a workflow does not allow is none of its configurations. */
static void clamp_to_workflow(const fc_workflow_t *workflow, fc_function_configuration_t *proposal) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t range = fc_workflow_range(workflow, f, (fc_knob_t)k, FC_RANGES_FULL);
      const int32_t value = fc_knob_get(&proposal[f], (fc_knob_t)k);
      fc_knob_set(&proposal[f], (fc_knob_t)k, value < range.min ? range.min : value > range.max ? range.max : value);
    }
  }
}

static fc_status_t learned_propose(void *self, const fc_observation_t *last, bool dynamic,
                                   fc_function_configuration_t *proposal, fc_error_t *error) {
  learned_t *learned = self;
  const fc_workflow_t *workflow = &learned->seen.workflow; /* its ranges hold what is not to be moved */
  if (last != NULL) fc_observation_copy(&learned->before, last);
  const fc_status_t status = trainer_action(learned->trainer, &learned->before, learned->action);
  if (status != FC_OK) return fc_error_set(error, status, "%s: the actor's decision is not a number", learned->name);
  if (!dynamic && !is_faithful(learned) && learned->n_proposals > 0) explore(learned);
  learned->n_proposals += 1;
  fc_knobs_decode(workflow, learned->options.ranges, learned->options.decode, learned->action, proposal);
  if (is_faithful(learned)) clamp_to_workflow(workflow, proposal);
  return FC_OK;
}

static fc_status_t firm_propose(void *self, const fc_observation_t *last, bool dynamic,
                                fc_function_configuration_t *proposal, fc_error_t *error) {
  learned_t *learned = self;
  const fc_workflow_t *workflow = learned->setting->workflow;
  FC_TRY(learned_propose(self, last, dynamic, proposal, error));
  (void)critical_path(workflow, &learned->before, learned->on_path);
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    if (!learned->on_path[f]) proposal[f] = learned->before.configuration[f];
  return FC_OK;
}

static fc_status_t learned_learn(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict,
                                 fc_error_t *error) {
  learned_t *learned = self;
  algorithm_report_t report;
  (void)verdict; /* the reward judges the window by its own load, as it judged the rows */
  const fc_status_t status = insert(learned, &learned->before, window);
  if (status != FC_OK) return fc_error_set(error, status, "%s: the window cannot be learned from", learned->name);
  fc_observation_copy(&learned->before, window);
  learned->n_learned += 1;
  int32_t n_updates = UPDATES_PER_WINDOW;
  if (is_faithful(learned)) n_updates = learned->n_learned % FAITHFUL_WINDOWS_PER_UPDATE == 0 ? 1 : 0;
  return n_updates == 0 ? FC_OK : trainer_update(learned->trainer, n_updates, &report, error);
}

/* ---- the methods --------------------------------------------------------------------------------------------- */

#define LEARNED_TUNER(id, with_faithful, propose_function, text)                                   \
  static fc_status_t id##_create(const tuner_setting_t *setting, void **self, fc_error_t *error) { \
    return create(#id, setting, self, error);                                                      \
  }                                                                                                \
  const tuner_t tuner_##id = {.name = #id,                                                         \
                              .summary = text,                                                     \
                              .has_faithful = with_faithful,                                       \
                              .create = id##_create,                                               \
                              .destroy = learned_destroy,                                          \
                              .propose = propose_function,                                         \
                              .learn = learned_learn};

LEARNED_TUNER(attmf, true, learned_propose, "attention mean-field actor-critic: the method of FaaSConf")
LEARNED_TUNER(mean_field, false, learned_propose, "the same with plain means over neighbours: MF-MARL")
LEARNED_TUNER(maddpg, false, learned_propose, "an actor and a centralised critic per function: MADDPG")
LEARNED_TUNER(ddpg, false, learned_propose, "one actor-critic for the whole workflow: DDPG")
LEARNED_TUNER(firm, false, firm_propose, "every function for itself, on the critical path only: FIRM's DDPG")
