/* rpc_simulation.c - payloads of simulation.join, simulation.state, simulation.write and simulation.window. */
#include <stdlib.h>

#include "wire_codec.h"

/* ---- join request ---- */

static fc_status_t simulation_join_request_fill(const void *plain, void *message, wire_arena_t *arena,
                                                fc_error_t *error) {
  const fc_rpc_simulation_join_request_t *from = plain;
  Faasconf__V1__SimulationJoinRequest *to = message;
  size_t n = 0;
  FC_TRY(FILL_TEXT(from, agent, to));
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->workflow_digest = wire_fill_bytes(from->workflow_digest, sizeof from->workflow_digest);
  FC_TRY(wire_fill_count(from->n_functions, from->functions, "SimulationJoinRequest.functions", &n, error));
  to->functions = wire_arena_array(arena, n, sizeof *to->functions);
  if (to->functions == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    FC_TRY(
        wire_fill_text(from->functions[i], FC_NAME_SIZE, "SimulationJoinRequest.functions", &to->functions[i], error));
  }
  to->n_functions = n;
  return FC_OK;
}

static fc_status_t simulation_join_request_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__SimulationJoinRequest *request = message;
  FC_TRY(wire_check_name(request->agent, "SimulationJoinRequest.agent", error));
  FC_TRY(wire_check_name(request->workflow, "SimulationJoinRequest.workflow", error));
  FC_TRY(wire_check_bytes(request->workflow_digest, FC_DIGEST_SIZE, "SimulationJoinRequest.workflow_digest", error));
  FC_TRY(wire_expect(request->n_functions <= FC_MAX_FUNCTIONS, "SimulationJoinRequest.functions",
                     "more names than a workflow has functions", error));
  for (size_t i = 0; i < request->n_functions; ++i) {
    FC_TRY(wire_check_name(request->functions[i], "SimulationJoinRequest.functions", error));
  }
  return FC_OK;
}

static fc_status_t simulation_join_request_take(const void *message, void *plain, wire_arena_t *arena,
                                                fc_error_t *error) {
  const Faasconf__V1__SimulationJoinRequest *from = message;
  fc_rpc_simulation_join_request_t *to = plain;
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  wire_take_bytes(from->workflow_digest, to->workflow_digest, sizeof to->workflow_digest);
  if (from->n_functions == 0) return FC_OK;
  to->functions = wire_arena_calloc_outside(arena, from->n_functions, sizeof *to->functions);
  if (to->functions == NULL) return wire_out_of_memory(error);
  to->n_functions = (int32_t)from->n_functions;
  for (size_t i = 0; i < from->n_functions; ++i) wire_take_text(from->functions[i], to->functions[i], FC_NAME_SIZE);
  return FC_OK;
}

static void simulation_join_request_clear(void *plain) {
  fc_rpc_simulation_join_request_t *request = plain;
  free(request->functions);
}

const wire_codec_t wire_codec_simulation_join_request = {&faasconf__v1__simulation_join_request__descriptor,
                                                         sizeof(fc_rpc_simulation_join_request_t),
                                                         simulation_join_request_fill,
                                                         simulation_join_request_check,
                                                         simulation_join_request_take,
                                                         simulation_join_request_clear};

/* ---- state ---- */

static fc_status_t simulation_state_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_simulation_state_t *from = plain;
  Faasconf__V1__SimulationState *to = message;
  to->window = from->window;
  to->start_us = from->start_us;
  return wire_fill_configuration(from->configuration, from->n_functions, arena, &to->n_configuration,
                                 &to->configuration, error);
}

static fc_status_t simulation_state_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__SimulationState *state = message;
  FC_TRY(wire_expect(state->window >= 0 && state->start_us >= 0, "SimulationState.window", "negative", error));
  return wire_check_configuration(state->configuration, state->n_configuration, state->n_configuration / FC_KNOBS,
                                  "SimulationState.configuration", error);
}

static fc_status_t simulation_state_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__SimulationState *from = message;
  fc_rpc_simulation_state_t *to = plain;
  const size_t n = from->n_configuration / FC_KNOBS;
  to->window = from->window;
  to->start_us = from->start_us;
  to->configuration = wire_arena_calloc_outside(arena, n, sizeof *to->configuration);
  if (to->configuration == NULL) return wire_out_of_memory(error);
  to->n_functions = (int32_t)n;
  wire_take_configuration(from->configuration, to->n_functions, to->configuration);
  return FC_OK;
}

static void simulation_state_clear(void *plain) {
  fc_rpc_simulation_state_t *state = plain;
  free(state->configuration);
}

