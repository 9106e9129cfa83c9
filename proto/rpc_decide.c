/* rpc_decide.c - payloads of policy.decide and policy.explain. */
#include <stdlib.h>
#include <string.h>

#include "wire_codec.h"

enum { DECIDE_HAS_BOUNDS = 1u, EXPLAIN_HAS_Q = 1u, TEXT_BYTES = 4096 };

/* ---- decide request ---- */

static fc_status_t decide_request_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_decide_request_t *from = plain;
  Faasconf__V1__DecideRequest *to = message;
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->policy_version = from->policy_version;
  if (!from->has_observation) return FC_OK;
  return wire_observation_fill(&from->observation, &to->observation, arena, error);
}

static fc_status_t decide_request_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__DecideRequest *request = message;
  FC_TRY(wire_check_name(request->workflow, "DecideRequest.workflow", error));
  FC_TRY(wire_expect(request->policy_version >= 0, "DecideRequest.policy_version", "negative", error));
  if (request->observation == NULL) return FC_OK;
  return wire_observation_check(request->observation, "DecideRequest.observation", error);
}

static fc_status_t decide_request_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__DecideRequest *from = message;
  fc_rpc_decide_request_t *to = plain;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->policy_version = from->policy_version;
  to->has_observation = from->observation != NULL;
  if (from->observation == NULL) return FC_OK;
  FC_TRY(wire_observation_make((int32_t)from->observation->n_functions, &to->observation, arena, error));
  wire_observation_take(from->observation, &to->observation);
  return FC_OK;
}

static void decide_request_clear(void *plain) {
  fc_rpc_decide_request_t *request = plain;
  fc_observation_clear(&request->observation);
}

const wire_codec_t wire_codec_decide_request = {&faasconf__v1__decide_request__descriptor,
                                                sizeof(fc_rpc_decide_request_t),
                                                decide_request_fill,
                                                decide_request_check,
                                                decide_request_take,
                                                decide_request_clear};

/* ---- decide response ---- */

static fc_status_t functions_fill(const fc_rpc_decide_response_t *from, Faasconf__V1__DecideResponse *to,
                                  wire_arena_t *arena, fc_error_t *error) {
  size_t n = 0;
  FC_TRY(wire_fill_count(from->n_functions, from->functions, "DecideResponse.functions", &n, error));
  FC_TRY(wire_fill_count(from->n_functions, from->action, "DecideResponse.action", &n, error));
  to->functions = wire_arena_array(arena, n, sizeof *to->functions);
  if (to->functions == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    FC_TRY(wire_fill_text(from->functions[i], FC_NAME_SIZE, "DecideResponse.functions", &to->functions[i], error));
  }
  to->n_functions = n;
  to->n_action = n * FC_KNOBS;
  to->action = from->action;
  return wire_fill_configuration(from->configuration, from->n_functions, arena, &to->n_configuration,
                                 &to->configuration, error);
}

static fc_status_t edges_fill(const fc_rpc_decide_response_t *from, Faasconf__V1__DecideResponse *to,
                              fc_error_t *error) {
  FC_TRY(wire_fill_count(from->n_edges, from->edge_row, "DecideResponse.edge_row", &to->n_edge_row, error));
  FC_TRY(wire_fill_count(from->n_edges, from->edge_column, "DecideResponse.edge_column", &to->n_edge_column, error));
  FC_TRY(wire_fill_count(from->n_edges, from->attention, "DecideResponse.attention", &to->n_attention, error));
  to->edge_row = from->edge_row;
  to->edge_column = from->edge_column;
  to->attention = from->attention;
  return FC_OK;
}

