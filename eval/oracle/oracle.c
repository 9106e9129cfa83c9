/* oracle.c - see oracle.h. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"

const double oracle_levels[ORACLE_LEVELS] = {0.5, 0.95, 0.99};

enum {
  SEARCHED_LEVEL = 1,
  SHORTER = 4, /* a search at another level */
  MAX_REFUSALS = 80,
  SEEDS_PER_CELL = 1000,
  SCALING_SEEDS = 100,
  CHOICE_SEEDS = 400,
  CHOOSING_SEEDS = 500,
  SEEDS_PER_LEVEL = 100
};

/* ---- memory ---- */

fc_status_t oracle_search_init(oracle_search_t *search, int32_t n_functions) {
  memset(search, 0, sizeof *search);
  for (int32_t i = 0; i < ORACLE_LEVELS; ++i) {
    search->plans[i].configuration = calloc((size_t)n_functions, sizeof *search->plans[i].configuration);
    if (search->plans[i].configuration == NULL) return FC_ENOMEM;
  }
  return FC_OK;
}

void oracle_search_clear(oracle_search_t *search) {
  for (int32_t i = 0; i < ORACLE_LEVELS; ++i) free(search->plans[i].configuration);
  memset(search, 0, sizeof *search);
}

fc_status_t oracle_init(oracle_t *oracle, int32_t n_functions) {
  memset(oracle, 0, sizeof *oracle);
  oracle->configuration = calloc((size_t)n_functions, sizeof *oracle->configuration);
  return oracle->configuration != NULL ? FC_OK : FC_ENOMEM;
}

void oracle_clear(oracle_t *oracle) {
  free(oracle->configuration);
  memset(oracle, 0, sizeof *oracle);
}

/* ---- searching ---- */

int64_t oracle_budget(const fc_workflow_t *workflow) {
  enum { MOST = 26000, LEAST = 6000, CALLS = 6 };
  double calls = 0;
  for (int32_t f = 0; f < workflow->n_functions; ++f) calls += workflow->visits[f];
  return (int64_t)fmax(LEAST, fmin(MOST, floor(MOST * CALLS / fmax(calls, 1))));
}

static plan_options_t options_of(const oracle_task_t *task, int32_t level, uint64_t seed) {
  return (plan_options_t){.workflow = task->workflow,
                          .particles = task->truth,
                          .semantics = FC_SEMANTICS_STRICT,
                          .ranges = FC_RANGES_MEASURED,
                          .users = task->users,
                          .level = oracle_levels[level],
                          .budget = task->budget,
                          .seed = task->seed * SEEDS_PER_CELL + seed};
}

/* The plan of level 0.95 on the boundary of another level, or what a short search from there finds, if that is cheaper.
 */
