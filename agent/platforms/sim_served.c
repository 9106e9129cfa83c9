/* sim_served.c - platform `sim` with `connect`: see sim_served.h. One thread. */
#include "sim_served.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_rules.h"
#include "sim_served_socket.h"

enum { LEAVE_MS = 500 };
static const double NS_PER_S = 1e9;

typedef struct {
  const fc_workflow_t *workflow;
  platform_sim_served_options_t options;
  sim_served_socket_t *socket; /* NULL before discover */
  fc_virtual_clock_t time;
  bool joined;
  int64_t next_window; /* to be asked for, numbered as over there */
  bool fresh;          /* `configuration` is what the other side has told since the last window */
  fc_function_configuration_t *configuration; /* (N) */

  bool rejoining;
  int64_t rejoin_until_ns;

  fc_status_t ended; /* of the window that is_over waited for; FC_OK: `window` holds it */
  bool is_over;
  fc_error_t why;
  fc_rpc_simulation_window_response_t window;
} served_t;

/* ---- requests ------------------------------------------------------------------------------------------------- */

static fc_status_t take_state(served_t *served, const uint8_t *answer, size_t size, fc_error_t *error) {
  const fc_workflow_t *workflow = served->workflow;
  fc_rpc_simulation_state_t state;
  FC_TRY(fc_rpc_decode_simulation_state(answer, size, &state, error));
  const bool fits = state.n_functions == workflow->n_functions;
  if (fits) {
    memcpy(served->configuration, state.configuration, (size_t)workflow->n_functions * sizeof *state.configuration);
    served->next_window = state.window;
    served->fresh = true;
  }
  fc_rpc_simulation_state_clear(&state);
  if (fits) return FC_OK;
  return fc_error_set(error, FC_EMISMATCH, "platform sim: the served simulation answered for another workflow");
}

/* What is encoded in the payload, answered by the state. */
static fc_status_t ask_state(served_t *served, const char *method, fc_error_t *error) {
  const uint8_t *answer = NULL;
  size_t size = 0;
  const fc_status_t status =
      sim_served_socket_ask(served->socket, method, served->options.timeout_s, &answer, &size, error);
  if (status == FC_ESTATE || status == FC_EIO) served->joined = false; /* given up, or its connection broke */
  if (status != FC_OK) return status;
  return take_state(served, answer, size, error);
}

/* The payload of a join request. */
static fc_status_t encode_join(served_t *served, fc_error_t *error) {
  fc_rpc_simulation_join_request_t request = {0};
  const platform_sim_served_options_t *options = &served->options;
  snprintf(request.agent, sizeof request.agent, "%s", options->agent);
  snprintf(request.workflow, sizeof request.workflow, "%s", served->workflow->name);
  memcpy(request.workflow_digest, served->workflow->digest, FC_DIGEST_SIZE);
  request.functions = calloc((size_t)options->n_functions + 1, sizeof *request.functions);
  if (!request.functions) return fc_error_set(error, FC_ENOMEM, "platform sim: out of memory");
  request.n_functions = options->n_functions;
  for (int32_t i = 0; i < options->n_functions; ++i)
    snprintf(request.functions[i], FC_NAME_SIZE, "%s", options->functions[i]);
  const fc_status_t status =
      fc_rpc_encode_simulation_join_request(&request, sim_served_socket_payload(served->socket), error);
  fc_rpc_simulation_join_request_clear(&request);
  return status;
}

static fc_status_t join(served_t *served, fc_error_t *error) {
  FC_TRY(encode_join(served, error));
  const fc_status_t status = ask_state(served, FC_RPC_SIMULATION_JOIN, error);
  served->joined = status == FC_OK;
  return status;
}

static fc_status_t refresh(served_t *served, fc_error_t *error) {
  if (!served->joined)
    return fc_error_set(error, FC_ESTATE, "platform sim: this agent was given up for being late, or cut off");
  if (served->fresh) return FC_OK;
  sim_served_socket_payload(served->socket)->size = 0;
  return ask_state(served, FC_RPC_SIMULATION_STATE, error);
}

/* ---- windows -------------------------------------------------------------------------------------------------- */

static void end_wait(served_t *served, fc_status_t status) {
  served->is_over = true;
  served->ended = status;
  if (status != FC_OK) served->fresh = false; /* the next read back tells which window is next */
}

