/* served.c - see served.h: members, ownership and the barrier. Windows are simulated and kept in served_windows.c. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/knobs.h"
#include "served_state.h"

static const double NS_PER_S = 1e9;
static const int64_t PROBE_NS = 200000000;
enum { PROBE_SILENCE_PART = 10 };

static int64_t now_ns(const served_t *served) {
  return served->options.clock.monotonic_ns(served->options.clock.self);
}

static int64_t due_ns(const served_t *served) {
  return now_ns(served) + (int64_t)(served->options.agent_timeout_s * NS_PER_S);
}

#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
static void
say(const served_t *served, const char *format, ...) {
  if (served->options.log == NULL) return;
  char sentence[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  fprintf(served->options.log, "faasconf simulate: %s\n", sentence);
  fflush(served->options.log);
}

/* ---- life ---- */

fc_status_t served_new(const served_options_t *options, served_t **out, fc_error_t *error) {
  *out = NULL;
  served_t *served = calloc(1, sizeof *served);
  if (served == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a served simulation");
  served->options = *options;
  served->wall_start_us = options->clock.wall_us(options->clock.self);
  const fc_status_t status = served_windows_init(served, error);
  if (status != FC_OK) {
    served_destroy(&served);
    return status;
  }
  for (int32_t f = 0; f < options->workflow->n_functions; ++f) {
    served->in_force[f] = served->next[f] = options->start[f];
    served->owner[f] = served->writer[f] = SERVED_NOBODY;
  }
  *out = served;
  return FC_OK;
}

void served_destroy(served_t **served) {
  if (*served == NULL) return;
  served_windows_clear(*served);
  free(*served);
  *served = NULL;
}

/* ---- taking part ---- */

bool served_takes_part(const served_t *served, int32_t member) {
  return member >= 0 && member < served->n_members && served->members[member].present;
}

int32_t served_n_taking_part(const served_t *served) {
  int32_t n = 0;
  for (int32_t m = 0; m < served->n_members; ++m) n += served->members[m].present;
  return n;
}

int32_t served_find(const served_t *served, const char *name) {
  for (int32_t m = 0; m < served->n_members; ++m)
    if (strcmp(served->members[m].about.name, name) == 0) return m;
  return SERVED_NOBODY;
}

bool served_has_begun(const served_t *served) {
  return served->opened;
}

bool served_is_finished(const served_t *served) {
  return served->n_windows >= served->most_windows;
}

static fc_status_t check_agent(const served_t *served, const fc_rpc_simulation_join_request_t *request,
                               fc_error_t *error) {
  const fc_workflow_t *workflow = served->options.workflow;
  if (strcmp(request->workflow, workflow->name) != 0 ||
      memcmp(request->workflow_digest, workflow->digest, FC_DIGEST_SIZE) != 0)
    return fc_error_set(error, FC_EMISMATCH,
                        "agent %s tunes workflow %s, this is %s%s: give both the same workflow file", request->agent,
                        request->workflow, workflow->name,
                        strcmp(request->workflow, workflow->name) == 0 ? " with another content" : "");
  if (served_is_finished(served)) return fc_error_set(error, FC_ECLOSED, "the simulation is over");
  const int32_t known = served_find(served, request->agent);
  if (served_takes_part(served, known))
    return fc_error_set(error, FC_EEXISTS, "an agent named %s takes part already: every agent needs its own name",
                        request->agent);
  if (served_n_taking_part(served) >= served->options.n_agents)
    return fc_error_set(error, FC_EEXHAUSTED, "%d agents take part already: serve with a larger --agents",
                        (int)served->options.n_agents);
  if (known == SERVED_NOBODY && served->n_members == SERVED_MAX_AGENTS)
    return fc_error_set(error, FC_EEXHAUSTED, "%d agents have taken part: no room for another name", SERVED_MAX_AGENTS);
  return FC_OK;
}

/* Marks what the request asks for in served->wanted (N). */
static fc_status_t check_functions(served_t *served, const fc_rpc_simulation_join_request_t *request,
                                   fc_error_t *error) {
  const fc_workflow_t *workflow = served->options.workflow;
  for (int32_t f = 0; f < workflow->n_functions; ++f) served->wanted[f] = request->n_functions == 0;
  for (int32_t i = 0; i < request->n_functions; ++i) {
    const int32_t f = fc_workflow_find(workflow, request->functions[i]);
    if (f < 0)
      return fc_error_set(error, FC_ENOTFOUND, "agent %s: workflow %s has no function %s", request->agent,
                          workflow->name, request->functions[i]);
    served->wanted[f] = true;
  }
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    if (!served->wanted[f] || served->owner[f] == SERVED_NOBODY) continue;
    return fc_error_set(error, FC_EEXISTS,
                        "agent %s: function %s belongs to agent %s already: give them different `functions`",
                        request->agent, workflow->functions[f].name, served->members[served->owner[f]].about.name);
  }
  return FC_OK;
}

