/* methods.c - decide, list, status (methods.h); explain has its own file. */
#include "methods.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"

enum { MAX_LISTED = 1000 };

void methods_clear(methods_t *methods) {
  store_destroy(&methods->store);
  free(methods->scratch);
  methods->scratch = NULL;
  methods->scratch_floats = 0;
}

void decision_clear(decision_t *decision) {
  registry_policy_destroy(&decision->stored);
  fc_observation_clear(&decision->observation);
  registry_release(&decision->snapshot);
  memset(decision, 0, sizeof *decision);
}

static fc_rpc_code_t no_memory(fc_error_t *error) {
  fc_error_set(error, FC_ENOMEM, "the server has no memory for the answer: ask again");
  return FC_RPC_RESOURCE_EXHAUSTED;
}

/* ---- decide ---- */

/* The version asked for: live, kept in the snapshot, or read from the store. */
static fc_rpc_code_t find_policy(methods_t *methods, const fc_rpc_decide_request_t *request, decision_t *decision,
                                 fc_error_t *error) {
  decision->policy = registry_policy(decision->entry, request->policy_version);
  if (decision->policy != NULL) return FC_RPC_OK;
  if (request->policy_version == 0) {
    fc_error_set(error, FC_ESTATE, "workflow `%s` has no live policy yet: train one, or let agents report first",
                 request->workflow);
    return FC_RPC_FAILED_PRECONDITION;
  }
  store_policy_entry_t entry;
  char *manifest = NULL;
  uint8_t *weights = NULL;
  size_t manifest_size = 0, weights_size = 0;
  fc_status_t status = store_get_policy(methods->store, request->workflow, request->policy_version, &entry, &manifest,
                                        &manifest_size, &weights, &weights_size, error);
  if (status == FC_ENOTFOUND) {
    fc_error_set(error, status, "workflow `%s` has no policy version %" PRId64 ": see `faasconf policies`",
                 request->workflow, request->policy_version);
  }
  if (status == FC_OK) {
    status = registry_policy_new(methods->registry, &manifest, manifest_size, &weights, weights_size, &decision->stored,
                                 error);
  }
  if (status == FC_OK) status = fc_policy_check(decision->stored->policy, decision->entry->workflow, error);
  decision->policy = decision->stored;
  return fc_rpc_code_from_status(status);
}

/* The newest stored window; the start configuration when there is none (or the workflow has changed since). */
static fc_status_t latest_observation(methods_t *methods, const fc_workflow_t *workflow, fc_observation_t *out) {
  fc_transition_t latest;
  FC_TRY(fc_transition_init(&latest, workflow->n_functions));
  if (store_latest_transition(methods->store, workflow, &latest, NULL) == FC_OK &&
      fc_observation_validate(&latest.after, workflow, NULL) == FC_OK) {
    fc_observation_copy(out, &latest.after);
  } else {
    for (int32_t i = 0; i < workflow->n_functions; ++i) out->configuration[i] = workflow->functions[i].start;
    out->duration_s = workflow->window_s;
  }
  fc_transition_clear(&latest);
  return FC_OK;
}

static fc_rpc_code_t find_observation(methods_t *methods, const fc_rpc_decide_request_t *request, decision_t *decision,
                                      fc_error_t *error) {
  const fc_workflow_t *workflow = decision->entry->workflow;
  if (request->has_observation && fc_observation_validate(&request->observation, workflow, error) != FC_OK) {
    return FC_RPC_INVALID_ARGUMENT;
  }
  if (fc_observation_init(&decision->observation, workflow->n_functions) != FC_OK) return no_memory(error);
  if (request->has_observation) {
    fc_observation_copy(&decision->observation, &request->observation);
    return FC_RPC_OK;
  }
  return latest_observation(methods, workflow, &decision->observation) == FC_OK ? FC_RPC_OK : no_memory(error);
}

