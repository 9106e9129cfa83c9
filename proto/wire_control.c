/* wire_control.c - PROPOSAL, APPROVAL, STEP, STEP_ACK: everything bound to a decision digest and an expiry. */
#include <stdlib.h>

#include "wire_codec.h"

enum { REASON_BYTES = 4096 };

/* ---- proposal ---- */

static fc_status_t proposal_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_proposal_t *from = plain;
  Faasconf__V1__Proposal *to = message;
  FC_TRY(FILL_TEXT(from, agent, to));
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->decision_digest = wire_fill_bytes(from->decision_digest, sizeof from->decision_digest);
  to->expires_us = from->expires_us;
  to->cost_now_usd_h = from->cost_now_usd_h;
  to->cost_proposed_usd_h = from->cost_proposed_usd_h;
  if (from->reason != NULL) to->reason = from->reason;
  return wire_fill_configuration(from->configuration, from->n_functions, arena, &to->n_configuration,
                                 &to->configuration, error);
}

static fc_status_t proposal_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Proposal *proposal = message;
  FC_TRY(wire_check_name(proposal->agent, "Proposal.agent", error));
  FC_TRY(wire_check_name(proposal->workflow, "Proposal.workflow", error));
  FC_TRY(wire_check_bytes(proposal->decision_digest, FC_DIGEST_SIZE, "Proposal.decision_digest", error));
  FC_TRY(wire_expect(proposal->expires_us >= 0, "Proposal.expires_us", "negative", error));
  FC_TRY(wire_expect(proposal->cost_now_usd_h >= 0 && proposal->cost_proposed_usd_h >= 0, "Proposal.cost_now_usd_h",
                     "a negative cost", error));
  FC_TRY(wire_check_text(proposal->reason, REASON_BYTES, "Proposal.reason", error));
  return wire_check_configuration(proposal->configuration, proposal->n_configuration,
                                  proposal->n_configuration / FC_KNOBS, "Proposal.configuration", error);
}

static fc_status_t configuration_copy(const int32_t *values, size_t n_functions, fc_function_configuration_t **to,
                                      wire_arena_t *arena, fc_error_t *error) {
  *to = wire_arena_calloc_outside(arena, n_functions, sizeof **to);
  if (*to == NULL) return wire_out_of_memory(error);
  wire_take_configuration(values, (int32_t)n_functions, *to);
  return FC_OK;
}

static fc_status_t proposal_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Proposal *from = message;
  fc_wire_proposal_t *to = plain;
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  wire_take_bytes(from->decision_digest, to->decision_digest, sizeof to->decision_digest);
  to->expires_us = from->expires_us;
  to->cost_now_usd_h = from->cost_now_usd_h;
  to->cost_proposed_usd_h = from->cost_proposed_usd_h;
  to->n_functions = (int32_t)(from->n_configuration / FC_KNOBS);
  FC_TRY(configuration_copy(from->configuration, (size_t)to->n_functions, &to->configuration, arena, error));
  return wire_take_long_text(from->reason, &to->reason, arena, error);
}

static void proposal_clear(void *plain) {
  fc_wire_proposal_t *proposal = plain;
  free(proposal->configuration);
  free(proposal->reason);
}

const wire_codec_t wire_codec_proposal = {&faasconf__v1__proposal__descriptor,
                                          sizeof(fc_wire_proposal_t),
                                          proposal_fill,
                                          proposal_check,
                                          proposal_take,
                                          proposal_clear};

/* ---- approval ---- */

static fc_status_t approval_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_approval_t *from = plain;
  Faasconf__V1__Approval *to = message;
  FC_TRY(FILL_TEXT(from, agent, to));
  to->decision_digest = wire_fill_bytes(from->decision_digest, sizeof from->decision_digest);
  to->expires_us = from->expires_us;
  to->approved = from->approved;
  return wire_signature_fill(&from->signature, &to->signature, arena, error);
}