/* The first N have joined: from now on nobody is waited for longer than agent_timeout_s. */
static void open_barrier(served_t *served) {
  const fc_workflow_t *workflow = served->options.workflow;
  served->opened = true;
  for (int32_t m = 0; m < served->n_members; ++m) served->members[m].due_ns = due_ns(served);
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    if (served->owner[f] == SERVED_NOBODY)
      say(served, "nobody owns function %s: it keeps its start configuration%s", workflow->functions[f].name,
          f == 0 ? ", and no agent reports windows to a server" : "");
}

/* Gives it what it asked for; how many functions. */
static int32_t claim(served_t *served, int32_t member) {
  const int32_t n = served->options.workflow->n_functions;
  int32_t n_owned = 0;
  memcpy(served->claimed + (size_t)member * (size_t)n, served->wanted, (size_t)n * sizeof *served->wanted);
  for (int32_t f = 0; f < n; ++f) {
    if (!served->wanted[f]) continue;
    served->owner[f] = member;
    n_owned += 1;
  }
  return n_owned;
}

fc_status_t served_join(served_t *served, const fc_rpc_simulation_join_request_t *request, int32_t *member,
                        fc_error_t *error) {
  FC_TRY(check_agent(served, request, error));
  FC_TRY(check_functions(served, request, error));
  int32_t m = served_find(served, request->agent);
  if (m == SERVED_NOBODY) {
    m = served->n_members++;
    snprintf(served->members[m].about.name, FC_NAME_SIZE, "%s", request->agent);
  }
  served_slot_t *slot = &served->members[m];
  slot->present = true;
  slot->ready_for = SERVED_NO_WINDOW;
  slot->first_window = served->n_windows;
  slot->due_ns = due_ns(served);
  slot->about.joins += 1;
  served_heard(served, m);
  const int32_t n_owned = claim(served, m);
  say(served, "agent %s has joined at window %" PRId64 ": %d of %d functions are its own; %d of %d agents",
      request->agent, served->n_windows, (int)n_owned, (int)served->options.workflow->n_functions,
      (int)served_n_taking_part(served), (int)served->options.n_agents);
  if (!served->opened && served_n_taking_part(served) == served->options.n_agents) open_barrier(served);
  *member = m;
  return FC_OK;
}

/* With a part of a sentence when nobody reports any more. */
static const char *remove_member(served_t *served, int32_t member) {
  const bool reported = served->owner[0] == member;
  served->members[member].present = false;
  served->members[member].ready_for = SERVED_NO_WINDOW;
  for (int32_t f = 0; f < served->options.workflow->n_functions; ++f)
    if (served->owner[f] == member) served->owner[f] = SERVED_NOBODY;
  served->empty_due_ns = due_ns(served);
  return reported ? ", and no agent reports windows to a server until the first function has an owner again" : "";
}

void served_leave(served_t *served, int32_t member) {
  if (!served_takes_part(served, member)) return;
  const char *more = remove_member(served, member);
  if (!served_is_finished(served))
    say(served, "agent %s has left at window %" PRId64 ": its functions keep their configuration%s",
        served->members[member].about.name, served->n_windows, more);
}

