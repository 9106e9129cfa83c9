/* local_methods.c - see local_methods.h. */
#include "local_methods.h"

#include <stdlib.h>
#include <string.h>

#include "comma_list.h"
#include "faasconf/cost.h"
#include "rows.h"
#include "tuning.h"

enum { WINDOWS_AT_A_TIME = 10, OTHERS = 3 /* start, plan, attmf */ };
static const char default_methods[] = "random,library";

typedef struct {
  const local_methods_task_t *task;
  fc_observation_t observation;
  fc_function_configuration_t *configurations; /* (DEMO_METHODS_MAX, N) */
  judge_t judges[DEMO_METHODS_MAX];
  int32_t n_left[DEMO_METHODS_MAX];
  int32_t start_violations; /* of its first budget windows */
} judging_t;

static fc_function_configuration_t *configuration_of(const judging_t *self, int32_t method) {
  return self->configurations + (size_t)method * (size_t)self->task->experiment->workflow->n_functions;
}

static bool is_met(const judging_t *self) {
  const local_experiment_t *e = self->task->experiment;
  return judge_window(e->workflow, FC_SEMANTICS_STRICT, &self->observation, (double)e->users) == FC_QOS_MET;
}

/* A configuration that the platform does not take met nothing, and cost a window of the budget. */
static fc_status_t measure(void *context, const fc_function_configuration_t *configuration, fc_observation_t *window,
                           fc_qos_verdict_t *verdict, double *worst, fc_error_t *error) {
  judging_t *self = context;
  local_experiment_t *e = self->task->experiment;
  fc_error_t refusal = {FC_OK, ""};
  *verdict = FC_QOS_VIOLATED;
  *worst = 1;
  const fc_status_t status = live_window(e->live, configuration, window, &refusal);
  if (status == FC_EUNSAFE || status == FC_EINVAL) {
    for (int32_t f = 0; f < e->workflow->n_functions; ++f) window->configuration[f] = configuration[f];
    window->outcome.present = window->load.present = 0;
    return FC_OK;
  }
  if (status != FC_OK) {
    if (error != NULL) *error = refusal;
    return status;
  }
  *verdict = judge_severity(e->workflow, FC_SEMANTICS_STRICT, window, (double)e->users, worst);
  return FC_OK;
}

fc_status_t local_methods_check(const char *methods, fc_error_t *error) {
  char name[FC_NAME_SIZE];
  const char *names = NULL;
  int32_t n = 0;
  if (!comma_list_is_set(methods, name, sizeof name)) {
    if (name[0] == '\0') return fc_error_set(error, FC_EINVAL, "a method of '%s' has no name", methods);
    return fc_error_set(error, FC_EINVAL, "method '%s' is named twice", name);
  }
  for (const char *rest = methods; comma_list_next(&rest, name, sizeof name); ++n) {
    const tuner_t *tuner = tuner_find(name, &names);
    if (tuner == NULL) return fc_error_set(error, FC_EINVAL, "there is no method '%s'; methods: %s", name, names);
    if (tuner->knows_the_world)
      return fc_error_set(error, FC_EINVAL, "method '%s' knows the world: nobody knows a real one", name);
    if (tuner->is_planner || strcmp(name, "attmf") == 0)
      return fc_error_set(error, FC_EINVAL, "method '%s' takes part anyway, as %s", name,
                          tuner->is_planner ? "'plan'" : "the agent");
  }
  if (n > DEMO_METHODS_MAX - OTHERS) return fc_error_set(error, FC_EINVAL, "%d methods are too many", (int)n);
  return FC_OK;
}

/* ---- choosing ------------------------------------------------------------------------------------------------- */

