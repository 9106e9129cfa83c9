/* agent_window.c - the steps that follow the end of each window: see agent.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent_state.h"
#include "configuration.h"
#include "faasconf/cost.h"

enum { RECORDS_EVERY_WINDOWS = 16, MAX_FREEZE_DOUBLINGS = 6, MAX_SETTLING_WINDOWS = 64, PROPOSAL_WINDOWS = 2 };

/* What the next window is to run with, and why. */
typedef struct {
  const char *origin;
  const char *reason;
  filter_origin_t filter;
  bool decided; /* `wanted` holds a configuration to filter; else: hold */
  bool from_policy;
  bool explored;
  bool restores;
} intent_t;

int32_t agent_session_windows(const agent_t *agent) {
  const settings_session_t *session = &agent->options.settings->session;
  if (agent->options.max_windows <= 0) return session->windows;
  const int64_t left = agent->options.max_windows - session->judging_windows;
  return left < session->windows ? (left > 1 ? (int32_t)left : 1) : session->windows;
}

static bool is_settled(const agent_t *agent) {
  const session_summary_t summary = session_summary(agent->session);
  return summary.phase == SESSION_SETTLED && summary.settled;
}

bool agent_is_judging(const agent_t *agent) {
  return is_settled(agent) && agent->counters.judged < agent->options.settings->session.judging_windows;
}

bool agent_is_done(const agent_t *agent) {
  const agent_options_t *options = &agent->options;
  const session_summary_t summary = session_summary(agent->session);
  const int64_t done = agent->window + 1;
  /* On the way to the settled configuration the run goes on, so that it ends where it says it does. */
  const bool arriving = summary.phase == SESSION_SETTLED && !summary.settled && summary.settling < MAX_SETTLING_WINDOWS;
  if (options->max_windows > 0) return done >= options->max_windows && !arriving;
  if (!(agent->capabilities & PLATFORM_VIRTUAL_TIME)) return false;
  if (summary.phase == SESSION_NONE) return done >= options->settings->session.windows;
  return summary.phase == SESSION_SETTLED && !arriving &&
         agent->counters.judged >= options->settings->session.judging_windows;
}

void agent_take_news(agent_t *agent) {
  if (!agent->link) return;
  link_news_t *news = link_news(agent->link);
  fc_error_t error = {0};
  if (news->policy && decide_take_policy(agent->decide, &news->policy, &error) != FC_OK)
    FC_LOG_W(agent->options.log, "agent", "%s", error.message);
  fc_policy_destroy(&news->policy);
  if (news->has_records) {
    news->has_records = false;
    if (filter_take_records(agent->filter, news->records, news->n_records, &error) != FC_OK)
      FC_LOG_W(agent->options.log, "agent", "%s", error.message);
  }
}

/* ---- guard, report, link -------------------------------------------------------------------------------------- */

static void count_verdict(agent_t *agent) {
  const fc_qos_verdict_t verdict = agent->observed.verdict;
  agent->counters.windows += 1;
  agent->counters.met += verdict == FC_QOS_MET;
  agent->counters.violated += verdict == FC_QOS_VIOLATED;
  agent->counters.unknown += verdict == FC_QOS_UNKNOWN;
}

static void raise_alarm(agent_t *agent) {
  agent->counters.alarms += 1;
  const int32_t doublings = agent->freezes < MAX_FREEZE_DOUBLINGS ? agent->freezes : MAX_FREEZE_DOUBLINGS;
  agent->frozen_until = agent->window + 1 + ((int64_t)agent->options.settings->guard.freeze_windows << doublings);
  agent->restore_until = agent->frozen_until;
  agent->freezes += 1;
  /* What was settled has drifted. An alarm while exploring says nothing new: candidates are judged one by one. */
  agent->reopen = session_summary(agent->session).phase == SESSION_SETTLED;
  FC_LOG_W(agent->options.log, "guard", "QoS breach at %.3g in flight: restoring, exploration frozen until window %lld",
           agent->observed.mean_in_flight, (long long)agent->frozen_until);
}

