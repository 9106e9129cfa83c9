/* simulate_serve_report.c - what `faasconf simulate --serve` says at its end: see simulate_serve.h. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "json_output.h"
#include "judge.h"
#include "simulate_serve.h"

static const char *const end_name[] = {"windows", "nobody", "signal"};

static const char *verdict_name(fc_qos_verdict_t verdict) {
  return verdict == FC_QOS_MET ? "met" : (verdict == FC_QOS_VIOLATED ? "violated" : "unknown");
}

/* Over all windows. */
typedef struct {
  double cost_usd_h, latency_s; /* means: of the windows, of the successes; NaN without one */
  int64_t successes, failures, rejected, unfinished;
  int32_t n_met, n_judged, n_lost;
  double low, high; /* Wilson interval of the compliance; NaN when nothing was judged */
} totals_t;

static totals_t totals_of(const served_t *served) {
  totals_t totals = {.low = NAN, .high = NAN};
  const int64_t n = served_n_windows(served);
  for (int64_t w = 0; w < n; ++w) {
    const served_window_t *window = served_window(served, w);
    const fc_outcome_t *o = &window->outcome;
    totals.cost_usd_h += window->cost_usd_h / (double)n;
    totals.successes += o->successes;
    totals.failures += o->failures;
    totals.rejected += o->rejected;
    totals.unfinished = o->unfinished;
    if (o->successes > 0) totals.latency_s += o->latency_mean_s * (double)o->successes;
    totals.n_judged += window->verdict != FC_QOS_UNKNOWN;
    totals.n_met += window->verdict == FC_QOS_MET;
  }
  if (n == 0) totals.cost_usd_h = NAN;
  totals.latency_s = totals.successes > 0 ? totals.latency_s / (double)totals.successes : NAN;
  for (int32_t m = 0; m < served_n_members(served); ++m) totals.n_lost += served_member(served, m)->lost;
  if (totals.n_judged > 0) judge_wilson(totals.n_met, totals.n_judged, &totals.low, &totals.high);
  return totals;
}

static double compliance_of(const totals_t *totals) {
  return totals->n_judged > 0 ? (double)totals->n_met / totals->n_judged : NAN;
}

/* Members by name: the order in which they joined is chance. The result has served_n_members entries; SERVED_MAX_AGENTS
 * are few. */
static int32_t sort_members(const served_t *served, int32_t order[SERVED_MAX_AGENTS]) {
  const int32_t n = served_n_members(served);
  for (int32_t m = 0; m < n; ++m) {
    int32_t at = m;
    for (; at > 0 && strcmp(served_member(served, order[at - 1])->name, served_member(served, m)->name) > 0; --at)
      order[at] = order[at - 1];
    order[at] = m;
  }
  return n;
}

static bool is_open_loop(const simulate_serve_options_t *options) {
  const trace_file_t *trace = options->served.trace;
  return trace != NULL ? !trace->closed_loop : options->served.users == 0;
}

/* ---- as JSON ---- */

static fc_json_t *member_json(const simulate_serve_options_t *options, const served_t *served, int32_t member) {
  const fc_workflow_t *workflow = options->served.workflow;
  const served_member_t *about = served_member(served, member);
  fc_json_t *out = fc_json_object(), *functions = fc_json_array();
  fc_json_set_string(out, "agent", about->name);
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    if (served_claimed(served, member, f)) fc_json_append_string(functions, workflow->functions[f].name);
  fc_json_set(out, "functions", &functions);
  fc_json_set_int(out, "windows", about->windows);
  fc_json_set_int(out, "writes", about->writes);
  fc_json_set_int(out, "refused_writes", about->refused_writes);
  fc_json_set_int(out, "joins", about->joins);
  fc_json_set_int(out, "lost", about->lost);
  return out;
}

static fc_json_t *change_json(const simulate_serve_options_t *options, const served_t *served,
                              const served_change_t *change) {
  fc_json_t *out = fc_json_object(), *from = fc_json_object(), *to = fc_json_object();
  fc_json_set_string(out, "agent", served_member(served, change->member)->name);
  fc_json_set_string(out, "function", options->served.workflow->functions[change->function].name);
  json_set_knobs(from, &change->from);
  json_set_knobs(to, &change->to);
  fc_json_set(out, "from", &from);
  fc_json_set(out, "to", &to);
  return out;
}

