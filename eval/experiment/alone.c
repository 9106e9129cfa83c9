/* alone.c - see alone.h. */
#include "alone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "faasconf/knobs.h"
#include "judge.h"

/* Steps of the grid over each knob's range. */
enum { CPU_STEPS = 8, MEM_STEPS = 4, CONCURRENCY_STEPS = 3 };

fc_status_t alone_init(alone_t *alone, fc_error_t *error) {
  const simulator_options_t options = {.seed = alone->seed, .semantics = alone->semantics, .users = alone->users};
  alone->simulator = NULL;
  memset(&alone->window, 0, sizeof alone->window);
  alone->n_seen = calloc((size_t)alone->workflow->n_functions, sizeof *alone->n_seen);
  if (alone->n_seen == NULL || fc_observation_init(&alone->window, alone->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a window");
  return simulator_new(alone->workflow, &options, &alone->simulator, error);
}

void alone_clear(alone_t *alone) {
  simulator_destroy(&alone->simulator);
  fc_observation_clear(&alone->window);
  free(alone->n_seen);
  alone->n_seen = NULL;
}

fc_status_t alone_measure(alone_t *alone, const fc_function_configuration_t *configuration, int32_t n,
                          double *latency_s, double *successes, double *compliance, double *p75_s, fc_error_t *error) {
  const int32_t n_functions = alone->workflow->n_functions;
  judge_t judge = {0};
  for (int32_t f = 0; p75_s != NULL && f < n_functions; ++f) p75_s[f] = alone->n_seen[f] = 0;
  for (int32_t w = 0; w < n; ++w) {
    FC_TRY(simulator_observed_window(alone->simulator, w, configuration, &alone->window, error));
    judge_add(&judge, alone->workflow, alone->semantics, alone->users, &alone->window);
    for (int32_t f = 0; p75_s != NULL && f < n_functions; ++f) {
      const fc_function_metrics_t *m = &alone->window.metrics[f];
      if (!(m->present & FC_METRIC_BIT(LATENCY_P75))) continue;
      p75_s[f] += m->latency_p75_s;
      alone->n_seen[f] += 1;
    }
  }
  for (int32_t f = 0; p75_s != NULL && f < n_functions; ++f)
    p75_s[f] = alone->n_seen[f] > 0 ? p75_s[f] / alone->n_seen[f] : NAN;
  const judgement_t result = judge_result(&judge, alone->workflow, configuration);
  *latency_s = result.latency_s;
  *successes = result.throughput;
  *compliance = result.compliance;
  return FC_OK;
}

/* Stops at the first violation too many. */
static fc_status_t meets(alone_t *alone, const fc_function_configuration_t *configuration, bool *met,
                         fc_error_t *error) {
  int32_t spare = (int32_t)floor((1 - alone->level) * alone->n_windows + 1e-9);
  for (int32_t w = 0; w < alone->n_windows && spare >= 0; ++w) {
    FC_TRY(simulator_observed_window(alone->simulator, w, configuration, &alone->window, error));
    spare -= judge_window(alone->workflow, alone->semantics, &alone->window, alone->users) != FC_QOS_MET;
  }
  *met = spare >= 0;
  return FC_OK;
}

static int32_t step_of(fc_knob_range_t range, int32_t i, int32_t n) {
  return range.min + (int32_t)lround((double)(range.max - range.min) * i / (n > 1 ? n - 1 : 1));
}

typedef struct {
  fc_function_configuration_t configuration;
  double cost_usd_h;
} setting_t;

static int by_cost(const void *left, const void *right) {
  const setting_t *a = left, *b = right;
  return (a->cost_usd_h > b->cost_usd_h) - (a->cost_usd_h < b->cost_usd_h);
}

/* All settings of one function, cheapest first; caller frees. */
static setting_t *make_grid(const alone_t *alone, int32_t function, int32_t *n) {
  fc_knob_range_t range[FC_KNOBS];
  for (int k = 0; k < FC_KNOBS; ++k)
    range[k] = fc_workflow_range(alone->workflow, function, (fc_knob_t)k, alone->ranges);
  const int32_t replicas = range[FC_KNOB_REPLICAS].max - range[FC_KNOB_REPLICAS].min + 1;
  setting_t *grid = calloc((size_t)CPU_STEPS * MEM_STEPS * CONCURRENCY_STEPS * (size_t)replicas, sizeof *grid);
  *n = 0;
  for (int32_t i = 0; grid != NULL && i < CPU_STEPS * MEM_STEPS * CONCURRENCY_STEPS * replicas; ++i) {
    const int32_t cpu = i % CPU_STEPS, mem = i / CPU_STEPS % MEM_STEPS;
    const int32_t concurrency = i / (CPU_STEPS * MEM_STEPS) % CONCURRENCY_STEPS;
    const fc_function_configuration_t c = {
        step_of(range[FC_KNOB_CPU], cpu, CPU_STEPS), step_of(range[FC_KNOB_MEM], mem, MEM_STEPS),
        range[FC_KNOB_REPLICAS].min + i / (CPU_STEPS * MEM_STEPS * CONCURRENCY_STEPS),
        step_of(range[FC_KNOB_CONCURRENCY], concurrency, CONCURRENCY_STEPS)};
    grid[(*n)++] = (setting_t){c, fc_cost_function_usd_h(&alone->workflow->prices, &c)};
  }
  if (grid != NULL) qsort(grid, (size_t)*n, sizeof *grid, by_cost);
  return grid;
}

fc_status_t alone_tune(alone_t *alone, int32_t function, fc_function_configuration_t *configuration,
                       fc_error_t *error) {
  const fc_function_configuration_t before = configuration[function];
  const double cost_before = fc_cost_function_usd_h(&alone->workflow->prices, &before);
  int32_t n = 0;
  bool met = false;
  setting_t *grid = make_grid(alone, function, &n);
  if (grid == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a grid");
  fc_status_t status = FC_OK;
  for (int32_t i = 0; status == FC_OK && !met && i < n && grid[i].cost_usd_h < cost_before; ++i) {
    configuration[function] = grid[i].configuration;
    status = meets(alone, configuration, &met, error);
  }
  if (!met) configuration[function] = before;
  free(grid);
  return status;
}

static int32_t halved(fc_knob_range_t range, int32_t value) {
  return value / 2 < range.min ? range.min : value / 2;
}

fc_status_t alone_changes(alone_t *alone, const fc_function_configuration_t *configuration, double *change,
                          fc_error_t *error) {
  const int32_t n = alone->workflow->n_functions;
  double latency_s = 0, successes = 0, compliance = 0;
  double *base_s = calloc(2 * (size_t)n, sizeof *base_s), *now_s = base_s + n;
  fc_function_configuration_t *changed = calloc((size_t)n, sizeof *changed);
  if (base_s == NULL || changed == NULL) {
    free(base_s);
    free(changed);
    return fc_error_set(error, FC_ENOMEM, "no memory for %d functions", (int)n);
  }
  fc_status_t status =
      alone_measure(alone, configuration, alone->n_windows, &latency_s, &successes, &compliance, base_s, error);
  for (int32_t row = 0; status == FC_OK && row < n; ++row) {
    memcpy(changed, configuration, (size_t)n * sizeof *changed);
    changed[row].cpu_millicores =
        halved(fc_workflow_range(alone->workflow, row, FC_KNOB_CPU, alone->ranges), configuration[row].cpu_millicores);
    changed[row].replicas =
        halved(fc_workflow_range(alone->workflow, row, FC_KNOB_REPLICAS, alone->ranges), configuration[row].replicas);
    status = alone_measure(alone, changed, alone->n_windows, &latency_s, &successes, &compliance, now_s, error);
    for (int32_t column = 0; column < n; ++column) change[row * n + column] = now_s[column] / base_s[column] - 1;
  }
  free(base_s);
  free(changed);
  return status;
}
