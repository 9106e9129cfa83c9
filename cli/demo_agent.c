/* demo_agent.c - see demo_agent.h. */
#include "demo_agent.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/json.h"
#include "faasconf/knobs.h"

enum { POLL_MS = 20, STOP_TIMEOUT_MS = 30000, LINE_SIZE = 65536, SETTLING_WINDOWS = 5, MAX_SETTLING_WINDOWS = 60 };

/* The agent's stdout as it grows: whole lines only. */
typedef struct {
  FILE *file;
  char line[LINE_SIZE];
  size_t size;
} follow_t;

static void path_of(const demo_agent_options_t *options, const char *name, char path[DEMO_PATH_SIZE + 64]) {
  snprintf(path, DEMO_PATH_SIZE + 64, "%s/%s", options->folder, name);
}

static fc_status_t write_configuration(const demo_agent_options_t *options, fc_error_t *error) {
  char path[DEMO_PATH_SIZE + 64];
  path_of(options, "agent.yaml", path);
  FILE *file = fopen(path, "w");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: cannot write", path);
  fprintf(file,
          "# written by `faasconf demo`\n"
          "agent: demo\n"
          "workflow: '%s'\n"
          "semantics: strict\n"
          "state: '%s/agent'\n"
          "mode: auto\n"
          "lockstep: true\n"
          "server:\n  ingest: \"%s\"\n  hints: \"%s\"\n"
          "security:\n  insecure_loopback: true\n"
          "platform: {kind: sim, users: %" PRId32 ", seed: %" PRIu64
          "}\n"
          "safety: {strategy: ses_paper, rails: tuning}\n"
          "session: {windows: %" PRId32 ", seed: %" PRIu64 "}\n",
          options->workflow_path, options->folder, options->server->ingest, options->server->hints, options->users,
          options->seed, options->windows, options->seed);
  return fclose(file) == 0 ? FC_OK : fc_error_set(error, FC_EIO, "%s: cannot write", path);
}

/* The next whole line, or NULL; lines longer than the buffer are cut. */
static const char *next_line(follow_t *follow) {
  for (int c = fgetc(follow->file); c != EOF; c = fgetc(follow->file)) {
    if (c == '\n') {
      follow->line[follow->size] = '\0';
      follow->size = 0;
      return follow->line;
    }
    if (follow->size < sizeof follow->line - 1) follow->line[follow->size++] = (char)c;
  }
  clearerr(follow->file);
  return NULL;
}

static void print_window(const demo_agent_options_t *options, const fc_json_t *line) {
  int64_t window = 0, successes = 0;
  double cost = 0, latency = 0;
  const char *qos = fc_json_string(fc_json_get(line, "qos")), *phase = fc_json_string(fc_json_get(line, "phase"));
  const char *next = fc_json_string(fc_json_get(line, "next"));
  (void)fc_json_int(fc_json_get(line, "window"), &window);
  (void)fc_json_int(fc_json_get(line, "successes"), &successes);
  (void)fc_json_double(fc_json_get(line, "cost_usd_h"), &cost);
  fprintf(options->out, "  window %2" PRId64 "  %-8s  %6.3f $/h  ", window, phase != NULL ? phase : "", cost);
  if (fc_json_double(fc_json_get(line, "latency_mean_s"), &latency))
    fprintf(options->out, "%6.2f s", latency);
  else
    fprintf(options->out, "    no success");
  fprintf(options->out, "  %3" PRId64 " successes  QoS %-8s  next: %s\n", successes, qos != NULL ? qos : "",
          next != NULL ? next : "");
}

/* The agent's list of {function, knobs}, in the workflow's order. */
static fc_status_t read_configuration(const fc_json_t *list, const fc_workflow_t *workflow,
                                      fc_function_configuration_t *configuration) {
  if (!fc_json_is_array(list) || fc_json_size(list) != (size_t)workflow->n_functions) return FC_EFORMAT;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_json_t *function = fc_json_at(list, (size_t)f);
    for (int k = 0; k < FC_KNOBS; ++k) {
      int64_t value = 0;
      if (!fc_json_int(fc_json_get(function, fc_knob_name((fc_knob_t)k)), &value)) return FC_EFORMAT;
      fc_knob_set(&configuration[f], (fc_knob_t)k, (int32_t)value);
    }
  }
  return FC_OK;
}

static fc_status_t take_summary(const demo_agent_options_t *options, const fc_json_t *summary, demo_agent_t *agent) {
  int64_t violations = 0, acked = 0;
  const fc_json_t *session = fc_json_get(summary, "session");
  if (!fc_json_int(fc_json_get(session, "violations"), &violations) ||
      !fc_json_int(fc_json_get(summary, "transitions_acked"), &acked))
    return FC_EFORMAT;
  if (options->real == NULL) agent->violations = (int32_t)violations;
  agent->transitions_acked = (uint64_t)acked;
  (void)fc_json_bool(fc_json_get(session, "verified"), &agent->verified);
  /* An agent that has not settled in time is taken as it is. */
  const fc_json_t *settled = fc_json_get(summary, "settled_configuration");
  const fc_json_t *chosen =
      options->real != NULL && !fc_json_is_array(settled) ? fc_json_get(summary, "configuration") : settled;
  return read_configuration(chosen, options->workflow, agent->configuration);
}