static fc_json_t *window_json(const simulate_serve_options_t *options, const served_t *served, int64_t w) {
  const served_window_t *window = served_window(served, w);
  const fc_outcome_t *o = &window->outcome;
  const bool success = o->successes > 0;
  fc_json_t *out = fc_json_object(), *changes = fc_json_array();
  fc_json_set_int(out, "window", w);
  fc_json_set_int(out, "agents", window->n_agents);
  fc_json_set_double(out, is_open_loop(options) ? "rate_per_s" : "users", window->load);
  fc_json_set_double(out, "cost", window->cost_usd_h);
  fc_json_set_double(out, "arrival_rate_per_s", window->arrival_rate_per_s);
  fc_json_set_double(out, "mean_in_flight", window->mean_in_flight);
  fc_json_set_double(out, "latency_mean_s", success ? o->latency_mean_s : NAN);
  fc_json_set_double(out, "latency_p95_s", success ? o->latency_p95_s : NAN);
  fc_json_set_int(out, "successes", o->successes);
  fc_json_set_int(out, "failures", o->failures);
  fc_json_set_int(out, "rejected", o->rejected);
  fc_json_set_int(out, "unfinished", o->unfinished);
  fc_json_set_string(out, "qos", verdict_name(window->verdict));
  for (int32_t c = 0; c < window->n_changes; ++c) {
    fc_json_t *change = change_json(options, served, served_change(served, window->first_change + c));
    fc_json_append(changes, &change);
  }
  fc_json_set(out, "changes", &changes);
  return out;
}

static void set_totals(const simulate_serve_result_t *result, fc_json_t *out) {
  const totals_t totals = totals_of(result->served);
  fc_json_set_string(out, "end", end_name[result->end]);
  fc_json_set_double(out, "cost", totals.cost_usd_h);
  fc_json_set_double(out, "latency_s", totals.latency_s);
  fc_json_set_int(out, "successes", totals.successes);
  fc_json_set_int(out, "failures", totals.failures);
  fc_json_set_int(out, "rejected", totals.rejected);
  fc_json_set_int(out, "unfinished", totals.unfinished);
  fc_json_set_double(out, "compliance", compliance_of(&totals));
  json_set_interval(out, "compliance_interval95", totals.low, totals.high);
  fc_json_set_int(out, "agents_lost", totals.n_lost);
  fc_json_set_int(out, "frames_malformed", result->malformed);
}

static void print_json(const simulate_serve_options_t *options, const simulate_serve_result_t *result) {
  const served_t *served = result->served;
  fc_json_t *out = fc_json_object(), *agents = fc_json_array(), *windows = fc_json_array();
  fc_json_set_string(out, "workflow", options->served.workflow->name);
  fc_json_set_string(out, "semantics", fc_semantics_name(options->served.semantics));
  fc_json_set_int(out, "seed", options->served.seed);
  set_totals(result, out);
  fc_json_t *configuration = json_of_configuration(options->served.workflow, served_configuration(served));
  fc_json_set(out, "configuration", &configuration);
  int32_t order[SERVED_MAX_AGENTS];
  const int32_t n = sort_members(served, order);
  for (int32_t i = 0; i < n; ++i) {
    fc_json_t *member = member_json(options, served, order[i]);
    fc_json_append(agents, &member);
  }
  fc_json_set(out, "agents", &agents);
  for (int64_t w = 0; w < served_n_windows(served); ++w) {
    fc_json_t *window = window_json(options, served, w);
    fc_json_append(windows, &window);
  }
  fc_json_set(out, "windows", &windows);
  json_print(&out);
}

/* ---- as text ---- */

