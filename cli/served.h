/* served.h - one simulated workflow that several agents share: who owns what, and when a window may run.
 *
 * The state behind `faasconf simulate --serve`, without sockets. Each agent owns functions of its own; nobody else may
 * write them, and functions that nobody owns keep the start configuration. Agents go in step: a window is simulated
 * (sim/simulator.h, simulator_next_window) once every agent has said that it is ready for it, each after its writes.
 * Writes take effect at the next window; until then the other agents still see what was in force in the last one. So
 * one seed gives one result, in whatever order messages arrive.
 *
 *   join -> ready for window k -> k is simulated -> its observation -> writes -> ready for k + 1 -> ... -> leave
 *
 * The agent that owns the workflow's first function gets its observation first, the others once it is ready for the
 * next window: it reports to the server and waits for what comes of it, so that in lockstep all decide with one policy.
 * An agent that is not ready within agent_timeout_s of its last observation is given up: its functions keep their
 * configuration, and the others go on. It may join again, at the window that is current then.
 *
 * Members are numbered from 0 in the order of their first joining; a name keeps its number. One thread; calls never
 * block but for the simulation of a window.
 */
#ifndef CLI_SERVED_H
#define CLI_SERVED_H

#include <stdio.h>

#include "faasconf/clock.h"
#include "faasconf/rpc.h"
#include "trace_file.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  SERVED_MAX_AGENTS = 256,    /* names over the whole run */
  SERVED_MAX_WINDOWS = 100000 /* of one run: all are kept for the report */
};

typedef struct {
  const fc_workflow_t *workflow;            /* borrowed, as all pointers */
  const fc_function_configuration_t *start; /* (N) in force in window 0 */
  fc_semantics_t semantics;
  int64_t seed;
  int64_t users;             /* closed loop; 0: the next two */
  double rate_per_s;         /* open loop; 0: the trace */
  const trace_file_t *trace; /* the run ends with it; NULL: users or rate_per_s */
  int32_t n_agents;          /* so many begin; more never take part at once */
  int64_t n_windows;         /* end after these; 0: with the trace, or when nobody is left */
  double agent_timeout_s;
  fc_clock_t clock; /* of the machine: patience, and the wall clock of window 0 */
  FILE *log;        /* sentences about members; NULL: none */
} served_options_t;

/* One function of one window that ran with another configuration than the window before. */
typedef struct {
  int32_t member, function;
  fc_function_configuration_t from, to;
} served_change_t;

typedef struct {
  double load; /* users, or arrivals per second */
  double cost_usd_h;
  fc_outcome_t outcome;
  double arrival_rate_per_s, mean_in_flight;
  fc_qos_verdict_t verdict;
  int32_t n_agents; /* that were ready for it */
  int32_t first_change, n_changes;
} served_window_t;

typedef struct {
  char name[FC_NAME_SIZE];
  int32_t joins;
  int32_t lost;           /* times it was given up or its connection broke */
  int64_t windows;        /* observations it got */
  int64_t writes;         /* accepted */
  int64_t refused_writes; /* of functions it does not own, or of impossible values */
} served_member_t;

typedef struct served served_t;

/* FC_EINVAL when the workflow cannot be simulated, or the trace does not fit its windows. Caller owns the result and
 * destroys it with served_destroy. */
fc_status_t served_new(const served_options_t *options, served_t **out, fc_error_t *error);
void served_destroy(served_t **served);

/* FC_EMISMATCH: another workflow. FC_ENOTFOUND: a function that is not there. FC_EEXISTS: a function has an owner
 * already (the message names both), or an agent of this name takes part. FC_EEXHAUSTED: so many agents already.
 * FC_ECLOSED: the run is over. *member gets its number. */
fc_status_t served_join(served_t *served, const fc_rpc_simulation_join_request_t *request, int32_t *member,
                        fc_error_t *error);

/* As this member sees it now; state->configuration is borrowed until the next call. FC_ESTATE (here and below): it does
 * not take part, it was given up. */
fc_status_t served_state(served_t *served, int32_t member, fc_rpc_simulation_state_t *state, fc_error_t *error);

/* Runs from the next window on. FC_EUNSAFE: not its function. FC_ENOTFOUND, FC_EINVAL names the knob. */
fc_status_t served_write(served_t *served, int32_t member, const fc_rpc_simulation_write_request_t *request,
                         fc_error_t *error);

/* This member has written what it wanted: `window` may run. FC_EINVAL: not the next one. FC_ECLOSED: the run is over;
 * the member has left with that. */
fc_status_t served_ready(served_t *served, int32_t member, int64_t window, fc_error_t *error);

/* It has sent something, whatever it was. */
void served_heard(served_t *served, int32_t member);

/* Time to try whether its connection still stands, which the answer takes as done. Every 200 ms at first, then whenever
 * its silence has grown by a tenth: an agent that is busy reads nothing, and what nobody reads must not pile up until
 * its connection is held for dead. */
bool served_should_probe(served_t *served, int32_t member);

/* It ended, or its connection broke; without effect when it does not take part. */
void served_leave(served_t *served, int32_t member);
void served_lose(served_t *served, int32_t member);

/* Gives up who is late, then simulates the next window if all are ready: *simulated. */
fc_status_t served_advance(served_t *served, bool *simulated, fc_error_t *error);

/* The observation this member waits for, once it may have it, else NULL; it counts as delivered then. Borrowed until
 * the next served_advance. */
const fc_observation_t *served_deliver(served_t *served, int32_t member);

/* No more windows, and everybody knows; or somebody has joined, and nobody has taken part for agent_timeout_s, whether
 * or not so many as asked for ever came together. */
bool served_is_over(const served_t *served);

/* ---- looking ---- */

bool served_has_begun(const served_t *served);   /* n_agents have taken part at once */
bool served_is_finished(const served_t *served); /* all windows were simulated */
bool served_takes_part(const served_t *served, int32_t member);
int32_t served_n_taking_part(const served_t *served);
int32_t served_find(const served_t *served, const char *name); /* -1: never joined */
int32_t served_owner(const served_t *served, int32_t function);
int32_t served_n_members(const served_t *served);
const served_member_t *served_member(const served_t *served, int32_t member);
/* Was this function its own since it last joined? Also after it has gone. */
bool served_claimed(const served_t *served, int32_t member, int32_t function);
/* (N) what would run in the next window. */
const fc_function_configuration_t *served_configuration(const served_t *served);
int64_t served_n_windows(const served_t *served);
const served_window_t *served_window(const served_t *served, int64_t window);
const served_change_t *served_change(const served_t *served, int32_t change);

#ifdef __cplusplus
}
#endif
#endif
