/* agent_describe.c - what the agent says about itself: `status`, the summary, and a line per window. Keys are
 * documented in docs/agent.md and stay stable. */
#include <math.h>
#include <stdlib.h>

#include "agent_state.h"
#include "configuration.h"
#include "faasconf/cost.h"

static void set_session(const agent_t *agent, fc_json_t *to) {
  const session_summary_t summary = session_summary(agent->session);
  fc_json_t *session = fc_json_object();
  fc_json_set_string(session, "phase", session_phase_name(summary.phase));
  fc_json_set_int(session, "opened", summary.opened);
  fc_json_set_int(session, "budget", summary.budget);
  fc_json_set_int(session, "windows_used", summary.used);
  fc_json_set_int(session, "windows_settling", summary.settling);
  fc_json_set_int(session, "violations", summary.violations);
  fc_json_set_int(session, "unknown", summary.unknown);
  fc_json_set_int(session, "candidates", summary.n_candidates);
  fc_json_set_bool(session, "settled", summary.phase == SESSION_SETTLED);
  fc_json_set_bool(session, "in_force", summary.settled);
  fc_json_set_bool(session, "verified", summary.verified);
  fc_json_set_int(session, "measurements", summary.measurements);
  fc_json_set(to, "session", &session);
}

static void set_link(const agent_t *agent, fc_json_t *to) {
  fc_json_t *link = fc_json_object();
  fc_json_set_string(link, "state", agent->link ? link_state_name(link_state(agent->link)) : link_state_name(LINK_OFF));
  if (agent->link) {
    const link_counters_t *counters = link_counters(agent->link);
    fc_json_set_int(link, "sent", counters->sent);
    fc_json_set_int(link, "acked", counters->acked);
    fc_json_set_int(link, "refused", counters->refused);
    fc_json_set_int(link, "refusals", counters->refusals);
    fc_json_set_int(link, "exhausted", counters->exhausted);
    fc_json_set_int(link, "malformed", counters->malformed);
    fc_json_set_int(link, "connects", counters->connects);
    fc_json_set_int(link, "hints", counters->hints);
    fc_json_set_int(link, "policies_accepted", counters->policies);
    fc_json_set_int(link, "proposals", counters->proposals);
    fc_json_set_int(link, "live_version", link_live_version(agent->link));
  }
  fc_json_set_int(link, "policies_rejected", agent->cache.rejected);
  fc_json_set(to, "link", &link);
}

static void set_act(const agent_t *agent, fc_json_t *to) {
  const act_counters_t *counters = act_counters(agent->act);
  fc_json_t *act = fc_json_object();
  fc_json_set_int(act, "changes", counters->changes);
  fc_json_set_int(act, "writes", counters->writes);
  fc_json_set_int(act, "refused", counters->refused);
  fc_json_set_int(act, "failures", counters->failures);
  fc_json_set_int(act, "recoveries", counters->recoveries);
  fc_json_set(to, "act", &act);
}

static void set_counters(const agent_t *agent, fc_json_t *to) {
  const agent_counters_t *counters = &agent->counters;
  fc_json_set_int(to, "windows", counters->windows);
  fc_json_set_int(to, "met", counters->met);
  fc_json_set_int(to, "violations", counters->violated);
  fc_json_set_int(to, "unknown", counters->unknown);
  fc_json_set_int(to, "holds", counters->holds);
  fc_json_set_int(to, "alarms", counters->alarms);
  fc_json_set_int(to, "recommendations", counters->recommendations);
  fc_json_set_int(to, "transitions_reported", report_count(agent->report));
  fc_json_set_int(to, "transitions_acked", agent->link ? link_counters(agent->link)->acked : 0);
  fc_json_set_int(to, "spool_held", spool_size(agent->spool));
  fc_json_set_int(to, "spool_bytes", spool_bytes(agent->spool));
  fc_json_set_int(to, "spool_dropped", (int64_t)spool_dropped(agent->spool));
  fc_json_set_int(to, "decision_log_failures", agent->decisions.failures);
}

static void set_head(const agent_t *agent, fc_json_t *to) {
  const agent_options_t *options = &agent->options;
  fc_json_set_string(to, "agent", options->settings->agent);
  fc_json_set_string(to, "workflow", options->workflow->name);
  fc_json_set_string(to, "platform", options->platform->kind);
  fc_json_set_string(to, "mode", agent_mode_name(options->settings->mode));
  fc_json_t *functions = fc_json_array();
  for (int32_t i = 0; i < agent->ownership.n_owned; ++i)
    fc_json_append_string(functions, options->workflow->functions[agent->ownership.ids[i]].name);
  fc_json_set(to, "functions", &functions);
  fc_json_set_bool(to, "reports", ownership_reports(&agent->ownership));
  fc_json_set_int(to, "epoch", (int64_t)options->folder->epoch);
  fc_json_set_int(to, "policy_version", agent->cache.held);
  fc_json_set_int(to, "policy_high_water", agent->cache.high_water);
}

