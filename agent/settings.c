/* settings.c - agent.yaml: see settings.h. */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/config.h"

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))

bool agent_mode_parse(const char *text, agent_mode_t *out) {
  static const struct {
    const char *name;
    agent_mode_t mode;
  } modes[] = {{"observe", AGENT_MODE_OBSERVE}, {"recommend", AGENT_MODE_RECOMMEND}, {"auto", AGENT_MODE_AUTO}};
  for (int32_t i = 0; i < COUNT(modes); ++i) {
    if (strcmp(text, modes[i].name) == 0) {
      *out = modes[i].mode;
      return true;
    }
  }
  return false;
}

const char *agent_mode_name(agent_mode_t mode) {
  switch (mode) {
    case AGENT_MODE_OBSERVE:
      return "observe";
    case AGENT_MODE_RECOMMEND:
      return "recommend";
    case AGENT_MODE_AUTO:
      return "auto";
  }
  return "unknown";
}

bool settings_is_loopback(const char *endpoint) {
  if (strncmp(endpoint, "ipc://", 6) == 0 || strncmp(endpoint, "inproc://", 9) == 0) return true;
  if (strncmp(endpoint, "tcp://", 6) != 0) return false;
  const char *host = endpoint + 6;
  const char *port = strrchr(host, ':');
  if (!port) return false;
  const size_t length = (size_t)(port - host);
  if ((length == 9 && strncmp(host, "localhost", 9) == 0) || (length == 5 && strncmp(host, "[::1]", 5) == 0))
    return true;
  if (length < 9 || strncmp(host, "127.", 4) != 0) return false;
  /* Digits and dots only, so that 127.evil.example is not taken for an address. */
  return strspn(host, "0123456789.") == length;
}

static void set_defaults(settings_t *s) {
  memset(s, 0, sizeof *s);
  s->mode = AGENT_MODE_RECOMMEND;
  s->lockstep_timeout_s = 30;
  s->flush_s = 2;
  s->max_policy_bytes = 2 << 20; /* three copies at the swap: together below 16 MiB */
  s->platform_users = 1;
  s->platform_seed = 1;
  s->strategy = FC_STRATEGY_SES_PAPER;
  s->noise_sigma = 0.05;
  s->violations_to_redetermine = 3;
  s->guard = (settings_guard_t){0.95, 0.5, 86400, 20};
  s->session = (settings_session_t){15, 0.1, 0.5, 7, 3, 0.1, 0, 0.25, 1};
  s->spool_max_bytes = 16 << 20;
  s->decision_log_max_bytes = 8 << 20;
  s->log_level = FC_LOG_INFO;
}

/* An optional string that must be one of a few words; `parse` stores it through `out`. */
static fc_status_t read_word(const fc_config_node_t *map, const char *key, const char *expected,
                             bool (*parse)(const char *text, void *out), void *out, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(map, key);
  if (!node) return FC_OK;
  const char *text = fc_config_text(node);
  if (!text || !parse(text, out)) return fc_config_error(node, error, "%s: expected %s", key, expected);
  return FC_OK;
}

static bool parse_semantics(const char *text, void *out) {
  return fc_semantics_parse(text, out);
}
static bool parse_strategy(const char *text, void *out) {
  return fc_safety_strategy_parse(text, out);
}
static bool parse_rails(const char *text, void *out) {
  return fc_rails_profile_parse(text, out);
}
static bool parse_level(const char *text, void *out) {
  return fc_log_level_parse(text, out);
}
static bool parse_ranges(const char *text, void *out) {
  fc_ranges_t *ranges = out;
  *ranges = strcmp(text, "full") == 0 ? FC_RANGES_FULL : FC_RANGES_MEASURED;
  return strcmp(text, "full") == 0 || strcmp(text, "measured") == 0;
}

static fc_status_t read_int32(const fc_config_node_t *map, const char *key, int64_t minimum, int64_t maximum,
                              int32_t *out, fc_error_t *error) {
  int64_t value = *out;
  FC_TRY(fc_config_int(map, key, minimum, maximum, &value, error));
  *out = (int32_t)value;
  return FC_OK;
}

