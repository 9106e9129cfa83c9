/* box.c - see box.h. */
#include "box.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below it a load is taken as this: its logarithm has to stay finite. */
static const double LEAST_LOAD = 0.01;

/* Of this run's windows; offline rows have 0. As lengths begin, the two worlds are correlated to 0.97: a tenth or so of
 * a latency. */
static const double THIS_RUN = 0.3;

static bool is_logarithmic(fc_knob_t knob) {
  return knob == FC_KNOB_CPU || knob == FC_KNOB_MEM;
}

static double coordinate(const box_knob_t *knob, int32_t value) {
  const double min = knob->range.min, max = knob->range.max;
  return is_logarithmic(knob->knob) ? log(value / min) / log(max / min) : (value - min) / (max - min);
}

static double value_at(const box_knob_t *knob, double u) {
  const double min = knob->range.min, max = knob->range.max;
  return is_logarithmic(knob->knob) ? min * pow(max / min, u) : min + (max - min) * u;
}

fc_status_t box_init(box_t *box, const tuner_setting_t *setting, fc_error_t *error) {
  const fc_workflow_t *workflow = setting->workflow;
  const size_t most = (size_t)workflow->n_functions * FC_KNOBS + 2;
  *box = (box_t){.workflow = workflow};
  box->knobs = calloc(most, sizeof *box->knobs);
  box->lower = calloc(most, sizeof *box->lower);
  box->upper = calloc(most, sizeof *box->upper);
  box->fixed = calloc((size_t)workflow->n_functions, sizeof *box->fixed);
  if (box->knobs == NULL || box->lower == NULL || box->upper == NULL || box->fixed == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %zu knobs", most);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_t kind = (fc_knob_t)k;
      const box_knob_t knob = {f, kind, fc_workflow_range(workflow, f, kind, setting->ranges)};
      fc_knob_set(&box->fixed[f], kind, knob.range.min);
      if (knob.range.min >= knob.range.max) continue;
      box->upper[box->d] = 1;
      if (kind == FC_KNOB_CONCURRENCY && setting->concurrency_is_fixed) {
        const double start = coordinate(&knob, workflow->functions[f].start.concurrency);
        box->lower[box->d] = box->upper[box->d] = start;
      }
      box->knobs[box->d++] = knob;
    }
  }
  if (box->d == 0) return fc_error_set(error, FC_EINVAL, "workflow %s has no knob that can move", workflow->name);
  box->d += 2;
  box->lower[box->d - 2] = box->upper[box->d - 2] = THIS_RUN;
  box_set_load(box, 1);
  return FC_OK;
}

void box_clear(box_t *box) {
  free(box->knobs);
  free(box->lower);
  free(box->upper);
  free(box->fixed);
  *box = (box_t){0};
}

void box_set_load(box_t *box, double load) {
  box->lower[box->d - 1] = box->upper[box->d - 1] = log10(fmax(LEAST_LOAD, load));
}

void box_encode(const box_t *box, const fc_function_configuration_t *configuration, double load, double *x) {
  for (int32_t i = 0; i + 2 < box->d; ++i) {
    const box_knob_t *knob = &box->knobs[i];
    x[i] = coordinate(knob, fc_knob_get(&configuration[knob->function], knob->knob));
  }
  x[box->d - 2] = THIS_RUN;
  x[box->d - 1] = log10(fmax(LEAST_LOAD, load));
}

void box_encode_offline(const box_t *box, const fc_function_configuration_t *configuration, double load, double *x) {
  box_encode(box, configuration, load, x);
  x[box->d - 2] = 0;
}

static void set_knob(const box_knob_t *knob, double u, fc_function_configuration_t *configuration) {
  const double value = rint(value_at(knob, fmin(1, fmax(0, u))));
  const int32_t whole = (int32_t)fmin(knob->range.max, fmax(knob->range.min, value));
  fc_knob_set(&configuration[knob->function], knob->knob, whole);
}

void box_decode(const box_t *box, const double *x, fc_function_configuration_t *configuration) {
  for (int32_t f = 0; f < box->workflow->n_functions; ++f) configuration[f] = box->fixed[f];
  for (int32_t i = 0; i + 2 < box->d; ++i) set_knob(&box->knobs[i], x[i], configuration);
}

void box_draw(const box_t *box, fc_rng_t *rng, fc_function_configuration_t *configuration) {
  for (int32_t f = 0; f < box->workflow->n_functions; ++f) configuration[f] = box->fixed[f];
  for (int32_t i = 0; i + 2 < box->d; ++i) {
    const double u = box->lower[i] + (box->upper[i] - box->lower[i]) * fc_rng_uniform(rng);
    set_knob(&box->knobs[i], u, configuration);
  }
}

double box_cost(void *context, const double *x, double *gradient) {
  const box_t *box = context;
  const fc_prices_t *prices = &box->workflow->prices;
  double sum = 0;
  if (gradient != NULL) memset(gradient, 0, (size_t)box->d * sizeof *gradient);
  int32_t i = 0;
  for (int32_t f = 0; f < box->workflow->n_functions; ++f) {
    /* value, d value / d coordinate, coordinate's index or -1 */
    double value[FC_KNOBS], slope[FC_KNOBS] = {0};
    int32_t at[FC_KNOBS];
    for (int k = 0; k < FC_KNOBS; ++k) {
      value[k] = fc_knob_get(&box->fixed[f], (fc_knob_t)k);
      at[k] = -1;
    }
    for (; i + 2 < box->d && box->knobs[i].function == f; ++i) {
      const box_knob_t *knob = &box->knobs[i];
      const double min = knob->range.min, max = knob->range.max;
      value[knob->knob] = value_at(knob, x[i]);
      slope[knob->knob] = is_logarithmic(knob->knob) ? value[knob->knob] * log(max / min) : max - min;
      at[knob->knob] = i;
    }
    const double cpu = prices->usd_per_millicore_hour, mem = prices->usd_per_mib_hour;
    const double replica = cpu * value[FC_KNOB_CPU] + mem * value[FC_KNOB_MEM], replicas = value[FC_KNOB_REPLICAS];
    sum += replica * replicas;
    if (gradient == NULL) continue;
    if (at[FC_KNOB_CPU] >= 0) gradient[at[FC_KNOB_CPU]] = cpu * slope[FC_KNOB_CPU] * replicas;
    if (at[FC_KNOB_MEM] >= 0) gradient[at[FC_KNOB_MEM]] = mem * slope[FC_KNOB_MEM] * replicas;
    if (at[FC_KNOB_REPLICAS] >= 0) gradient[at[FC_KNOB_REPLICAS]] = replica * slope[FC_KNOB_REPLICAS];
  }
  return sum;
}

double box_worst_cost(box_t *box, double *x) {
  for (int32_t i = 0; i < box->d; ++i) x[i] = box->upper[i];
  return 2 * box_cost(box, x, NULL);
}
