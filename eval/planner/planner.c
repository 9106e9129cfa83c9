/* planner.c - see planner.h. */
#include "planner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "boundary.h"
#include "cma.h"
#include "draws.h"
#include "faasconf/cost.h"
#include "polish.h"
#include "quantile.h"
#include "sweep.h"

enum { SAMPLES = 14, MAX_RAISES = 40, MAX_REPAIRS = 6, MAX_STEPS_UP = 20, SWEPT_WINDOWS = PLAN_CONFIRMING_WINDOWS / 4 };

/* ---- the box ---- */

static bool is_logarithmic(fc_knob_t knob) {
  return knob == FC_KNOB_CPU || knob == FC_KNOB_MEM;
}

static void to_configuration(const planner_t *self, const double *x, fc_function_configuration_t *configuration) {
  for (int32_t i = 0; i < self->n_knobs; ++i) {
    const free_knob_t *k = &self->knobs[i];
    const double low = k->range.min, high = k->range.max;
    const double value = is_logarithmic(k->knob) ? low * pow(high / low, x[i]) : low + x[i] * (high - low);
    fc_knob_set(&configuration[k->function], k->knob, (int32_t)lround(fmin(high, fmax(low, value))));
  }
}

static void to_box(const planner_t *self, const fc_function_configuration_t *configuration, double *x) {
  for (int32_t i = 0; i < self->n_knobs; ++i) {
    const free_knob_t *k = &self->knobs[i];
    const double low = k->range.min, high = k->range.max, value = fc_knob_get(&configuration[k->function], k->knob);
    x[i] = is_logarithmic(k->knob) ? log(value / low) / log(high / low) : (value - low) / (high - low);
    x[i] = fmin(1, fmax(0, x[i]));
  }
}

/* ---- the search ---- */

/* CMA-ES from the start configuration moved at random, or near what the caller knows; the mean of the last third of its
 * generations into best. */
