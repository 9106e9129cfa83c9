/* simulate_report.c - see simulate_report.h. */
#include "simulate_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "faasconf/cost.h"
#include "json_output.h"
#include "judge.h"
#include "number_text.h"

/* ---- a table of measured configurations ---- */

static void print_scores_json(const simulate_rows_options_t *options, const simulate_rows_scores_t *scores) {
  fc_json_t *out = fc_json_object();
  fc_json_set_string(out, "workflow", options->workflow->name);
  fc_json_set_string(out, "semantics", fc_semantics_name(options->semantics));
  if (options->users > 0) {
    fc_json_set_int(out, "users", options->users);
  } else {
    fc_json_set_null(out, "users");
  }
  fc_json_set_int(out, "windows", options->n_windows);
  fc_json_set_int(out, "seed", options->seed);
  fc_json_set_int(out, "rows", scores->n_rows);
  fc_json_set_int(out, "rows_without_success", scores->n_without_success);
  fc_json_set_double(out, "r2_log_latency", scores->r2_log_latency);
  fc_json_set_double(out, "r2_success", scores->r2_success);
  fc_json_set_double(out, "spearman_latency", scores->spearman_latency);
  fc_json_set_double(out, "spearman_success", scores->spearman_success);
  fc_json_set_double(out, "mape_latency", scores->mape_latency);
  fc_json_set_double(out, "coverage80_latency", scores->coverage80_latency);
  fc_json_set_double(out, "coverage80_success", scores->coverage80_success);
  fc_json_set_double(out, "seconds", scores->seconds);
  json_print(&out);
}

static void print_scores(const simulate_rows_options_t *options, const simulate_rows_scores_t *scores) {
  char latency[NUMBER_TEXT], successes[NUMBER_TEXT];
  printf("%s, %s semantics: %" PRId64 " measured rows, each beside %" PRId64 " simulated windows, seed %" PRId64
         ", %.1f s\n",
         options->workflow->name, fc_semantics_name(options->semantics), scores->n_rows, options->n_windows,
         options->seed, scores->seconds);
  if (scores->n_without_success > 0)
    printf("%" PRId64 " rows had no success and thus no latency: only their successes are compared\n",
           scores->n_without_success);
  printf("\n%-36s %9s %9s\n", "", "latency", "successes");
  printf("%-36s %9s %9s\n", "R2 (latency: of its logarithm)", number_text(scores->r2_log_latency, 3, "", latency),
         number_text(scores->r2_success, 3, "", successes));
  printf("%-36s %9s %9s\n", "Spearman's rank correlation", number_text(scores->spearman_latency, 3, "", latency),
         number_text(scores->spearman_success, 3, "", successes));
  printf("%-36s %9s\n", "mean absolute error", number_text(100 * scores->mape_latency, 1, "%", latency));
  printf("%-36s %9s %9s\n", "measured within 80 % of the windows",
         number_text(100 * scores->coverage80_latency, 1, "%", latency),
         number_text(100 * scores->coverage80_success, 1, "%", successes));
  if (options->n_windows < 50)
    printf("(%" PRId64 " windows give rough intervals: --windows 100 for honest ones)\n", options->n_windows);
}

void report_scores(const simulate_rows_options_t *options, const simulate_rows_scores_t *scores, bool json) {
  if (json) {
    print_scores_json(options, scores);
  } else {
    print_scores(options, scores);
  }
}

/* ---- a trace ---- */

static const char *verdict_name(fc_qos_verdict_t verdict) {
  return verdict == FC_QOS_MET ? "met" : (verdict == FC_QOS_VIOLATED ? "violated" : "unknown");
}

static fc_json_t *trace_window_json(const simulate_trace_result_t *result, const trace_window_t *window) {
  const fc_outcome_t *o = &window->outcome;
  const bool success = o->successes > 0;
  fc_json_t *out = fc_json_object();
  fc_json_set_int(out, "minute", window->minute);
  fc_json_set_double(out, result->closed_loop ? "users" : "arrivals_per_minute", window->load);
  fc_json_set_double(out, "arrival_rate_per_s", window->arrival_rate_per_s);
  fc_json_set_double(out, "mean_in_flight", window->mean_in_flight);
  fc_json_set_double(out, "latency_mean_s", success ? o->latency_mean_s : NAN);
  fc_json_set_double(out, "latency_p95_s", success ? o->latency_p95_s : NAN);
  fc_json_set_int(out, "successes", o->successes);
  fc_json_set_int(out, "failures", o->failures);
  fc_json_set_int(out, "rejected", o->rejected);
  fc_json_set_int(out, "unfinished", o->unfinished);
  fc_json_set_string(out, "qos", verdict_name(window->verdict));
  return out;
}

