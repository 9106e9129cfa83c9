/* rpc_status.c - responses of policy.list and server.status. */
#include <math.h>
#include <stdlib.h>

#include "wire_codec.h"

enum { ENTRY_HAS_R2 = 1u };

/* ---- list ---- */

static fc_status_t entry_fill(const fc_rpc_policy_entry_t *from, Faasconf__V1__PolicyEntry *to, fc_error_t *error) {
  faasconf__v1__policy_entry__init(to);
  FC_TRY(FILL_TEXT(from, workflow, to));
  FC_TRY(FILL_TEXT(from, kind, to));
  FC_TRY(FILL_TEXT(from, variant, to));
  FC_TRY(FILL_TEXT(from, state, to));
  to->version = from->version;
  to->digest = wire_fill_bytes(from->digest, sizeof from->digest);
  to->created_us = from->created_us;
  to->updates = from->updates;
  if (!isnan(from->heldout_r2)) {
    to->present = ENTRY_HAS_R2;
    to->heldout_r2 = from->heldout_r2;
  }
  return FC_OK;
}

static fc_status_t list_response_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_list_response_t *from = plain;
  Faasconf__V1__ListResponse *to = message;
  size_t n = 0;
  FC_TRY(wire_fill_count(from->n_policies, from->policies, "ListResponse.policies", &n, error));
  Faasconf__V1__PolicyEntry *bodies = wire_arena_array(arena, n, sizeof *bodies);
  to->policies = wire_arena_array(arena, n, sizeof(void *));
  if (bodies == NULL || to->policies == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    FC_TRY(entry_fill(&from->policies[i], &bodies[i], error));
    to->policies[i] = &bodies[i];
  }
  to->n_policies = n;
  return FC_OK;
}

static fc_status_t entry_check(const Faasconf__V1__PolicyEntry *entry, fc_error_t *error) {
  FC_TRY(wire_check_name(entry->workflow, "PolicyEntry.workflow", error));
  FC_TRY(wire_check_name(entry->kind, "PolicyEntry.kind", error));
  FC_TRY(wire_check_name_or_empty(entry->variant, "PolicyEntry.variant", error));
  FC_TRY(wire_check_name(entry->state, "PolicyEntry.state", error));
  FC_TRY(wire_check_bytes(entry->digest, FC_DIGEST_SIZE, "PolicyEntry.digest", error));
  return wire_expect(entry->version >= 0 && entry->created_us >= 0 && entry->updates >= 0, "PolicyEntry.version",
                     "a negative version, time or count", error);
}

static fc_status_t list_response_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__ListResponse *response = message;
  for (size_t i = 0; i < response->n_policies; ++i) FC_TRY(entry_check(response->policies[i], error));
  return FC_OK;
}

static void entry_take(const Faasconf__V1__PolicyEntry *from, fc_rpc_policy_entry_t *to) {
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  wire_take_text(from->kind, to->kind, sizeof to->kind);
  wire_take_text(from->variant, to->variant, sizeof to->variant);
  wire_take_text(from->state, to->state, sizeof to->state);
  to->version = from->version;
  wire_take_bytes(from->digest, to->digest, sizeof to->digest);
  to->created_us = from->created_us;
  to->updates = from->updates;
  to->heldout_r2 = (from->present & ENTRY_HAS_R2) != 0 ? from->heldout_r2 : (double)NAN;
}

static fc_status_t list_response_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__ListResponse *from = message;
  fc_rpc_list_response_t *to = plain;
  if (from->n_policies == 0) return FC_OK;
  to->policies = wire_arena_calloc_outside(arena, from->n_policies, sizeof *to->policies);
  if (to->policies == NULL) return wire_out_of_memory(error);
  to->n_policies = (int32_t)from->n_policies;
  for (size_t i = 0; i < from->n_policies; ++i) entry_take(from->policies[i], &to->policies[i]);
  return FC_OK;
}

static void list_response_clear(void *plain) {
  fc_rpc_list_response_t *response = plain;
  free(response->policies);
}