static void give_up(served_t *served, int32_t member, const char *why) {
  const char *more = remove_member(served, member);
  served->members[member].about.lost += 1;
  say(served, "agent %s %s at window %" PRId64 ": its functions keep their configuration, the others go on%s",
      served->members[member].about.name, why, served->n_windows, more);
}

void served_lose(served_t *served, int32_t member) {
  if (served_takes_part(served, member)) give_up(served, member, "is gone");
}

/* ---- probing ---- */

void served_heard(served_t *served, int32_t member) {
  if (!served_takes_part(served, member)) return;
  served_slot_t *slot = &served->members[member];
  slot->heard_ns = now_ns(served);
  slot->probe_ns = slot->heard_ns + PROBE_NS;
}

bool served_should_probe(served_t *served, int32_t member) {
  const int64_t now = now_ns(served);
  if (!served_takes_part(served, member) || now < served->members[member].probe_ns) return false;
  served_slot_t *slot = &served->members[member];
  const int64_t grown_ns = (now - slot->heard_ns) / PROBE_SILENCE_PART;
  slot->probe_ns = now + (grown_ns > PROBE_NS ? grown_ns : PROBE_NS);
  return true;
}

/* ---- what members ask ---- */

static fc_status_t check_member(const served_t *served, int32_t member, fc_error_t *error) {
  if (served_takes_part(served, member)) return FC_OK;
  return fc_error_set(error, FC_ESTATE, "this agent does not take part (any more): join first");
}

fc_status_t served_state(served_t *served, int32_t member, fc_rpc_simulation_state_t *state, fc_error_t *error) {
  FC_TRY(check_member(served, member, error));
  const int32_t n = served->options.workflow->n_functions;
  for (int32_t f = 0; f < n; ++f) served->seen[f] = served->owner[f] == member ? served->next[f] : served->in_force[f];
  *state = (fc_rpc_simulation_state_t){.window = served->n_windows,
                                       .start_us = served_start_us(served, served->n_windows),
                                       .n_functions = n,
                                       .configuration = served->seen};
  return FC_OK;
}

/* Values that the simulator has room for: the ranges, and what the run began with. */
static fc_status_t check_values(const served_t *served, int32_t f, const fc_function_configuration_t *configuration,
                                fc_error_t *error) {
  const fc_workflow_t *workflow = served->options.workflow;
  for (int32_t k = 0; k < FC_KNOBS; ++k) {
    const fc_knob_range_t full = fc_workflow_range(workflow, f, (fc_knob_t)k, FC_RANGES_FULL);
    const fc_knob_range_t measured = fc_workflow_range(workflow, f, (fc_knob_t)k, FC_RANGES_MEASURED);
    const int32_t value = fc_knob_get(configuration, (fc_knob_t)k);
    const int32_t start = fc_knob_get(&served->options.start[f], (fc_knob_t)k);
    const int32_t lowest = full.min < measured.min ? full.min : measured.min;
    const int32_t highest = full.max > measured.max ? full.max : measured.max;
    if (value == start || (value >= lowest && value <= highest)) continue;
    return fc_error_set(error, FC_EINVAL, "%s of function %s is %d: expected %d to %d", fc_knob_name((fc_knob_t)k),
                        workflow->functions[f].name, (int)value, (int)lowest, (int)highest);
  }
  return FC_OK;
}

static fc_status_t check_write(const served_t *served, int32_t member, const fc_rpc_simulation_write_request_t *request,
                               fc_error_t *error) {
  const int32_t f = fc_workflow_find(served->options.workflow, request->function);
  if (f < 0)
    return fc_error_set(error, FC_ENOTFOUND, "workflow %s has no function %s", served->options.workflow->name,
                        request->function);
  if (served->owner[f] != member)
    return fc_error_set(error, FC_EUNSAFE, "function %s belongs to %s%s: agent %s may not write it", request->function,
                        served->owner[f] == SERVED_NOBODY ? "nobody" : "agent ",
                        served->owner[f] == SERVED_NOBODY ? "" : served->members[served->owner[f]].about.name,
                        served->members[member].about.name);
  return check_values(served, f, &request->configuration, error);
}

