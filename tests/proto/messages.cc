// See messages.h: generation and raw bytes; the text form is in describe.cc.
#include "messages.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

namespace fc_test {

std::vector<fc_wire_type_t> all_types() {
  return {
#define TYPE_ROW(name, number, message, member) FC_WIRE_##name,
      FC_WIRE_MESSAGES(TYPE_ROW)
#undef TYPE_ROW
  };
}

const char *type_name(fc_wire_type_t type) {
  switch (type) {
#define NAME_ROW(name, number, message, member) \
  case FC_WIRE_##name:                          \
    return #name;
    FC_WIRE_MESSAGES(NAME_ROW)
#undef NAME_ROW
    default:
      return "NONE";
  }
}

// ---- values

int64_t Generator::integer(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random_);
}

double Generator::number() {
  // Magnitudes from 1e-6 to 1e6, and now and then an exact zero.
  if (integer(0, 15) == 0) return 0.0;
  return std::exp(std::uniform_real_distribution<double>(-13.8, 13.8)(random_));
}

void Generator::bytes(void *out, size_t size) {
  for (size_t i = 0; i < size; ++i) static_cast<uint8_t *>(out)[i] = static_cast<uint8_t>(random_());
}

void Generator::name(char out[FC_NAME_SIZE]) {
  static const char *const pieces[] = {"a",       "node", "-", "7", "\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80",
                                       "parallel"};
  std::string made = "n";
  const int64_t n = integer(0, 9);
  for (int64_t i = 0; i < n; ++i) {
    const std::string piece = pieces[integer(0, 7)];
    if (made.size() + piece.size() < FC_NAME_SIZE) made += piece;
  }
  memset(out, 0, FC_NAME_SIZE);
  memcpy(out, made.data(), made.size());
}

char *Generator::text(size_t most) {
  const size_t size = static_cast<size_t>(integer(0, static_cast<int64_t>(most)));
  char *out = static_cast<char *>(calloc(size + 1, 1));
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(integer(0x20, 0x7e));
  return out;
}

fc_function_configuration_t *Generator::configuration(int32_t n) {
  auto *out =
      static_cast<fc_function_configuration_t *>(calloc(static_cast<size_t>(n), sizeof(fc_function_configuration_t)));
  for (int32_t i = 0; i < n; ++i) {
    out[i] = {static_cast<int32_t>(integer(1, 4000)), static_cast<int32_t>(integer(1, 65536)),
              static_cast<int32_t>(integer(0, 100)), static_cast<int32_t>(integer(1, 1000))};
  }
  return out;
}

int32_t *Generator::function_ids(int32_t n) {
  if (n == 0) return nullptr;
  auto *out = static_cast<int32_t *>(calloc(static_cast<size_t>(n), sizeof(int32_t)));
  int32_t next = 0;
  for (int32_t i = 0; i < n; ++i) {
    next += static_cast<int32_t>(integer(0, 3));
    out[i] = next++;
  }
  return out;
}

// ---- observations and transitions

void Generator::observation(int32_t n, fc_observation_t *out) {
  ASSERT_EQ(FC_OK, fc_observation_init(out, n));
  out->window = integer(0, 1 << 30);
  out->start_us = integer(0, INT64_C(2000000000000000));
  out->duration_s = 30.0;
  out->load.present = static_cast<uint32_t>(integer(0, 3));
  if (out->load.present & FC_LOAD_HAS_ARRIVAL_RATE) out->load.arrival_rate_per_s = number();
  if (out->load.present & FC_LOAD_HAS_IN_FLIGHT) out->load.mean_in_flight = number();
  fc_outcome_t *o = &out->outcome;
  o->present = static_cast<uint32_t>(integer(0, 63));
  if (o->present & FC_OUTCOME_HAS_LATENCY_MEAN) o->latency_mean_s = number();
  if (o->present & FC_OUTCOME_HAS_LATENCY_P95) o->latency_p95_s = number();
  if (o->present & FC_OUTCOME_HAS_COUNTS) o->successes = integer(0, 1000), o->failures = integer(0, INT64_C(1) << 40);
  if (o->present & FC_OUTCOME_HAS_UNFINISHED) o->unfinished = integer(0, 1000);
  if (o->present & FC_OUTCOME_HAS_REJECTED) o->rejected = integer(0, 1000);
  if (o->present & FC_OUTCOME_HAS_EXECUTION) o->execution_s = number();
  fc_function_configuration_t *drawn = configuration(n);
  memcpy(out->configuration, drawn, static_cast<size_t>(n) * sizeof *drawn);
  free(drawn);
  for (int32_t i = 0; i < n; ++i) {
    fc_function_metrics_t *m = &out->metrics[i];
    m->present = static_cast<uint32_t>(integer(0, (1 << FC_FUNCTION_METRIC_COUNT) - 1));
#define METRIC(name, field, unit) \
  if (m->present & FC_METRIC_BIT(name)) m->field = number();
    FC_FUNCTION_METRICS(METRIC)
#undef METRIC
  }
}

