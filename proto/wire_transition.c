/* wire_transition.c - TRANSITION(S) and ACK. The windows inside are in wire_observation.c. */
#include <stdlib.h>
#include <string.h>

#include "wire_codec.h"
#include "wire_schema.h"

enum {
  KNOWN_FLAGS = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL | FC_TRANSITION_JUDGING | FC_TRANSITION_AS_PUBLISHED |
                FC_TRANSITION_EXPLORED
};

/* ---- transition ---- */

static fc_status_t transition_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_transition_t *from = plain;
  Faasconf__V1__Transition *to = message;
  FC_TRY(FILL_TEXT(from, workflow, to));
  FC_TRY(FILL_TEXT(from, agent, to));
  to->epoch = from->epoch;
  to->sequence = from->sequence;
  to->flags = from->flags;
  to->policy_version = from->policy_version;
  to->cost_usd_h = from->cost_usd_h;
  FC_TRY(wire_observation_fill(&from->after, &to->after, arena, error));
  if ((from->flags & FC_TRANSITION_HAS_BEFORE) == 0) return FC_OK;
  return wire_observation_fill(&from->before, &to->before, arena, error);
}

static fc_status_t transition_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Transition *transition = message;
  FC_TRY(wire_check_name(transition->workflow, "Transition.workflow", error));
  FC_TRY(wire_check_name(transition->agent, "Transition.agent", error));
  FC_TRY(wire_expect(transition->sequence >= 1, "Transition.sequence", "sequences start at 1", error));
  FC_TRY(wire_expect((transition->flags & ~(uint32_t)KNOWN_FLAGS) == 0, "Transition.flags", "an unknown bit", error));
  FC_TRY(wire_expect(transition->policy_version >= 0, "Transition.policy_version", "negative", error));
  FC_TRY(wire_expect(transition->cost_usd_h >= 0, "Transition.cost_usd_h", "negative", error));
  FC_TRY(wire_expect(transition->n_function_ids == 0, "Transition.function_ids",
                     "partial transitions are not understood by this version; send all functions of the workflow",
                     error));
  FC_TRY(wire_expect(transition->after != NULL, "Transition.after", "missing", error));
  FC_TRY(wire_observation_check(transition->after, "Transition.after", error));
  const bool has_before = (transition->flags & FC_TRANSITION_HAS_BEFORE) != 0;
  FC_TRY(wire_expect(has_before == (transition->before != NULL), "Transition.before",
                     "must be there exactly when flag 1 is set", error));
  if (!has_before) return FC_OK;
  FC_TRY(wire_observation_check(transition->before, "Transition.before", error));
  return wire_expect(transition->before->n_functions == transition->after->n_functions, "Transition.before",
                     "another number of functions than in after", error);
}

static fc_status_t transition_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Transition *from = message;
  fc_transition_t *to = plain;
  const int32_t n = (int32_t)from->after->n_functions;
  FC_TRY(wire_observation_make(n, &to->before, arena, error));
  FC_TRY(wire_observation_make(n, &to->after, arena, error));
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  to->epoch = from->epoch;
  to->sequence = from->sequence;
  to->flags = from->flags;
  to->policy_version = from->policy_version;
  to->cost_usd_h = from->cost_usd_h;
  wire_observation_take(from->after, &to->after);
  if (from->before != NULL) wire_observation_take(from->before, &to->before);
  return FC_OK;
}

static void transition_clear(void *plain) {
  fc_transition_clear(plain);
}

const wire_codec_t wire_codec_transition = {&faasconf__v1__transition__descriptor,
                                            sizeof(fc_transition_t),
                                            transition_fill,
                                            transition_check,
                                            transition_take,
                                            transition_clear};

/* ---- transitions ---- */

static fc_status_t transitions_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_transitions_t *from = plain;
  Faasconf__V1__Transitions *to = message;
  size_t n = 0;
  FC_TRY(wire_fill_count(from->n_transitions, from->transitions, "Transitions.transitions", &n, error));
  Faasconf__V1__Transition **rows = wire_arena_array(arena, n, sizeof(void *));
  Faasconf__V1__Transition *bodies = wire_arena_array(arena, n, sizeof *bodies);
  if (rows == NULL || bodies == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    faasconf__v1__transition__init(&bodies[i]);
    rows[i] = &bodies[i];
    const fc_status_t status = transition_fill(&from->transitions[i], rows[i], arena, error);
    if (status != FC_OK) {
      (void)fc_error_prefix(error, "transition %zu", i);
      return status;
    }
  }
  to->transitions = rows;
  to->n_transitions = n;
  return FC_OK;
}

