/* motivation_run.c - see motivation_run.h. */
#include "motivation_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "faasconf/cost.h"
#include "offline.h"
#include "planner.h"
#include "rank_correlation.h"
#include "trainer.h"

enum { UPDATES = 5000 };

/* ---- figures --------------------------------------------------------------------------------------------------- */

static fc_status_t sweep(const motivation_task_t *task, motivation_run_t *run, fc_error_t *error) {
  const fc_workflow_t *workflow = run->workflow;
  const size_t bytes = (size_t)workflow->n_functions * sizeof *run->trial;
  int32_t lowest = 1, highest = 1;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_knob_range_t range = fc_workflow_range(workflow, f, FC_KNOB_CONCURRENCY, FC_RANGES_MEASURED);
    lowest = f == 0 || range.min < lowest ? range.min : lowest;
    highest = range.max > highest ? range.max : highest;
  }
  for (int32_t c = lowest; c <= highest && run->n_concurrencies < MOTIVATION_MAX_CONCURRENCIES; ++c)
    run->concurrency[run->n_concurrencies++] = c;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    double *latency_s = run->latency_s + f * MOTIVATION_MAX_CONCURRENCIES, compliance = 0;
    double *throughput = run->throughput + f * MOTIVATION_MAX_CONCURRENCIES;
    memcpy(run->trial, run->start, bytes);
    for (int32_t c = 0; c < run->n_concurrencies; ++c) {
      run->trial[f].concurrency = (int32_t)run->concurrency[c];
      FC_TRY(alone_measure(&run->alone, run->trial, (int32_t)task->windows, &latency_s[c], &throughput[c], &compliance,
                           NULL, error));
    }
    run->sweeps[f] = (motivation_sweep_t){.function = workflow->functions[f].name,
                                          .n = run->n_concurrencies,
                                          .concurrency = run->concurrency,
                                          .latency_s = latency_s,
                                          .throughput = throughput};
  }
  return FC_OK;
}

static fc_status_t judge_way(motivation_run_t *run, int32_t i, const char *way,
                             const fc_function_configuration_t *configuration, fc_error_t *error) {
  enum { JUDGING_WINDOWS = 400 };
  double successes = 0;
  motivation_way_t *out = &run->ways[i];
  *out = (motivation_way_t){.way = way, .cost_usd_h = fc_cost_reserved_usd_h(run->workflow, configuration)};
  simulator_set_seed(run->alone.simulator, run->alone.seed ^ 0x6a756467);
  const fc_status_t status = alone_measure(&run->alone, configuration, JUDGING_WINDOWS, &out->latency_s, &successes,
                                           &out->compliance, NULL, error);
  simulator_set_seed(run->alone.simulator, run->alone.seed);
  out->qos_met = out->compliance >= 0.95;
  return status;
}

/* Each for itself, from the start configuration, then all that was found at once; one after the other, each with what
 * was found before; together: the planner on the same simulator. */