void Generator::transition(int32_t n, fc_transition_t *out) {
  memset(out, 0, sizeof *out);
  observation(n, &out->after);
  name(out->workflow);
  name(out->agent);
  out->epoch = bits();
  out->sequence = static_cast<uint64_t>(integer(1, INT64_MAX));
  out->flags = static_cast<uint32_t>(integer(0, 31));
  out->policy_version = integer(0, 1 << 20);
  out->cost_usd_h = number();
  if (out->flags & FC_TRANSITION_HAS_BEFORE) {
    observation(n, &out->before);
  } else {
    ASSERT_EQ(FC_OK, fc_observation_init(&out->before, n));
  }
}

// ---- messages

void Generator::signature(fc_wire_signature_t *out) {
  out->present = integer(0, 1) == 1;
  if (!out->present) return;
  bytes(out->key_id, sizeof out->key_id);
  bytes(out->signature, sizeof out->signature);
}

void Generator::hint(fc_wire_hint_t *out) {
  name(out->workflow);
  out->version = integer(0, 1 << 30);
  bytes(out->digest, sizeof out->digest);
  out->manifest_bytes = static_cast<uint64_t>(integer(0, 100000));
  out->weights_bytes = static_cast<uint64_t>(integer(0, 10000000));
  signature(&out->signature);
}

void Generator::safety(fc_wire_safety_t *out) {
  name(out->workflow);
  out->version = integer(0, 1000);
  out->n_records = static_cast<int32_t>(integer(0, 5));
  if (out->n_records == 0) return;
  out->records = static_cast<fc_safety_record_t *>(calloc(static_cast<size_t>(out->n_records), sizeof *out->records));
  for (int32_t i = 0; i < out->n_records; ++i) {
    fc_safety_record_t *r = &out->records[i];
    name(r->workflow);
    r->mean_in_flight = number();
    r->lb_usd_h = number();
    r->ub_usd_h = r->lb_usd_h + 1 + number();
    r->n_rows = static_cast<int32_t>(integer(0, 5000));
    r->version = integer(0, 1000);
    r->n_functions = static_cast<int32_t>(integer(1, 12));
    r->n_safe = static_cast<int32_t>(integer(0, FC_MAX_SAFE_CONFIGURATIONS));
    r->safe = configuration(r->n_safe * r->n_functions);
    r->safe_cost_usd_h = static_cast<double *>(calloc(static_cast<size_t>(r->n_safe) + 1, sizeof(double)));
    for (int32_t k = 0; k < r->n_safe; ++k) r->safe_cost_usd_h[k] = number();
  }
}

