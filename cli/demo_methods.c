/* demo_methods.c - see demo_methods.h. */
#include "demo_methods.h"

#include <stdlib.h>

#include "simulator.h"
#include "tuning.h"

/* A world to measure in: the simulator under the demo's load, one window after the other. */
typedef struct {
  const fc_workflow_t *workflow;
  int32_t users;
  simulator_t *simulator;
  fc_observation_t observation;
  int64_t window;
} demo_world_t;

static fc_status_t demo_world_init(demo_world_t *world, const demo_methods_task_t *task, fc_error_t *error) {
  const simulator_options_t options = {.seed = task->seed, .semantics = FC_SEMANTICS_STRICT, .users = task->users};
  *world = (demo_world_t){.workflow = task->workflow, .users = task->users};
  FC_TRY(fc_observation_init(&world->observation, task->workflow->n_functions));
  return simulator_new(task->workflow, &options, &world->simulator, error);
}

static void demo_world_clear(demo_world_t *world) {
  simulator_destroy(&world->simulator);
  fc_observation_clear(&world->observation);
}

static fc_status_t measure(void *context, const fc_function_configuration_t *configuration, fc_observation_t *window,
                           fc_qos_verdict_t *verdict, double *worst, fc_error_t *error) {
  demo_world_t *world = context;
  FC_TRY(simulator_observed_window(world->simulator, world->window++, configuration, window, error));
  *verdict = judge_severity(world->workflow, FC_SEMANTICS_STRICT, window, world->users, worst);
  return FC_OK;
}

/* Violations of keeping `configuration` for the whole budget. */
static fc_status_t hold(const demo_methods_task_t *task, const fc_function_configuration_t *configuration,
                        int32_t *violations, fc_error_t *error) {
  demo_world_t world;
  fc_status_t status = demo_world_init(&world, task, error);
  *violations = 0;
  for (int32_t w = 0; w < task->budget_windows && status == FC_OK; ++w) {
    fc_qos_verdict_t verdict = FC_QOS_UNKNOWN;
    double worst = 0;
    status = measure(&world, configuration, &world.observation, &verdict, &worst, error);
    *violations += verdict == FC_QOS_MET ? 0 : 1;
  }
  demo_world_clear(&world);
  return status;
}

/* The start configuration runs before the budget begins. */
static fc_status_t search(const demo_methods_task_t *task, const char *method,
                          fc_function_configuration_t *configuration, int32_t *violations, fc_error_t *error) {
  demo_world_t world;
  fc_qos_verdict_t verdict = FC_QOS_UNKNOWN;
  double worst = 0;
  fc_status_t status = demo_world_init(&world, task, error);
  for (int32_t f = 0; f < task->workflow->n_functions; ++f) configuration[f] = task->workflow->functions[f].start;
  if (status == FC_OK) status = measure(&world, configuration, &world.observation, &verdict, &worst, error);
  const tuning_task_t tuning = {.tuner = tuner_find(method, NULL),
                                .setting = {.workflow = task->workflow,
                                            .ranges = FC_RANGES_MEASURED,
                                            .rows = &task->history->rows,
                                            .seed = task->seed},
                                .budget_windows = task->budget_windows,
                                .warm = &world.observation,
                                .measure = measure,
                                .context = &world};
  tuning_choice_t choice = {.configuration = configuration};
  if (status == FC_OK) status = tuning_run(&tuning, &choice, error);
  *violations = choice.violations;
  demo_world_clear(&world);
  return status;
}

enum { METHOD_START = 0, METHOD_RANDOM, METHOD_LIBRARY, METHOD_ATTMF, METHODS };