/* Judges, learns from the window, and raises the alarm when the detector says so. */
static void guard_step(agent_t *agent) {
  const observe_result_t *observed = &agent->observed;
  const fc_function_configuration_t *configuration = agent->observation.configuration;
  fc_error_t error = {0};
  count_verdict(agent);
  history_add(agent->history, &agent->observation, observed->verdict);
  const bool away = !agent->link || link_state(agent->link) != LINK_READY;
  filter_learn(agent->filter, agent->history, observed->verdict, observed->mean_in_flight, away);
  bool learned = last_good_update(agent->last_good, observed->mean_in_flight, configuration, observed->verdict);
  if (guard_update(&agent->guard, observed->verdict)) {
    raise_alarm(agent);
    learned = last_good_demote(agent->last_good, configuration) || learned;
  }
  if (learned && last_good_save(agent->last_good, agent->options.folder, &error) != FC_OK)
    FC_LOG_W(agent->options.log, "guard", "%s", error.message);
}

static void report_step(agent_t *agent, bool judging) {
  if (!ownership_reports(&agent->ownership)) return;
  if (!agent->observed.measured) {
    report_gap(agent->report);
    return;
  }
  fc_error_t error = {0};
  const uint32_t flags = agent->in_force_flags | (judging ? FC_TRANSITION_JUDGING : 0u);
  if (report_window(agent->report, &agent->observation, flags, agent->in_force_version, &error) != FC_OK)
    FC_LOG_W(agent->options.log, "report", "window %lld is not reported: %s", (long long)agent->window, error.message);
}

static void ask_for_records(agent_t *agent) {
  if (agent->options.settings->strategy == FC_STRATEGY_NONE || link_state(agent->link) != LINK_READY) return;
  const bool reconnected = link_counters(agent->link)->connects != agent->records_connects;
  if (!reconnected && agent->window - agent->records_window < RECORDS_EVERY_WINDOWS) return;
  agent->records_connects = link_counters(agent->link)->connects;
  agent->records_window = agent->window;
  link_request_records(agent->link);
}

static void link_step(agent_t *agent) {
  if (!agent->link) return;
  link_poll(agent->link, report_next_sequence(agent->report), 0);
  /* No acknowledgement tells an agent that does not report which policy is live now. */
  if (agent->options.settings->lockstep && !ownership_reports(&agent->ownership)) {
    link_refresh(agent->link, report_next_sequence(agent->report));
    agent_wait_lockstep(agent);
  }
  ask_for_records(agent);
  agent_wait_lockstep(agent);
  agent_take_news(agent);
}

/* ---- decide --------------------------------------------------------------------------------------------------- */

static void session_step(agent_t *agent, bool judging) {
  const observe_result_t *observed = &agent->observed;
  session_measure(agent->session, agent->observation.configuration, observed->verdict, observed->violation,
                  observed->mean_in_flight);
  if (judging) {
    agent->counters.judged += 1;
    agent->counters.judged_met += observed->verdict == FC_QOS_MET;
  }
  if (session_summary(agent->session).phase == SESSION_NONE || agent_is_judging(agent)) return;
  const bool thawed = agent->reopen && agent->window + 1 >= agent->frozen_until;
  const bool settled = session_summary(agent->session).phase == SESSION_SETTLED;
  if (session_load_changed(agent->session) || (thawed && settled)) {
    FC_LOG_I(agent->options.log, "session", "opened again: %s",
             session_load_changed(agent->session) ? "the load has changed" : "after a breach");
    if (session_load_changed(agent->session)) agent->freezes = 0;
    session_open(agent->session, agent->options.settings->session.windows);
    agent->reopen = false;
  }
}

static intent_t ask_policy(agent_t *agent, const decide_exploration_t *explore) {
  fc_error_t error = {0};
  const fc_status_t status = decide_window(agent->decide, &agent->observation, explore, agent->wanted, &error);
  if (status == FC_ESTATE) return (intent_t){.origin = "hold", .reason = "no policy is held yet"};
  if (status != FC_OK) {
    FC_LOG_W(agent->options.log, "decide", "%s", error.message);
    return (intent_t){.origin = "hold", .reason = "the policy gave no usable action"};
  }
  const bool explored = explore && (explore->sigma > 0 || explore->retreat > 0);
  return (intent_t){.origin = explored ? "policy+exploration" : "policy",
                    .reason = explored ? "a new candidate of the tuning session" : "the policy's choice",
                    .filter = FILTER_DECIDED,
                    .decided = true,
                    .from_policy = true,
                    .explored = explored};
}