static fc_status_t search_box(planner_t *self, fc_error_t *error) {
  const int32_t n_generations = (int32_t)(self->options->budget / (SAMPLES * PRICE_WINDOWS));
  const bool is_near = self->options->from != NULL;
  double *x = calloc(2 * (size_t)self->n_knobs, sizeof *x);
  if (x == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to plan");
  double *average = x + self->n_knobs;
  cma_t cma = {0};
  fc_rng_t rng;
  fc_rng_init(&rng, self->options->seed, 7);
  to_box(self, self->best, x);
  for (int32_t i = 0; i < self->n_knobs; ++i)
    x[i] = fmin(1, fmax(0, x[i] + (is_near ? 0.04 : 0.15) * fc_rng_normal(&rng)));
  fc_status_t status = cma_init(&cma, self->n_knobs, SAMPLES, x, is_near ? 0.08 : 0.2, self->options->seed);
  if (status != FC_OK) fc_error_set(error, status, "no memory to plan");
  const int32_t first_kept = n_generations - n_generations / 3 - 1;
  for (int32_t g = 0; g < n_generations && status == FC_OK; ++g) {
    const price_windows_t windows = {.from = (int64_t)g * PRICE_WINDOWS, .n = PRICE_WINDOWS, .penalty = 1.6};
    double prices[SAMPLES];
    cma_ask(&cma);
    for (int32_t s = 0; s < SAMPLES && status == FC_OK; ++s) {
      to_configuration(self, cma.samples + s * self->n_knobs, self->candidate);
      status = boundary_price(self, &windows, self->candidate, INFINITY, &prices[s], error);
    }
    if (status == FC_OK) cma_tell(&cma, prices);
    for (int32_t i = 0; status == FC_OK && g >= first_kept && i < self->n_knobs; ++i)
      average[i] += cma.mean[i] / (n_generations - first_kept);
  }
  if (status == FC_OK) to_configuration(self, average, self->best);
  cma_clear(&cma);
  free(x);
  return status;
}

/* Where no factor on CPU is enough there are too few replicas, of whatever function: one more everywhere, and a fifth
 * more memory, until it is. Polishing takes back what was not needed. */
static fc_status_t come_within_reach(planner_t *self, fc_error_t *error) {
  bool found = false;
  self->boundary_from = BOUNDARY_FROM - BOUNDARY_WINDOWS;
  FC_TRY(boundary_meets_at_most(self, self->best, &found, error));
  for (int32_t time = 0; time < MAX_REPAIRS && !found; ++time) {
    for (int32_t i = 0; i < self->n_knobs; ++i) {
      const free_knob_t *k = &self->knobs[i];
      const int32_t value = fc_knob_get(&self->best[k->function], k->knob);
      if (k->knob == FC_KNOB_REPLICAS || k->knob == FC_KNOB_CONCURRENCY)
        fc_knob_set(&self->best[k->function], k->knob, value < k->range.max ? value + 1 : value);
      if (k->knob == FC_KNOB_MEM)
        fc_knob_set(&self->best[k->function], k->knob, (int32_t)lround(fmin(k->range.max, 1.2 * value)));
    }
    FC_TRY(boundary_meets_at_most(self, self->best, &found, error));
  }
  return FC_OK;
}

/* Do enough of the n windows from `from` on meet QoS? Stops when it is certain that they do not. *share gets that of
 * those that were asked; plan->n_met as if they had been PLAN_CONFIRMING_WINDOWS. */
static fc_status_t is_confirmed(planner_t *self, const fc_function_configuration_t *configuration, int64_t from,
                                int32_t n, plan_t *plan, double *share, fc_error_t *error) {
  const int32_t wanted = (int32_t)ceil(self->options->level * n);
  int32_t w = 0, n_met = 0;
  for (; w - n_met <= n - wanted && w < n; ++w) {
    double margin = 0;
    FC_TRY(boundary_margin(self, from + w, configuration, &margin, error));
    n_met += margin >= 0;
  }
  plan->confirmed = n_met >= wanted;
  *share = (double)n_met / w;
  plan->n_met = (int32_t)lround(*share * PLAN_CONFIRMING_WINDOWS);
  return FC_OK;
}

/* Steps of half a per cent that the missing share of windows calls for, cautiously: a unit of the normal quantile costs
 * about a tenth of the price. */
static int steps_to(double level, double share) {
  const double missing = normal_quantile(level) - normal_quantile(fmax(share, 0.001));
  return (int)fmin(8, fmax(1, floor(missing * 0.07 / 0.005)));
}

/* Fresh windows decide, twice; while they say no, everything gets half a per cent more CPU or several of them, at its
 * ceiling a replica. No window is asked twice: among many tries on the same ones luck would pass. */
static fc_status_t confirm(planner_t *self, plan_t *plan, fc_error_t *error) {
  int64_t from = CONFIRMING_FROM;
  double share = 0;
  plan->confirmed = false;
  for (int raise = 0; raise <= MAX_RAISES && !plan->confirmed; raise += steps_to(self->options->level, share)) {
    boundary_scale(self, self->best, 1 + 0.005 * raise, self->candidate);
    plan->confirmed = true;
    for (int time = 0; time < 2 && plan->confirmed; ++time, from += PLAN_CONFIRMING_WINDOWS)
      FC_TRY(is_confirmed(self, self->candidate, from, PLAN_CONFIRMING_WINDOWS, plan, &share, error));
  }
  memcpy(plan->configuration, self->candidate, (size_t)self->n_functions * sizeof *self->candidate);
  plan->cost_usd_h = fc_cost_reserved_usd_h(self->options->workflow, plan->configuration);
  return FC_OK;
}

/* As confirm, for a workflow of many knobs, whose windows take long: fewer of them, and a step up for whatever function
 * it is best for, instead of a little CPU for all. */
static fc_status_t confirm_swept(planner_t *self, plan_t *plan, fc_error_t *error) {
  int64_t from = CONFIRMING_FROM;
  double share = 0;
  plan->confirmed = false;
  for (int raise = 0; raise <= MAX_STEPS_UP && !plan->confirmed; ++raise) {
    if (raise > 0) FC_TRY(sweep_raise(self, BOUNDARY_FROM + (int64_t)raise * PRICE_MAX_WINDOWS, error));
    plan->confirmed = true;
    for (int time = 0; time < 2 && plan->confirmed; ++time, from += SWEPT_WINDOWS)
      FC_TRY(is_confirmed(self, self->best, from, SWEPT_WINDOWS, plan, &share, error));
  }
  memcpy(plan->configuration, self->best, (size_t)self->n_functions * sizeof *self->best);
  plan->cost_usd_h = fc_cost_reserved_usd_h(self->options->workflow, plan->configuration);
  return FC_OK;
}

/* ---- memory ---- */

static fc_status_t check_level(const plan_options_t *o, fc_error_t *error) {
  if (o->level > 0 && o->level < 1) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "level %g: expected a probability above 0 and below 1", o->level);
}

