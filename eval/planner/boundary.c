/* boundary.c - see boundary.h. */
#include "boundary.h"

#include <math.h>
#include <string.h>

#include "faasconf/cost.h"
#include "quantile.h"

/* Times that other luck is tried for a window in which nothing was asked; window numbers of one try are far from those
 * of the next. */
enum { IDLE_TRIES = 256, TRY_SHIFT = 40 };

/* Windows in which nothing was asked are not judged: the next luck takes their place. */
static fc_status_t observe(planner_t *self, int64_t window, const fc_function_configuration_t *configuration,
                           fc_error_t *error) {
  for (int64_t try = 0; try < IDLE_TRIES; ++try) {
    FC_TRY(simulator_observed_window(self->simulator, window + (try << TRY_SHIFT), configuration, &self->observation,
                                     error));
    self->n_windows += 1;
    if (self->options->users > 0 || !fc_observation_is_idle(&self->observation)) break;
  }
  return FC_OK;
}

static bool applies(const plan_options_t *options, const fc_qos_term_t *term) {
  if (term->strict_only && options->semantics != FC_SEMANTICS_STRICT) return false;
  return options->users > 0 || term->kind != FC_QOS_SUCCESS_COUNT;
}

fc_status_t boundary_margin(planner_t *self, int64_t window, const fc_function_configuration_t *configuration,
                            double *margin, fc_error_t *error) {
  const plan_options_t *o = self->options;
  double violation[FC_MAX_QOS_TERMS];
  if (o->particles != NULL)
    FC_TRY(simulator_set_parameters(self->simulator,
                                    &o->particles->parameters[particles_of_window(o->particles, window)], error));
  FC_TRY(observe(self, window, configuration, error));
  const fc_observation_t *window_seen = &self->observation;
  fc_qos_judge(o->workflow, o->semantics, &window_seen->outcome, window_seen->duration_s,
               o->users > 0 ? o->users : window_seen->load.mean_in_flight, violation);
  *margin = 1;
  for (int32_t i = 0; i < o->workflow->n_qos_terms; ++i) {
    if (!applies(o, &o->workflow->qos_terms[i])) continue;
    *margin = isfinite(violation[i]) ? fmin(*margin, 1 - violation[i]) : -10;
  }
  return FC_OK;
}

static double scaled(double price, double q, double penalty) {
  return price * exp(-(q > 0 ? 0.6 : penalty) * q);
}

static void ask_in_order(hardest_first_t *order, int64_t from, int32_t n) {
  if (order->from == from && order->n == n) return;
  order->from = from;
  order->n = n;
  for (int32_t i = 0; i < n; ++i) order->numbers[i] = i;
}

/* Keeps margins [0, n] sorted, and the numbers of their windows with them. */
static void insert_margin(double *margins, int32_t *numbers, int32_t n, double margin) {
  const int32_t number = numbers[n];
  int32_t at = n;
  for (; at > 0 && margins[at - 1] > margin; --at) {
    margins[at] = margins[at - 1];
    numbers[at] = numbers[at - 1];
  }
  margins[at] = margin;
  numbers[at] = number;
}

fc_status_t boundary_price(planner_t *self, const price_windows_t *windows,
                           const fc_function_configuration_t *configuration, double limit, double *price,
                           fc_error_t *error) {
  const double cost = fc_cost_reserved_usd_h(self->options->workflow, configuration);
  const double share = 1 - (windows->level > 0 ? windows->level : self->options->level);
  const int32_t rank =
      (int32_t)ceil(share * (windows->n - 1)); /* the quantile of all is no more than this one so far */
  FC_ASSERT(windows->n > 0 && windows->n <= PRICE_MAX_WINDOWS);
  ask_in_order(&self->price_order, windows->from, windows->n);
  for (int32_t n = 0; n < windows->n; ++n) {
    double margin = 0;
    FC_TRY(boundary_margin(self, windows->from + self->price_order.numbers[n], configuration, &margin, error));
    insert_margin(self->margins, self->price_order.numbers, n, margin);
    *price = scaled(cost, rank <= n ? self->margins[rank] : 1, windows->penalty);
    if (*price >= limit) return FC_OK;
  }
  *price = scaled(cost, quantile_of_sorted(self->margins, windows->n, share), windows->penalty);
  return FC_OK;
}