void Generator::session(fc_wire_type_t type, fc_wire_message_t *message) {
  if (type == FC_WIRE_HELLO) {
    fc_wire_hello_t *m = &message->as.hello;
    name(m->agent), name(m->workflow);
    m->epoch = bits(), m->next_sequence = bits();
    bytes(m->session, sizeof m->session);
    bytes(m->workflow_digest, sizeof m->workflow_digest);
    m->min_version = static_cast<uint32_t>(integer(1, 3));
    m->max_version = m->min_version + static_cast<uint32_t>(integer(0, 3));
    m->policy_version = integer(0, INT64_MAX);
    m->n_function_ids = static_cast<int32_t>(integer(0, 20));
    m->function_ids = function_ids(m->n_function_ids);
  } else if (type == FC_WIRE_WELCOME) {
    fc_wire_welcome_t *m = &message->as.welcome;
    m->version = static_cast<uint32_t>(integer(1, 9));
    m->acknowledged_sequence = bits(), m->credit_bytes = bits();
    m->policy_version = integer(0, 1000);
    bytes(m->server_key, sizeof m->server_key);
    m->workflow_known = integer(0, 1) == 1;
  } else if (type == FC_WIRE_ACK) {
    fc_wire_ack_t *m = &message->as.ack;
    name(m->agent);
    m->epoch = bits(), m->acknowledged_sequence = bits(), m->selective = bits(), m->credit_bytes = bits();
    m->n_duplicates = static_cast<uint32_t>(bits()), m->retry_after_ms = static_cast<uint32_t>(bits());
    m->code = static_cast<fc_rpc_code_t>(integer(0, 16));
    m->policy_version = integer(0, 1000);
  } else if (type == FC_WIRE_REFUSAL) {
    message->as.refusal.code = static_cast<fc_rpc_code_t>(integer(0, 16));
    message->as.refusal.message = text(300);
  } else {
    message->as.heartbeat.counter = bits();
  }
}

void Generator::control(fc_wire_type_t type, fc_wire_message_t *message) {
  if (type == FC_WIRE_PROPOSAL) {
    fc_wire_proposal_t *m = &message->as.proposal;
    name(m->agent), name(m->workflow);
    bytes(m->decision_digest, sizeof m->decision_digest);
    m->expires_us = integer(0, INT64_MAX);
    m->cost_now_usd_h = number(), m->cost_proposed_usd_h = number();
    m->n_functions = static_cast<int32_t>(integer(1, 40));
    m->configuration = configuration(m->n_functions);
    m->reason = text(4096);
  } else if (type == FC_WIRE_APPROVAL) {
    fc_wire_approval_t *m = &message->as.approval;
    name(m->agent);
    bytes(m->decision_digest, sizeof m->decision_digest);
    m->expires_us = integer(0, INT64_MAX);
    m->approved = integer(0, 1) == 1;
    signature(&m->signature);
  } else if (type == FC_WIRE_STEP) {
    fc_wire_step_t *m = &message->as.step;
    name(m->workflow);
    m->step = bits(), m->window = integer(0, INT64_MAX), m->expires_us = integer(0, INT64_MAX);
    bytes(m->decision_digest, sizeof m->decision_digest);
    m->n_functions = static_cast<int32_t>(integer(1, 40));
    m->function_ids = function_ids(m->n_functions);
    m->configuration = configuration(m->n_functions);
  } else {
    name(message->as.step_ack.agent);
    message->as.step_ack.step = bits();
    message->as.step_ack.applied = integer(0, 1) == 1;
  }
}