static fc_status_t approval_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Approval *approval = message;
  FC_TRY(wire_check_name(approval->agent, "Approval.agent", error));
  FC_TRY(wire_check_bytes(approval->decision_digest, FC_DIGEST_SIZE, "Approval.decision_digest", error));
  FC_TRY(wire_expect(approval->expires_us >= 0, "Approval.expires_us", "negative", error));
  return wire_signature_check(approval->signature, "Approval.signature", error);
}

static fc_status_t approval_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Approval *from = message;
  fc_wire_approval_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  wire_take_bytes(from->decision_digest, to->decision_digest, sizeof to->decision_digest);
  to->expires_us = from->expires_us;
  to->approved = from->approved != 0;
  wire_signature_take(from->signature, &to->signature);
  return FC_OK;
}

const wire_codec_t wire_codec_approval = {&faasconf__v1__approval__descriptor,
                                          sizeof(fc_wire_approval_t),
                                          approval_fill,
                                          approval_check,
                                          approval_take,
                                          NULL};

/* ---- joint step ---- */

static fc_status_t step_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_step_t *from = plain;
  Faasconf__V1__JointStep *to = message;
  FC_TRY(FILL_TEXT(from, workflow, to));
  FC_TRY(wire_fill_count(from->n_functions, from->function_ids, "JointStep.function_ids", &to->n_function_ids, error));
  to->function_ids = from->function_ids;
  to->step = from->step;
  to->window = from->window;
  to->decision_digest = wire_fill_bytes(from->decision_digest, sizeof from->decision_digest);
  to->expires_us = from->expires_us;
  return wire_fill_configuration(from->configuration, from->n_functions, arena, &to->n_configuration,
                                 &to->configuration, error);
}

static fc_status_t step_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__JointStep *step = message;
  FC_TRY(wire_check_name(step->workflow, "JointStep.workflow", error));
  FC_TRY(wire_expect(step->window >= 0 && step->expires_us >= 0, "JointStep.window", "negative", error));
  FC_TRY(wire_check_bytes(step->decision_digest, FC_DIGEST_SIZE, "JointStep.decision_digest", error));
  FC_TRY(wire_check_function_ids(step->function_ids, step->n_function_ids, "JointStep.function_ids", error));
  return wire_check_configuration(step->configuration, step->n_configuration, step->n_function_ids,
                                  "JointStep.configuration", error);
}

static fc_status_t step_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__JointStep *from = message;
  fc_wire_step_t *to = plain;
  void *ids = NULL;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->step = from->step;
  to->window = from->window;
  wire_take_bytes(from->decision_digest, to->decision_digest, sizeof to->decision_digest);
  to->expires_us = from->expires_us;
  to->n_functions = (int32_t)from->n_function_ids;
  FC_TRY(wire_take_array(from->function_ids, from->n_function_ids, sizeof *to->function_ids, &ids, arena, error));
  to->function_ids = ids;
  return configuration_copy(from->configuration, from->n_function_ids, &to->configuration, arena, error);
}

static void step_clear(void *plain) {
  fc_wire_step_t *step = plain;
  free(step->function_ids);
  free(step->configuration);
}

const wire_codec_t wire_codec_step = {
    &faasconf__v1__joint_step__descriptor, sizeof(fc_wire_step_t), step_fill, step_check, step_take, step_clear};

static fc_status_t step_ack_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_step_ack_t *from = plain;
  Faasconf__V1__JointStepAck *to = message;
  (void)arena;
  FC_TRY(FILL_TEXT(from, agent, to));
  to->step = from->step;
  to->applied = from->applied;
  return FC_OK;
}

static fc_status_t step_ack_check(const void *message, fc_error_t *error) {
  return wire_check_name(((const Faasconf__V1__JointStepAck *)message)->agent, "JointStepAck.agent", error);
}

static fc_status_t step_ack_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__JointStepAck *from = message;
  fc_wire_step_ack_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  to->step = from->step;
  to->applied = from->applied != 0;
  return FC_OK;
}

const wire_codec_t wire_codec_step_ack = {&faasconf__v1__joint_step_ack__descriptor,
                                          sizeof(fc_wire_step_ack_t),
                                          step_ack_fill,
                                          step_ack_check,
                                          step_ack_take,
                                          NULL};