static fc_status_t decide_response_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_decide_response_t *from = plain;
  Faasconf__V1__DecideResponse *to = message;
  FC_TRY(functions_fill(from, to, arena, error));
  FC_TRY(edges_fill(from, to, error));
  to->cost_usd_h = from->cost_usd_h;
  if (from->has_bounds) {
    to->present = DECIDE_HAS_BOUNDS;
    to->lb_usd_h = from->lb_usd_h;
    to->ub_usd_h = from->ub_usd_h;
    to->bounds_in_flight = from->bounds_in_flight;
  }
  to->policy_version = from->policy_version;
  to->policy_digest = wire_fill_bytes(from->policy_digest, sizeof from->policy_digest);
  to->observed_window_us = from->observed_window_us;
  return FC_OK;
}

static fc_status_t edges_check(const Faasconf__V1__DecideResponse *response, fc_error_t *error) {
  const size_t n_edges = response->n_edge_row;
  FC_TRY(wire_expect(response->n_edge_column == n_edges && response->n_attention == n_edges, "DecideResponse.attention",
                     "edge_row, edge_column and attention differ in length", error));
  for (size_t e = 0; e < n_edges; ++e) {
    const int32_t row = response->edge_row[e], column = response->edge_column[e];
    FC_TRY(wire_expect(
        row >= 0 && (size_t)row < response->n_functions && column >= 0 && (size_t)column < response->n_functions,
        "DecideResponse.edge_row", "an edge to a function that is not there", error));
    FC_TRY(wire_expect(response->attention[e] >= 0, "DecideResponse.attention", "a negative weight", error));
  }
  return FC_OK;
}

static fc_status_t decide_response_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__DecideResponse *response = message;
  const size_t n = response->n_functions;
  FC_TRY(wire_check_configuration(response->configuration, response->n_configuration, n, "DecideResponse.configuration",
                                  error));
  for (size_t i = 0; i < n; ++i) FC_TRY(wire_check_name(response->functions[i], "DecideResponse.functions", error));
  FC_TRY(wire_expect(response->n_action == n * FC_KNOBS, "DecideResponse.action", "not (functions, 4) numbers", error));
  for (size_t i = 0; i < response->n_action; ++i) {
    FC_TRY(wire_expect(response->action[i] >= 0 && response->action[i] <= 1, "DecideResponse.action",
                       "a component outside 0 to 1", error));
  }
  FC_TRY(wire_expect(response->cost_usd_h >= 0, "DecideResponse.cost_usd_h", "negative", error));
  FC_TRY(wire_expect(response->lb_usd_h <= response->ub_usd_h && response->bounds_in_flight >= 0,
                     "DecideResponse.lb_usd_h", "above ub_usd_h, or for a negative load", error));
  FC_TRY(wire_expect(response->policy_version >= 0, "DecideResponse.policy_version", "negative", error));
  FC_TRY(wire_check_bytes(response->policy_digest, FC_DIGEST_SIZE, "DecideResponse.policy_digest", error));
  FC_TRY(wire_expect(response->observed_window_us >= 0, "DecideResponse.observed_window_us", "negative", error));
  return edges_check(response, error);
}

static fc_status_t decide_arrays_take(const Faasconf__V1__DecideResponse *from, fc_rpc_decide_response_t *to,
                                      wire_arena_t *arena, fc_error_t *error) {
  const size_t n = from->n_functions, n_edges = from->n_edge_row;
  void *action = NULL, *row = NULL, *column = NULL, *attention = NULL;
  to->n_functions = (int32_t)n;
  to->n_edges = (int32_t)n_edges;
  to->functions = wire_arena_calloc_outside(arena, n, sizeof *to->functions);
  to->configuration = wire_arena_calloc_outside(arena, n, sizeof *to->configuration);
  if (to->functions == NULL || to->configuration == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) wire_take_text(from->functions[i], to->functions[i], FC_NAME_SIZE);
  wire_take_configuration(from->configuration, to->n_functions, to->configuration);
  FC_TRY(wire_take_array(from->action, n * FC_KNOBS, sizeof(float), &action, arena, error));
  to->action = action;
  FC_TRY(wire_take_array(from->edge_row, n_edges, sizeof(int32_t), &row, arena, error));
  to->edge_row = row;
  FC_TRY(wire_take_array(from->edge_column, n_edges, sizeof(int32_t), &column, arena, error));
  to->edge_column = column;
  FC_TRY(wire_take_array(from->attention, n_edges, sizeof(float), &attention, arena, error));
  to->attention = attention;
  return FC_OK;
}