/* One attempt: as far as it gets within timeout_ms. */
static fc_status_t try_joining(served_t *served, int timeout_ms) {
  const uint8_t *answer = NULL;
  size_t size = 0;
  if (!sim_served_socket_is_waiting(served->socket)) {
    FC_TRY(encode_join(served, &served->why));
    FC_TRY(sim_served_socket_send(served->socket, FC_RPC_SIMULATION_JOIN, &served->why));
  }
  FC_TRY(sim_served_socket_collect(served->socket, timeout_ms, &answer, &size, &served->why));
  return take_state(served, answer, size, &served->why);
}

/* Given up, or its connection broke: back in at the window that is current now. A lost connection or a late answer is
 * tried again for rejoin_timeout_s; what else forbids it is the end. True: the wait for the window has ended. */
static bool join_again(served_t *served, int timeout_ms) {
  const int64_t now_ns = served->options.clock.monotonic_ns(served->options.clock.self);
  if (!served->rejoining) {
    served->rejoining = true;
    served->rejoin_until_ns = now_ns + (int64_t)(served->options.rejoin_timeout_s * NS_PER_S);
    sim_served_socket_renew(served->socket);
  }
  const int64_t missed = served->next_window;
  const fc_status_t status = try_joining(served, timeout_ms);
  const bool again = status == FC_EIO || status == FC_ETIMEOUT;
  if (status == FC_EIO) sim_served_socket_renew(served->socket);
  if (again && now_ns < served->rejoin_until_ns) return false;
  served->rejoining = false;
  served->joined = status == FC_OK;
  if (served->joined && served->next_window == missed) return false; /* nothing ran meanwhile */
  if (served->joined) {
    end_wait(served, fc_error_set(&served->why, FC_ETIMEOUT,
                                  "given up for being late, or cut off, and joined again: windows %" PRId64
                                  " to %" PRId64 " ran without this agent",
                                  missed, served->next_window - 1));
  } else if (again) {
    end_wait(served, fc_error_set(&served->why, FC_ESTATE,
                                  "platform sim: the served simulation is gone: no way to join again within %.3g s",
                                  served->options.rejoin_timeout_s));
  } else {
    end_wait(served, status == FC_ECLOSED ? FC_ECLOSED : FC_ESTATE);
  }
  return true;
}

static fc_status_t ask_window(served_t *served, fc_error_t *error) {
  const fc_rpc_simulation_window_request_t request = {.window = served->next_window};
  FC_TRY(fc_rpc_encode_simulation_window_request(&request, sim_served_socket_payload(served->socket), error));
  return sim_served_socket_send(served->socket, FC_RPC_SIMULATION_WINDOW, error);
}

static fc_status_t take_window(served_t *served, const uint8_t *answer, size_t size, fc_error_t *error) {
  fc_rpc_simulation_window_response_clear(&served->window);
  FC_TRY(fc_rpc_decode_simulation_window_response(answer, size, &served->window, error));
  if (served->window.observation.n_functions != served->workflow->n_functions)
    return fc_error_set(error, FC_EMISMATCH, "platform sim: the served simulation measured another workflow");
  served->next_window = served->window.observation.window + 1;
  served->fresh = false;
  return FC_OK;
}

static bool served_is_over(void *self, int64_t window, int timeout_ms) {
  served_t *served = self;
  (void)window;
  if (served->is_over) return true;
  if (!served->joined) return join_again(served, timeout_ms);
  fc_status_t status = FC_OK;
  if (!sim_served_socket_is_waiting(served->socket)) status = ask_window(served, &served->why);
  const uint8_t *answer = NULL;
  size_t size = 0;
  if (status == FC_OK) status = sim_served_socket_collect(served->socket, timeout_ms, &answer, &size, &served->why);
  if (status == FC_ETIMEOUT && !answer && sim_served_socket_is_waiting(served->socket)) return false;
  if (status == FC_ESTATE || status == FC_EIO) {
    served->joined = false;
    return false; /* asked again at once */
  }
  if (status == FC_OK) status = take_window(served, answer, size, &served->why);
  end_wait(served, status);
  return true;
}

