/* polish.c - see polish.h. */
#include "polish.h"

#include <math.h>
#include <string.h>

#include "faasconf/cost.h"

enum { ROUNDS = 8, MIN_ROUNDS = 3 };

/* Windows of polishing for each of the search. */
enum { POLISHING_SHARE = 10 };

/* Could `candidate`, scaled until it costs `cost`, still meet QoS? Most values are refused here, by one look. *factor
 * is the logarithm of that scale. */
static fc_status_t is_worth_it(planner_t *self, double cost, double *factor, bool *worth, fc_error_t *error) {
  double low = log(BOUNDARY_MIN_FACTOR), high = log(BOUNDARY_MAX_FACTOR);
  for (int i = 0; i < 20; ++i) {
    const double middle = (low + high) / 2;
    boundary_scale(self, self->candidate, exp(middle), self->scaled);
    if (fc_cost_reserved_usd_h(self->options->workflow, self->scaled) < cost) {
      low = middle;
    } else {
      high = middle;
    }
  }
  *factor = low;
  boundary_scale(self, self->candidate, exp(low), self->scaled);
  *worth = fc_cost_reserved_usd_h(self->options->workflow, self->scaled) < cost;
  if (!*worth) return FC_OK;
  return boundary_meets(self, self->scaled, worth, error);
}

/* Tries another value of a knob; keeps it when the boundary is cheaper there. */
static fc_status_t try_value(planner_t *self, const free_knob_t *knob, double wanted, double *cost, bool *kept,
                             fc_error_t *error) {
  const size_t size = (size_t)self->n_functions * sizeof *self->best;
  const int32_t old = fc_knob_get(&self->best[knob->function], knob->knob);
  const int32_t value = (int32_t)lround(fmin(knob->range.max, fmax(knob->range.min, wanted)));
  *kept = false;
  if (value == old) return FC_OK;
  memcpy(self->candidate, self->best, size);
  fc_knob_set(&self->candidate[knob->function], knob->knob, value);
  if (knob->knob == FC_KNOB_REPLICAS) { /* the same CPU in all */
    const fc_knob_range_t cpu =
        fc_workflow_range(self->options->workflow, knob->function, FC_KNOB_CPU, self->options->ranges);
    const double each = (double)self->candidate[knob->function].cpu_millicores * old / value;
    self->candidate[knob->function].cpu_millicores = (int32_t)lround(fmin(cpu.max, fmax(cpu.min, each)));
  }
  double factor = 0;
  FC_TRY(is_worth_it(self, *cost * 0.999, &factor, kept, error));
  if (!*kept) return FC_OK;
  FC_TRY(boundary_bisect(self, self->candidate, factor - 0.08, factor, 5, self->best, error));
  *cost = fc_cost_reserved_usd_h(self->options->workflow, self->best);
  return FC_OK;
}

/* What polishing tries on a knob of this value: from the boldest on. */
static int32_t values_to_try(const free_knob_t *knob, int32_t round, double value, double out[4]) {
  const double cpu_step = round < 2 ? 0.12 : 0.05;
  switch (knob->knob) {
    case FC_KNOB_CPU:
      out[0] = value * (1 - cpu_step);
      out[1] = value * (1 + cpu_step);
      return 2;
    case FC_KNOB_MEM:
      out[0] = knob->range.min;
      out[1] = value * 0.7;
      out[2] = value * 0.9;
      out[3] = value * 1.2;
      return 4;
    default:
      out[0] = value - 1;
      out[1] = value + 1;
      out[2] = value + 2;
      return knob->knob == FC_KNOB_CONCURRENCY ? 3 : 2;
  }
}

static bool is_spent(const planner_t *self) {
  return self->n_windows > (1 + POLISHING_SHARE) * self->options->budget;
}

static fc_status_t polish_knobs(planner_t *self, int32_t round, double *cost, fc_error_t *error) {
  for (int32_t i = 0; i < self->n_knobs && !is_spent(self); ++i) {
    const free_knob_t *knob = &self->knobs[i];
    double values[4];
    const int32_t n = values_to_try(knob, round, fc_knob_get(&self->best[knob->function], knob->knob), values);
    bool kept = false;
    for (int32_t k = 0; k < n && !kept; ++k) FC_TRY(try_value(self, knob, values[k], cost, &kept, error));
  }
  return FC_OK;
}

fc_status_t polish(planner_t *self, fc_error_t *error) {
  for (int32_t round = 0; round < ROUNDS && !is_spent(self); ++round) {
    bool found = false;
    self->boundary_from = BOUNDARY_FROM + (int64_t)round * BOUNDARY_WINDOWS;
    FC_TRY(boundary_find(self, self->best, self->candidate, &found, error));
    if (!found) return FC_OK; /* confirming raises what can be raised */
    memcpy(self->best, self->candidate, (size_t)self->n_functions * sizeof *self->best);
    double cost = fc_cost_reserved_usd_h(self->options->workflow, self->best);
    const double before = cost;
    FC_TRY(polish_knobs(self, round, &cost, error));
    if (round + 1 >= MIN_ROUNDS && cost > 0.998 * before) break;
  }
  return FC_OK;
}
