/* drawn_workflow_measure.c - window and QoS targets of a drawn workflow from its start configuration: see
 * drawn_workflow.h. */
#include <math.h>
#include <stdlib.h>

#include "command.h"
#include "drawn_workflow.h"
#include "faasconf/cost.h"
#include "quantile.h"
#include "simulator.h"

enum { FIRST_WINDOW_S = 30, TRIAL_WINDOWS = 3, MIN_WINDOWS = 100, MAX_WINDOWS = 400, CALLS = 20000 };

typedef struct {
  fc_workflow_t *workflow;
  simulator_t *simulator;
  fc_function_configuration_t *start; /* (N) */
  fc_observation_t observation;
  double latency_s[MAX_WINDOWS], success_ratio[MAX_WINDOWS];
  double n_completed; /* per window */
} measuring_t;

static void measuring_clear(measuring_t *measuring) {
  simulator_destroy(&measuring->simulator);
  fc_workflow_destroy(&measuring->workflow);
  fc_observation_clear(&measuring->observation);
  free(measuring->start);
  measuring->start = NULL;
}

/* Of the file as it will be read, not of the numbers behind it. */
static fc_status_t measuring_begin(measuring_t *measuring, const drawn_workflow_t *drawn, fc_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  FC_TRY(drawn_workflow_write(drawn, &text, &size, error));
  const fc_status_t status = fc_workflow_parse(text, size, drawn->options.name, &measuring->workflow, error);
  free(text);
  FC_TRY(status);
  const fc_workflow_t *workflow = measuring->workflow;
  const simulator_options_t options = {
      .seed = drawn->options.seed, .semantics = FC_SEMANTICS_STRICT, .users = DRAWN_USERS};
  FC_TRY(simulator_new(workflow, &options, &measuring->simulator, error));
  measuring->start = calloc((size_t)workflow->n_functions, sizeof *measuring->start);
  if (measuring->start == NULL || fc_observation_init(&measuring->observation, workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for %d functions", (int)workflow->n_functions);
  for (int32_t f = 0; f < workflow->n_functions; ++f) measuring->start[f] = workflow->functions[f].start;
  return FC_OK;
}

static fc_status_t measuring_run(measuring_t *measuring, int32_t n_windows, progress_t *progress, fc_error_t *error) {
  measuring->n_completed = 0;
  for (int32_t w = 0; w < n_windows; ++w) {
    FC_TRY(simulator_window(measuring->simulator, w, measuring->start, &measuring->observation, error));
    const fc_observation_t *o = &measuring->observation;
    const double successes = (double)o->outcome.successes, completed = successes + (double)o->outcome.failures;
    measuring->latency_s[w] = successes > 0 ? o->outcome.latency_mean_s : o->duration_s;
    measuring->success_ratio[w] = completed > 0 ? successes / completed : 0;
    measuring->n_completed += completed / n_windows;
    progress_update(progress, w + 1, n_windows, NULL);
  }
  return FC_OK;
}

static double mean(const double *values, int32_t n) {
  double sum = 0;
  for (int32_t i = 0; i < n; ++i) sum += values[i];
  return sum / n;
}

/* Three significant digits, upwards. */
static double rounded_up(double value) {
  const double scale = pow(10, 2 - floor(log10(value)));
  return ceil(value * scale) / scale;
}

static void set_targets(drawn_workflow_t *drawn, measuring_t *measuring) {
  const int32_t n = drawn->n_windows;
  drawn->start_latency_s = mean(measuring->latency_s, n);
  drawn->start_success_ratio = mean(measuring->success_ratio, n);
  drawn->start_cost_usd_h = fc_cost_reserved_usd_h(measuring->workflow, measuring->start);
  quantile_sort(measuring->latency_s, n);
  quantile_sort(measuring->success_ratio, n);
  drawn->latency_target_s = rounded_up(1.1 * measuring->latency_s[(int32_t)(0.99 * (n - 1))]);
  drawn->success_target = fmin(0.98, floor(100 * (measuring->success_ratio[(int32_t)(0.01 * (n - 1))] - 0.02)) / 100);
}

/* Windows double until a user completes two workflows in one. */
static fc_status_t choose_window(drawn_workflow_t *drawn, measuring_t *measuring, progress_t *progress,
                                 fc_error_t *error) {
  for (int doublings = 0; ldexp(FIRST_WINDOW_S, doublings) < 86400; ++doublings) {
    drawn->window_s = ldexp(FIRST_WINDOW_S, doublings);
    measuring_clear(measuring);
    FC_TRY(measuring_begin(measuring, drawn, error));
    FC_TRY(measuring_run(measuring, TRIAL_WINDOWS, progress, error));
    if (measuring->n_completed >= 2 * DRAWN_USERS) return FC_OK;
  }
  return fc_error_set(error, FC_EINTERNAL, "workflow %s: no window up to a day is long enough", drawn->options.name);
}

fc_status_t drawn_workflow_measure(drawn_workflow_t *drawn, fc_error_t *error) {
  measuring_t measuring = {0};
  progress_t progress;
  drawn->latency_target_s = 1e9; /* any: nothing is judged yet */
  drawn->success_target = 0.5;
  const int32_t n_windows = CALLS / drawn->options.n_functions;
  drawn->n_windows = n_windows < MIN_WINDOWS ? MIN_WINDOWS : n_windows > MAX_WINDOWS ? MAX_WINDOWS : n_windows;
  progress_start(&progress, "simulating the start configuration");
  fc_status_t status = choose_window(drawn, &measuring, &progress, error);
  if (status == FC_OK) status = measuring_run(&measuring, drawn->n_windows, &progress, error);
  progress_end(&progress);
  if (status == FC_OK) {
    set_targets(drawn, &measuring);
    if (!(drawn->success_target > 0))
      status = fc_error_set(error, FC_ESTATE,
                            "workflow %s: its start configuration completes hardly a workflow (%.2f succeed); try "
                            "another seed",
                            drawn->options.name, drawn->start_success_ratio);
  }
  measuring_clear(&measuring);
  return status;
}