/* Its session may open again when the load changes: every window that is not of a settled agent costs. */
static void count_tuning(const fc_json_t *line, demo_agent_t *agent) {
  const char *qos = fc_json_string(fc_json_get(line, "qos"));
  if (agent->is_settled) return;
  agent->tuning_windows += 1;
  agent->violations += qos != NULL && strcmp(qos, "violated") == 0;
}

/* Every line that is there; *summary true once the last one came with the configuration. */
static void read_lines(const demo_agent_options_t *options, follow_t *follow, demo_agent_t *agent, bool *summary) {
  for (const char *text = next_line(follow); text != NULL; text = next_line(follow)) {
    fc_json_t *line = NULL;
    if (fc_json_parse(text, strlen(text), &line, NULL) != FC_OK) continue;
    const char *event = fc_json_string(fc_json_get(line, "event"));
    fc_status_t status = FC_OK;
    if (event != NULL && strcmp(event, "window") == 0) {
      const char *phase = fc_json_string(fc_json_get(line, "phase"));
      print_window(options, line);
      agent->windows_seen += 1;
      agent->is_settled = phase != NULL && strcmp(phase, "settled") == 0;
      count_tuning(line, agent);
    }
    if (event != NULL && strcmp(event, "summary") == 0) {
      *summary = true;
      status = take_summary(options, line, agent);
    }
    fc_json_destroy(&line);
    /* The exit code says more than what is missing. */
    if (status != FC_OK) *summary = false;
  }
}

/* In real time an agent goes on for ever. */
static bool has_seen_enough(const demo_agent_options_t *options, const demo_agent_t *agent) {
  if (options->real == NULL) return false;
  const int64_t after = agent->windows_seen - options->windows;
  return (after >= SETTLING_WINDOWS && agent->is_settled) || after >= MAX_SETTLING_WINDOWS;
}

static fc_status_t follow_agent(const demo_agent_options_t *options, follow_t *follow, demo_agent_t *agent,
                                fc_error_t *error) {
  bool summary = false;
  for (bool running = true; running;) {
    running = process_running(&agent->process);
    read_lines(options, follow, agent, &summary);
    FC_TRY(demo_server_supervise(options->server, error));
    if (*options->interrupted) return fc_error_set(error, FC_ECLOSED, "interrupted");
    if (running && options->real != NULL) FC_TRY(options->real->meanwhile(options->real->self, error));
    if (running && has_seen_enough(options, agent)) {
      FC_TRY(options->real->before_end(options->real->self, error));
      process_stop(&agent->process, STOP_TIMEOUT_MS);
    }
    if (running) poll(NULL, 0, POLL_MS);
  }
  if (agent->process.exit_code == 0 && summary) return FC_OK;
  return fc_error_set(error, FC_EIO, "faasconf-agent ended with code %d%s; its log: %s/agent.log",
                      agent->process.exit_code, summary ? "" : " and says no configuration that it settled on",
                      options->folder);
}

fc_status_t demo_agent_run(const demo_agent_options_t *options, demo_agent_t *agent, fc_error_t *error) {
  char program[DEMO_PATH_SIZE], config[DEMO_PATH_SIZE + 64], out[DEMO_PATH_SIZE + 64], log[DEMO_PATH_SIZE + 64],
      windows[16];
  FC_TRY(process_sibling("faasconf-agent", program, sizeof program, error));
  if (options->real == NULL) FC_TRY(write_configuration(options, error));
  agent->configuration = calloc((size_t)options->workflow->n_functions, sizeof *agent->configuration);
  follow_t *follow = calloc(1, sizeof *follow);
  if (agent->configuration == NULL || follow == NULL) {
    free(follow);
    return fc_error_set(error, FC_ENOMEM, "no memory to follow the agent");
  }
  path_of(options, "agent.yaml", config);
  const char *config_used = options->real != NULL ? options->real->config : config;
  path_of(options, "agent.out", out);
  path_of(options, "agent.log", log);
  snprintf(windows, sizeof windows, "%d", options->windows + SETTLING_WINDOWS);
  const char *argv[] = {program, "--config", config_used, "--progress", options->real == NULL ? "--windows" : NULL,
                        windows, NULL};
  fc_status_t status = process_start(&agent->process, argv, out, log, error);
  if (status == FC_OK) {
    fprintf(options->out, "agent     tunes %s in auto for %d windows, %d more to settle\n", options->workflow->name,
            options->windows, SETTLING_WINDOWS);
    while ((follow->file = fopen(out, "r")) == NULL && process_running(&agent->process)) poll(NULL, 0, POLL_MS);
    if (follow->file == NULL)
      status = fc_error_set(error, FC_EIO, "faasconf-agent ended while starting; its log: %s", log);
    else
      status = follow_agent(options, follow, agent, error);
  }
  if (follow->file != NULL) (void)fclose(follow->file);
  free(follow);
  return status;
}

void demo_agent_stop(demo_agent_t *agent) {
  process_stop(&agent->process, STOP_TIMEOUT_MS);
}

void demo_agent_clear(demo_agent_t *agent) {
  free(agent->configuration);
  agent->configuration = NULL;
}
