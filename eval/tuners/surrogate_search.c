/* surrogate_search.c - from processes to whole configurations. See surrogate.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "surrogate_state.h"

/* Sweeps of the search over whole values at most; each tries every knob's steps once. */
enum { MAX_SWEEPS = 8, EXPLOIT_STARTS = 24, EXPLOIT_RANDOM = 300, EXPLOIT_CLIMBS = 4, EXPLOIT_EVALUATIONS = 60 };

/* Relative steps of CPU and memory; replicas and concurrency go by one. */
static const double STEPS[] = {1.1, 1 / 1.1, 1.02, 1 / 1.02};
enum { N_STEPS = sizeof STEPS / sizeof STEPS[0] };

/* ---- where a search starts ---- */

static bool is_listed(const double *starts, int32_t n, const double *x, int32_t d) {
  for (int32_t i = 0; i < n; ++i) {
    if (memcmp(starts + (size_t)i * (size_t)d, x, (size_t)d * sizeof *x) == 0) return true;
  }
  return false;
}

/* The same configuration in this run at the present load. */
static void here_and_now(const surrogate_t *self, double *x) {
  for (int32_t i = self->box.d - 2; i < self->box.d; ++i) x[i] = self->box.lower[i];
}

/* Appends x (d) at the present load unless it is there. */
static int32_t list_point(const surrogate_t *self, const double *x, int32_t n, double *starts) {
  const size_t d = (size_t)self->box.d;
  double *to = starts + (size_t)n * d;
  memcpy(to, x, d * sizeof *x);
  here_and_now(self, to);
  return is_listed(starts, n, to, self->box.d) ? n : n + 1;
}

/* Cost of offline row i when a window with it is more likely than not to meet QoS now, else infinite. */
static double worth(surrogate_t *self, int32_t row) {
  const size_t d = (size_t)self->box.d;
  double *at = self->scratch + 2 * d;
  memcpy(at, self->known.x + (size_t)row * d, d * sizeof *at);
  here_and_now(self, at);
  return surrogate_log_window_met(self, at, NULL) > log(0.5) ? self->known.cost[row] : INFINITY;
}

static int32_t list_offline(surrogate_t *self, int32_t n, int32_t max, double *starts) {
  double *costs = self->y;
  const size_t d = (size_t)self->box.d;
  for (int32_t i = 0; i < self->n_selected; ++i)
    costs[i] = self->selected[i] < self->known.n_offline ? worth(self, self->selected[i]) : INFINITY;
  while (n < max) {
    int32_t best = -1;
    for (int32_t i = 0; i < self->n_selected; ++i) {
      if (isfinite(costs[i]) && (best < 0 || costs[i] < costs[best])) best = i;
    }
    if (best < 0) break;
    n = list_point(self, self->known.x + (size_t)self->selected[best] * d, n, starts);
    costs[best] = INFINITY;
  }
  return n;
}

int32_t surrogate_starts(surrogate_t *self, bool measured_only, int32_t max, double *starts) {
  const fc_workflow_t *workflow = self->setting->workflow;
  const size_t d = (size_t)self->box.d;
  double *at = self->scratch + 2 * d;
  int32_t n = 0;
  fc_function_configuration_t *start = calloc((size_t)workflow->n_functions, sizeof *start);
  if (start != NULL) { /* one start less is no failure */
    for (int32_t f = 0; f < workflow->n_functions; ++f) start[f] = workflow->functions[f].start;
    box_encode(&self->box, start, self->load, at);
    n = list_point(self, at, n, starts);
    free(start);
  }
  const proven_item_t *incumbent = proven_cheapest(&self->proven, self->load);
  if (incumbent != NULL && n < max) {
    box_encode(&self->box, incumbent->configuration, self->load, at);
    n = list_point(self, at, n, starts);
  }
  const int32_t most = measured_only ? max : (n + max + 1) / 2;
  for (int32_t i = self->known.n - 1; i >= self->known.n_offline && n < most; --i)
    n = list_point(self, self->known.x + (size_t)i * d, n, starts);
  return measured_only ? n : list_offline(self, n, max, starts);
}

/* ---- whole values ---- */