static fc_status_t move_level(const oracle_task_t *task, int32_t index, int32_t level, oracle_search_t *search,
                              fc_error_t *error) {
  plan_t *plan = &search->plans[level];
  const size_t bytes = (size_t)task->workflow->n_functions * sizeof *plan->configuration;
  const uint64_t seed = SCALING_SEEDS + (uint64_t)level * SEEDS_PER_LEVEL + (uint64_t)index;
  plan_options_t options = options_of(task, level, seed);
  FC_TRY(plan_scale(&options, search->plans[SEARCHED_LEVEL].configuration, plan, error));
  plan_t shorter = {.configuration = malloc(bytes)};
  if (shorter.configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a plan");
  options.from = plan->configuration;
  options.budget = task->budget / SHORTER;
  const fc_status_t status = plan_search(&options, &shorter, error);
  plan->n_windows += shorter.n_windows;
  if (status == FC_OK && shorter.confirmed && (!plan->confirmed || shorter.cost_usd_h < plan->cost_usd_h)) {
    memcpy(plan->configuration, shorter.configuration, bytes);
    plan->cost_usd_h = shorter.cost_usd_h;
    plan->n_met = shorter.n_met;
    plan->confirmed = true;
  }
  free(shorter.configuration);
  return status;
}

static bool searches_all_levels(const oracle_task_t *task) {
  return task->budget / SHORTER >= PLAN_MIN_BUDGET;
}

fc_status_t oracle_search(const oracle_task_t *task, int32_t index, oracle_search_t *search, fc_error_t *error) {
  FC_ASSERT(index >= 0 && index < task->n_searches && task->n_searches <= ORACLE_MAX_SEARCHES);
  plan_options_t options = options_of(task, SEARCHED_LEVEL, (uint64_t)index);
  options.from = index == 0 ? task->hint : NULL;
  FC_TRY(plan_search(&options, &search->plans[SEARCHED_LEVEL], error));
  for (int32_t level = 0; level < ORACLE_LEVELS && searches_all_levels(task); ++level)
    if (level != SEARCHED_LEVEL) FC_TRY(move_level(task, index, level, search, error));
  return FC_OK;
}

fc_status_t oracle_scale_choice(const oracle_task_t *task, int32_t index, oracle_search_t *search, fc_error_t *error) {
  FC_ASSERT(index >= 0 && index < task->n_choices);
  const fc_function_configuration_t *choice = task->choices + (size_t)index * (size_t)task->workflow->n_functions;
  for (int32_t level = 0; level < ORACLE_LEVELS; ++level) {
    if (level != SEARCHED_LEVEL && !searches_all_levels(task)) continue;
    const plan_options_t options = options_of(task, level, CHOICE_SEEDS + (uint64_t)(10 * level + index));
    FC_TRY(plan_scale(&options, choice, &search->plans[level], error));
  }
  return FC_OK;
}

/* ---- choosing ---- */

static plan_t *cheapest(oracle_search_t *searches, int32_t n, int32_t level) {
  plan_t *best = NULL;
  for (int32_t s = 0; s < n; ++s) {
    plan_t *plan = &searches[s].plans[level];
    if (plan->confirmed && (best == NULL || plan->cost_usd_h < best->cost_usd_h)) best = plan;
  }
  return best;
}

/* Half a per cent more CPU for every function that is below its ceiling; false when none is. */
static bool raise_cpu(const oracle_task_t *task, plan_t *plan) {
  bool raised = false;
  for (int32_t f = 0; f < task->workflow->n_functions; ++f) {
    int32_t *cpu = &plan->configuration[f].cpu_millicores;
    const int32_t most = fc_workflow_range(task->workflow, f, FC_KNOB_CPU, FC_RANGES_MEASURED).max;
    const int32_t more = (int32_t)fmin(most, ceil(*cpu * 1.005));
    raised = raised || more > *cpu;
    *cpu = more;
  }
  plan->cost_usd_h = fc_cost_reserved_usd_h(task->workflow, plan->configuration);
  return raised;
}

/* Being the cheapest of several is partly luck: other windows decide, and those of a refusal are not asked again. */
static fc_status_t choose(const oracle_task_t *task, oracle_search_t *searches, int32_t level, oracle_t *oracle,
                          int64_t *n_windows, fc_error_t *error) {
  const int32_t wanted = (int32_t)ceil(oracle_levels[level] * ORACLE_WINDOWS);
  oracle->level = oracle_levels[level];
  oracle->found = false;
  for (uint64_t refusals = 0; refusals < MAX_REFUSALS && !oracle->found; ++refusals) {
    plan_t *best = cheapest(searches, task->n_searches + task->n_choices, level);
    if (best == NULL) return FC_OK;
    const plan_options_t options =
        options_of(task, level, CHOOSING_SEEDS + (uint64_t)level * SEEDS_PER_LEVEL + refusals);
    FC_TRY(plan_confirm(&options, best->configuration, ORACLE_WINDOWS, &oracle->n_met, error));
    *n_windows += ORACLE_WINDOWS;
    oracle->found = oracle->n_met >= wanted;
    if (oracle->found) {
      memcpy(oracle->configuration, best->configuration,
             (size_t)task->workflow->n_functions * sizeof *oracle->configuration);
      oracle->cost_usd_h = best->cost_usd_h;
    } else {
      best->confirmed = raise_cpu(task, best);
    }
  }
  return FC_OK;
}

/* The oracle of the searched level, on the boundary of another one, as that level's only plan. */
static fc_status_t scale_oracle(const oracle_task_t *task, const oracle_t *oracle, int32_t level, plan_t *plan,
                                int64_t *n_windows, fc_error_t *error) {
  if (!oracle->found) return FC_OK;
  plan_options_t options = options_of(task, level, SCALING_SEEDS + (uint64_t)level * SEEDS_PER_LEVEL);
  FC_TRY(plan_scale(&options, oracle->configuration, plan, error));
  *n_windows += plan->n_windows;
  if (plan->confirmed) return FC_OK;
  options.from = oracle->configuration; /* CPU alone is not enough */
  FC_TRY(plan_search(&options, plan, error));
  *n_windows += plan->n_windows;
  return FC_OK;
}

fc_status_t oracle_choose(const oracle_task_t *task, oracle_search_t *searches, oracle_t *oracles, int64_t *n_windows,
                          fc_error_t *error) {
  FC_TRY(choose(task, searches, SEARCHED_LEVEL, &oracles[SEARCHED_LEVEL], n_windows, error));
  for (int32_t level = 0; level < ORACLE_LEVELS; ++level) {
    if (level == SEARCHED_LEVEL) continue;
    if (!searches_all_levels(task))
      FC_TRY(scale_oracle(task, &oracles[SEARCHED_LEVEL], level, &searches[0].plans[level], n_windows, error));
    FC_TRY(choose(task, searches, level, &oracles[level], n_windows, error));
  }
  return FC_OK;
}