void Generator::fill(fc_wire_type_t type, fc_wire_message_t *message) {
  memset(message, 0, sizeof *message);
  message->type = type;
  switch (type) {
    case FC_WIRE_TRANSITIONS: {
      message->flags = static_cast<uint32_t>(integer(0, 1)) * FC_WIRE_FLAG_LOCKSTEP;
      fc_wire_transitions_t *m = &message->as.transitions;
      m->n_transitions = static_cast<int32_t>(integer(0, 6));
      if (m->n_transitions == 0) return;
      const int32_t n_functions = static_cast<int32_t>(integer(1, 12));
      m->transitions =
          static_cast<fc_transition_t *>(calloc(static_cast<size_t>(m->n_transitions), sizeof *m->transitions));
      for (int32_t i = 0; i < m->n_transitions; ++i) {
        transition(n_functions, &m->transitions[i]);
        memcpy(m->transitions[i].agent, m->transitions[0].agent, FC_NAME_SIZE);
        m->transitions[i].epoch = m->transitions[0].epoch;
      }
      return;
    }
    case FC_WIRE_HINT:
      return hint(&message->as.hint);
    case FC_WIRE_PULL:
      name(message->as.pull.workflow);
      message->as.pull.version = integer(0, 100);
      message->as.pull.offset = bits();
      message->as.pull.max_bytes = static_cast<uint32_t>(integer(1, UINT32_MAX));
      return;
    case FC_WIRE_CHUNK: {
      fc_wire_chunk_t *m = &message->as.chunk;
      hint(&m->hint);
      const int64_t total = static_cast<int64_t>(m->hint.manifest_bytes + m->hint.weights_bytes);
      m->offset = static_cast<uint64_t>(integer(0, total));
      m->size = static_cast<size_t>(integer(0, std::min<int64_t>(5000, total - static_cast<int64_t>(m->offset))));
      if (m->size > 0) m->data = static_cast<uint8_t *>(malloc(m->size)), bytes(m->data, m->size);
      return;
    }
    case FC_WIRE_SAFETY_PULL:
      name(message->as.safety_pull.workflow);
      message->as.safety_pull.version_held = integer(0, INT64_MAX);
      return;
    case FC_WIRE_SAFETY:
      return safety(&message->as.safety);
    case FC_WIRE_PROPOSAL:
    case FC_WIRE_APPROVAL:
    case FC_WIRE_STEP:
    case FC_WIRE_STEP_ACK:
      return control(type, message);
    case FC_WIRE_RPC_REQUEST: {
      fc_wire_rpc_request_t *m = &message->as.rpc_request;
      m->request_id = bits();
      name(m->method);
      m->deadline_ms = static_cast<uint32_t>(bits());
      m->size = static_cast<size_t>(integer(0, 500));
      if (m->size > 0) m->payload = static_cast<uint8_t *>(malloc(m->size)), bytes(m->payload, m->size);
      return;
    }
    case FC_WIRE_RPC_RESPONSE: {
      fc_wire_rpc_response_t *m = &message->as.rpc_response;
      m->request_id = bits();
      m->code = static_cast<fc_rpc_code_t>(integer(0, 16));
      if (m->code != FC_RPC_OK) m->message = text(200);
      m->size = static_cast<size_t>(integer(0, 500));
      if (m->size > 0) m->payload = static_cast<uint8_t *>(malloc(m->size)), bytes(m->payload, m->size);
      return;
    }
    default:
      return session(type, message);
  }
}

// ---- RPC payloads

void Generator::decide_response(fc_rpc_decide_response_t *out) {
  memset(out, 0, sizeof *out);
  const size_t n = static_cast<size_t>(integer(1, 12));
  out->n_functions = static_cast<int32_t>(n);
  out->functions = static_cast<char(*)[FC_NAME_SIZE]>(calloc(n, FC_NAME_SIZE));
  out->action = static_cast<float *>(calloc(n * FC_KNOBS, sizeof(float)));
  for (size_t i = 0; i < n; ++i) name(out->functions[i]);
  for (size_t i = 0; i < n * FC_KNOBS; ++i) out->action[i] = static_cast<float>(integer(0, 1000)) / 1000.0f;
  out->configuration = configuration(out->n_functions);
  out->cost_usd_h = number();
  out->has_bounds = integer(0, 1) == 1;
  if (out->has_bounds) {
    out->lb_usd_h = number();
    out->ub_usd_h = out->lb_usd_h + 1 + number();
    out->bounds_in_flight = number();
  }
  out->policy_version = integer(0, 1000);
  bytes(out->policy_digest, sizeof out->policy_digest);
  const size_t n_edges = static_cast<size_t>(integer(0, 30));
  out->n_edges = static_cast<int32_t>(n_edges);
  if (n_edges > 0) {
    out->edge_row = static_cast<int32_t *>(calloc(n_edges, sizeof(int32_t)));
    out->edge_column = static_cast<int32_t *>(calloc(n_edges, sizeof(int32_t)));
    out->attention = static_cast<float *>(calloc(n_edges, sizeof(float)));
  }
  for (size_t e = 0; e < n_edges; ++e) {
    out->edge_row[e] = static_cast<int32_t>(integer(0, out->n_functions - 1));
    out->edge_column[e] = static_cast<int32_t>(integer(0, out->n_functions - 1));
    out->attention[e] = static_cast<float>(integer(0, 1000)) / 1000.0f;
  }
  out->observed_window_us = integer(0, INT64_C(2000000000000000));
}