/* The coordinate after a step; the same when there is no room. */
static double stepped(const surrogate_t *self, int32_t i, int step, double u) {
  const box_knob_t *knob = &self->box.knobs[i];
  const double min = knob->range.min, max = knob->range.max;
  if (knob->knob == FC_KNOB_CPU || knob->knob == FC_KNOB_MEM) {
    u += log(STEPS[step]) / log(max / min);
  } else if (step < 2) {
    u += (step == 0 ? 1 : -1) / (max - min);
  }
  return fmin(self->box.upper[i], fmax(self->box.lower[i], u));
}

void surrogate_settle(surrogate_t *self, acquisition_fn acquisition, void *context, double *x,
                      fc_function_configuration_t *configuration) {
  const size_t d = (size_t)self->box.d;
  double *at = self->scratch + 2 * d;
  box_decode(&self->box, x, configuration);
  box_encode(&self->box, configuration, self->load, x);
  double best = acquisition(context, x, NULL);
  bool better = true;
  for (int sweep = 0; better && sweep < MAX_SWEEPS; ++sweep) {
    better = false;
    for (int32_t i = 0; i + 2 < self->box.d; ++i) {
      for (int step = 0; step < N_STEPS && self->box.lower[i] < self->box.upper[i]; ++step) {
        memcpy(at, x, d * sizeof *x);
        at[i] = stepped(self, i, step, x[i]);
        box_decode(&self->box, at, configuration);
        box_encode(&self->box, configuration, self->load, at);
        if (at[i] == x[i]) continue;
        const double value = acquisition(context, at, NULL);
        if (!(value > best)) continue;
        best = value;
        memcpy(x, at, d * sizeof *x);
        better = true;
      }
    }
  }
  box_decode(&self->box, x, configuration);
}

/* ---- what to have in force when there is nothing to gain from exploring ---- */

typedef struct {
  surrogate_t *surrogate;
  double log_probability; /* at least this */
  bool is_strict;
} exploit_t;

/* ln cost against a penalty that sets in at the probability; strictly: the cheapest that is likely enough, before it
 * the most likely. */
static double exploit_value(void *context, const double *x, double *gradient) {
  const exploit_t *exploit = context;
  surrogate_t *self = exploit->surrogate;
  const int32_t d = self->box.d;
  double *by_cost = self->scratch + 3 * (size_t)d;
  const double width = 0.02, weight = 20;
  const double slack = surrogate_log_window_met(self, x, gradient) - exploit->log_probability;
  const double cost = box_cost(&self->box, x, gradient != NULL ? by_cost : NULL);
  if (exploit->is_strict) return slack >= 0 ? -log(cost) : slack - 100;
  /* width * ln(1 + exp(-slack / width)), without overflow */
  const double s = -slack / width, share = 1 / (1 + exp(-s));
  const double penalty = width * (s > 0 ? s + log1p(exp(-s)) : log1p(exp(s)));
  for (int32_t i = 0; gradient != NULL && i < d; ++i) gradient[i] = weight * share * gradient[i] - by_cost[i] / cost;
  return -log(cost) - weight * penalty;
}

fc_status_t surrogate_exploit(surrogate_t *self, double probability, fc_function_configuration_t *configuration,
                              fc_error_t *error) {
  const size_t d = (size_t)self->box.d;
  fc_status_t status = FC_ENOMEM;
  exploit_t exploit = {self, log(probability), false};
  double value, *starts = calloc((EXPLOIT_STARTS + 1) * d, sizeof *starts);
  if (starts == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to search a configuration");
  double *x = starts + EXPLOIT_STARTS * d;
  const acquisition_search_t search = {.n_dims = self->box.d,
                                       .lower = self->box.lower,
                                       .upper = self->box.upper,
                                       .starts = starts,
                                       .n_starts = surrogate_starts(self, false, EXPLOIT_STARTS, starts),
                                       .n_random = EXPLOIT_RANDOM,
                                       .n_climbs = EXPLOIT_CLIMBS,
                                       .evaluations = EXPLOIT_EVALUATIONS,
                                       .seed = self->setting->seed + (uint64_t)self->known.n};
  FC_TRY_GOTO(acquisition_maximise(&search, exploit_value, &exploit, x, &value, error), status, done);
  exploit.is_strict = true;
  surrogate_settle(self, exploit_value, &exploit, x, configuration);
done:
  free(starts);
  return status;
}