static fc_status_t transitions_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Transitions *batch = message;
  for (size_t i = 0; i < batch->n_transitions; ++i) {
    const fc_status_t status = transition_check(batch->transitions[i], error);
    if (status != FC_OK) {
      (void)fc_error_prefix(error, "transition %zu", i);
      return status;
    }
    /* One acknowledgement answers a frame, and it names one agent and one epoch. */
    FC_TRY(wire_expect(batch->transitions[i]->epoch == batch->transitions[0]->epoch &&
                           strcmp(batch->transitions[i]->agent, batch->transitions[0]->agent) == 0,
                       "Transitions.transitions", "all of a frame must be of one agent and epoch", error));
  }
  return FC_OK;
}

static fc_status_t transitions_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Transitions *from = message;
  fc_wire_transitions_t *to = plain;
  if (from->n_transitions == 0) return FC_OK;
  to->transitions = wire_arena_calloc_outside(arena, from->n_transitions, sizeof *to->transitions);
  if (to->transitions == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < from->n_transitions; ++i) {
    to->n_transitions = (int32_t)i + 1;
    FC_TRY(transition_take(from->transitions[i], &to->transitions[i], arena, error));
  }
  return FC_OK;
}

static void transitions_clear(void *plain) {
  fc_wire_transitions_t *batch = plain;
  for (int32_t i = 0; i < batch->n_transitions; ++i) fc_transition_clear(&batch->transitions[i]);
  free(batch->transitions);
}

const wire_codec_t wire_codec_transitions = {&faasconf__v1__transitions__descriptor,
                                             sizeof(fc_wire_transitions_t),
                                             transitions_fill,
                                             transitions_check,
                                             transitions_take,
                                             transitions_clear};

bool fc_wire_next_transition(const uint8_t *frame, size_t size, size_t *offset, const uint8_t **bytes,
                             size_t *n_bytes) {
  const unsigned field = faasconf__v1__transitions__descriptor.fields[0].id; /* it has no other */
  if (*offset == 0) *offset = FC_WIRE_HEADER_SIZE;
  const uint8_t *at = frame + *offset;
  if (!wire_schema_next(&at, frame + size, field, bytes, n_bytes)) return false;
  *offset = (size_t)(at - frame);
  return true;
}

/* ---- ack ---- */

static fc_status_t ack_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_ack_t *from = plain;
  Faasconf__V1__Ack *to = message;
  (void)arena;
  FC_TRY(FILL_TEXT(from, agent, to));
  to->epoch = from->epoch;
  to->acknowledged_sequence = from->acknowledged_sequence;
  to->selective = from->selective;
  to->n_duplicates = from->n_duplicates;
  to->credit_bytes = from->credit_bytes;
  to->code = (Faasconf__V1__RpcCode)from->code;
  to->retry_after_ms = from->retry_after_ms;
  to->policy_version = from->policy_version;
  return FC_OK;
}

static fc_status_t ack_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Ack *ack = message;
  FC_TRY(wire_check_name(ack->agent, "Ack.agent", error));
  return wire_expect(ack->policy_version >= 0, "Ack.policy_version", "negative", error);
}

static fc_status_t ack_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Ack *from = message;
  fc_wire_ack_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  to->epoch = from->epoch;
  to->acknowledged_sequence = from->acknowledged_sequence;
  to->selective = from->selective;
  to->n_duplicates = from->n_duplicates;
  to->credit_bytes = from->credit_bytes;
  to->code = (fc_rpc_code_t)from->code;
  to->retry_after_ms = from->retry_after_ms;
  to->policy_version = from->policy_version;
  return FC_OK;
}

const wire_codec_t wire_codec_ack = {
    &faasconf__v1__ack__descriptor, sizeof(fc_wire_ack_t), ack_fill, ack_check, ack_take, NULL};
