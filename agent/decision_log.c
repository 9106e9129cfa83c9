/* decision_log.c - why: see decision_log.h. */
#include "decision_log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configuration.h"
#include "faasconf/knobs.h"

enum { MAX_EDGES_WHOLE = 256 };

static bool open_file(decision_log_t *log) {
  log->descriptor = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat about;
  if (log->descriptor < 0 || fstat(log->descriptor, &about) != 0) return false;
  log->bytes = about.st_size;
  return true;
}

fc_status_t decision_log_open(const folder_t *folder, const fc_workflow_t *workflow, int64_t max_bytes,
                              decision_log_t *log, fc_error_t *error) {
  memset(log, 0, sizeof *log);
  log->workflow = workflow;
  log->max_bytes = max_bytes;
  log->descriptor = -1;
  folder_path(folder, "decisions.jsonl", log->path);
  if (open_file(log)) return FC_OK;
  const int number = errno;
  decision_log_close(log);
  return fc_error_set(error, FC_EIO, "%s: cannot open: %s", log->path, strerror(number));
}

void decision_log_close(decision_log_t *log) {
  if (log->descriptor >= 0) close(log->descriptor);
  log->descriptor = -1;
}

/* ---- parts of a line ------------------------------------------------------------------------------------------ */

static const char *verdict_name(fc_qos_verdict_t verdict) {
  return verdict == FC_QOS_MET ? "met" : verdict == FC_QOS_VIOLATED ? "violated" : "unknown";
}

static void set_functions(fc_json_t *to, const fc_workflow_t *workflow, const fc_observation_t *observation) {
  fc_json_t *functions = fc_json_array();
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_function_metrics_t *metrics = &observation->metrics[f];
    if (metrics->present == 0) continue;
    fc_json_t *item = fc_json_object();
    fc_json_set_string(item, "function", workflow->functions[f].name);
#define SET_METRIC(name, field, unit) \
  if (metrics->present & FC_METRIC_BIT(name)) fc_json_set_double(item, #field, metrics->field);
    FC_FUNCTION_METRICS(SET_METRIC)
#undef SET_METRIC
    fc_json_append(functions, &item);
  }
  fc_json_set(to, "functions", &functions);
}

static fc_json_t *observation_json(const fc_workflow_t *workflow, const decision_t *decision) {
  const fc_observation_t *observation = decision->observation;
  const fc_outcome_t *outcome = &observation->outcome;
  fc_json_t *json = fc_json_object();
  fc_json_set_string(json, "qos", verdict_name(decision->observed->verdict));
  if (!decision->observed->usable) fc_json_set_string(json, "unusable", decision->observed->why);
  if (observation->load.present & FC_LOAD_HAS_IN_FLIGHT)
    fc_json_set_double(json, "mean_in_flight", observation->load.mean_in_flight);
  if (observation->load.present & FC_LOAD_HAS_ARRIVAL_RATE)
    fc_json_set_double(json, "arrival_rate_per_s", observation->load.arrival_rate_per_s);
  if (outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN)
    fc_json_set_double(json, "latency_mean_s", outcome->latency_mean_s);
  if (outcome->present & FC_OUTCOME_HAS_LATENCY_P95) fc_json_set_double(json, "latency_p95_s", outcome->latency_p95_s);
  if (outcome->present & FC_OUTCOME_HAS_COUNTS) {
    fc_json_set_int(json, "successes", outcome->successes);
    fc_json_set_int(json, "failures", outcome->failures);
  }
  if (outcome->present & FC_OUTCOME_HAS_REJECTED) fc_json_set_int(json, "rejected", outcome->rejected);
  if (outcome->present & FC_OUTCOME_HAS_UNFINISHED) fc_json_set_int(json, "unfinished", outcome->unfinished);
  set_functions(json, workflow, observation);
  return json;
}

/* [looking, looked at, weight]: all edges of a small workflow, the strongest of each function of a large one. */
static fc_json_t *attention_json(const fc_workflow_t *workflow, const float *attention) {
  const fc_topology_t *topology = &workflow->neighbours;
  fc_json_t *list = fc_json_array();
  for (int32_t f = 0; f < topology->n_functions; ++f) {
    int32_t strongest = topology->row_start[f];
    for (int32_t e = topology->row_start[f]; e < topology->row_start[f + 1]; ++e)
      if (attention[e] > attention[strongest]) strongest = e;
    for (int32_t e = topology->row_start[f]; e < topology->row_start[f + 1]; ++e) {
      if (topology->n_edges > MAX_EDGES_WHOLE && e != strongest) continue;
      fc_json_t *edge = fc_json_array();
      fc_json_append_string(edge, workflow->functions[f].name);
      fc_json_append_string(edge, workflow->functions[topology->column[e]].name);
      fc_json_append_double(edge, (double)attention[e]);
      fc_json_append(list, &edge);
    }
  }
  return list;
}

static fc_json_t *reasons_json(uint32_t bits) {
  static const struct {
    uint32_t bit;
    const char *name;
  } reasons[] = {{FC_BOUND_BY_STEP, "step"},
                 {FC_BOUND_BY_SHRINK_HOLD, "shrink_hold"},
                 {FC_BOUND_BY_MIN_REPLICAS, "min_replicas"},
                 {FC_BOUND_BY_DEAD_BAND, "dead_band"},
                 {FC_BOUND_BY_CHANGE_BUDGET, "change_budget"},
                 {FC_BOUND_BY_LIMITS, "limits"},
                 {FC_BOUND_BY_RECHECK, "recheck"},
                 {FC_BOUND_BY_STRATEGY, "strategy"},
                 {FC_BOUND_BY_RESTORE, "restore"},
                 {FC_BOUND_BY_RANGES, "ranges"}};
  fc_json_t *list = fc_json_array();
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; ++i)
    if (bits & reasons[i].bit) fc_json_append_string(list, reasons[i].name);
  return list;
}