/* The record of the nearest load. Without a measured load there is a nearest one only when there is one. */
static const fc_safety_record_t *nearest_record(const decision_t *decision) {
  const registry_entry_t *entry = decision->entry;
  if ((decision->observation.load.present & FC_LOAD_HAS_IN_FLIGHT) == 0) {
    return entry->n_records == 1 ? &entry->records[0] : NULL;
  }
  const int32_t index = fc_bounds_nearest(entry->records, entry->n_records, decision->observation.load.mean_in_flight);
  return index < 0 ? NULL : &entry->records[index];
}

static fc_status_t allocate_response(const fc_workflow_t *workflow, fc_rpc_decide_response_t *response) {
  const size_t n = (size_t)workflow->n_functions, n_edges = (size_t)workflow->neighbours.n_edges;
  response->n_functions = workflow->n_functions;
  response->n_edges = workflow->neighbours.n_edges;
  response->functions = calloc(n, sizeof *response->functions);
  response->configuration = calloc(n, sizeof *response->configuration);
  response->action = calloc(n * FC_KNOBS, sizeof *response->action);
  response->edge_row = calloc(n_edges + 1, sizeof *response->edge_row);
  response->edge_column = calloc(n_edges + 1, sizeof *response->edge_column);
  response->attention = calloc(n_edges + 1, sizeof *response->attention);
  const bool complete = response->functions != NULL && response->configuration != NULL && response->action != NULL &&
                        response->edge_row != NULL && response->edge_column != NULL && response->attention != NULL;
  return complete ? FC_OK : FC_ENOMEM;
}

static fc_status_t grow_scratch(methods_t *methods, size_t floats) {
  if (floats <= methods->scratch_floats) return FC_OK;
  float *grown = realloc(methods->scratch, floats * sizeof *grown);
  if (grown == NULL) return FC_ENOMEM;
  methods->scratch = grown;
  methods->scratch_floats = floats;
  return FC_OK;
}

static void describe_decision(const decision_t *decision, fc_rpc_decide_response_t *response) {
  const fc_workflow_t *workflow = decision->entry->workflow;
  const fc_topology_t *topology = &workflow->neighbours;
  for (int32_t i = 0; i < workflow->n_functions; ++i) {
    memcpy(response->functions[i], workflow->functions[i].name, FC_NAME_SIZE);
    for (int32_t e = topology->row_start[i]; e < topology->row_start[i + 1]; ++e) {
      response->edge_row[e] = i;
      response->edge_column[e] = topology->column[e];
    }
  }
  response->cost_usd_h = fc_cost_reserved_usd_h(workflow, response->configuration);
  if (decision->record != NULL) {
    response->has_bounds = true;
    response->lb_usd_h = decision->record->lb_usd_h;
    response->ub_usd_h = decision->record->ub_usd_h;
    response->bounds_in_flight = decision->record->mean_in_flight;
  }
  response->policy_version = decision->policy->hint.version;
  memcpy(response->policy_digest, decision->policy->hint.digest, FC_DIGEST_SIZE);
  response->observed_window_us = decision->observation.start_us;
}

fc_rpc_code_t methods_decide(methods_t *methods, const fc_rpc_decide_request_t *request, decision_t *decision,
                             fc_rpc_decide_response_t *response, fc_error_t *error) {
  memset(decision, 0, sizeof *decision);
  decision->snapshot = registry_acquire(methods->registry);
  decision->entry = registry_find(decision->snapshot, request->workflow);
  if (decision->entry == NULL) {
    fc_error_set(error, FC_ENOTFOUND, "workflow `%s` is not registered: register its file (`faasconf register`)",
                 request->workflow);
    return FC_RPC_NOT_FOUND;
  }
  fc_rpc_code_t code = find_observation(methods, request, decision, error);
  if (code == FC_RPC_OK) code = find_policy(methods, request, decision, error);
  if (code != FC_RPC_OK) return code;
  const fc_workflow_t *workflow = decision->entry->workflow;
  const fc_policy_t *policy = decision->policy->policy;
  decision->record = nearest_record(decision);
  if (allocate_response(workflow, response) != FC_OK ||
      grow_scratch(methods, fc_policy_scratch_floats(policy, workflow)) != FC_OK) {
    return no_memory(error);
  }
  const fc_status_t status = fc_policy_decide(policy, workflow, &decision->observation, methods->scratch,
                                              response->action, response->attention);
  if (status != FC_OK) {
    fc_error_set(error, status, "policy %" PRId64 " gives no usable action for this observation: %s",
                 decision->policy->hint.version, fc_status_text(status));
    return status == FC_EUNSAFE ? FC_RPC_INTERNAL : fc_rpc_code_from_status(status);
  }
  const fc_policy_manifest_t *manifest = fc_policy_manifest(policy);
  fc_knobs_decode(workflow, manifest->ranges, manifest->decode, response->action, response->configuration);
  describe_decision(decision, response);
  return FC_RPC_OK;
}

