/* agent.c - life of the agent and the waiting between windows: see agent.h. */
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent_state.h"
#include "configuration.h"
#include "faasconf/cost.h"
#include "platform_limits.h"
#include "trial.h"

enum { POLL_MS = 50, LOCKSTEP_REACHABLE_S = 300 };
static const int64_t NS_PER_MS = 1000000;

/* ---- making --------------------------------------------------------------------------------------------------- */

static bool allows_acting(void *self, const char **why) {
  return control_allows_acting(((agent_t *)self)->control, why);
}
static void describe(void *self, fc_json_t *status) {
  agent_describe(self, status);
}
static int32_t travel(void *self, const fc_function_configuration_t *from, const fc_function_configuration_t *to,
                      int32_t most) {
  return filter_travel(((agent_t *)self)->filter, from, to, most);
}

static fc_status_t make_arrays(agent_t *agent, fc_error_t *error) {
  const size_t n = (size_t)agent->options.workflow->n_functions;
  agent->current = calloc(n, sizeof *agent->current);
  agent->wanted = calloc(n, sizeof *agent->wanted);
  agent->proposed = calloc(n, sizeof *agent->proposed);
  agent->bound_by = calloc(n * FC_KNOBS, sizeof *agent->bound_by);
  if (!agent->current || !agent->wanted || !agent->proposed || !agent->bound_by ||
      fc_observation_init(&agent->observation, (int32_t)n) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "agent: out of memory");
  return FC_OK;
}

/* What an earlier run left half done, a change or a profile. In a mode that never writes it is only told. */
static fc_status_t recover(agent_t *agent, fc_error_t *error) {
  const agent_options_t *options = &agent->options;
  bool settled = false;
  fc_status_t status = act_recover(agent->act, &settled, error);
  if (settled) FC_LOG_W(options->log, "act", "an interrupted change of an earlier run was settled");
  if (status == FC_OK) {
    status = trial_settle(options->folder, options->workflow, agent->act, &settled, error);
    if (settled) FC_LOG_W(options->log, "act", "a profile was killed: the configuration of before it is back");
  }
  if (status != FC_EUNSAFE) return status;
  FC_LOG_W(agent->options.log, "act", "an earlier run left a change half done, and it stays so: %s", error->message);
  return FC_OK;
}

static void load_what_is_known(agent_t *agent) {
  const fc_log_t *log = agent->options.log;
  fc_error_t error = {0};
  fc_policy_t *policy = NULL;
  fc_status_t status = policy_cache_load(&agent->cache, &policy, &error);
  if (status == FC_OK) status = decide_take_policy(agent->decide, &policy, &error);
  if (status == FC_OK) {
    FC_LOG_I(log, "agent", "last good policy: version %lld", (long long)agent->cache.held);
  } else if (status != FC_ENOTFOUND) {
    FC_LOG_W(log, "agent", "the last good policy on disk is not usable: %s", error.message);
  }
  fc_policy_destroy(&policy);
  status = last_good_load(agent->last_good, agent->options.folder, &error);
  if (status != FC_OK && status != FC_ENOTFOUND)
    FC_LOG_W(log, "agent", "the last good configurations on disk are not usable: %s", error.message);
}