static intent_t restore(agent_t *agent) {
  if (!last_good_restore(agent->last_good, agent->observed.mean_in_flight, agent->current, agent->wanted)) {
    agent->restore_until = 0;
    return (intent_t){.origin = "hold", .reason = "QoS breach, but no configuration is known good at this load"};
  }
  return (intent_t){.origin = "restore",
                    .reason = "QoS breach: back to the last good configuration, growing where now is larger",
                    .filter = FILTER_RESTORE,
                    .decided = true,
                    .restores = true};
}

static intent_t follow_session(agent_t *agent) {
  const bool frozen = agent->window + 1 < agent->frozen_until;
  if (frozen && agent->reopen)
    return (intent_t){.origin = "hold", .reason = "after a breach: what was restored stays until exploration thaws"};
  const fc_function_configuration_t *good = last_good_find(agent->last_good, agent->observed.mean_in_flight);
  session_step_t step;
  session_next(agent->session, agent->current, good, frozen, &step);
  const session_phase_t phase = session_summary(agent->session).phase;
  if (step.want == SESSION_STAY)
    return (intent_t){.origin = "hold", .reason = "the session knows nothing better than what is in force"};
  if (step.want == SESSION_GO_TO) {
    configuration_copy(agent->options.workflow, agent->wanted, step.target);
    const char *reason = phase == SESSION_SETTLED ? "the configuration the session settled on"
                                                  : "measuring the cheapest good candidate again";
    return (intent_t){
        .origin = "session", .reason = reason, .filter = FILTER_MEASURED, .decided = true, .explored = true};
  }
  const decide_exploration_t explore = {frozen ? 0 : step.sigma, step.retreat, step.towards};
  return ask_policy(agent, &explore);
}

static intent_t decide_step(agent_t *agent) {
  const agent_mode_t mode = agent->options.settings->mode;
  if (mode == AGENT_MODE_OBSERVE) return (intent_t){.origin = "hold", .reason = "mode observe decides nothing"};
  /* QoS and load are evidence enough to restore, whatever else is missing; a failed restore is tried again. */
  if (agent->window < agent->restore_until && agent->observed.verdict != FC_QOS_UNKNOWN) return restore(agent);
  if (!agent->observed.usable) {
    agent->counters.holds += 1;
    return (intent_t){.origin = "hold", .reason = agent->observed.why};
  }
  if (mode == AGENT_MODE_AUTO && session_summary(agent->session).phase != SESSION_NONE) return follow_session(agent);
  if (agent->window + 1 < agent->frozen_until)
    return (intent_t){.origin = "hold", .reason = "after a breach: what was restored stays"};
  return ask_policy(agent, NULL);
}

/* ---- act ------------------------------------------------------------------------------------------------------ */

static void propose(agent_t *agent, const intent_t *intent, const filter_result_t *filtered) {
  agent->counters.recommendations += 1;
  if (!agent->link) return;
  const settings_t *settings = agent->options.settings;
  fc_wire_proposal_t proposal = {0};
  char reason[600];
  snprintf(proposal.agent, sizeof proposal.agent, "%s", settings->agent);
  snprintf(proposal.workflow, sizeof proposal.workflow, "%s", agent->options.workflow->name);
  memcpy(proposal.decision_digest, agent->digest, FC_DIGEST_SIZE);
  const double validity_us = PROPOSAL_WINDOWS * agent->options.workflow->window_s * 1e6;
  proposal.expires_us =
      agent->observation.start_us + (int64_t)(agent->options.workflow->window_s * 1e6) + (int64_t)validity_us;
  proposal.cost_now_usd_h = filtered->cost_now_usd_h;
  proposal.cost_proposed_usd_h = filtered->cost_then_usd_h;
  proposal.n_functions = agent->options.workflow->n_functions;
  proposal.configuration = agent->proposed;
  snprintf(reason, sizeof reason, "%s (policy version %lld)", intent->reason, (long long)agent->cache.held);
  proposal.reason = reason;
  link_propose(agent->link, &proposal);
}

/* The only call of act_apply. */
static bool act_step(agent_t *agent, const intent_t *intent, const filter_result_t *filtered, fc_error_t *error) {
  const settings_t *settings = agent->options.settings;
  if (settings->mode != AGENT_MODE_AUTO) {
    propose(agent, intent, filtered);
    fc_error_set(error, FC_OK, "mode %s never writes", agent_mode_name(settings->mode));
    return false;
  }
  control_poll(agent->control); /* a stop or pause that came while this window was measured counts */
  const fc_status_t status = act_apply(agent->act, agent->window, agent->proposed, intent->restores, error);
  if (status == FC_OK) return true;
  FC_LOG_W(agent->options.log, "act", "window %lld: %s", (long long)agent->window, error->message);
  return false;
}