fc_status_t served_write(served_t *served, int32_t member, const fc_rpc_simulation_write_request_t *request,
                         fc_error_t *error) {
  FC_TRY(check_member(served, member, error));
  served_slot_t *slot = &served->members[member];
  const fc_status_t status = check_write(served, member, request, error);
  if (status != FC_OK) {
    slot->about.refused_writes += 1;
    return status;
  }
  const int32_t f = fc_workflow_find(served->options.workflow, request->function);
  served->next[f] = request->configuration;
  served->writer[f] = member;
  slot->about.writes += 1;
  return FC_OK;
}

fc_status_t served_ready(served_t *served, int32_t member, int64_t window, fc_error_t *error) {
  FC_TRY(check_member(served, member, error));
  served_slot_t *slot = &served->members[member];
  if (slot->ready_for == window) return FC_OK; /* asked again: its answer is under way */
  if (window != served->n_windows || slot->ready_for != SERVED_NO_WINDOW)
    return fc_error_set(error, FC_EINVAL, "agent %s asks for window %" PRId64 ", the next one is %" PRId64,
                        slot->about.name, window, served->n_windows);
  if (served_is_finished(served)) {
    served_leave(served, member);
    return fc_error_set(error, FC_ECLOSED, "the simulation is over after %" PRId64 " windows", served->n_windows);
  }
  slot->ready_for = window;
  return FC_OK;
}

/* ---- the barrier ---- */

static void give_up_late(served_t *served) {
  const int64_t now = now_ns(served);
  for (int32_t m = 0; served->opened && m < served->n_members; ++m) {
    const served_slot_t *slot = &served->members[m];
    if (slot->present && slot->ready_for == SERVED_NO_WINDOW && now >= slot->due_ns)
      give_up(served, m, "does not answer");
  }
}

fc_status_t served_advance(served_t *served, bool *simulated, fc_error_t *error) {
  *simulated = false;
  give_up_late(served);
  if (!served->opened || served_is_finished(served) || served_n_taking_part(served) == 0) return FC_OK;
  for (int32_t m = 0; m < served->n_members; ++m)
    if (served->members[m].present && served->members[m].ready_for != served->n_windows) return FC_OK;
  FC_TRY(served_simulate(served, error));
  *simulated = true;
  return FC_OK;
}

/* The owner of the first function has had this window and gone on, or has no part in it. */
static bool first_is_done(const served_t *served, int64_t window) {
  const int32_t first = served->owner[0];
  if (first == SERVED_NOBODY) return true;
  const served_slot_t *slot = &served->members[first];
  return slot->first_window > window || slot->ready_for > window;
}

const fc_observation_t *served_deliver(served_t *served, int32_t member) {
  if (!served_takes_part(served, member)) return NULL;
  served_slot_t *slot = &served->members[member];
  if (slot->ready_for == SERVED_NO_WINDOW || slot->ready_for >= served->n_windows) return NULL;
  if (served->owner[0] != member && !first_is_done(served, slot->ready_for)) return NULL;
  FC_ASSERT_EQ(slot->ready_for, served->n_windows - 1);
  slot->ready_for = SERVED_NO_WINDOW;
  slot->due_ns = due_ns(served);
  slot->about.windows += 1;
  return &served->observation;
}

bool served_is_over(const served_t *served) {
  if (served->n_members == 0 || served_n_taking_part(served) > 0) return false;
  return served_is_finished(served) || now_ns(served) >= served->empty_due_ns;
}

/* ---- looking ---- */

int32_t served_owner(const served_t *served, int32_t function) {
  return served->owner[function];
}
bool served_claimed(const served_t *served, int32_t member, int32_t function) {
  return served->claimed[(size_t)member * (size_t)served->options.workflow->n_functions + (size_t)function];
}
int32_t served_n_members(const served_t *served) {
  return served->n_members;
}
const served_member_t *served_member(const served_t *served, int32_t member) {
  return &served->members[member].about;
}