static fc_status_t read_mode(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(root, "mode");
  if (!node) return FC_OK;
  const char *text = fc_config_text(node);
  if (text && strcmp(text, "approve") == 0)
    return fc_config_error(node, error,
                           "mode approve needs signed approvals, which this version does not have: use recommend "
                           "(decides, never writes) or auto");
  if (!text || !agent_mode_parse(text, &s->mode))
    return fc_config_error(node, error, "mode: expected observe, recommend or auto");
  return FC_OK;
}

static fc_status_t read_endpoint(const fc_config_node_t *server, const char *key, bool insecure_loopback, char *out,
                                 fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(server, key);
  if (!node) return FC_OK;
  FC_TRY(fc_config_as_text(node, out, SETTINGS_ENDPOINT_SIZE, error));
  if (!settings_is_loopback(out))
    return fc_config_error(node, error,
                           "server.%s %s is not on this machine, and this version has no encryption yet (CURVE): use a "
                           "loopback address such as tcp://127.0.0.1:7400, or server: none",
                           key, out);
  if (!insecure_loopback)
    return fc_config_error(node, error,
                           "plain sockets are only opened when the file says so: add security: {insecure_loopback: "
                           "true}");
  return FC_OK;
}

static fc_status_t read_server(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  static const char *const keys[] = {"ingest", "hints", "public_key", "flush_s", "max_policy_bytes"};
  static const char *const security_keys[] = {"insecure_loopback"};
  bool insecure_loopback = false;
  const fc_config_node_t *security = fc_config_get(root, "security");
  if (security) {
    if (!fc_config_is_map(security)) return fc_config_error(security, error, "security: expected a map");
    FC_TRY(fc_config_reject_unknown(security, security_keys, COUNT(security_keys), error));
    FC_TRY(fc_config_bool(security, "insecure_loopback", &insecure_loopback, error));
  }
  const fc_config_node_t *server = fc_config_get(root, "server");
  if (!server) return FC_OK;
  if (fc_config_is_scalar(server)) {
    const char *text = fc_config_text(server);
    if (text && strcmp(text, "none") == 0) return FC_OK;
    return fc_config_error(server, error, "server: expected none, or a map with ingest: tcp://127.0.0.1:PORT");
  }
  if (!fc_config_is_map(server)) return fc_config_error(server, error, "server: expected a map or none");
  FC_TRY(fc_config_reject_unknown(server, keys, COUNT(keys), error));
  const fc_config_node_t *ingest = NULL;
  FC_TRY(fc_config_require(server, "ingest", &ingest, error));
  FC_TRY(read_endpoint(server, "ingest", insecure_loopback, s->ingest, error));
  FC_TRY(read_endpoint(server, "hints", insecure_loopback, s->hints, error));
  FC_TRY(fc_config_double(server, "flush_s", 0, 60, &s->flush_s, error));
  FC_TRY(fc_config_int(server, "max_policy_bytes", 1024, 64 << 20, &s->max_policy_bytes, error));
  const fc_config_node_t *key = fc_config_get(server, "public_key");
  if (key) {
    const char *text = fc_config_text(key);
    if (!text || !fc_unhex(text, s->public_key, FC_PUBLIC_KEY_SIZE))
      return fc_config_error(key, error, "server.public_key: expected %d hexadecimal digits", 2 * FC_PUBLIC_KEY_SIZE);
    s->has_public_key = true;
  }
  s->has_server = true;
  return FC_OK;
}

/* The load and the draws are then those of whoever serves; the seed stays that of the session. */
static fc_status_t read_connect(const fc_config_node_t *platform, settings_t *s, fc_error_t *error) {
  const fc_config_node_t *connect = fc_config_get(platform, "connect");
  if (!connect) return FC_OK;
  FC_TRY(fc_config_as_text(connect, s->platform_connect, sizeof s->platform_connect, error));
  if (!settings_is_loopback(s->platform_connect) || strncmp(s->platform_connect, "inproc://", 9) == 0)
    return fc_config_error(connect, error,
                           "platform.connect: %s is not on this machine: expected the address that `faasconf simulate "
                           "--serve` names, such as tcp://127.0.0.1:7610",
                           s->platform_connect);
  const fc_config_node_t *users = fc_config_get(platform, "users");
  if (users)
    return fc_config_error(users, error,
                           "platform.users: the served simulation has its own load: leave users or connect out");
  return FC_OK;
}