const wire_codec_t wire_codec_simulation_state = {&faasconf__v1__simulation_state__descriptor,
                                                  sizeof(fc_rpc_simulation_state_t),
                                                  simulation_state_fill,
                                                  simulation_state_check,
                                                  simulation_state_take,
                                                  simulation_state_clear};

/* ---- write request ---- */

static fc_status_t simulation_write_request_fill(const void *plain, void *message, wire_arena_t *arena,
                                                 fc_error_t *error) {
  const fc_rpc_simulation_write_request_t *from = plain;
  Faasconf__V1__SimulationWriteRequest *to = message;
  FC_TRY(FILL_TEXT(from, function, to));
  return wire_fill_configuration(&from->configuration, 1, arena, &to->n_configuration, &to->configuration, error);
}

static fc_status_t simulation_write_request_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__SimulationWriteRequest *request = message;
  FC_TRY(wire_check_name(request->function, "SimulationWriteRequest.function", error));
  return wire_check_configuration(request->configuration, request->n_configuration, 1,
                                  "SimulationWriteRequest.configuration", error);
}

static fc_status_t simulation_write_request_take(const void *message, void *plain, wire_arena_t *arena,
                                                 fc_error_t *error) {
  const Faasconf__V1__SimulationWriteRequest *from = message;
  fc_rpc_simulation_write_request_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->function, to->function, sizeof to->function);
  wire_take_configuration(from->configuration, 1, &to->configuration);
  return FC_OK;
}

const wire_codec_t wire_codec_simulation_write_request = {&faasconf__v1__simulation_write_request__descriptor,
                                                          sizeof(fc_rpc_simulation_write_request_t),
                                                          simulation_write_request_fill,
                                                          simulation_write_request_check,
                                                          simulation_write_request_take,
                                                          NULL};

/* ---- window ---- */

static fc_status_t simulation_window_request_fill(const void *plain, void *message, wire_arena_t *arena,
                                                  fc_error_t *error) {
  (void)arena;
  (void)error;
  ((Faasconf__V1__SimulationWindowRequest *)message)->window =
      ((const fc_rpc_simulation_window_request_t *)plain)->window;
  return FC_OK;
}

static fc_status_t simulation_window_request_check(const void *message, fc_error_t *error) {
  return wire_expect(((const Faasconf__V1__SimulationWindowRequest *)message)->window >= 0,
                     "SimulationWindowRequest.window", "negative", error);
}

static fc_status_t simulation_window_request_take(const void *message, void *plain, wire_arena_t *arena,
                                                  fc_error_t *error) {
  (void)arena;
  (void)error;
  ((fc_rpc_simulation_window_request_t *)plain)->window =
      ((const Faasconf__V1__SimulationWindowRequest *)message)->window;
  return FC_OK;
}

const wire_codec_t wire_codec_simulation_window_request = {&faasconf__v1__simulation_window_request__descriptor,
                                                           sizeof(fc_rpc_simulation_window_request_t),
                                                           simulation_window_request_fill,
                                                           simulation_window_request_check,
                                                           simulation_window_request_take,
                                                           NULL};

static fc_status_t simulation_window_response_fill(const void *plain, void *message, wire_arena_t *arena,
                                                   fc_error_t *error) {
  const fc_rpc_simulation_window_response_t *from = plain;
  return wire_observation_fill(&from->observation, &((Faasconf__V1__SimulationWindowResponse *)message)->observation,
                               arena, error);
}

static fc_status_t simulation_window_response_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__SimulationWindowResponse *response = message;
  FC_TRY(wire_expect(response->observation != NULL, "SimulationWindowResponse.observation", "missing", error));
  return wire_observation_check(response->observation, "SimulationWindowResponse.observation", error);
}

static fc_status_t simulation_window_response_take(const void *message, void *plain, wire_arena_t *arena,
                                                   fc_error_t *error) {
  const Faasconf__V1__Observation *from = ((const Faasconf__V1__SimulationWindowResponse *)message)->observation;
  fc_rpc_simulation_window_response_t *to = plain;
  FC_TRY(wire_observation_make((int32_t)from->n_functions, &to->observation, arena, error));
  wire_observation_take(from, &to->observation);
  return FC_OK;
}

static void simulation_window_response_clear(void *plain) {
  fc_rpc_simulation_window_response_t *response = plain;
  fc_observation_clear(&response->observation);
}

const wire_codec_t wire_codec_simulation_window_response = {&faasconf__v1__simulation_window_response__descriptor,
                                                            sizeof(fc_rpc_simulation_window_response_t),
                                                            simulation_window_response_fill,
                                                            simulation_window_response_check,
                                                            simulation_window_response_take,
                                                            simulation_window_response_clear};