static void set_in_force(const agent_t *agent, fc_json_t *to) {
  const fc_workflow_t *workflow = agent->options.workflow;
  fc_error_t error = {0};
  if (act_read_back(agent->act, agent->current, &error) != FC_OK) {
    fc_json_set_null(to, "configuration");
    fc_json_set_string(to, "problem", error.message);
    return;
  }
  fc_json_t *configuration = configuration_to_json(workflow, agent->current);
  fc_json_set(to, "configuration", &configuration);
  fc_json_set_double(to, "cost_usd_h", fc_cost_reserved_usd_h(workflow, agent->current));
}

void agent_describe(const agent_t *agent, fc_json_t *status) {
  const bool killed = control_is_killed(agent->control), paused = control_is_paused(agent->control);
  set_head(agent, status);
  fc_json_set_string(status, "state", killed ? "stopped" : paused ? "paused" : "running");
  fc_json_set_bool(status, "exploration_frozen", agent->window < agent->frozen_until);
  set_counters(agent, status);
  set_session(agent, status);
  set_act(agent, status);
  set_link(agent, status);
  set_in_force(agent, status);
}

fc_json_t *agent_summary(const agent_t *agent) {
  const fc_workflow_t *workflow = agent->options.workflow;
  fc_json_t *summary = fc_json_object();
  fc_json_set_string(summary, "event", "summary");
  set_head(agent, summary);
  set_counters(agent, summary);
  set_session(agent, summary);
  set_act(agent, summary);
  set_link(agent, summary);
  const fc_function_configuration_t *settled = session_settled(agent->session);
  fc_json_t *configuration = settled ? configuration_to_json(workflow, settled) : NULL;
  if (configuration) {
    fc_json_set(summary, "settled_configuration", &configuration);
    fc_json_set_double(summary, "settled_cost_usd_h", fc_cost_reserved_usd_h(workflow, settled));
  } else {
    fc_json_set_null(summary, "settled_configuration");
    fc_json_set_null(summary, "settled_cost_usd_h");
  }
  fc_json_set_double(summary, "start_cost_usd_h", agent->start_cost_usd_h);
  if (agent->counters.judged > 0) {
    fc_json_t *judged = fc_json_object();
    fc_json_set_int(judged, "windows", agent->counters.judged);
    fc_json_set_int(judged, "met", agent->counters.judged_met);
    fc_json_set_double(judged, "compliance", (double)agent->counters.judged_met / (double)agent->counters.judged);
    fc_json_set(summary, "judged", &judged);
  } else {
    fc_json_set_null(summary, "judged");
  }
  set_in_force(agent, summary);
  return summary;
}

void agent_print_progress(const agent_t *agent, const char *origin, double cost_then_usd_h, bool applied) {
  FILE *stream = agent->options.progress;
  if (!stream) return;
  const fc_outcome_t *outcome = &agent->observation.outcome;
  const fc_qos_verdict_t verdict = agent->observed.verdict;
  fc_json_t *line = fc_json_object();
  fc_json_set_string(line, "event", "window");
  fc_json_set_int(line, "window", agent->window);
  fc_json_set_string(line, "phase", session_phase_name(session_summary(agent->session).phase));
  fc_json_set_string(line, "qos", verdict == FC_QOS_MET ? "met" : verdict == FC_QOS_VIOLATED ? "violated" : "unknown");
  fc_json_set_double(line, "cost_usd_h",
                     fc_cost_reserved_usd_h(agent->options.workflow, agent->observation.configuration));
  fc_json_set_double(line, "latency_mean_s",
                     outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN ? outcome->latency_mean_s : NAN);
  if (outcome->present & FC_OUTCOME_HAS_COUNTS) {
    fc_json_set_int(line, "successes", outcome->successes);
    fc_json_set_int(line, "failures", outcome->failures);
  }
  fc_json_set_double(line, "mean_in_flight", agent->observed.mean_in_flight);
  fc_json_set_string(line, "next", origin);
  fc_json_set_double(line, "next_cost_usd_h", cost_then_usd_h);
  fc_json_set_bool(line, "applied", applied);
  fc_json_set_int(line, "policy_version", agent->cache.held);
  char *text = fc_json_dump(line, 0);
  fc_json_destroy(&line);
  if (!text) return;
  fprintf(stream, "%s\n", text);
  fflush(stream);
  free(text);
}
