/* sweep.c - see sweep.h. */
#include "sweep.h"

#include <math.h>
#include <string.h>

#include "faasconf/cost.h"

/* A move is kept when the scaled price falls by at least this share: less is luck. */
static const double LEAST_GAIN = 0.001;

/* A round that gains less than this is the last. */
static const double ENOUGH = 0.005;

/* Rounds on few windows; and windows for each one of the budget, since a sweep needs no polishing. */
enum { COARSE_ROUNDS = 2, SWEEP_SHARE = 4 };

/* Of a violation where the configuration is meant to be right (boundary_price). */
static const double STRICT_PENALTY = 8;

/* Fine rounds look for what violates QoS in this part of the windows that may: what they like is partly luck, and
 * steps up cost more windows than a sweep. */
static const double STRICT_SHARE = 0.75;

typedef struct {
  planner_t *planner;
  fc_rng_t rng;
  int64_t n_windows_most;
} sweep_t;

typedef struct {
  double cpu, mem; /* factors */
  double replicas; /* factor; replicas_more is added to it */
  int32_t replicas_more;
} move_t;

enum { MOVES = 10 };

/* From the boldest on, to the floor of the ranges; steps of CPU get smaller from round to round. */
static void list_moves(int32_t round, move_t moves[MOVES]) {
  const double step = round < 1 ? 0.4 : round < 2 ? 0.2 : 0.06;
  const move_t all[MOVES] = {{.cpu = 0, .mem = 0, .replicas = 0},
                             {.cpu = 0, .mem = 0, .replicas = 1},
                             {.cpu = 1, .mem = 0, .replicas = 0.5},
                             {.cpu = 1, .mem = 0.7, .replicas = 1},
                             {.cpu = 1, .mem = 1, .replicas = 1, .replicas_more = -1},
                             {.cpu = 1 - step, .mem = 1, .replicas = 1},
                             {.cpu = 1, .mem = 1, .replicas = 1, .replicas_more = 1},
                             {.cpu = 1 + step, .mem = 1, .replicas = 1},
                             {.cpu = 1 - step, .mem = 1, .replicas = 1, .replicas_more = 1},
                             {.cpu = 1 + step, .mem = 1, .replicas = 1, .replicas_more = -1}};
  memcpy(moves, all, sizeof all);
}

static int32_t within(double value, fc_knob_range_t range) {
  return (int32_t)lround(fmin(range.max, fmax(range.min, value)));
}

static void apply(const planner_t *self, int32_t f, const move_t *move, fc_function_configuration_t *of) {
  const plan_options_t *o = self->options;
  of->cpu_millicores =
      within(of->cpu_millicores * move->cpu, fc_workflow_range(o->workflow, f, FC_KNOB_CPU, o->ranges));
  of->mem_mib = within(of->mem_mib * move->mem, fc_workflow_range(o->workflow, f, FC_KNOB_MEM, o->ranges));
  of->replicas = within(of->replicas * move->replicas + move->replicas_more,
                        fc_workflow_range(o->workflow, f, FC_KNOB_REPLICAS, o->ranges));
}

/* All moves of one function; *price is that of planner->best on these windows. */
static fc_status_t turn(const sweep_t *sweep, int32_t f, int32_t round, const price_windows_t *windows, double *price,
                        fc_error_t *error) {
  planner_t *self = sweep->planner;
  move_t moves[MOVES];
  list_moves(round, moves);
  for (int32_t m = 0; m < MOVES && self->n_windows < sweep->n_windows_most; ++m) {
    memcpy(self->candidate, self->best, (size_t)self->n_functions * sizeof *self->best);
    apply(self, f, &moves[m], &self->candidate[f]);
    if (memcmp(&self->candidate[f], &self->best[f], sizeof self->best[f]) == 0) continue;
    double tried = 0;
    FC_TRY(boundary_price(self, windows, self->candidate, *price * (1 - LEAST_GAIN), &tried, error));
    if (tried >= *price * (1 - LEAST_GAIN)) continue;
    *price = tried;
    self->best[f] = self->candidate[f];
  }
  return FC_OK;
}

static void shuffle(int32_t *order, int32_t n, fc_rng_t *rng) {
  for (int32_t i = n - 1; i > 0; --i) {
    const int32_t j = (int32_t)fc_rng_below(rng, (uint32_t)i + 1), other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
}

static double strict_level(const planner_t *self) {
  return 1 - STRICT_SHARE * (1 - self->options->level);
}

/* One round; *gain gets the share by which it lowered the price. */
static fc_status_t turn_all(sweep_t *sweep, int32_t round, double *gain, fc_error_t *error) {
  planner_t *self = sweep->planner;
  int32_t order[FC_MAX_FUNCTIONS] = {0};
  const bool is_coarse = round < COARSE_ROUNDS;
  const price_windows_t windows = {.from = (int64_t)round * PRICE_MAX_WINDOWS,
                                   .n = is_coarse ? PRICE_WINDOWS : PRICE_MAX_WINDOWS,
                                   .level = is_coarse ? 0 : strict_level(self),
                                   .penalty = is_coarse ? 3 : STRICT_PENALTY};
  double price = 0;
  FC_TRY(boundary_price(self, &windows, self->best, INFINITY, &price, error));
  const double before = price;
  for (int32_t f = 0; f < self->n_functions; ++f) order[f] = f;
  shuffle(order, self->n_functions, &sweep->rng);
  for (int32_t i = 0; i < self->n_functions; ++i) FC_TRY(turn(sweep, order[i], round, &windows, &price, error));
  *gain = 1 - price / before;
  return FC_OK;
}

fc_status_t sweep(planner_t *planner, int64_t budget, bool is_near, fc_error_t *error) {
  sweep_t self = {.planner = planner, .n_windows_most = SWEEP_SHARE * budget};
  double gain = 1;
  fc_rng_init(&self.rng, planner->options->seed, 8);
  for (int32_t round = is_near ? COARSE_ROUNDS : 0; planner->n_windows < self.n_windows_most && gain > ENOUGH;
       ++round) {
    FC_TRY(turn_all(&self, round, &gain, error));
    if (round < COARSE_ROUNDS) gain = 1;
  }
  return FC_OK;
}

fc_status_t sweep_raise(planner_t *self, int64_t from, fc_error_t *error) {
  static const move_t moves[] = {{.cpu = 1.06, .mem = 1, .replicas = 1},
                                 {.cpu = 1, .mem = 1.2, .replicas = 1},
                                 {.cpu = 1, .mem = 1, .replicas = 1, .replicas_more = 1}};
  const price_windows_t windows = {
      .from = from, .n = PRICE_MAX_WINDOWS, .level = strict_level(self), .penalty = STRICT_PENALTY};
  double least = INFINITY;
  move_t chosen = moves[0];
  int32_t function = -1;
  for (int32_t f = 0; f < self->n_functions; ++f) {
    for (size_t m = 0; m < sizeof moves / sizeof *moves; ++m) {
      memcpy(self->candidate, self->best, (size_t)self->n_functions * sizeof *self->best);
      apply(self, f, &moves[m], &self->candidate[f]);
      if (memcmp(&self->candidate[f], &self->best[f], sizeof self->best[f]) == 0) continue;
      double price = 0;
      FC_TRY(boundary_price(self, &windows, self->candidate, least, &price, error));
      if (price >= least) continue;
      least = price;
      chosen = moves[m];
      function = f;
    }
  }
  if (function >= 0) apply(self, function, &chosen, &self->best[function]);
  return FC_OK;
}