const wire_codec_t wire_codec_list_response = {&faasconf__v1__list_response__descriptor,
                                               sizeof(fc_rpc_list_response_t),
                                               list_response_fill,
                                               list_response_check,
                                               list_response_take,
                                               list_response_clear};

/* ---- status ---- */

static fc_status_t status_response_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_status_response_t *from = plain;
  Faasconf__V1__StatusResponse *to = message;
  size_t n = 0;
  FC_TRY(FILL_TEXT(from, program_version, to));
  FC_TRY(FILL_TEXT(from, store, to));
  FC_TRY(FILL_TEXT(from, problem, to));
  FC_TRY(wire_fill_count(from->n_workflows, from->workflows, "StatusResponse.workflows", &n, error));
  FC_TRY(wire_fill_count(from->n_workflows, from->live_versions, "StatusResponse.live_versions", &n, error));
  to->workflows = wire_arena_array(arena, n, sizeof *to->workflows);
  if (to->workflows == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    FC_TRY(wire_fill_text(from->workflows[i], FC_NAME_SIZE, "StatusResponse.workflows", &to->workflows[i], error));
  }
  to->n_workflows = n;
  to->n_live_versions = n;
  to->live_versions = from->live_versions;
  to->started_us = from->started_us;
  to->degraded = from->degraded;
#define COUNTER_FILL(name) to->name = from->name;
  FC_SERVER_COUNTERS(COUNTER_FILL)
#undef COUNTER_FILL
  return FC_OK;
}

static fc_status_t status_response_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__StatusResponse *response = message;
  FC_TRY(wire_check_name_or_empty(response->program_version, "StatusResponse.program_version", error));
  FC_TRY(wire_check_text(response->store, sizeof((fc_rpc_status_response_t *)0)->store - 1, "StatusResponse.store",
                         error));
  FC_TRY(wire_check_text(response->problem, sizeof((fc_rpc_status_response_t *)0)->problem - 1,
                         "StatusResponse.problem", error));
  FC_TRY(wire_expect(response->n_workflows == response->n_live_versions, "StatusResponse.live_versions",
                     "not one per workflow", error));
  for (size_t i = 0; i < response->n_workflows; ++i) {
    FC_TRY(wire_check_name(response->workflows[i], "StatusResponse.workflows", error));
    FC_TRY(wire_expect(response->live_versions[i] >= 0, "StatusResponse.live_versions", "negative", error));
  }
  return wire_expect(response->started_us >= 0, "StatusResponse.started_us", "negative", error);
}

static fc_status_t status_response_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__StatusResponse *from = message;
  fc_rpc_status_response_t *to = plain;
  void *versions = NULL;
  wire_take_text(from->program_version, to->program_version, sizeof to->program_version);
  wire_take_text(from->store, to->store, sizeof to->store);
  wire_take_text(from->problem, to->problem, sizeof to->problem);
  to->started_us = from->started_us;
  to->degraded = from->degraded != 0;
#define COUNTER_TAKE(name) to->name = from->name;
  FC_SERVER_COUNTERS(COUNTER_TAKE)
#undef COUNTER_TAKE
  if (from->n_workflows == 0) return FC_OK;
  to->workflows = wire_arena_calloc_outside(arena, from->n_workflows, sizeof *to->workflows);
  if (to->workflows == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < from->n_workflows; ++i) wire_take_text(from->workflows[i], to->workflows[i], FC_NAME_SIZE);
  to->n_workflows = (int32_t)from->n_workflows;
  FC_TRY(wire_take_array(from->live_versions, from->n_workflows, sizeof *to->live_versions, &versions, arena, error));
  to->live_versions = versions;
  return FC_OK;
}

static void status_response_clear(void *plain) {
  fc_rpc_status_response_t *response = plain;
  free(response->workflows);
  free(response->live_versions);
}

const wire_codec_t wire_codec_status_response = {&faasconf__v1__status_response__descriptor,
                                                 sizeof(fc_rpc_status_response_t),
                                                 status_response_fill,
                                                 status_response_check,
                                                 status_response_take,
                                                 status_response_clear};