static fc_status_t check(const plan_options_t *o, fc_error_t *error) {
  FC_TRY(check_level(o, error));
  if (o->budget < PLAN_MIN_BUDGET)
    return fc_error_set(error, FC_EINVAL, "budget %lld: expected at least %d windows", (long long)o->budget,
                        PLAN_MIN_BUDGET);
  if (o->budget / (SAMPLES * PRICE_WINDOWS) * PRICE_WINDOWS >= BOUNDARY_FROM)
    return fc_error_set(error, FC_EINVAL, "budget %lld: too many windows", (long long)o->budget);
  return FC_OK;
}

static fc_status_t list_knobs(planner_t *self, fc_error_t *error) {
  self->knobs = calloc((size_t)self->n_functions * FC_KNOBS, sizeof *self->knobs);
  if (self->knobs == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to plan");
  for (int32_t f = 0; f < self->n_functions; ++f) {
    for (int32_t k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t range = fc_workflow_range(self->options->workflow, f, (fc_knob_t)k, self->options->ranges);
      if (range.min < range.max) self->knobs[self->n_knobs++] = (free_knob_t){f, (fc_knob_t)k, range};
    }
  }
  if (self->n_knobs > 0) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "workflow %s has no knob to turn: all ranges are single values",
                      self->options->workflow->name);
}

static bool is_swept(const planner_t *self) {
  return self->n_knobs > SWEEP_MIN_KNOBS;
}