/* "first: starter rgb; second: resnet" */
static void print_changes(const simulate_serve_options_t *options, const served_t *served,
                          const served_window_t *window, const int32_t *order, int32_t n) {
  bool any = false;
  for (int32_t i = 0; i < n; ++i) {
    bool named = false;
    for (int32_t c = 0; c < window->n_changes; ++c) {
      const served_change_t *change = served_change(served, window->first_change + c);
      if (change->member != order[i]) continue;
      if (!named) printf("%s%s:", any ? "; " : "  ", served_member(served, order[i])->name);
      printf(" %s", options->served.workflow->functions[change->function].name);
      named = any = true;
    }
  }
  printf("\n");
}

static void print_windows(const simulate_serve_options_t *options, const served_t *served, const int32_t *order,
                          int32_t n) {
  printf("\n%6s %6s %9s %9s %9s %9s %9s %9s %10s  %-8s  %s\n", "window", "agents",
         is_open_loop(options) ? "rate 1/s" : "users", "USD/h", "latency s", "successes", "failures", "rejected",
         "unfinished", "QoS", "changed by");
  for (int64_t w = 0; w < served_n_windows(served); ++w) {
    const served_window_t *window = served_window(served, w);
    const fc_outcome_t *o = &window->outcome;
    char latency[16] = "-";
    if (o->successes > 0) snprintf(latency, sizeof latency, "%.3f", o->latency_mean_s);
    printf("%6" PRId64 " %6d %9g %9.4f %9s %9" PRId64 " %9" PRId64 " %9" PRId64 " %10" PRId64 "  %-8s", w,
           (int)window->n_agents, window->load, window->cost_usd_h, latency, o->successes, o->failures, o->rejected,
           o->unfinished, verdict_name(window->verdict));
    print_changes(options, served, window, order, n);
  }
}

/* With so many decimals, or "-" for NaN. */
static const char *value_or_dash(char *text, size_t size, int decimals, double value) {
  if (isnan(value)) return "-";
  snprintf(text, size, "%.*f", decimals, value);
  return text;
}

static void print_totals(const totals_t *totals) {
  char cost[32], latency[32];
  printf("\nall: mean cost %s USD per hour, mean latency %s s, %" PRId64 " successes, %" PRId64 " failures (%" PRId64
         " rejected), %" PRId64 " unfinished\n",
         value_or_dash(cost, sizeof cost, 4, totals->cost_usd_h),
         value_or_dash(latency, sizeof latency, 3, totals->latency_s), totals->successes, totals->failures,
         totals->rejected, totals->unfinished);
  if (totals->n_judged == 0) return;
  printf("QoS met in %d of %d windows, %.1f %% (95 %% interval %.1f..%.1f %%)\n", (int)totals->n_met,
         (int)totals->n_judged, 100 * compliance_of(totals), 100 * totals->low, 100 * totals->high);
}

static void print_text(const simulate_serve_options_t *options, const simulate_serve_result_t *result) {
  static const char *const ends[] = {"all windows", "no agent was left", "a signal"};
  const served_t *served = result->served;
  const fc_workflow_t *workflow = options->served.workflow;
  const totals_t totals = totals_of(served);
  int32_t order[SERVED_MAX_AGENTS];
  const int32_t n = sort_members(served, order);
  printf("%s, %s semantics: %" PRId64 " windows of %g s, seed %" PRId64 "; ended by: %s\n", workflow->name,
         fc_semantics_name(options->served.semantics), served_n_windows(served), workflow->window_s,
         options->served.seed, ends[result->end]);
  for (int32_t i = 0; i < n; ++i) {
    const served_member_t *about = served_member(served, order[i]);
    printf("agent %s: %" PRId64 " windows, %" PRId64 " writes (%" PRId64 " refused), joined %d, lost %d; owns",
           about->name, about->windows, about->writes, about->refused_writes, (int)about->joins, (int)about->lost);
    for (int32_t f = 0; f < workflow->n_functions; ++f)
      if (served_claimed(served, order[i], f)) printf(" %s", workflow->functions[f].name);
    printf("\n");
  }
  if (served_n_windows(served) > 0) print_windows(options, served, order, n);
  print_totals(&totals);
}

void report_serve(const simulate_serve_options_t *options, const simulate_serve_result_t *result) {
  if (options->json) {
    print_json(options, result);
  } else {
    print_text(options, result);
  }
}
