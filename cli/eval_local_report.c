/* eval_local_report.c - see eval_local.h. */
#include <inttypes.h>

#include "eval_local.h"
#include "faasconf/cost.h"
#include "json_output.h"

void eval_local_print_check(const eval_local_result_t *result, FILE *out) {
  const reality_check_t *check = &result->check;
  fprintf(out,
          "\nreality check: %d configurations that the twin had not seen, forecast, then measured for %d windows each\n"
          "%-42s %9s %9s\n"
          "%-42s %9.3f %9.3f\n"
          "%-42s %8.1f%%\n"
          "%-42s %+8.1f%%\n"
          "%-42s %8.1f%% %8.1f%%\n",
          (int)check->n_points, (int)check->n_windows, "", "latency", "successes", "R2 (latency: of its logarithm)",
          check->r2_log_latency, check->r2_success, "mean absolute error", 100 * check->mape_latency,
          "forecasts are too high by (geometric mean)", 100 * check->bias_latency, "within the forecast 80 %",
          100 * check->coverage80_latency, 100 * check->coverage80_success);
}

void eval_local_print(const eval_local_result_t *result, FILE *out) {
  const load_process_counts_t *counts = &result->experiment.counts;
  if (result->has_methods) demo_methods_print(&result->methods, out);
  fprintf(out, "requests  %" PRId64 " sent, %" PRId64 " answered, %" PRId64 " without an answer\n", counts->requests,
          counts->answered, counts->unanswered);
}

static fc_json_t *point_json(const reality_check_t *check, const reality_point_t *point,
                             const fc_workflow_t *workflow) {
  const prediction_forecast_t *f = &point->forecast;
  fc_json_t *out = fc_json_object(), *configuration = json_of_configuration(workflow, point->configuration);
  fc_json_t *latencies = fc_json_array(), *successes = fc_json_array();
  for (int32_t w = 0; w < check->n_windows && !point->is_refused; ++w) {
    fc_json_append_double(latencies, point->latency_s[w]);
    fc_json_append_double(successes, point->successes[w]);
  }
  fc_json_set_bool(out, "refused", point->is_refused);
  fc_json_set_double(out, "cost_usd_h", fc_cost_reserved_usd_h(workflow, point->configuration));
  fc_json_set_double(out, "forecast_latency_s", f->latency_s);
  json_set_interval(out, "forecast_latency80_s", f->latency_low_s, f->latency_high_s);
  fc_json_set_double(out, "forecast_successes", f->successes);
  json_set_interval(out, "forecast_successes80", f->successes_low, f->successes_high);
  fc_json_set(out, "latency_s", &latencies);
  fc_json_set(out, "successes", &successes);
  fc_json_set(out, "configuration", &configuration);
  return out;
}

static fc_json_t *check_json(const reality_check_t *check, const fc_workflow_t *workflow) {
  fc_json_t *out = fc_json_object(), *points = fc_json_array();
  for (int32_t i = 0; i < check->n_points; ++i) {
    fc_json_t *point = point_json(check, &check->points[i], workflow);
    fc_json_append(points, &point);
  }
  fc_json_set_double(out, "r2_log_latency", check->r2_log_latency);
  fc_json_set_double(out, "r2_success", check->r2_success);
  fc_json_set_double(out, "mape_latency", check->mape_latency);
  fc_json_set_double(out, "bias_latency", check->bias_latency);
  fc_json_set_double(out, "coverage80_latency", check->coverage80_latency);
  fc_json_set_double(out, "coverage80_success", check->coverage80_success);
  fc_json_set(out, "configurations", &points);
  return out;
}

void eval_local_print_json(const eval_local_result_t *result) {
  const local_experiment_t *e = &result->experiment;
  fc_json_t *out = fc_json_object(), *check = check_json(&result->check, e->workflow);
  fc_json_set_string(out, "workflow", e->workflow->name);
  fc_json_set_int(out, "users", e->users);
  fc_json_set_int(out, "seed", e->seed);
  fc_json_set_int(out, "calibration_windows", e->calibration.n_learned);
  fc_json_set(out, "reality_check", &check);
  if (result->has_methods) {
    fc_json_t *methods = demo_methods_json(&result->methods);
    fc_json_t *qos = demo_methods_qos_json(e->workflow, (int32_t)e->users);
    fc_json_t *planned = json_of_configuration(e->workflow, result->planned);
    fc_json_set(out, "qos", &qos);
    fc_json_set(out, "methods", &methods);
    fc_json_set_double(out, "plan_level", result->plan_level);
    fc_json_set(out, "plan", &planned);
  }
  local_experiment_set_requests(e, out);
  json_print(&out);
}