static void remember_origin(agent_t *agent, const intent_t *intent, bool applied, bool changed) {
  if (!changed || !applied) return;
  agent->in_force_flags = intent->explored ? FC_TRANSITION_EXPLORED : 0u;
  agent->in_force_version = intent->from_policy ? agent->cache.held : 0;
  filter_note_change(agent->filter, agent->window);
}

static void carry_out(agent_t *agent, intent_t *intent, decision_t *decision) {
  const fc_workflow_t *workflow = agent->options.workflow;
  filter_result_t filtered = {0};
  fc_error_t error = {0};
  if (intent->decided) {
    configuration_copy(workflow, agent->proposed, agent->wanted);
    filter_apply(agent->filter, agent->window, intent->filter, agent->observed.mean_in_flight,
                 agent->observed.verdict == FC_QOS_VIOLATED, agent->current, agent->proposed, agent->bound_by,
                 &filtered);
    if (filtered.ses == FC_SES_REPLACED) intent->explored = true;
    decision->wanted = agent->wanted;
    decision->bound_by = agent->bound_by;
  } else {
    configuration_copy(workflow, agent->proposed, agent->current);
    filtered.ses = FC_SES_NO_RECORD;
    filtered.cost_now_usd_h = filtered.cost_then_usd_h = fc_cost_reserved_usd_h(workflow, agent->current);
  }
  configuration_decision_digest(workflow, agent->options.settings->agent, agent->options.folder->epoch, agent->window,
                                agent->cache.held, agent->proposed, agent->digest);
  decision->changed = !configuration_equal(workflow, agent->current, agent->proposed);
  if (decision->changed) decision->applied = act_step(agent, intent, &filtered, &error);
  remember_origin(agent, intent, decision->applied, decision->changed);
  if (intent->restores && (decision->applied || !decision->changed)) agent->restore_until = 0;
  decision->predicted = history_outcome(agent->history, agent->proposed, agent->observed.mean_in_flight);
  decision->configuration = agent->proposed;
  decision->filtered = &filtered;
  decision->digest = agent->digest;
  if (intent->from_policy) decision->attention = decide_attention(agent->decide);
  if (decision->changed && !decision->applied) decision->not_applied = error.message;
  decision->origin = intent->origin;
  decision->reason = intent->reason;
  decision_log_write(&agent->decisions, decision);
  agent_print_progress(agent, intent->origin, filtered.cost_then_usd_h, decision->applied);
  decision->filtered = NULL; /* both were of this call */
  decision->not_applied = NULL;
}

void agent_window(agent_t *agent) {
  const agent_options_t *options = &agent->options;
  fc_error_t error = {0};
  observe_window(options->platform, options->workflow, options->settings->semantics, agent->window,
                 agent->previous_start_us, &agent->observation, &agent->observed);
  if (agent->observed.ended || agent->observed.lost) {
    fc_log_write(options->log, agent->observed.lost ? FC_LOG_WARN : FC_LOG_INFO, "agent", "ends before window %lld: %s",
                 (long long)agent->window, agent->observed.why);
    agent->ended = true;
    agent->lost = agent->observed.lost;
    return;
  }
  if (agent->observed.measured) agent->previous_start_us = agent->observation.start_us;
  const bool judging = agent_is_judging(agent);
  guard_step(agent);
  report_step(agent, judging);
  link_step(agent);
  session_step(agent, judging);
  decision_t decision = {.time_us = agent->platform_clock.wall_us(agent->platform_clock.self),
                         .epoch = options->folder->epoch,
                         .mode = options->settings->mode,
                         .observation = &agent->observation,
                         .observed = &agent->observed,
                         .policy_version = agent->cache.held};
  intent_t intent = {.origin = "hold"};
  if (act_read_back(agent->act, agent->current, &error) == FC_OK) {
    intent = decide_step(agent);
  } else {
    agent->counters.holds += 1;
    intent.reason = error.message;
  }
  decision.phase = session_phase_name(session_summary(agent->session).phase);
  carry_out(agent, &intent, &decision);
}