static fc_status_t read_platform(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  static const char *const keys[] = {"kind", "connect", "users", "seed", "semantics"};
  const fc_config_node_t *platform = NULL, *kind = NULL;
  FC_TRY(fc_config_require(root, "platform", &platform, error));
  if (!fc_config_is_map(platform)) return fc_config_error(platform, error, "platform: expected a map with kind");
  FC_TRY(fc_config_require(platform, "kind", &kind, error));
  FC_TRY(fc_config_as_text(kind, s->platform_kind, sizeof s->platform_kind, error));
  if (strcmp(s->platform_kind, "local") == 0) return settings_local_read(platform, &s->local, error);
  if (strcmp(s->platform_kind, "sim") != 0)
    return fc_config_error(kind, error, "platform.kind: expected sim or local, found %s", s->platform_kind);
  FC_TRY(fc_config_reject_unknown(platform, keys, COUNT(keys), error));
  FC_TRY(read_connect(platform, s, error));
  FC_TRY(read_int32(platform, "users", 1, 1000000, &s->platform_users, error));
  int64_t seed = (int64_t)s->platform_seed;
  FC_TRY(fc_config_int(platform, "seed", 0, INT64_MAX, &seed, error));
  s->platform_seed = (uint64_t)seed;
  s->session.seed = s->platform_seed;
  return read_word(platform, "semantics", "strict or as-published", parse_semantics, &s->semantics, error);
}

static fc_status_t add_limit(settings_t *s, const char *function, const fc_config_node_t *ranges, int32_t index,
                             fc_error_t *error) {
  const char *key = fc_config_key_at(ranges, index);
  const fc_config_node_t *value = fc_config_value_at(ranges, index);
  settings_limit_rule_t rule = {0};
  if (strlen(function) >= sizeof rule.function)
    return fc_config_error(ranges, error, "safety.limits: the function name is longer than %d bytes", FC_NAME_SIZE - 1);
  memcpy(rule.function, function, strlen(function) + 1);
  int32_t knob = 0;
  while (knob < FC_KNOBS && strcmp(key, fc_knob_name((fc_knob_t)knob)) != 0) ++knob;
  if (knob == FC_KNOBS)
    return fc_config_error(
        value, error, "safety.limits.%s: unknown knob %s: expected cpu_millicores, mem_mib, replicas or concurrency",
        function, key);
  rule.knob = (fc_knob_t)knob;
  if (!fc_config_is_list(value) || fc_config_size(value) != 2)
    return fc_config_error(value, error, "safety.limits.%s.%s: expected [lowest, highest]", function, key);
  int64_t bound[2];
  for (int32_t i = 0; i < 2; ++i) FC_TRY(fc_config_as_int(fc_config_at(value, i), 1, 1 << 24, &bound[i], error));
  if (bound[0] > bound[1])
    return fc_config_error(value, error, "safety.limits.%s.%s: the lowest value %lld is above the highest %lld",
                           function, key, (long long)bound[0], (long long)bound[1]);
  rule.range = (fc_knob_range_t){(int32_t)bound[0], (int32_t)bound[1]};
  if (s->n_limit_rules == SETTINGS_MAX_LIMIT_RULES)
    return fc_config_error(value, error, "safety.limits: more than %d rules", SETTINGS_MAX_LIMIT_RULES);
  if (!s->limit_rules) s->limit_rules = calloc(SETTINGS_MAX_LIMIT_RULES, sizeof *s->limit_rules);
  if (!s->limit_rules) return fc_error_set(error, FC_ENOMEM, "safety.limits: out of memory");
  s->limit_rules[s->n_limit_rules++] = rule;
  return FC_OK;
}

static fc_status_t read_limits(const fc_config_node_t *safety, settings_t *s, fc_error_t *error) {
  const fc_config_node_t *limits = fc_config_get(safety, "limits");
  if (!limits) return FC_OK;
  if (!fc_config_is_map(limits)) return fc_config_error(limits, error, "safety.limits: expected a map of functions");
  for (int32_t f = 0; f < fc_config_size(limits); ++f) {
    const char *function = fc_config_key_at(limits, f);
    const fc_config_node_t *ranges = fc_config_value_at(limits, f);
    if (!fc_config_is_map(ranges))
      return fc_config_error(ranges, error, "safety.limits.%s: expected a map such as {replicas: [2, 6]}", function);
    for (int32_t k = 0; k < fc_config_size(ranges); ++k) FC_TRY(add_limit(s, function, ranges, k, error));
  }
  return FC_OK;
}