fc_status_t boundary_count_met(planner_t *self, int64_t from, int32_t n,
                               const fc_function_configuration_t *configuration, int32_t *n_met, fc_error_t *error) {
  *n_met = 0;
  for (int32_t w = 0; w < n; ++w) {
    double margin = 0;
    FC_TRY(boundary_margin(self, from + w, configuration, &margin, error));
    *n_met += margin >= 0;
  }
  return FC_OK;
}

static void move_to_front(int32_t *numbers, int32_t at) {
  const int32_t number = numbers[at];
  memmove(numbers + 1, numbers, (size_t)at * sizeof *numbers);
  numbers[0] = number;
}

fc_status_t boundary_meets(planner_t *self, const fc_function_configuration_t *configuration, bool *meets,
                           fc_error_t *error) {
  int32_t spare = BOUNDARY_WINDOWS - (int32_t)ceil(self->options->level * BOUNDARY_WINDOWS);
  int32_t *numbers = self->boundary_order.numbers;
  ask_in_order(&self->boundary_order, self->boundary_from, BOUNDARY_WINDOWS);
  for (int32_t i = 0; i < BOUNDARY_WINDOWS && spare >= 0; ++i) {
    double margin = 0;
    FC_TRY(boundary_margin(self, self->boundary_from + numbers[i], configuration, &margin, error));
    if (margin >= 0) continue;
    spare -= 1;
    move_to_front(numbers, i);
  }
  *meets = spare >= 0;
  return FC_OK;
}

void boundary_scale(const planner_t *self, const fc_function_configuration_t *from, double factor,
                    fc_function_configuration_t *to) {
  memcpy(to, from, (size_t)self->n_functions * sizeof *to);
  for (int32_t f = 0; f < self->n_functions; ++f) {
    const fc_knob_range_t cpu = fc_workflow_range(self->options->workflow, f, FC_KNOB_CPU, self->options->ranges);
    const fc_knob_range_t replicas =
        fc_workflow_range(self->options->workflow, f, FC_KNOB_REPLICAS, self->options->ranges);
    double wanted = from[f].cpu_millicores * factor;
    if (wanted > cpu.max * 1.05 && to[f].replicas < replicas.max) {
      wanted = wanted * to[f].replicas / (to[f].replicas + 1);
      to[f].replicas += 1;
    }
    to[f].cpu_millicores = (int32_t)lround(fmin(cpu.max, fmax(cpu.min, wanted)));
  }
}

fc_status_t boundary_bisect(planner_t *self, const fc_function_configuration_t *from, double low, double high,
                            int bisections, fc_function_configuration_t *out, fc_error_t *error) {
  for (int i = 0; i < bisections; ++i) {
    const double middle = (low + high) / 2;
    bool meets = false;
    boundary_scale(self, from, exp(middle), self->scaled);
    FC_TRY(boundary_meets(self, self->scaled, &meets, error));
    if (meets) {
      high = middle;
    } else {
      low = middle;
    }
  }
  boundary_scale(self, from, exp(high), self->scaled);
  memcpy(out, self->scaled, (size_t)self->n_functions * sizeof *out);
  return FC_OK;
}

fc_status_t boundary_meets_at_most(planner_t *self, const fc_function_configuration_t *from, bool *meets,
                                   fc_error_t *error) {
  boundary_scale(self, from, BOUNDARY_MAX_FACTOR, self->scaled);
  return boundary_meets(self, self->scaled, meets, error);
}

fc_status_t boundary_find(planner_t *self, const fc_function_configuration_t *from, fc_function_configuration_t *out,
                          bool *found, fc_error_t *error) {
  FC_TRY(boundary_meets_at_most(self, from, found, error));
  if (!*found) return FC_OK;
  return boundary_bisect(self, from, log(BOUNDARY_MIN_FACTOR), log(BOUNDARY_MAX_FACTOR), 9, out, error);
}