static fc_status_t tune(const motivation_task_t *task, motivation_run_t *run, fc_error_t *error) {
  const int32_t n = run->workflow->n_functions;
  const size_t bytes = (size_t)n * sizeof *run->trial;
  fc_function_configuration_t *found = malloc(bytes);
  if (found == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  fc_status_t status = judge_way(run, 0, "start", run->start, error);
  for (int32_t f = 0; f < n && status == FC_OK; ++f) {
    memcpy(run->trial, run->start, bytes);
    status = alone_tune(&run->alone, f, run->trial, error);
    found[f] = run->trial[f];
  }
  if (status == FC_OK) status = judge_way(run, 1, "individual", found, error);
  memcpy(found, run->start, bytes);
  for (int32_t f = 0; f < n && status == FC_OK; ++f) status = alone_tune(&run->alone, f, found, error);
  if (status == FC_OK) status = judge_way(run, 2, "sequential", found, error);
  const plan_options_t options = {.workflow = run->workflow,
                                  .semantics = FC_SEMANTICS_STRICT,
                                  .ranges = FC_RANGES_MEASURED,
                                  .users = (int32_t)task->users,
                                  .level = 0.95,
                                  .budget = task->budget,
                                  .seed = (uint64_t)task->seed};
  plan_t plan = {.configuration = found};
  if (status == FC_OK) status = plan_search(&options, &plan, error);
  if (status == FC_OK) status = judge_way(run, 3, "holistic", found, error);
  free(found);
  return status;
}

/* ---- attention --------------------------------------------------------------------------------------------------- */

/* AttMF trained on random windows of this load, as `faasconf train` would. */
static fc_status_t train(const motivation_task_t *task, motivation_run_t *run, trainer_t *trainer, fc_error_t *error) {
  world_t world;
  tuner_rows_t rows = {0};
  algorithm_report_t report;
  fc_transition_t transition = {.flags = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL};
  fc_status_t status = world_init(&world, run->workflow, WORLD_EXACT, 1, error);
  const offline_t offline = {.workflow = run->workflow,
                             .world = &world,
                             .ranges = FC_RANGES_MEASURED,
                             .n_loads = 1,
                             .users = {(int32_t)task->users},
                             .n_rows = (int32_t)task->rows,
                             .n_workers = 1,
                             .seed = (uint64_t)task->seed};
  if (status == FC_OK) status = offline_measure(&offline, &rows, error);
  for (int32_t i = 1; status == FC_OK && i < rows.n; ++i) {
    transition.before = rows.windows[i - 1];
    transition.after = rows.windows[i];
    transition.cost_usd_h = fc_cost_reserved_usd_h(run->workflow, rows.windows[i].configuration);
    status = trainer_insert(trainer, &transition, false);
  }
  if (status == FC_OK) status = trainer_update(trainer, UPDATES, &report, error);
  tuner_rows_clear(&rows);
  world_clear(&world);
  return status;
}

/* The actor's weights on one window of the start configuration. */
static fc_status_t read_attention(motivation_run_t *run, trainer_t *trainer, fc_error_t *error) {
  const fc_topology_t *edges = &run->workflow->neighbours;
  char *manifest = NULL;
  uint8_t *weights = NULL;
  size_t manifest_size = 0, weights_size = 0;
  fc_policy_t *policy = NULL;
  FC_TRY(trainer_export(trainer, 1, &manifest, &manifest_size, &weights, &weights_size, error));
  fc_status_t status = fc_policy_from_bytes(manifest, manifest_size, weights, weights_size, &policy, error);
  float *memory = NULL;
  if (status == FC_OK) {
    const size_t n_scratch = fc_policy_scratch_floats(policy, run->workflow);
    const size_t n_action = (size_t)run->workflow->n_functions * FC_KNOBS;
    memory = calloc(n_scratch + n_action + (size_t)edges->n_edges, sizeof *memory);
    if (memory == NULL)
      status = fc_error_set(error, FC_ENOMEM, "no memory for a decision");
    else
      status = simulator_observed_window(run->alone.simulator, 0, run->start, &run->alone.window, error);
    if (status == FC_OK)
      status = fc_policy_decide(policy, run->workflow, &run->alone.window, memory, memory + n_scratch,
                                memory + n_scratch + n_action);
    for (int32_t i = 0; memory != NULL && status == FC_OK && i < edges->n_functions; ++i)
      for (int32_t e = edges->row_start[i]; e < edges->row_start[i + 1]; ++e)
        run->attention[i * edges->n_functions + edges->column[e]] = (double)memory[n_scratch + n_action + (size_t)e];
  }
  free(memory);
  fc_policy_destroy(&policy);
  free(manifest);
  free(weights);
  return status;
}

/* Does a function look most at those that change it most? Over the edges; with one neighbour there is no choice. */
static fc_status_t correlate(motivation_run_t *run, fc_error_t *error) {
  const int32_t n = run->workflow->n_functions;
  double *looks = calloc(2 * (size_t)n * (size_t)n, sizeof *looks), *changes = looks + n * n;
  if (looks == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a correlation");
  for (int32_t i = 0; i < n; ++i) {
    const int32_t degree = run->workflow->neighbours.row_start[i + 1] - run->workflow->neighbours.row_start[i];
    for (int32_t k = 0; k < n; ++k) {
      looks[i * n + k] = degree > 1 ? run->attention[i * n + k] : NAN;
      changes[i * n + k] = fabs(run->change[k * n + i]);
    }
  }
  const fc_status_t status = rank_correlation(looks, changes, n * n, &run->rho, &run->n_edges, error);
  free(looks);
  return status;
}

static fc_status_t look(const motivation_task_t *task, motivation_run_t *run, fc_error_t *error) {
  trainer_options_t options = trainer_options_default(VARIANT_REPAIRED);
  trainer_t *trainer = NULL;
  options.replay_capacity = (int32_t)task->rows;
  options.learning.seed = (uint64_t)task->seed;
  FC_TRY(trainer_new(run->workflow, &options, &trainer, error));
  fc_status_t status = train(task, run, trainer, error);
  if (status == FC_OK) status = read_attention(run, trainer, error);
  trainer_destroy(&trainer);
  return status == FC_OK ? correlate(run, error) : status;
}

/* ---- life ---- */

static fc_status_t open_run(const motivation_task_t *task, motivation_run_t *run, fc_error_t *error) {
  FC_TRY(fc_workflow_load(task->workflow_name, &run->workflow, error));
  const size_t n = (size_t)run->workflow->n_functions;
  run->start = calloc(n, sizeof *run->start);
  run->trial = calloc(n, sizeof *run->trial);
  run->latency_s = calloc(n * MOTIVATION_MAX_CONCURRENCIES, sizeof *run->latency_s);
  run->throughput = calloc(n * MOTIVATION_MAX_CONCURRENCIES, sizeof *run->throughput);
  run->sweeps = calloc(n, sizeof *run->sweeps);
  run->functions = calloc(n, sizeof *run->functions);
  run->change = calloc(n * n, sizeof *run->change);
  run->attention = calloc(n * n, sizeof *run->attention);
  if (run->start == NULL || run->trial == NULL || run->latency_s == NULL || run->throughput == NULL ||
      run->sweeps == NULL || run->functions == NULL || run->change == NULL || run->attention == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for the figures");
  for (size_t f = 0; f < n; ++f) {
    run->start[f] = run->workflow->functions[f].start;
    run->functions[f] = run->workflow->functions[f].name;
  }
  for (size_t i = 0; i < n * n; ++i) run->attention[i] = NAN;
  run->alone = (alone_t){.workflow = run->workflow,
                         .ranges = FC_RANGES_MEASURED,
                         .users = (int32_t)task->users,
                         .n_windows = (int32_t)task->windows,
                         .level = 0.95,
                         .seed = (uint64_t)task->seed};
  return alone_init(&run->alone, error);
}

void motivation_run_clear(motivation_run_t *run) {
  if (run->workflow != NULL) alone_clear(&run->alone);
  free(run->start);
  free(run->trial);
  free(run->latency_s);
  free(run->throughput);
  free(run->sweeps);
  free(run->functions);
  free(run->change);
  free(run->attention);
  fc_workflow_destroy(&run->workflow);
}

fc_status_t motivation_run(const motivation_task_t *task, motivation_run_t *run, fc_error_t *error) {
  *run = (motivation_run_t){.rho = NAN};
  progress_t progress;
  progress_start(&progress, "motivation");
  fc_status_t status = open_run(task, run, error);
  progress_update(&progress, 0, 4, "concurrency limits");
  if (status == FC_OK) status = sweep(task, run, error);
  progress_update(&progress, 1, 4, "tuning alone and together");
  if (status == FC_OK) status = tune(task, run, error);
  progress_update(&progress, 2, 4, "changes between functions");
  if (status == FC_OK) status = alone_changes(&run->alone, run->start, run->change, error);
  progress_update(&progress, 3, 4, "training AttMF");
  if (status == FC_OK) status = look(task, run, error);
  progress_end(&progress);
  return status;
}