static fc_status_t decide_response_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__DecideResponse *from = message;
  fc_rpc_decide_response_t *to = plain;
  to->cost_usd_h = from->cost_usd_h;
  to->has_bounds = (from->present & DECIDE_HAS_BOUNDS) != 0;
  if (to->has_bounds) {
    to->lb_usd_h = from->lb_usd_h;
    to->ub_usd_h = from->ub_usd_h;
    to->bounds_in_flight = from->bounds_in_flight;
  }
  to->policy_version = from->policy_version;
  wire_take_bytes(from->policy_digest, to->policy_digest, sizeof to->policy_digest);
  to->observed_window_us = from->observed_window_us;
  return decide_arrays_take(from, to, arena, error);
}

static void decide_response_clear(void *plain) {
  fc_rpc_decide_response_t *response = plain;
  free(response->functions);
  free(response->configuration);
  free(response->action);
  free(response->edge_row);
  free(response->edge_column);
  free(response->attention);
}

const wire_codec_t wire_codec_decide_response = {&faasconf__v1__decide_response__descriptor,
                                                 sizeof(fc_rpc_decide_response_t),
                                                 decide_response_fill,
                                                 decide_response_check,
                                                 decide_response_take,
                                                 decide_response_clear};

/* ---- explain response ---- */

static fc_status_t explain_response_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_explain_response_t *from = plain;
  Faasconf__V1__ExplainResponse *to = message;
  to->decision = wire_arena_alloc(arena, sizeof *to->decision);
  if (to->decision == NULL) return wire_out_of_memory(error);
  faasconf__v1__decide_response__init(to->decision);
  FC_TRY(decide_response_fill(&from->decision, to->decision, arena, error));
  to->cost_now_usd_h = from->cost_now_usd_h;
  if (from->has_q) {
    to->present = EXPLAIN_HAS_Q;
    to->q_now = from->q_now;
    to->q_decided = from->q_decided;
  }
  to->inside_bounds = from->inside_bounds;
  if (from->text != NULL) to->text = from->text;
  return FC_OK;
}

static fc_status_t explain_response_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__ExplainResponse *response = message;
  FC_TRY(wire_expect(response->decision != NULL, "ExplainResponse.decision", "missing", error));
  FC_TRY(decide_response_check(response->decision, error));
  FC_TRY(wire_expect(response->cost_now_usd_h >= 0, "ExplainResponse.cost_now_usd_h", "negative", error));
  return wire_check_text(response->text, TEXT_BYTES, "ExplainResponse.text", error);
}

static fc_status_t explain_response_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__ExplainResponse *from = message;
  fc_rpc_explain_response_t *to = plain;
  to->cost_now_usd_h = from->cost_now_usd_h;
  to->has_q = (from->present & EXPLAIN_HAS_Q) != 0;
  if (to->has_q) {
    to->q_now = from->q_now;
    to->q_decided = from->q_decided;
  }
  to->inside_bounds = from->inside_bounds != 0;
  FC_TRY(decide_response_take(from->decision, &to->decision, arena, error));
  return wire_take_long_text(from->text, &to->text, arena, error);
}

static void explain_response_clear(void *plain) {
  fc_rpc_explain_response_t *response = plain;
  decide_response_clear(&response->decision);
  free(response->text);
}

const wire_codec_t wire_codec_explain_response = {&faasconf__v1__explain_response__descriptor,
                                                  sizeof(fc_rpc_explain_response_t),
                                                  explain_response_fill,
                                                  explain_response_check,
                                                  explain_response_take,
                                                  explain_response_clear};