/* What the profile measured, a row per configuration. */
static fc_status_t make_library(const local_experiment_t *e, tuner_rows_t *rows, fc_error_t *error) {
  const profile_t *profile = &e->profile;
  fc_observation_t window = {.n_functions = e->workflow->n_functions};
  if (tuner_rows_init(rows, e->workflow->n_functions, (int32_t)profile->n_points) != FC_OK ||
      fc_observation_init(&window, e->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a library");
  window.load = (fc_load_t){.present = FC_LOAD_HAS_IN_FLIGHT, .mean_in_flight = (double)e->users};
  for (int32_t i = 0; i < profile->n_points; ++i) {
    const judgement_t *j = &profile->points[i].judgement;
    if (j->n_windows == 0) continue;
    for (int32_t f = 0; f < e->workflow->n_functions; ++f)
      window.configuration[f] = profile->points[i].configuration[f];
    tuner_rows_add(rows, &window, j->n_met == j->n_windows ? FC_QOS_MET : FC_QOS_VIOLATED);
  }
  fc_observation_clear(&window);
  return FC_OK;
}

static fc_status_t search(judging_t *self, int32_t method, demo_method_t *out, fc_error_t *error) {
  local_experiment_t *e = self->task->experiment;
  tuner_rows_t rows = {0};
  const bool is_library = strcmp(out->name, "library") == 0;
  fc_qos_verdict_t verdict = FC_QOS_UNKNOWN;
  double worst = 0;
  fc_status_t status = is_library ? make_library(e, &rows, error) : FC_OK;
  if (status == FC_OK) status = measure(self, configuration_of(self, 0), &self->observation, &verdict, &worst, error);
  const tuning_task_t tuning = {.tuner = tuner_find(out->name, NULL),
                                .setting = {.workflow = e->workflow,
                                            .ranges = FC_RANGES_MEASURED,
                                            .rows = is_library ? &rows : &e->history.rows,
                                            .seed = (uint64_t)e->seed},
                                .budget_windows = (int32_t)e->budget_windows,
                                .warm = &self->observation,
                                .measure = measure,
                                .context = self};
  tuning_choice_t choice = {.configuration = configuration_of(self, method)};
  if (status == FC_OK) status = tuning_run(&tuning, &choice, error);
  tuner_rows_clear(&rows);
  if (status != FC_OK) return status;
  out->violations = choice.violations;
  fprintf(e->out, "%-9s %d windows, %d violations: %s at %.4f $/h\n", out->name, (int)choice.windows_used,
          (int)choice.violations, choice.settled ? "settled" : "nothing verified, back to the start configuration",
          fc_cost_reserved_usd_h(e->workflow, choice.configuration));
  return FC_OK;
}

static demo_method_t *add_method(demo_methods_t *methods, judging_t *self, const char *name, int32_t n_windows) {
  demo_method_t *method = &methods->methods[methods->n];
  *method = (demo_method_t){.name = name};
  self->n_left[methods->n++] = n_windows;
  return method;
}

static fc_status_t choose(judging_t *self, demo_methods_t *methods, fc_error_t *error) {
  const local_methods_task_t *task = self->task;
  const local_experiment_t *e = task->experiment;
  const size_t size = (size_t)e->workflow->n_functions * sizeof(fc_function_configuration_t);
  (void)add_method(methods, self, "start", task->main_windows);
  for (int32_t f = 0; f < e->workflow->n_functions; ++f) configuration_of(self, 0)[f] = e->workflow->functions[f].start;
  char name[FC_NAME_SIZE];
  for (const char *rest = task->methods != NULL ? task->methods : default_methods;
       comma_list_next(&rest, name, sizeof name);) {
    demo_method_t *method = add_method(methods, self, tuner_find(name, NULL)->name, task->other_windows);
    FC_TRY(search(self, methods->n - 1, method, error));
  }
  if (task->planned != NULL) {
    memcpy(configuration_of(self, methods->n), task->planned, size);
    (void)add_method(methods, self, "plan", task->main_windows);
  }
  memcpy(configuration_of(self, methods->n), e->agent.configuration, size);
  add_method(methods, self, "attmf", task->main_windows)->violations = e->agent.violations;
  fprintf(e->out, "%-9s %d windows, %d violations: %s at %.4f $/h\n", "attmf", (int)e->agent.tuning_windows,
          (int)e->agent.violations, e->agent.is_settled ? "settled" : "not settled",
          fc_cost_reserved_usd_h(e->workflow, e->agent.configuration));
  return FC_OK;
}

/* ---- judging -------------------------------------------------------------------------------------------------- */

static fc_status_t judge_some(judging_t *self, const demo_methods_t *methods, int32_t m, fc_error_t *error) {
  local_experiment_t *e = self->task->experiment;
  const int32_t n = self->n_left[m] < WINDOWS_AT_A_TIME ? self->n_left[m] : WINDOWS_AT_A_TIME;
  judge_t *judge = &self->judges[m];
  const int32_t met_before = judge->sums.n_met;
  const double latency_before = judge->sums.latency_s;
  for (int32_t w = 0; w < n; ++w) {
    FC_TRY(live_window(e->live, configuration_of(self, m), &self->observation, error));
    if (m == 0 && judge->sums.n_windows < e->budget_windows) self->start_violations += !is_met(self);
    judge_add(judge, e->workflow, FC_SEMANTICS_STRICT, (int32_t)e->users, &self->observation);
  }
  self->n_left[m] -= n;
  fprintf(e->out, "judge     %-9s %8.4f $/h  %2d of %2d windows met QoS, %.3f s\n", methods->methods[m].name,
          fc_cost_reserved_usd_h(e->workflow, configuration_of(self, m)), (int)(judge->sums.n_met - met_before), (int)n,
          (judge->sums.latency_s - latency_before) / n);
  return FC_OK;
}

static fc_status_t judge_all(judging_t *self, demo_methods_t *methods, fc_error_t *error) {
  const fc_workflow_t *workflow = self->task->experiment->workflow;
  for (bool left = true; left;) {
    left = false;
    for (int32_t m = 0; m < methods->n; ++m) {
      if (self->n_left[m] > 0) FC_TRY(judge_some(self, methods, m, error));
      left = left || self->n_left[m] > 0;
    }
  }
  for (int32_t m = 0; m < methods->n; ++m)
    methods->methods[m].judgement = judge_result(&self->judges[m], workflow, configuration_of(self, m));
  methods->methods[0].violations = self->start_violations;
  return FC_OK;
}

fc_status_t local_methods_judge(const local_methods_task_t *task, demo_methods_t *methods, fc_error_t *error) {
  const fc_workflow_t *workflow = task->experiment->workflow;
  judging_t self = {.task = task};
  *methods = (demo_methods_t){0};
  self.configurations = calloc(DEMO_METHODS_MAX * (size_t)workflow->n_functions, sizeof *self.configurations);
  if (self.configurations == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to judge");
  fc_status_t status = fc_observation_init(&self.observation, workflow->n_functions);
  if (status != FC_OK) fc_error_set(error, status, "no memory to judge");
  if (status == FC_OK) status = choose(&self, methods, error);
  if (status == FC_OK) status = judge_all(&self, methods, error);
  fc_observation_clear(&self.observation);
  free(self.configurations);
  return status;
}