static fc_status_t make_modules(agent_t *agent, fc_error_t *error) {
  const agent_options_t *options = &agent->options;
  const settings_t *settings = options->settings;
  const fc_workflow_t *workflow = options->workflow;
  const folder_t *folder = options->folder;
  FC_TRY(make_arrays(agent, error));
  FC_TRY(ownership_init(settings, workflow, &agent->ownership, error));
  FC_TRY(control_new(folder, options->take_signals, (control_status_t){agent, describe}, &agent->control, error));
  FC_TRY(platform_limits_find(settings, workflow, options->platform, &agent->capabilities, &agent->limits, error));
  const filter_options_t filtered = {settings->strategy,
                                     settings->noise_sigma,
                                     settings->rails,
                                     settings->ranges,
                                     settings->violations_to_redetermine,
                                     settings->session.seed,
                                     &agent->ownership};
  FC_TRY(filter_new(workflow, &filtered, &agent->limits, &agent->filter, error));
  FC_TRY(guard_init(&agent->guard, &settings->guard, error));
  FC_TRY(last_good_new(workflow, settings->session.verify_windows, &agent->last_good, error));
  FC_TRY(history_new(workflow, &agent->history, error));
  FC_TRY(decide_new(workflow, settings->session.seed, &agent->decide, error));
  FC_TRY(session_new(workflow, &settings->session, (session_travel_t){agent, travel}, &agent->session, error));
  FC_TRY(act_new(workflow, options->platform, folder, settings->mode, (act_permission_t){agent, allows_acting},
                 &agent->ownership, &agent->act, error));
  FC_TRY(decision_log_open(folder, workflow, settings->decision_log_max_bytes, &agent->decisions, error));
  FC_TRY(spool_open(folder, settings->spool_max_bytes, &agent->spool, error));
  if (spool_damaged_bytes(agent->spool) > 0)
    FC_LOG_W(options->log, "spool", "%lld damaged bytes were cut off", (long long)spool_damaged_bytes(agent->spool));
  FC_TRY(report_new(settings, workflow, folder->epoch, agent->spool, &agent->report, error));
  FC_TRY(policy_cache_open(folder, workflow, settings->has_public_key ? settings->public_key : NULL, &agent->cache,
                           error));
  FC_TRY(recover(agent, error));
  load_what_is_known(agent);
  if (settings->has_server)
    FC_TRY(link_new(settings, workflow, &agent->ownership, folder->epoch, agent->spool, &agent->cache,
                    agent->system_clock, options->log, &agent->link, error));
  return act_read_back(agent->act, agent->current, error);
}

fc_status_t agent_new(const agent_options_t *options, agent_t **out, fc_error_t *error) {
  *out = NULL;
  agent_t *agent = calloc(1, sizeof *agent);
  if (!agent) return fc_error_set(error, FC_ENOMEM, "agent: out of memory");
  agent->options = *options;
  agent->decisions.descriptor = -1;
  agent->system_clock = fc_clock_system();
  agent->platform_clock = options->platform->clock(options->platform->self);
  agent->previous_start_us = INT64_MIN;
  agent->records_window = agent->records_connects = -1;
  const fc_status_t status = make_modules(agent, error);
  if (status != FC_OK) {
    agent_destroy(&agent);
    return status;
  }
  agent->start_cost_usd_h = fc_cost_reserved_usd_h(options->workflow, agent->current);
  if (options->settings->mode == AGENT_MODE_AUTO && options->settings->session.windows > 0)
    session_open(agent->session, agent_session_windows(agent));
  *out = agent;
  return FC_OK;
}

void agent_destroy(agent_t **agent_pointer) {
  agent_t *agent = *agent_pointer;
  if (!agent) return;
  link_destroy(&agent->link, 200);
  control_destroy(&agent->control);
  decision_log_close(&agent->decisions);
  report_destroy(&agent->report);
  spool_destroy(&agent->spool);
  act_destroy(&agent->act);
  session_destroy(&agent->session);
  history_destroy(&agent->history);
  last_good_destroy(&agent->last_good);
  filter_destroy(&agent->filter);
  decide_destroy(&agent->decide);
  fc_limits_clear(&agent->limits);
  ownership_clear(&agent->ownership);
  fc_observation_clear(&agent->observation);
  free(agent->current);
  free(agent->wanted);
  free(agent->proposed);
  free(agent->bound_by);
  free(agent);
  *agent_pointer = NULL;
}

/* ---- waiting -------------------------------------------------------------------------------------------------- */

static int64_t now_ms(const agent_t *agent) {
  return agent->system_clock.monotonic_ns(agent->system_clock.self) / NS_PER_MS;
}

static void serve(agent_t *agent, int timeout_ms) {
  control_poll(agent->control);
  if (agent->link) {
    link_poll(agent->link, report_next_sequence(agent->report), timeout_ms);
    agent_take_news(agent);
  } else if (timeout_ms > 0) {
    struct pollfd item = {.fd = control_descriptor(agent->control), .events = POLLIN};
    (void)poll(&item, 1, timeout_ms);
  }
}

/* Everything is over there, and what is live there is here. */
static bool is_in_step(const agent_t *agent) {
  return link_state(agent->link) == LINK_READY && spool_size(agent->spool) == 0 && !link_is_pulling(agent->link) &&
         !link_awaits_records(agent->link);
}