static fc_status_t served_read(void *self, int64_t window, fc_observation_t *observation, fc_error_t *error) {
  served_t *served = self;
  const int timeout_ms = (int)(served->options.timeout_s * 1000);
  if (!served_is_over(self, window, timeout_ms))
    return fc_error_set(error, FC_ETIMEOUT, "platform sim: the other agents are not ready for this window");
  served->is_over = false;
  if (served->ended != FC_OK) return fc_error_set(error, served->ended, "%s", served->why.message);
  const fc_observation_t *measured = &served->window.observation;
  fc_observation_copy(observation, measured);
  observation->window = window;
  /* The wall clock is the served one's: it stands at the end of this window. */
  served->time.wall_start_us = measured->start_us + (int64_t)(measured->duration_s * 1e6) - served->time.now_ns / 1000;
  return FC_OK;
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

static fc_status_t served_discover(void *self, uint32_t *capabilities, fc_knob_range_t *caps, fc_error_t *error) {
  served_t *served = self;
  *capabilities = PLATFORM_SETS_ALL | PLATFORM_MEASURES_FUNCTIONS | PLATFORM_VIRTUAL_TIME;
  sim_rules_caps(served->workflow, caps);
  if (!served->socket)
    FC_TRY(sim_served_socket_new(served->options.endpoint, served->options.clock, &served->socket, error));
  return join(served, error);
}

static fc_status_t served_read_back(void *self, int32_t function, fc_function_configuration_t *configuration,
                                    fc_error_t *error) {
  served_t *served = self;
  FC_TRY(sim_rules_check_function(served->workflow, function, error));
  FC_TRY(refresh(served, error));
  *configuration = served->configuration[function];
  return FC_OK;
}

static fc_status_t served_plan(void *self, platform_step_t *step, fc_error_t *error) {
  (void)self;
  (void)error;
  sim_rules_plan(step);
  return FC_OK;
}

static fc_status_t served_validate(void *self, const fc_function_configuration_t *configuration, fc_error_t *error) {
  const served_t *served = self;
  for (int32_t f = 0; f < served->workflow->n_functions; ++f)
    FC_TRY(sim_rules_validate(served->workflow, f, &configuration[f], error));
  return FC_OK;
}

static fc_status_t write_one(served_t *served, int32_t function, const fc_function_configuration_t *configuration,
                             fc_error_t *error) {
  FC_TRY(sim_rules_check_function(served->workflow, function, error));
  fc_rpc_simulation_write_request_t request = {.configuration = *configuration};
  snprintf(request.function, sizeof request.function, "%s", served->workflow->functions[function].name);
  FC_TRY(fc_rpc_encode_simulation_write_request(&request, sim_served_socket_payload(served->socket), error));
  served->fresh = false;
  return ask_state(served, FC_RPC_SIMULATION_WRITE, error);
}

static fc_status_t served_apply(void *self, const platform_step_t *step, fc_error_t *error) {
  return write_one(self, step->function, &step->to, error);
}

static fc_status_t served_rollback(void *self, const platform_step_t *step, fc_error_t *error) {
  return write_one(self, step->function, &step->from, error);
}

static fc_clock_t served_clock(void *self) {
  return fc_clock_virtual(&((served_t *)self)->time);
}

static void served_destroy(void *self) {
  served_t *served = self;
  const bool leaves = served->socket && served->joined;
  if (leaves) {
    sim_served_socket_payload(served->socket)->size = 0;
    (void)sim_served_socket_send(served->socket, FC_RPC_SIMULATION_LEAVE, NULL);
  }
  sim_served_socket_destroy(&served->socket, leaves ? LEAVE_MS : 0);
  fc_rpc_simulation_window_response_clear(&served->window);
  free(served->configuration);
  free(served);
}

fc_status_t platform_sim_served_new(const fc_workflow_t *workflow, const platform_sim_served_options_t *options,
                                    platform_t *out, fc_error_t *error) {
  *out = (platform_t){0};
  served_t *served = calloc(1, sizeof *served);
  if (!served) return fc_error_set(error, FC_ENOMEM, "platform sim: out of memory");
  served->workflow = workflow;
  served->options = *options;
  served->configuration = calloc((size_t)workflow->n_functions, sizeof *served->configuration);
  if (!served->configuration) {
    served_destroy(served);
    return fc_error_set(error, FC_ENOMEM, "platform sim: out of memory");
  }
  *out = (platform_t){.kind = "sim",
                      .self = served,
                      .discover = served_discover,
                      .is_over = served_is_over,
                      .read = served_read,
                      .read_back = served_read_back,
                      .plan = served_plan,
                      .validate = served_validate,
                      .apply = served_apply,
                      .rollback = served_rollback,
                      .clock = served_clock,
                      .destroy = served_destroy};
  return FC_OK;
}
