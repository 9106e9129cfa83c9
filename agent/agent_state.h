/* agent_state.h - what the files of the main loop share: agent.c (life, waiting), agent_window.c (the steps of one
 * window) and agent_describe.c (status, summary, progress). Internal to them. */
#ifndef AGENT_AGENT_STATE_H
#define AGENT_AGENT_STATE_H

#include "act.h"
#include "agent.h"
#include "control.h"
#include "decide.h"
#include "decision_log.h"
#include "filter.h"
#include "guard.h"
#include "last_good.h"
#include "link.h"
#include "observe.h"
#include "ownership.h"
#include "policy_cache.h"
#include "report.h"
#include "session.h"
#include "spool.h"

typedef struct {
  int64_t windows, met, violated, unknown, holds, alarms;
  int64_t judged, judged_met;
  int64_t recommendations;
} agent_counters_t;

struct agent {
  agent_options_t options;
  uint32_t capabilities;
  fc_clock_t platform_clock, system_clock;
  ownership_t ownership;
  fc_limits_t limits;
  spool_t *spool;
  policy_cache_t cache;
  link_t *link; /* NULL: no server */
  report_t *report;
  decide_t *decide;
  filter_t *filter;
  guard_t guard;
  last_good_t *last_good;
  history_t *history;
  session_t *session;
  act_t *act;
  control_t *control;
  decision_log_t decisions;

  int64_t window;   /* of the one that runs or has just ended */
  int64_t start_ns; /* of window 0 on the platform's clock */
  int64_t previous_start_us;
  int64_t frozen_until;                     /* exploration is frozen for windows below this */
  int64_t restore_until;                    /* what an alarm restores is tried in windows below this, until in force */
  int32_t freezes;                          /* alarms since the last session opened calmly: doubles the freeze */
  bool reopen;                              /* the session opens again when the freeze ends */
  bool ended;                               /* the platform has no more windows */
  bool lost;                                /* ended without being over: a failure */
  bool lockstep_broken;                     /* the server did not come back in time: no waiting until it does */
  int64_t records_window, records_connects; /* when safety records were last asked for */
  uint64_t sessions;                        /* opened */

  uint32_t in_force_flags;  /* FC_TRANSITION_EXPLORED: how the configuration in force came about */
  int64_t in_force_version; /* policy that decided it */
  double start_cost_usd_h;
  agent_counters_t counters;

  fc_observation_t observation;
  observe_result_t observed;
  fc_function_configuration_t *current;  /* (N) in force now */
  fc_function_configuration_t *wanted;   /* (N) before the filter */
  fc_function_configuration_t *proposed; /* (N) after it */
  uint32_t *bound_by;                    /* (N, A) */
  uint8_t digest[FC_DIGEST_SIZE];        /* of the last decision */
};

/* agent_window.c: everything that follows the end of a window. */
void agent_window(agent_t *agent);
/* Takes what the link brought: policy, records. */
void agent_take_news(agent_t *agent);
/* Is this window one that judges the settled configuration? */
bool agent_is_judging(const agent_t *agent);
/* The session has settled, its configuration is in force, and it was judged long enough. */
bool agent_is_done(const agent_t *agent);
/* The budget of a session in this run. */
int32_t agent_session_windows(const agent_t *agent);

/* agent.c: serves control and link until the server has everything and this agent the live policy (lockstep). */
void agent_wait_lockstep(agent_t *agent);

/* agent_describe.c */
void agent_describe(const agent_t *agent, fc_json_t *status);
void agent_print_progress(const agent_t *agent, const char *origin, double cost_then_usd_h, bool applied);

#endif