void agent_wait_lockstep(agent_t *agent) {
  if (!agent->link || !agent->options.settings->lockstep) return;
  if (agent->lockstep_broken && link_state(agent->link) != LINK_READY) return;
  agent->lockstep_broken = false;
  const int64_t patience_ms = (int64_t)(agent->options.settings->lockstep_timeout_s * 1000);
  const int64_t start = now_ms(agent);
  int64_t away_since = start;
  bool said = false;
  while (!is_in_step(agent) && !control_must_end(agent->control)) {
    const link_state_t state = link_state(agent->link);
    const int64_t now = now_ms(agent);
    if (state == LINK_READY) away_since = now;
    if (!said && now - away_since >= 1000) {
      FC_LOG_I(agent->options.log, "agent", "lockstep: waiting up to %.3g s for the server at %s (%s)",
               agent->options.settings->lockstep_timeout_s, agent->options.settings->ingest, link_state_name(state));
      said = true;
    }
    if (state == LINK_REFUSED || now - away_since >= patience_ms) {
      FC_LOG_W(agent->options.log, "agent", "lockstep: the server is away (%s); going on without it",
               link_state_name(state));
      agent->lockstep_broken = true;
      return;
    }
    if (now - start >= LOCKSTEP_REACHABLE_S * 1000) {
      FC_LOG_W(agent->options.log, "agent", "lockstep: no acknowledgement in %d s; going on", LOCKSTEP_REACHABLE_S);
      return;
    }
    serve(agent, POLL_MS);
  }
}

/* Waits on the platform's clock until the window is over. In virtual time that is at once. */
static void wait_for_end(agent_t *agent, int64_t end_ns) {
  const fc_clock_t *clock = &agent->platform_clock;
  const platform_t *platform = agent->options.platform;
  if (platform->is_over) {
    serve(agent, 0);
    while (!control_must_end(agent->control) && !platform->is_over(platform->self, agent->window, POLL_MS))
      serve(agent, 0);
  }
  if (agent->capabilities & PLATFORM_VIRTUAL_TIME) {
    serve(agent, 0);
    clock->sleep_until_ns(clock->self, end_ns);
    return;
  }
  while (!control_must_end(agent->control)) {
    const int64_t left_ms = (end_ns - clock->monotonic_ns(clock->self)) / NS_PER_MS;
    if (left_ms <= 0) break;
    serve(agent, left_ms < POLL_MS ? (int)left_ms : POLL_MS);
  }
  clock->sleep_until_ns(clock->self, control_must_end(agent->control) ? 0 : end_ns);
}

/* What is still unsent gets a bounded time at the end. */
static void flush(agent_t *agent) {
  if (!agent->link) return;
  const int64_t until = now_ms(agent) + (int64_t)(agent->options.settings->flush_s * 1000);
  while (spool_size(agent->spool) > 0 && !agent->lockstep_broken && link_state(agent->link) != LINK_REFUSED &&
         now_ms(agent) < until)
    serve(agent, POLL_MS);
}

static void say_ownership(const agent_t *agent) {
  const ownership_t *ownership = &agent->ownership;
  const fc_workflow_t *workflow = agent->options.workflow;
  if (ownership_is_all(ownership)) return;
  FC_LOG_I(agent->options.log, "agent", "%d of %d functions are its own; the others are never written",
           (int)ownership->n_owned, (int)ownership->n_functions);
  if (!ownership_reports(ownership))
    FC_LOG_I(agent->options.log, "agent", "windows are reported by the agent that owns %s, not by this one",
             workflow->functions[0].name);
}

void agent_run(agent_t *agent) {
  const agent_options_t *options = &agent->options;
  const int64_t window_ns = (int64_t)(options->workflow->window_s * 1e9);
  FC_LOG_I(options->log, "agent", "%s on platform %s, workflow %s, mode %s, epoch %llu", options->settings->agent,
           options->platform->kind, options->workflow->name, agent_mode_name(options->settings->mode),
           (unsigned long long)options->folder->epoch);
  say_ownership(agent);
  agent_wait_lockstep(agent);
  agent->start_ns = agent->platform_clock.monotonic_ns(agent->platform_clock.self);
  for (agent->window = 0; !control_must_end(agent->control); agent->window += 1) {
    wait_for_end(agent, agent->start_ns + (agent->window + 1) * window_ns);
    if (control_must_end(agent->control)) break;
    agent_window(agent);
    if (agent->ended || agent_is_done(agent)) break;
  }
  flush(agent);
  fc_error_t error = {0};
  if (last_good_size(agent->last_good) > 0 && last_good_save(agent->last_good, options->folder, &error) != FC_OK)
    FC_LOG_W(options->log, "agent", "%s", error.message);
}

bool agent_lost_platform(const agent_t *agent) {
  return agent->lost;
}