static fc_status_t read_guard(const fc_config_node_t *safety, settings_guard_t *guard, fc_error_t *error) {
  static const char *const keys[] = {"compliance", "breach_compliance", "false_alarm_windows", "freeze_windows"};
  const fc_config_node_t *node = fc_config_get(safety, "guard");
  if (!node) return FC_OK;
  if (!fc_config_is_map(node)) return fc_config_error(node, error, "safety.guard: expected a map");
  FC_TRY(fc_config_reject_unknown(node, keys, COUNT(keys), error));
  FC_TRY(fc_config_double(node, "compliance", 0.5, 0.9999, &guard->compliance, error));
  FC_TRY(fc_config_double(node, "breach_compliance", 0.01, 0.95, &guard->breach_compliance, error));
  FC_TRY(fc_config_double(node, "false_alarm_windows", 10, 1e9, &guard->false_alarm_windows, error));
  FC_TRY(read_int32(node, "freeze_windows", 0, 100000, &guard->freeze_windows, error));
  if (guard->breach_compliance >= guard->compliance - 0.01)
    return fc_config_error(node, error, "safety.guard: breach_compliance must be clearly below compliance");
  return FC_OK;
}

static fc_status_t read_safety(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  static const char *const keys[] = {"strategy", "rails", "noise_sigma",
                                     "limits",   "guard", "violations_to_redetermine"};
  fc_rails_profile_t profile = FC_RAILS_PRODUCTION;
  const fc_config_node_t *safety = fc_config_get(root, "safety");
  if (safety) {
    if (!fc_config_is_map(safety)) return fc_config_error(safety, error, "safety: expected a map");
    FC_TRY(fc_config_reject_unknown(safety, keys, COUNT(keys), error));
    FC_TRY(read_word(safety, "strategy", "none, ses_code or ses_paper", parse_strategy, &s->strategy, error));
    if (s->strategy == FC_STRATEGY_CONFORMAL)
      return fc_config_error(fc_config_get(safety, "strategy"), error,
                             "strategy conformal is not in this version: use none, ses_code or ses_paper");
    FC_TRY(read_word(safety, "rails", "tuning, production or off", parse_rails, &profile, error));
    FC_TRY(fc_config_double(safety, "noise_sigma", 0, 0.5, &s->noise_sigma, error));
    FC_TRY(read_int32(safety, "violations_to_redetermine", 1, 1000, &s->violations_to_redetermine, error));
    FC_TRY(read_limits(safety, s, error));
    FC_TRY(read_guard(safety, &s->guard, error));
  }
  s->rails = fc_rails_default(profile);
  return FC_OK;
}

static fc_status_t read_session(const fc_config_node_t *root, settings_session_t *session, fc_error_t *error) {
  static const char *const keys[] = {"windows",           "exploration_sigma", "retreat",
                                     "remeasure_windows", "verify_windows",    "verify_sigma",
                                     "judging_windows",   "load_tolerance",    "seed"};
  const fc_config_node_t *node = fc_config_get(root, "session");
  if (!node) return FC_OK;
  if (!fc_config_is_map(node)) return fc_config_error(node, error, "session: expected a map");
  FC_TRY(fc_config_reject_unknown(node, keys, COUNT(keys), error));
  FC_TRY(read_int32(node, "windows", 0, 100000, &session->windows, error));
  FC_TRY(fc_config_double(node, "exploration_sigma", 0, 1, &session->exploration_sigma, error));
  FC_TRY(fc_config_double(node, "retreat", 0, 1, &session->retreat, error));
  FC_TRY(read_int32(node, "remeasure_windows", 0, 100000, &session->remeasure_windows, error));
  FC_TRY(read_int32(node, "verify_windows", 1, 1000, &session->verify_windows, error));
  FC_TRY(fc_config_double(node, "verify_sigma", 0, 1, &session->verify_sigma, error));
  FC_TRY(read_int32(node, "judging_windows", 0, 1000000, &session->judging_windows, error));
  FC_TRY(fc_config_double(node, "load_tolerance", 0.01, 10, &session->load_tolerance, error));
  int64_t seed = (int64_t)session->seed;
  FC_TRY(fc_config_int(node, "seed", 0, INT64_MAX, &seed, error));
  session->seed = (uint64_t)seed;
  return FC_OK;
}