void Generator::list_response(fc_rpc_list_response_t *out) {
  out->n_policies = static_cast<int32_t>(integer(1, 20));
  out->policies =
      static_cast<fc_rpc_policy_entry_t *>(calloc(static_cast<size_t>(out->n_policies), sizeof *out->policies));
  for (int32_t i = 0; i < out->n_policies; ++i) {
    fc_rpc_policy_entry_t *p = &out->policies[i];
    name(p->workflow), name(p->kind), name(p->state);
    if (integer(0, 1) == 1) name(p->variant);
    p->version = integer(0, 1000);
    bytes(p->digest, sizeof p->digest);
    p->created_us = integer(0, INT64_MAX);
    p->updates = integer(0, INT64_MAX);
    p->heldout_r2 = integer(0, 1) == 1 ? number() - 10.0 : std::nan("");
  }
}

void Generator::status_response(fc_rpc_status_response_t *out) {
  memset(out, 0, sizeof *out);
  name(out->program_version);
  snprintf(out->store, sizeof out->store, "/var/lib/faasconf/%d", static_cast<int>(integer(0, 99)));
  out->started_us = integer(0, INT64_MAX);
  out->degraded = integer(0, 1) == 1;
  if (out->degraded) snprintf(out->problem, sizeof out->problem, "disk full");
#define COUNTER(name) out->name = bits();
  FC_SERVER_COUNTERS(COUNTER)
#undef COUNTER
  out->n_workflows = static_cast<int32_t>(integer(1, 5));
  const size_t n = static_cast<size_t>(out->n_workflows);
  out->workflows = static_cast<char(*)[FC_NAME_SIZE]>(calloc(n, FC_NAME_SIZE));
  out->live_versions = static_cast<int64_t *>(calloc(n, sizeof(int64_t)));
  for (size_t i = 0; i < n; ++i) name(out->workflows[i]), out->live_versions[i] = integer(0, 50);
}

// ---- bytes

std::string encode(const fc_wire_message_t &message) {
  fc_wire_buffer_t frame = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_OK, fc_wire_encode(&message, &frame, &error)) << type_name(message.type) << ": " << error.message;
  std::string out(reinterpret_cast<const char *>(frame.data), frame.size);
  fc_wire_buffer_clear(&frame);
  return out;
}

static void put(std::string *frame, size_t at, uint32_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) (*frame)[at + i] = static_cast<char>(value >> (8 * i));
}

std::string reseal(std::string frame) {
  put(&frame, 8, static_cast<uint32_t>(frame.size() - FC_WIRE_HEADER_SIZE), 4);
  uint32_t crc = fc_crc32c(0, frame.data(), 12);
  crc = fc_crc32c(crc, frame.data() + 16, 4);
  crc = fc_crc32c(crc, frame.data() + FC_WIRE_HEADER_SIZE, frame.size() - FC_WIRE_HEADER_SIZE);
  put(&frame, 12, crc, 4);
  return frame;
}

std::string frame_of(uint16_t type, const std::string &payload, uint16_t version, uint32_t flags) {
  std::string frame(FC_WIRE_HEADER_SIZE, '\0');
  put(&frame, 0, FC_WIRE_MAGIC, 4);
  put(&frame, 4, version, 2);
  put(&frame, 6, type, 2);
  put(&frame, 16, flags, 4);
  return reseal(frame + payload);
}

std::string varint(uint64_t value) {
  std::string out;
  do {
    out.push_back(static_cast<char>((value & 0x7f) | (value > 0x7f ? 0x80 : 0)));
    value >>= 7;
  } while (value != 0);
  return out;
}

std::string field_varint(int number, uint64_t value) {
  return varint(static_cast<uint64_t>(number) << 3) + varint(value);
}

std::string field_bytes(int number, const std::string &value) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(value.size()) + value;
}

std::string field_double(int number, double value) {
  std::string out = varint(static_cast<uint64_t>(number) << 3 | 1);
  out.append(reinterpret_cast<const char *>(&value), sizeof value);
  return out;
}

}  // namespace fc_test
