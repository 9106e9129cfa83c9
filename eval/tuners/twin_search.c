/* twin_search.c - a twin and a search on it, without adaptation: what planning alone is worth.
 *
 *   create:   the twin: the nominal simulator as given (track simulator), or one learned from offline rows (row_twin.h)
 *   propose:  the cheapest configuration found whose windows on the twin meet QoS with probability `level`, at the load
 *             measured last (eval/planner/planner.h); searched once per load and kept (plan_cache.h). In a trace, which
 *             has many loads, searched for few of them; the others get the next dearer plan on their own boundary
 *   learn:    nothing
 *
 * One thread per instance.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "narrowed.h"
#include "oracle.h"
#include "plan_cache.h"
#include "planned_load.h"
#include "row_twin.h"

typedef struct {
  int32_t users;
  fc_function_configuration_t *configuration; /* (N) */
} planned_t;

typedef struct {
  const tuner_setting_t *setting;
  narrowed_t seen;
  particles_t particles; /* track rows */
  planned_t *planned;    /* (n_planned) */
  int32_t n_planned, capacity;
} twin_search_t;

static void destroy(void **self) {
  twin_search_t *search = *self;
  if (search == NULL) return;
  for (int32_t i = 0; i < search->n_planned; ++i) free(search->planned[i].configuration);
  free(search->planned);
  narrowed_clear(&search->seen);
  particles_clear(&search->particles);
  free(search);
  *self = NULL;
}

static fc_status_t fill(twin_search_t *search, fc_error_t *error) {
  const tuner_setting_t *setting = search->setting;
  FC_TRY(narrowed_init(&search->seen, setting, error));
  if (setting->track == TUNER_TRACK_SIMULATOR) return FC_OK;
  const fc_status_t status = row_twin_learn(setting, &search->particles, error);
  return status == FC_OK ? FC_OK : fc_error_prefix(error, "twin_search");
}

static fc_status_t create(const tuner_setting_t *setting, void **self, fc_error_t *error) {
  twin_search_t *search = calloc(1, sizeof *search);
  *self = search;
  if (search == NULL) return fc_error_set(error, FC_ENOMEM, "twin_search: out of memory");
  search->setting = setting;
  const fc_status_t status = fill(search, error);
  if (status != FC_OK) destroy(self);
  return status;
}

/* A search at a high level sees few windows that violate QoS and little of where to go. What is cheap at this one and
 * gets more CPU is cheaper than what it finds, and takes a tenth of the time: it is for where CPU alone is not enough.
 */
static const double FIRST_LEVEL = 0.95;

/* Half the windows of an oracle's search (oracle_budget), so that experiments of many seeds end, and no fewer than a
 * search can use. */
static plan_options_t options_of(const twin_search_t *search, int32_t users, double level) {
  const tuner_setting_t *setting = search->setting;
  const int64_t budget = oracle_budget(&search->seen.workflow) / 2;
  return (plan_options_t){.workflow = &search->seen.workflow,
                          .particles = search->particles.n > 0 ? &search->particles : NULL,
                          .semantics = setting->semantics,
                          .ranges = setting->ranges,
                          .users = users,
                          .level = level,
                          .budget = budget > PLAN_MIN_BUDGET ? budget : PLAN_MIN_BUDGET,
                          .seed = setting->seed};
}

static fc_status_t plan(twin_search_t *search, int32_t users, fc_function_configuration_t *configuration,
                        fc_error_t *error) {
  const tuner_setting_t *setting = search->setting;
  const size_t size = (size_t)search->seen.workflow.n_functions * sizeof *configuration;
  fc_function_configuration_t *first = malloc(size);
  if (first == NULL) return fc_error_set(error, FC_ENOMEM, "twin_search: out of memory");
  plan_options_t options = options_of(search, users, fmin(setting->level, FIRST_LEVEL));
  plan_t result = {.configuration = configuration};
  /* What was not confirmed is the best there is all the same. */
  fc_status_t status = plan_cache_search(setting, &options, &result, NULL, error);
  if (status == FC_OK && setting->level > FIRST_LEVEL) {
    memcpy(first, configuration, size);
    const int64_t budget = options.budget;
    options.level = setting->level;
    options.from = first;
    options.budget = 0;
    status = plan_cache_search(setting, &options, &result, NULL, error);
    options.budget = budget;
    if (status == FC_OK && !result.confirmed) status = plan_cache_search(setting, &options, &result, NULL, error);
  }
  free(first);
  if (status != FC_OK) (void)fc_error_prefix(error, "twin_search");
  return status;
}