/* ---- list ---- */

static int newest_first(const void *left, const void *right) {
  const store_policy_entry_t *a = left, *b = right;
  const int by_workflow = strcmp(a->workflow, b->workflow);
  if (by_workflow != 0) return by_workflow;
  return a->version < b->version ? 1 : a->version > b->version ? -1 : 0;
}

fc_rpc_code_t methods_list(methods_t *methods, const fc_rpc_list_request_t *request, fc_rpc_list_response_t *response,
                           fc_error_t *error) {
  if (request->workflow[0] != '\0') {
    const registry_snapshot_t *snapshot = registry_acquire(methods->registry);
    const bool known = registry_find(snapshot, request->workflow) != NULL;
    registry_release(&snapshot);
    if (!known) {
      fc_error_set(error, FC_ENOTFOUND, "workflow `%s` is not registered", request->workflow);
      return FC_RPC_NOT_FOUND;
    }
  }
  store_policy_entry_t *entries = NULL;
  int32_t n = 0;
  const fc_status_t status = store_list_policies(methods->store, request->workflow, &entries, &n, error);
  if (status != FC_OK) return fc_rpc_code_from_status(status);
  if (n > 1) qsort(entries, (size_t)n, sizeof *entries, newest_first);
  if (n > MAX_LISTED) n = MAX_LISTED; /* the answer has to fit a message */
  response->policies = calloc((size_t)n + 1, sizeof *response->policies);
  if (response->policies == NULL) {
    free(entries);
    return no_memory(error);
  }
  response->n_policies = n;
  for (int32_t i = 0; i < n; ++i) {
    fc_rpc_policy_entry_t *to = &response->policies[i];
    const store_policy_entry_t *from = &entries[i];
    memcpy(to->workflow, from->workflow, sizeof to->workflow);
    memcpy(to->kind, from->kind, sizeof to->kind);
    memcpy(to->variant, from->variant, sizeof to->variant);
    memcpy(to->state, from->state, sizeof to->state);
    memcpy(to->digest, from->digest, sizeof to->digest);
    to->version = from->version;
    to->created_us = from->created_us;
    to->updates = from->updates;
    to->heldout_r2 = from->heldout_r2;
  }
  free(entries);
  return FC_RPC_OK;
}

/* ---- status ---- */

fc_rpc_code_t methods_status(methods_t *methods, fc_rpc_status_response_t *response, fc_error_t *error) {
  const registry_snapshot_t *snapshot = registry_acquire(methods->registry);
  const int32_t n = registry_count(snapshot);
  snprintf(response->program_version, sizeof response->program_version, "%s", FAASCONF_VERSION);
  snprintf(response->store, sizeof response->store, "%s", methods->store_directory);
  response->started_us = methods->started_us;
  stats_snapshot(methods->stats, response);
  response->workflows = calloc((size_t)n + 1, sizeof *response->workflows);
  response->live_versions = calloc((size_t)n + 1, sizeof *response->live_versions);
  fc_rpc_code_t code = FC_RPC_OK;
  if (response->workflows == NULL || response->live_versions == NULL) {
    code = no_memory(error);
  } else {
    response->n_workflows = n;
    for (int32_t i = 0; i < n; ++i) {
      const registry_entry_t *entry = registry_at(snapshot, i);
      memcpy(response->workflows[i], entry->workflow->name, FC_NAME_SIZE);
      response->live_versions[i] = entry->n_policies == 0 ? 0 : entry->policies[0]->hint.version;
    }
  }
  registry_release(&snapshot);
  return code;
}