fc_status_t demo_methods_judge(const demo_methods_task_t *task, demo_methods_t *methods, fc_error_t *error) {
  static const char *const names[METHODS] = {"start", "random", "library", "attmf"};
  const size_t n = (size_t)task->workflow->n_functions;
  fc_function_configuration_t *configuration = calloc(n, sizeof *configuration);
  fc_status_t status = FC_OK;
  if (configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to judge");
  methods->n = METHODS;
  for (int i = 0; i < METHODS && status == FC_OK; ++i) {
    demo_method_t *method = &methods->methods[i];
    const fc_function_configuration_t *judged = configuration;
    method->name = names[i];
    if (i == METHOD_START) {
      for (size_t f = 0; f < n; ++f) configuration[f] = task->workflow->functions[f].start;
      status = hold(task, configuration, &method->violations, error);
    } else if (i == METHOD_ATTMF) {
      judged = task->tuned;
      method->violations = task->tuned_violations;
    } else {
      status = search(task, names[i], configuration, &method->violations, error);
    }
    if (status == FC_OK)
      status = judge_configuration(task->workflow, FC_SEMANTICS_STRICT, task->users, task->seed, task->judge_windows,
                                   judged, &method->judgement, error);
  }
  free(configuration);
  return status;
}

/* Fewer do not tell 0.95 from 0.99 (architecture: 40 on a real platform). */
enum { FEW_WINDOWS = 40 };

static bool all_judged_alike(const demo_methods_t *methods) {
  for (int32_t i = 1; i < methods->n; ++i)
    if (methods->methods[i].judgement.n_windows != methods->methods[0].judgement.n_windows) return false;
  return true;
}

static void print_windows(const demo_methods_t *methods, FILE *out) {
  if (all_judged_alike(methods)) {
    fprintf(out, "judged on %d fresh windows each", (int)methods->methods[0].judgement.n_windows);
    return;
  }
  fprintf(out, "judged on fresh windows:");
  for (int32_t i = 0; i < methods->n; ++i)
    fprintf(out, "%s %s %d", i > 0 ? "," : "", methods->methods[i].name, (int)methods->methods[i].judgement.n_windows);
}

void demo_methods_print(const demo_methods_t *methods, FILE *out) {
  const double start = methods->methods[0].judgement.cost_usd_h;
  const int decimals = start < 1 ? 4 : 3; /* what runs on one machine costs cents */
  fprintf(out, "\n%-9s %9s %8s %10s %11s %9s %-8s %17s %11s\n", "method", "cost $/h", "saving", "latency s",
          "successes", "success %", "QoS met", "compliance (95 %)", "violations");
  for (int32_t i = 0; i < methods->n; ++i) {
    const demo_method_t *m = &methods->methods[i];
    const judgement_t *j = &m->judgement;
    const bool few = j->n_windows < FEW_WINDOWS;
    fprintf(out, "%-9s %9.*f %7.1f%% %10.2f %11.1f %9.1f %-8s %5.3f (%.3f-%.3f) %11d\n", m->name, decimals,
            j->cost_usd_h, 100.0 * (1.0 - j->cost_usd_h / start), j->latency_s, j->throughput, 100.0 * j->success_ratio,
            few ? (j->qos_met ? "(yes)" : "(NO)") : (j->qos_met ? "yes" : "NO"), j->compliance, j->wilson_low,
            j->wilson_high, m->violations);
  }
  print_windows(methods, out);
  for (int32_t i = 0; i < methods->n; ++i)
    if (methods->methods[i].judgement.n_windows < FEW_WINDOWS) {
      fprintf(out, " (in brackets: too few to tell)");
      break;
    }
  fprintf(out, "; QoS met = at least %.0f %% of them; violations = windows of the tuning budget that violated QoS\n",
          100.0 * JUDGE_REQUIRED_COMPLIANCE);
}

fc_json_t *demo_methods_json(const demo_methods_t *methods) {
  fc_json_t *array = fc_json_array();
  for (int32_t i = 0; i < methods->n; ++i) {
    const demo_method_t *m = &methods->methods[i];
    fc_json_t *object = fc_json_object();
    fc_json_set_string(object, "name", m->name);
    fc_json_set_double(object, "cost", m->judgement.cost_usd_h);
    fc_json_set_double(object, "latency_s", m->judgement.latency_s);
    fc_json_set_double(object, "throughput", m->judgement.throughput);
    fc_json_set_double(object, "success_ratio", m->judgement.success_ratio);
    fc_json_set_bool(object, "qos_met", m->judgement.qos_met);
    fc_json_set_double(object, "compliance", m->judgement.compliance);
    fc_json_set_int(object, "judging_windows", m->judgement.n_windows);
    fc_json_set_int(object, "violations", m->violations);
    fc_json_append(array, &object);
  }
  return array;
}

fc_json_t *demo_methods_qos_json(const fc_workflow_t *workflow, int32_t users) {
  static const char *const kinds[] = {"latency_mean_s", "latency_percentile_s", "success_ratio", "successes"};
  fc_json_t *array = fc_json_array();
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    const fc_qos_term_t *term = &workflow->qos_terms[i];
    fc_json_t *object = fc_json_object();
    fc_json_set_string(object, "term", kinds[term->kind]);
    if (term->kind == FC_QOS_LATENCY_PERCENTILE) fc_json_set_double(object, "percentile", term->percentile);
    if (term->kind == FC_QOS_SUCCESS_RATIO)
      fc_json_set_string(object, "of", term->base == FC_QOS_OF_COMPLETED ? "completed" : "offered");
    fc_json_set_double(object, "target", fc_qos_target(term, users));
    fc_json_append(array, &object);
  }
  return array;
}