/* Loads that are searched for in a trace lie this far apart. */
static const double LOAD_STEP = 1.4;

static int32_t load_above(int32_t users) {
  int32_t load = 4;
  while (load < users) load = (int32_t)ceil(load * LOAD_STEP);
  return load;
}

/* The plan of a load that is no smaller, put on the boundary of this one. */
static fc_status_t plan_near(twin_search_t *search, int32_t users, fc_function_configuration_t *configuration,
                             fc_error_t *error) {
  const int32_t above = load_above(users);
  FC_TRY(plan(search, above, configuration, error));
  if (above == users) return FC_OK;
  const size_t size = (size_t)search->seen.workflow.n_functions * sizeof *configuration;
  fc_function_configuration_t *from = malloc(size);
  if (from == NULL) return fc_error_set(error, FC_ENOMEM, "twin_search: out of memory");
  memcpy(from, configuration, size);
  plan_options_t options = options_of(search, users, search->setting->level);
  options.budget = 0;
  options.from = from;
  plan_t result = {.configuration = configuration};
  const fc_status_t status = plan_cache_search(search->setting, &options, &result, NULL, error);
  if (status == FC_OK && !result.confirmed) memcpy(configuration, from, size);
  free(from);
  if (status != FC_OK) (void)fc_error_prefix(error, "twin_search");
  return status;
}

static fc_status_t planned_for(twin_search_t *search, int32_t users, bool dynamic, const planned_t **out,
                               fc_error_t *error) {
  for (int32_t i = 0; i < search->n_planned; ++i) {
    if (search->planned[i].users != users) continue;
    *out = &search->planned[i];
    return FC_OK;
  }
  if (search->n_planned == search->capacity) {
    const int32_t capacity = search->capacity > 0 ? 2 * search->capacity : 4;
    planned_t *grown = realloc(search->planned, (size_t)capacity * sizeof *grown);
    if (grown == NULL) {
      (void)fc_error_set(error, FC_ENOMEM, "twin_search: out of memory");
      return FC_ENOMEM;
    }
    search->planned = grown;
    search->capacity = capacity;
  }
  planned_t *new = &search->planned[search->n_planned];
  new->users = users;
  new->configuration = calloc((size_t)search->seen.workflow.n_functions, sizeof *new->configuration);
  if (new->configuration == NULL) {
    (void)fc_error_set(error, FC_ENOMEM, "twin_search: out of memory");
    return FC_ENOMEM;
  }
  search->n_planned += 1;
  *out = new;
  const fc_status_t status =
      dynamic ? plan_near(search, users, new->configuration, error) : plan(search, users, new->configuration, error);
  if (status == FC_OK) return FC_OK;
  free(new->configuration);
  search->n_planned -= 1;
  return status;
}

static fc_status_t propose(void *self, const fc_observation_t *last, bool dynamic,
                           fc_function_configuration_t *proposal, fc_error_t *error) {
  twin_search_t *search = self;
  const int32_t n = search->seen.workflow.n_functions;
  const int32_t users = last != NULL ? planned_users(last) : 0;
  if (users == 0) { /* no load is known yet */
    for (int32_t f = 0; f < n; ++f) proposal[f] = search->seen.workflow.functions[f].start;
    return FC_OK;
  }
  const planned_t *planned = NULL;
  FC_TRY(planned_for(search, users, dynamic, &planned, error));
  memcpy(proposal, planned->configuration, (size_t)n * sizeof *proposal);
  return FC_OK;
}

static fc_status_t learn(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict, fc_error_t *error) {
  (void)self, (void)window, (void)verdict, (void)error;
  return FC_OK;
}

const tuner_t tuner_twin_search = {.name = "twin_search",
                                   .summary = "the cheapest plan on the twin that meets QoS; no adaptation",
                                   .is_planner = true,
                                   .create = create,
                                   .destroy = destroy,
                                   .propose = propose,
                                   .learn = learn};