static fc_status_t read_spool_and_log(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  static const char *const spool_keys[] = {"max_bytes"};
  static const char *const log_keys[] = {"level", "json", "decisions_max_bytes"};
  const fc_config_node_t *spool = fc_config_get(root, "spool");
  if (spool) {
    if (!fc_config_is_map(spool)) return fc_config_error(spool, error, "spool: expected a map");
    FC_TRY(fc_config_reject_unknown(spool, spool_keys, COUNT(spool_keys), error));
    FC_TRY(fc_config_int(spool, "max_bytes", 65536, (int64_t)1 << 32, &s->spool_max_bytes, error));
  }
  const fc_config_node_t *log = fc_config_get(root, "log");
  if (log) {
    if (!fc_config_is_map(log)) return fc_config_error(log, error, "log: expected a map");
    FC_TRY(fc_config_reject_unknown(log, log_keys, COUNT(log_keys), error));
    FC_TRY(read_word(log, "level", "debug, info, warn or error", parse_level, &s->log_level, error));
    FC_TRY(fc_config_bool(log, "json", &s->log_json, error));
    FC_TRY(fc_config_int(log, "decisions_max_bytes", 65536, (int64_t)1 << 32, &s->decision_log_max_bytes, error));
  }
  return FC_OK;
}

static fc_status_t read_name(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  const fc_config_node_t *node = NULL;
  FC_TRY(fc_config_require(root, "agent", &node, error));
  FC_TRY(fc_config_as_text(node, s->agent, sizeof s->agent, error));
  if (s->agent[0] == '\0' ||
      strspn(s->agent, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(s->agent))
    return fc_config_error(node, error, "agent: expected letters, digits, '.', '_' or '-'");
  FC_TRY(fc_config_require(root, "workflow", &node, error));
  FC_TRY(fc_config_as_text(node, s->workflow, sizeof s->workflow, error));
  FC_TRY(fc_config_require(root, "state", &node, error));
  FC_TRY(fc_config_as_text(node, s->state, sizeof s->state, error));
  if (s->state[0] == '\0') return fc_config_error(node, error, "state: expected a folder");
  return FC_OK;
}

static fc_status_t add_function(settings_t *s, const fc_config_node_t *node, fc_error_t *error) {
  settings_function_t *function = &s->functions[s->n_functions];
  FC_TRY(fc_config_as_text(node, function->name, sizeof function->name, error));
  for (int32_t i = 0; i < s->n_functions; ++i)
    if (strcmp(s->functions[i].name, function->name) == 0)
      return fc_config_error(node, error, "functions: %s is there twice", function->name);
  fc_error_t place = {0};
  fc_config_error(node, &place, "%s", "");
  snprintf(function->place, sizeof function->place, "%.*s", (int)sizeof function->place - 1, place.message);
  s->n_functions += 1;
  return FC_OK;
}

static fc_status_t read_functions(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(root, "functions");
  if (!node) return FC_OK;
  if (!fc_config_is_list(node) || fc_config_size(node) < 1)
    return fc_config_error(node, error,
                           "functions: expected a list of the functions this agent controls, such as [starter, rgb]; "
                           "leave it out for all");
  if (fc_config_size(node) > FC_MAX_FUNCTIONS)
    return fc_config_error(node, error, "functions: more than %d names", FC_MAX_FUNCTIONS);
  s->functions = calloc((size_t)fc_config_size(node), sizeof *s->functions);
  if (!s->functions) return fc_error_set(error, FC_ENOMEM, "functions: out of memory");
  for (int32_t i = 0; i < fc_config_size(node); ++i) FC_TRY(add_function(s, fc_config_at(node, i), error));
  return FC_OK;
}

static fc_status_t read_root(const fc_config_node_t *root, settings_t *s, fc_error_t *error) {
  static const char *const keys[] = {
      "agent",  "workflow", "functions", "semantics", "ranges",  "state", "mode", "lockstep", "lockstep_timeout_s",
      "server", "security", "platform",  "safety",    "session", "spool", "log",  "metrics"};
  if (!root || !fc_config_is_map(root)) return fc_config_error(root, error, "expected a map of settings");
  FC_TRY(fc_config_reject_unknown(root, keys, COUNT(keys), error));
  FC_TRY(read_name(root, s, error));
  FC_TRY(read_functions(root, s, error));
  FC_TRY(read_word(root, "semantics", "strict or as-published", parse_semantics, &s->semantics, error));
  FC_TRY(read_word(root, "ranges", "measured or full", parse_ranges, &s->ranges, error));
  FC_TRY(read_mode(root, s, error));
  FC_TRY(fc_config_bool(root, "lockstep", &s->lockstep, error));
  FC_TRY(fc_config_double(root, "lockstep_timeout_s", 0, 3600, &s->lockstep_timeout_s, error));
  FC_TRY(read_server(root, s, error));
  FC_TRY(read_platform(root, s, error));
  const bool is_local = strcmp(s->platform_kind, "local") == 0;
  FC_TRY(settings_metrics_read(fc_config_get(root, "metrics"), is_local ? &s->local : NULL, &s->metrics, error));
  FC_TRY(read_safety(root, s, error));
  FC_TRY(read_session(root, &s->session, error));
  return read_spool_and_log(root, s, error);
}

static fc_status_t take_document(fc_config_t *document, settings_t *settings, fc_error_t *error) {
  const fc_status_t status = read_root(fc_config_root(document), settings, error);
  fc_config_destroy(&document);
  return status;
}

fc_status_t settings_load(const char *path, settings_t *settings, fc_error_t *error) {
  set_defaults(settings);
  fc_config_t *document = NULL;
  FC_TRY(fc_config_load(path, &document, error));
  return take_document(document, settings, error);
}

fc_status_t settings_parse(const char *text, size_t size, const char *file, settings_t *settings, fc_error_t *error) {
  set_defaults(settings);
  fc_config_t *document = NULL;
  FC_TRY(fc_config_parse(text, size, file, &document, error));
  return take_document(document, settings, error);
}

void settings_clear(settings_t *settings) {
  settings_local_clear(&settings->local);
  free(settings->limit_rules);
  settings->limit_rules = NULL;
  settings->n_limit_rules = 0;
  free(settings->functions);
  settings->functions = NULL;
  settings->n_functions = 0;
}

fc_status_t settings_apply_limits(const settings_t *settings, const fc_workflow_t *workflow, fc_limits_t *limits,
                                  fc_error_t *error) {
  for (int32_t i = 0; i < settings->n_limit_rules; ++i) {
    const settings_limit_rule_t *rule = &settings->limit_rules[i];
    const bool all = strcmp(rule->function, "*") == 0;
    const int32_t found = all ? 0 : fc_workflow_find(workflow, rule->function);
    if (found < 0)
      return fc_error_set(error, FC_EINVAL, "safety.limits: workflow %s has no function %s", workflow->name,
                          rule->function);
    for (int32_t f = found; f < (all ? workflow->n_functions : found + 1); ++f) {
      fc_knob_range_t *range = &limits->knobs[f * FC_KNOBS + (int32_t)rule->knob];
      if (rule->range.min > range->min) range->min = rule->range.min;
      if (rule->range.max < range->max) range->max = rule->range.max;
      if (range->min > range->max)
        return fc_error_set(error, FC_EINVAL,
                            "safety.limits.%s.%s: [%d, %d] leaves no value within the workflow's range of function %s",
                            rule->function, fc_knob_name(rule->knob), (int)rule->range.min, (int)rule->range.max,
                            workflow->functions[f].name);
    }
  }
  return FC_OK;
}

fc_status_t settings_narrow_limits(const char *kind, const fc_workflow_t *workflow, const fc_knob_range_t *caps,
                                   fc_limits_t *limits, fc_error_t *error) {
  for (int32_t i = 0; i < workflow->n_functions * FC_KNOBS; ++i) {
    fc_knob_range_t *range = &limits->knobs[i];
    if (caps[i].min > range->min) range->min = caps[i].min;
    if (caps[i].max < range->max) range->max = caps[i].max;
    if (range->min > range->max)
      return fc_error_set(error, FC_EINVAL, "platform %s allows %s of function %s in [%d, %d]: outside the limits",
                          kind, fc_knob_name((fc_knob_t)(i % FC_KNOBS)), workflow->functions[i / FC_KNOBS].name,
                          (int)caps[i].min, (int)caps[i].max);
  }
  return FC_OK;
}