static void print_trace_json(const simulate_trace_options_t *options, const simulate_trace_result_t *result) {
  double low = NAN, high = NAN;
  if (result->n_judged > 0) judge_wilson(result->n_met, result->n_judged, &low, &high);
  fc_json_t *out = fc_json_object(), *windows = fc_json_array();
  fc_json_set_string(out, "workflow", options->workflow->name);
  fc_json_set_string(out, "semantics", fc_semantics_name(options->semantics));
  fc_json_set_string(out, "column", result->column);
  fc_json_set_int(out, "seed", options->seed);
  fc_json_set_int(out, "minutes", result->n_minutes);
  fc_json_set_double(out, "cost", fc_cost_reserved_usd_h(options->workflow, options->configuration));
  fc_json_set_double(out, "latency_s", result->latency_mean_s);
  fc_json_set_int(out, "successes", result->successes);
  fc_json_set_int(out, "failures", result->failures);
  fc_json_set_int(out, "rejected", result->rejected);
  fc_json_set_int(out, "unfinished", result->unfinished);
  fc_json_set_double(out, "compliance", result->n_judged > 0 ? (double)result->n_met / result->n_judged : NAN);
  json_set_interval(out, "compliance_interval95", low, high);
  for (int32_t w = 0; w < result->n_windows; ++w) {
    fc_json_t *window = trace_window_json(result, &result->windows[w]);
    fc_json_append(windows, &window);
  }
  fc_json_set(out, "windows", &windows);
  json_print(&out);
}

static void print_trace(const simulate_trace_options_t *options, const simulate_trace_result_t *result) {
  printf("%s, %s semantics: %d minutes of %s (%s), %d windows of %g s, seed %" PRId64 "\n", options->workflow->name,
         fc_semantics_name(options->semantics), (int)result->n_minutes, result->column,
         result->closed_loop ? "closed loop" : "open loop", (int)result->n_windows, options->workflow->window_s,
         options->seed);
  printf("\n%6s %9s %10s %9s %9s %9s %9s %10s  %s\n", "minute", result->closed_loop ? "users" : "arrivals", "in flight",
         "latency s", "successes", "failures", "rejected", "unfinished", "QoS");
  for (int32_t w = 0; w < result->n_windows; ++w) {
    const trace_window_t *window = &result->windows[w];
    char latency[16] = "-";
    if (window->outcome.successes > 0) snprintf(latency, sizeof latency, "%.3f", window->outcome.latency_mean_s);
    printf("%6d %9g %10.2f %9s %9" PRId64 " %9" PRId64 " %9" PRId64 " %10" PRId64 "  %s\n", (int)window->minute,
           window->load, window->mean_in_flight, latency, window->outcome.successes, window->outcome.failures,
           window->outcome.rejected, window->outcome.unfinished, verdict_name(window->verdict));
  }
  printf("\nall: mean latency %.3f s, %" PRId64 " successes, %" PRId64 " failures (%" PRId64 " rejected), %" PRId64
         " unfinished; %.4f USD per hour\n",
         result->latency_mean_s, result->successes, result->failures, result->rejected, result->unfinished,
         fc_cost_reserved_usd_h(options->workflow, options->configuration));
  if (result->n_judged == 0) return;
  double low = 0, high = 0;
  judge_wilson(result->n_met, result->n_judged, &low, &high);
  printf("QoS met in %d of %d windows, %.1f %% (95 %% interval %.1f..%.1f %%)\n", (int)result->n_met,
         (int)result->n_judged, 100.0 * result->n_met / result->n_judged, 100 * low, 100 * high);
}

void report_trace(const simulate_trace_options_t *options, const simulate_trace_result_t *result, bool json) {
  if (json) {
    print_trace_json(options, result);
  } else {
    print_trace(options, result);
  }
}
