/* settings.h - agent.yaml, read and checked: everything one agent is told from outside.
 *
 * Plain data, filled once at start and immutable afterwards; any thread may read it. Unknown keys, wrong types and
 * combinations that are not there yet (mode approve, CURVE, strategy conformal) are refused with file, line and what to
 * do. Keys and defaults: docs/agent.md. Per-function limits are kept as rules and applied once the workflow is loaded.
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "faasconf/digest.h"
#include "faasconf/log.h"
#include "faasconf/safety.h"
#include "settings_local.h"
#include "settings_metrics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the agent may do. In the first two nothing is ever written to the platform. */
typedef enum { AGENT_MODE_OBSERVE = 0, AGENT_MODE_RECOMMEND = 1, AGENT_MODE_AUTO = 2 } agent_mode_t;

bool agent_mode_parse(const char *text, agent_mode_t *out);
const char *agent_mode_name(agent_mode_t mode);

enum {
  SETTINGS_PATH_SIZE = 1024,
  SETTINGS_ENDPOINT_SIZE = 256,
  SETTINGS_PLACE_SIZE = 256,
  SETTINGS_MAX_LIMIT_RULES = 256
};

/* One line of safety.limits: an absolute range for one knob of one function, or of all ("*"). */
typedef struct {
  char function[FC_NAME_SIZE];
  fc_knob_t knob;
  fc_knob_range_t range;
} settings_limit_rule_t;

/* One of the functions this agent controls (ownership.h). */
typedef struct {
  char name[FC_NAME_SIZE];
  char place[SETTINGS_PLACE_SIZE]; /* "file:line:column: " of the name, for a complaint once the workflow is known */
} settings_function_t;

/* The tuning session (session.h). */
typedef struct {
  int32_t windows;           /* budget; 0: no session, the policy decides every window */
  double exploration_sigma;  /* of the Gaussian noise on each action component */
  double retreat;            /* share of the way back to the best good configuration after a violation; 0..1 */
  int32_t remeasure_windows; /* last part of the budget, for re-measuring candidates */
  int32_t verify_windows;    /* measurements, all met, before a configuration counts as verified */
  double verify_sigma;       /* prior standard deviation of ln v between windows of one configuration; 0.1 is
                                what the Parallel workflow shows for latency (0.08) and successes (0.11) */
  int32_t judging_windows;   /* after settling, outside the budget */
  double load_tolerance;     /* relative change of measured load that re-opens the session */
  uint64_t seed;             /* of exploration and safety noise */
} settings_session_t;

/* The breach detector and what follows an alarm (guard.h, last_good.h). */
typedef struct {
  double compliance;          /* share of windows that meet QoS when all is well; 0.95 */
  double breach_compliance;   /* the share it must detect; 0.5 */
  double false_alarm_windows; /* mean windows between false alarms; 86400 = 30 days of 30 s */
  int32_t freeze_windows;     /* exploration stays frozen this long after an alarm, doubled by each further one */
} settings_guard_t;

typedef struct {
  char agent[FC_NAME_SIZE];
  char workflow[SETTINGS_PATH_SIZE]; /* name or path */
  char state[SETTINGS_PATH_SIZE];
  int32_t n_functions; /* this agent controls; 0 = all */
  settings_function_t *functions;
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  agent_mode_t mode;
  bool lockstep;
  double lockstep_timeout_s;

  bool has_server;
  char ingest[SETTINGS_ENDPOINT_SIZE];
  char hints[SETTINGS_ENDPOINT_SIZE]; /* "" = none */
  bool has_public_key;
  uint8_t public_key[FC_PUBLIC_KEY_SIZE];
  double flush_s; /* at exit, how long unsent transitions may take */
  int64_t max_policy_bytes;

  char platform_kind[FC_NAME_SIZE];
  char platform_connect[SETTINGS_ENDPOINT_SIZE]; /* a served simulation; "" = the embedded one */
  int32_t platform_users;
  uint64_t platform_seed;
  settings_local_t local; /* of kind local */
  settings_metrics_t metrics;

  fc_safety_strategy_t strategy;
  double noise_sigma;
  fc_rails_t rails;
  int32_t violations_to_redetermine;
  int32_t n_limit_rules;
  settings_limit_rule_t *limit_rules;
  settings_guard_t guard;
  settings_session_t session;

  int64_t spool_max_bytes;
  int64_t decision_log_max_bytes;
  fc_log_level_t log_level;
  bool log_json;
} settings_t;

/* Reads and checks `path`. *settings is owned by the caller and freed with settings_clear, also after a failure.
 * FC_ENOTFOUND, FC_EFORMAT or FC_EUNSAFE with "file:line:column: ...". Blocks on file I/O. */
fc_status_t settings_load(const char *path, settings_t *settings, fc_error_t *error);
fc_status_t settings_parse(const char *text, size_t size, const char *file, settings_t *settings, fc_error_t *error);
void settings_clear(settings_t *settings);

/* Absolute limits: the workflow's ranges narrowed by the rules. *limits was initialised for this workflow. A rule that
 * names an unknown function or leaves a knob no value is FC_EINVAL. */
fc_status_t settings_apply_limits(const settings_t *settings, const fc_workflow_t *workflow, fc_limits_t *limits,
                                  fc_error_t *error);

/* The same limits narrowed to what platform `kind` takes, caps (N, A). FC_EINVAL names a knob that is left no value. */
fc_status_t settings_narrow_limits(const char *kind, const fc_workflow_t *workflow, const fc_knob_range_t *caps,
                                   fc_limits_t *limits, fc_error_t *error);

/* True for tcp on 127.0.0.0/8, [::1] or localhost, and for ipc and inproc. */
bool settings_is_loopback(const char *endpoint);

#ifdef __cplusplus
}
#endif
#endif