/* What bound every knob is said once, as function "*" and knob "*". */
static fc_json_t *bound_by_json(const fc_workflow_t *workflow, const uint32_t *bound_by) {
  uint32_t common = UINT32_MAX;
  for (int32_t i = 0; i < workflow->n_functions * FC_KNOBS; ++i) common &= bound_by[i];
  fc_json_t *list = fc_json_array();
  for (int32_t i = -1; i < workflow->n_functions * FC_KNOBS; ++i) {
    const uint32_t bits = i < 0 ? common : bound_by[i] & ~common;
    if (bits == 0) continue;
    fc_json_t *item = fc_json_object(), *reasons = reasons_json(bits);
    fc_json_set_string(item, "function", i < 0 ? "*" : workflow->functions[i / FC_KNOBS].name);
    fc_json_set_string(item, "knob", i < 0 ? "*" : fc_knob_name((fc_knob_t)(i % FC_KNOBS)));
    fc_json_set(item, "by", &reasons);
    fc_json_append(list, &item);
  }
  return list;
}

static void set_filter(fc_json_t *line, const fc_workflow_t *workflow, const decision_t *decision) {
  const filter_result_t *filtered = decision->filtered;
  static const char *const ses[] = {"accepted", "replaced", "no_record"};
  fc_json_set_double(line, "cost_now_usd_h", filtered->cost_now_usd_h);
  fc_json_set_double(line, "cost_then_usd_h", filtered->cost_then_usd_h);
  fc_json_set_string(line, "strategy", ses[filtered->ses]);
  if (filtered->has_band) {
    fc_json_t *band = fc_json_object();
    fc_json_set_double(band, "lb_usd_h", filtered->lb_usd_h);
    fc_json_set_double(band, "ub_usd_h", filtered->ub_usd_h);
    fc_json_set_double(band, "mean_in_flight", filtered->band_in_flight);
    fc_json_set_string(band, "from", filtered->band_is_local ? "agent" : "server");
    fc_json_set(line, "bounds", &band);
  }
  if (filtered->held) fc_json_set_string(line, "held", filtered->held_why);
  if (decision->bound_by) {
    fc_json_t *bound_by = bound_by_json(workflow, decision->bound_by);
    fc_json_set(line, "bound_by", &bound_by);
  }
}

/* What this configuration did before here; null when it was never in force. */
static void set_predicted(fc_json_t *line, const history_outcome_t *predicted) {
  if (predicted->windows == 0) {
    fc_json_set_null(line, "predicted");
    return;
  }
  fc_json_t *json = fc_json_object();
  fc_json_set_int(json, "windows", predicted->windows);
  fc_json_set_double(json, "qos_met_share", (double)predicted->met / predicted->windows);
  fc_json_set_double(json, "latency_mean_s", predicted->latency_mean_s);
  fc_json_set(line, "predicted", &json);
}

static fc_json_t *line_json(const fc_workflow_t *workflow, const decision_t *decision) {
  char digest[FC_HEX_SIZE];
  fc_json_t *line = fc_json_object(), *observation = observation_json(workflow, decision);
  fc_json_set_int(line, "time_us", decision->time_us);
  fc_json_set_int(line, "epoch", (int64_t)decision->epoch);
  fc_json_set_int(line, "window", decision->observation->window);
  fc_json_set_string(line, "mode", agent_mode_name(decision->mode));
  fc_json_set_string(line, "phase", decision->phase);
  fc_json_set_string(line, "origin", decision->origin);
  fc_json_set_string(line, "reason", decision->reason);
  fc_json_set(line, "observation", &observation);
  fc_json_set_int(line, "policy_version", decision->policy_version);
  if (decision->attention) {
    fc_json_t *attention = attention_json(workflow, decision->attention);
    fc_json_set(line, "attention", &attention);
  }
  if (decision->wanted) {
    fc_json_t *wanted = configuration_to_json(workflow, decision->wanted);
    fc_json_set(line, "wanted", &wanted);
  }
  if (decision->configuration) {
    fc_json_t *configuration = configuration_to_json(workflow, decision->configuration);
    fc_json_set(line, "configuration", &configuration);
    set_predicted(line, &decision->predicted);
  }
  if (decision->filtered) set_filter(line, workflow, decision);
  fc_json_set_bool(line, "changed", decision->changed);
  fc_json_set_bool(line, "applied", decision->applied);
  if (decision->not_applied) fc_json_set_string(line, "not_applied", decision->not_applied);
  if (decision->digest) {
    fc_hex(decision->digest, FC_DIGEST_SIZE, digest);
    fc_json_set_string(line, "decision_digest", digest);
  }
  return line;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static void rotate(decision_log_t *log) {
  char older[FOLDER_PATH_SIZE + 4];
  snprintf(older, sizeof older, "%s.1", log->path);
  decision_log_close(log);
  if (rename(log->path, older) != 0) log->failures += 1;
  log->bytes = 0;
}

void decision_log_write(decision_log_t *log, const decision_t *decision) {
  if (log->bytes >= log->max_bytes) rotate(log);
  if (log->descriptor < 0 && !open_file(log)) {
    log->failures += 1;
    return;
  }
  fc_json_t *line = line_json(log->workflow, decision);
  char *text = fc_json_dump(line, 0);
  fc_json_destroy(&line);
  if (!text) {
    log->failures += 1;
    return;
  }
  const size_t length = strlen(text);
  text[length] = '\n'; /* in place of the NUL: one write */
  const ssize_t n = write(log->descriptor, text, length + 1);
  if (n > 0) log->bytes += n;
  if (n != (ssize_t)(length + 1)) log->failures += 1;
  free(text);
}