static fc_status_t planner_init(planner_t *self, const plan_options_t *options, fc_error_t *error) {
  const size_t n = (size_t)options->workflow->n_functions;
  memset(self, 0, sizeof *self);
  self->options = options;
  self->n_functions = options->workflow->n_functions;
  self->scaled = calloc(n, sizeof *self->scaled);
  self->candidate = calloc(n, sizeof *self->candidate);
  self->best = calloc(n, sizeof *self->best);
  self->margins = calloc(PRICE_MAX_WINDOWS, sizeof *self->margins);
  self->price_order = (hardest_first_t){-1, 0, calloc(PRICE_MAX_WINDOWS, sizeof *self->price_order.numbers)};
  self->boundary_order = (hardest_first_t){-1, 0, calloc(BOUNDARY_WINDOWS, sizeof *self->boundary_order.numbers)};
  if (self->scaled == NULL || self->candidate == NULL || self->best == NULL || self->margins == NULL ||
      self->price_order.numbers == NULL || self->boundary_order.numbers == NULL ||
      fc_observation_init(&self->observation, options->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory to plan");
  for (size_t f = 0; f < n; ++f)
    self->best[f] = self->candidate[f] =
        options->from != NULL ? options->from[f] : options->workflow->functions[f].start;
  const simulator_options_t simulated = {.seed = options->seed,
                                         .semantics = options->semantics,
                                         .users = options->users,
                                         .rate_per_s = options->rate_per_s};
  FC_TRY(simulator_new(options->workflow, &simulated, &self->simulator, error));
  simulator_set_outcomes_only(self->simulator);
  return list_knobs(self, error);
}

static void planner_clear(planner_t *self) {
  simulator_destroy(&self->simulator);
  fc_observation_clear(&self->observation);
  free(self->knobs);
  free(self->scaled);
  free(self->candidate);
  free(self->best);
  free(self->margins);
  free(self->price_order.numbers);
  free(self->boundary_order.numbers);
}

/* Whether there is anything to look for: with everything at its maximum. A sweep takes long to find out. */
static fc_status_t is_hopeless(planner_t *self, bool *hopeless, fc_error_t *error) {
  enum { FEW = 200 };
  int32_t n_met = 0;
  memcpy(self->candidate, self->best, (size_t)self->n_functions * sizeof *self->candidate);
  for (int32_t i = 0; i < self->n_knobs; ++i)
    fc_knob_set(&self->candidate[self->knobs[i].function], self->knobs[i].knob, self->knobs[i].range.max);
  FC_TRY(boundary_count_met(self, HOPELESS_FROM, FEW, self->candidate, &n_met, error));
  *hopeless = n_met < (self->options->level - 0.15) * FEW;
  return FC_OK;
}

/* Nothing is enough: the most there is, unconfirmed. */
static void give_up(planner_t *self, plan_t *plan) {
  memcpy(plan->configuration, self->candidate, (size_t)self->n_functions * sizeof *self->candidate);
  plan->cost_usd_h = fc_cost_reserved_usd_h(self->options->workflow, plan->configuration);
  plan->confirmed = false;
  plan->n_met = 0;
}

static fc_status_t search(planner_t *self, plan_t *plan, fc_error_t *error) {
  if (is_swept(self)) {
    bool hopeless = false;
    FC_TRY(is_hopeless(self, &hopeless, error));
    if (hopeless) {
      give_up(self, plan);
      return FC_OK;
    }
    FC_TRY(sweep(self, self->options->budget, self->options->from != NULL, error));
    return confirm_swept(self, plan, error);
  }
  FC_TRY(search_box(self, error));
  FC_TRY(come_within_reach(self, error));
  FC_TRY(polish(self, error));
  return confirm(self, plan, error);
}

fc_status_t plan_search(const plan_options_t *options, plan_t *plan, fc_error_t *error) {
  planner_t self;
  FC_TRY(check(options, error));
  fc_status_t status = planner_init(&self, options, error);
  if (status == FC_OK) status = search(&self, plan, error);
  plan->n_windows = self.n_windows;
  planner_clear(&self);
  return status;
}

/* Twice, on other windows: what the first ones were kind to does not stay, and a replica more may have changed much. */
static fc_status_t scale_to_boundary(planner_t *self, const fc_function_configuration_t *from, fc_error_t *error) {
  bool found = true;
  memcpy(self->best, from, (size_t)self->n_functions * sizeof *self->best);
  for (int32_t time = 0; time < 2 && found; ++time) {
    self->boundary_from = BOUNDARY_FROM + time * BOUNDARY_WINDOWS;
    FC_TRY(boundary_find(self, self->best, self->best, &found, error));
  }
  return FC_OK; /* confirming raises what can be raised */
}

static fc_status_t scale(planner_t *self, const fc_function_configuration_t *from, plan_t *plan, fc_error_t *error) {
  if (!is_swept(self)) {
    FC_TRY(scale_to_boundary(self, from, error));
    return confirm(self, plan, error);
  }
  memcpy(self->best, from, (size_t)self->n_functions * sizeof *self->best);
  FC_TRY(sweep(self, PLAN_MIN_BUDGET, true, error));
  return confirm_swept(self, plan, error);
}

fc_status_t plan_scale(const plan_options_t *options, const fc_function_configuration_t *from, plan_t *plan,
                       fc_error_t *error) {
  planner_t self;
  FC_TRY(check_level(options, error));
  fc_status_t status = planner_init(&self, options, error);
  if (status == FC_OK) status = scale(&self, from, plan, error);
  plan->n_windows = self.n_windows;
  planner_clear(&self);
  return status;
}

fc_status_t plan_confirm(const plan_options_t *options, const fc_function_configuration_t *configuration, int32_t n,
                         int32_t *n_met, fc_error_t *error) {
  planner_t self;
  fc_status_t status = planner_init(&self, options, error);
  if (status == FC_OK) status = boundary_count_met(&self, CONFIRMING_FROM, n, configuration, n_met, error);
  planner_clear(&self);
  return status;
}

int32_t plan_cheapest(const plan_t *plans, int32_t n, int32_t *n_confirmed, double *median_usd_h, double *max_usd_h) {
  double costs[PLAN_MAX_SEARCHES];
  int32_t best = -1;
  FC_ASSERT(n <= PLAN_MAX_SEARCHES);
  *n_confirmed = 0;
  for (int32_t s = 0; s < n; ++s) {
    if (!plans[s].confirmed) continue;
    costs[(*n_confirmed)++] = plans[s].cost_usd_h;
    if (best < 0 || plans[s].cost_usd_h < plans[best].cost_usd_h) best = s;
  }
  if (best < 0) return -1;
  quantile_sort(costs, *n_confirmed);
  *median_usd_h = quantile_of_sorted(costs, *n_confirmed, 0.5);
  *max_usd_h = costs[*n_confirmed - 1];
  return best;
}
