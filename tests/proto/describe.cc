// The text form of messages: every field that travels, so that two messages are equal exactly when their texts are.
#include <cinttypes>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "messages.h"

namespace fc_test {
namespace {

class Text {
 public:
  __attribute__((format(printf, 2, 3))) void line(const char *format, ...) {
    char buffer[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    text_ += buffer;
    text_ += '\n';
  }
  void bytes(const char *what, const void *data, size_t size) {
    text_ += what;
    text_ += ' ';
    for (size_t i = 0; i < size; ++i) {
      char digits[3];
      snprintf(digits, sizeof digits, "%02x", static_cast<const uint8_t *>(data)[i]);
      text_ += digits;
    }
    text_ += '\n';
  }
  void configuration(const fc_function_configuration_t *c, int32_t n) {
    for (int32_t i = 0; i < n; ++i) {
      line("configuration %d %d %d %d", c[i].cpu_millicores, c[i].mem_mib, c[i].replicas, c[i].concurrency);
    }
  }
  void signature(const fc_wire_signature_t &s) {
    if (!s.present) return line("unsigned");
    bytes("key", s.key_id, sizeof s.key_id);
    bytes("signature", s.signature, sizeof s.signature);
  }
  void hint(const fc_wire_hint_t &m) {
    line("%s %" PRId64 " %" PRIu64 " %" PRIu64, m.workflow, m.version, m.manifest_bytes, m.weights_bytes);
    bytes("digest", m.digest, sizeof m.digest);
    signature(m.signature);
  }
  void add(const std::string &text) { text_ += text; }
  std::string take() { return text_; }

 private:
  std::string text_;
};

void hello(Text *t, const fc_wire_hello_t &m) {
  t->line("%s %" PRIu64 " %u %u %s %" PRIu64 " %" PRId64, m.agent, m.epoch, m.min_version, m.max_version, m.workflow,
          m.next_sequence, m.policy_version);
  t->bytes("session", m.session, sizeof m.session);
  t->bytes("digest", m.workflow_digest, sizeof m.workflow_digest);
  for (int32_t i = 0; i < m.n_function_ids; ++i) t->line("function %d", m.function_ids[i]);
}

void welcome(Text *t, const fc_wire_welcome_t &m) {
  t->line("%u %" PRIu64 " %" PRIu64 " %" PRId64 " %d", m.version, m.acknowledged_sequence, m.credit_bytes,
          m.policy_version, m.workflow_known);
  t->bytes("key", m.server_key, sizeof m.server_key);
}

void ack(Text *t, const fc_wire_ack_t &m) {
  t->line("%s %" PRIu64 " %" PRIu64 " %" PRIx64 " %u %" PRIu64 " %d %u %" PRId64, m.agent, m.epoch,
          m.acknowledged_sequence, m.selective, m.n_duplicates, m.credit_bytes, m.code, m.retry_after_ms,
          m.policy_version);
}

void safety(Text *t, const fc_wire_safety_t &m) {
  t->line("%s %" PRId64, m.workflow, m.version);
  for (int32_t i = 0; i < m.n_records; ++i) {
    const fc_safety_record_t &r = m.records[i];
    t->line("record %s %.17g %.17g %.17g %d %" PRId64 " %d %d", r.workflow, r.mean_in_flight, r.lb_usd_h, r.ub_usd_h,
            r.n_rows, r.version, r.n_functions, r.n_safe);
    t->configuration(r.safe, r.n_safe * r.n_functions);
    for (int32_t k = 0; k < r.n_safe; ++k) t->line("cost %.17g", r.safe_cost_usd_h[k]);
  }
}

void proposal(Text *t, const fc_wire_proposal_t &m) {
  t->line("%s %s %" PRId64 " %.17g %.17g %s", m.agent, m.workflow, m.expires_us, m.cost_now_usd_h,
          m.cost_proposed_usd_h, m.reason);
  t->bytes("digest", m.decision_digest, sizeof m.decision_digest);
  t->configuration(m.configuration, m.n_functions);
}

void step(Text *t, const fc_wire_step_t &m) {
  t->line("%s %" PRIu64 " %" PRId64 " %" PRId64, m.workflow, m.step, m.window, m.expires_us);
  t->bytes("digest", m.decision_digest, sizeof m.decision_digest);
  for (int32_t i = 0; i < m.n_functions; ++i) t->line("function %d", m.function_ids[i]);
  t->configuration(m.configuration, m.n_functions);
}

}  // namespace

std::string describe(const fc_observation_t &o) {
  Text t;
  t.line("window %" PRId64 " %" PRId64 " %.17g %d", o.window, o.start_us, o.duration_s, o.n_functions);
  t.line("load %u %.17g %.17g", o.load.present, o.load.arrival_rate_per_s, o.load.mean_in_flight);
  const fc_outcome_t &c = o.outcome;
  t.line("outcome %u %.17g %.17g %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %.17g", c.present, c.latency_mean_s,
         c.latency_p95_s, c.successes, c.failures, c.unfinished, c.rejected, c.execution_s);
  t.configuration(o.configuration, o.n_functions);
  for (int32_t i = 0; i < o.n_functions; ++i) {
    const fc_function_metrics_t &m = o.metrics[i];
    t.line("metrics %u", m.present);
#define METRIC(name, field, unit) t.line(#field " %.17g", m.field);
    FC_FUNCTION_METRICS(METRIC)
#undef METRIC
  }
  return t.take();
}

std::string describe(const fc_transition_t &m) {
  Text t;
  t.line("%s %s %" PRIu64 " %" PRIu64 " %u %" PRId64 " %.17g", m.workflow, m.agent, m.epoch, m.sequence, m.flags,
         m.policy_version, m.cost_usd_h);
  t.add("after " + describe(m.after) + "before " + describe(m.before));
  return t.take();
}

std::string describe(const fc_wire_message_t &message) {
  Text t;
  t.line("%s flags %u", type_name(message.type), message.flags);
  switch (message.type) {
    case FC_WIRE_HELLO:
      hello(&t, message.as.hello);
      break;
    case FC_WIRE_WELCOME:
      welcome(&t, message.as.welcome);
      break;
    case FC_WIRE_TRANSITIONS:
      for (int32_t i = 0; i < message.as.transitions.n_transitions; ++i) {
        t.add(describe(message.as.transitions.transitions[i]));
      }
      break;
    case FC_WIRE_ACK:
      ack(&t, message.as.ack);
      break;
    case FC_WIRE_HINT:
      t.hint(message.as.hint);
      break;
    case FC_WIRE_PULL:
      t.line("%s %" PRId64 " %" PRIu64 " %u", message.as.pull.workflow, message.as.pull.version, message.as.pull.offset,
             message.as.pull.max_bytes);
      break;
    case FC_WIRE_CHUNK:
      t.hint(message.as.chunk.hint);
      t.line("at %" PRIu64, message.as.chunk.offset);
      t.bytes("data", message.as.chunk.data, message.as.chunk.size);
      break;
    case FC_WIRE_SAFETY_PULL:
      t.line("%s %" PRId64, message.as.safety_pull.workflow, message.as.safety_pull.version_held);
      break;
    case FC_WIRE_SAFETY:
      safety(&t, message.as.safety);
      break;
    case FC_WIRE_PROPOSAL:
      proposal(&t, message.as.proposal);
      break;
    case FC_WIRE_APPROVAL:
      t.line("%s %" PRId64 " %d", message.as.approval.agent, message.as.approval.expires_us,
             message.as.approval.approved);
      t.bytes("digest", message.as.approval.decision_digest, FC_DIGEST_SIZE);
      t.signature(message.as.approval.signature);
      break;
    case FC_WIRE_STEP:
      step(&t, message.as.step);
      break;
    case FC_WIRE_STEP_ACK:
      t.line("%s %" PRIu64 " %d", message.as.step_ack.agent, message.as.step_ack.step, message.as.step_ack.applied);
      break;
    case FC_WIRE_RPC_REQUEST:
      t.line("%" PRIu64 " %s %u", message.as.rpc_request.request_id, message.as.rpc_request.method,
             message.as.rpc_request.deadline_ms);
      t.bytes("payload", message.as.rpc_request.payload, message.as.rpc_request.size);
      break;
    case FC_WIRE_RPC_RESPONSE:
      t.line("%" PRIu64 " %d %s", message.as.rpc_response.request_id, message.as.rpc_response.code,
             message.as.rpc_response.message != nullptr ? message.as.rpc_response.message : "(none)");
      t.bytes("payload", message.as.rpc_response.payload, message.as.rpc_response.size);
      break;
    case FC_WIRE_REFUSAL:
      t.line("%d %s", message.as.refusal.code, message.as.refusal.message);
      break;
    case FC_WIRE_HEARTBEAT:
      t.line("%" PRIu64, message.as.heartbeat.counter);
      break;
    case FC_WIRE_NONE:
      break;
  }
  return t.take();
}

std::string describe(const fc_rpc_decide_response_t &r) {
  Text t;
  t.line("%.17g %d %.17g %.17g %.17g %" PRId64 " %" PRId64, r.cost_usd_h, r.has_bounds, r.lb_usd_h, r.ub_usd_h,
         r.bounds_in_flight, r.policy_version, r.observed_window_us);
  t.bytes("digest", r.policy_digest, sizeof r.policy_digest);
  for (int32_t i = 0; i < r.n_functions; ++i) t.line("%s", r.functions[i]);
  t.configuration(r.configuration, r.n_functions);
  for (int32_t i = 0; i < r.n_functions * FC_KNOBS; ++i) t.line("action %.9g", static_cast<double>(r.action[i]));
  for (int32_t e = 0; e < r.n_edges; ++e) {
    t.line("edge %d %d %.9g", r.edge_row[e], r.edge_column[e], static_cast<double>(r.attention[e]));
  }
  return t.take();
}

std::string describe(const fc_rpc_list_response_t &r) {
  Text t;
  for (int32_t i = 0; i < r.n_policies; ++i) {
    const fc_rpc_policy_entry_t &p = r.policies[i];
    t.line("%s %" PRId64 " %s %s %s %" PRId64 " %" PRId64, p.workflow, p.version, p.kind, p.variant, p.state,
           p.created_us, p.updates);
    t.bytes("digest", p.digest, sizeof p.digest);
    if (std::isnan(p.heldout_r2)) {
      t.line("no r2");
    } else {
      t.line("r2 %.17g", p.heldout_r2);
    }
  }
  return t.take();
}

std::string describe(const fc_rpc_status_response_t &r) {
  Text t;
  t.line("%s %s %" PRId64 " %d %s", r.program_version, r.store, r.started_us, r.degraded, r.problem);
#define COUNTER(name) t.line(#name " %" PRIu64, r.name);
  FC_SERVER_COUNTERS(COUNTER)
#undef COUNTER
  for (int32_t i = 0; i < r.n_workflows; ++i) t.line("%s %" PRId64, r.workflows[i], r.live_versions[i]);
  return t.take();
}

namespace {

using Visit = std::function<void(const std::string &, double *)>;

void observation_doubles(const std::string &where, fc_observation_t *o, const Visit &visit) {
  visit(where + ".duration_s", &o->duration_s);
  if (o->load.present & FC_LOAD_HAS_ARRIVAL_RATE)
    visit(where + ".load.arrival_rate_per_s", &o->load.arrival_rate_per_s);
  if (o->load.present & FC_LOAD_HAS_IN_FLIGHT) visit(where + ".load.mean_in_flight", &o->load.mean_in_flight);
  fc_outcome_t *c = &o->outcome;
  if (c->present & FC_OUTCOME_HAS_LATENCY_MEAN) visit(where + ".outcome.latency_mean_s", &c->latency_mean_s);
  if (c->present & FC_OUTCOME_HAS_LATENCY_P95) visit(where + ".outcome.latency_p95_s", &c->latency_p95_s);
  if (c->present & FC_OUTCOME_HAS_EXECUTION) visit(where + ".outcome.execution_s", &c->execution_s);
  for (int32_t i = 0; i < o->n_functions; ++i) {
    fc_function_metrics_t *m = &o->metrics[i];
#define METRIC(name, field, unit) \
  if (m->present & FC_METRIC_BIT(name)) visit(where + "." #field, &m->field);
    FC_FUNCTION_METRICS(METRIC)
#undef METRIC
  }
}

}  // namespace

void for_each_double(fc_wire_message_t *message, const Visit &visit) {
  if (message->type == FC_WIRE_TRANSITIONS) {
    for (int32_t i = 0; i < message->as.transitions.n_transitions; ++i) {
      fc_transition_t *t = &message->as.transitions.transitions[i];
      visit("cost_usd_h", &t->cost_usd_h);
      observation_doubles("after", &t->after, visit);
      if (t->flags & FC_TRANSITION_HAS_BEFORE) observation_doubles("before", &t->before, visit);
    }
  } else if (message->type == FC_WIRE_SAFETY) {
    for (int32_t i = 0; i < message->as.safety.n_records; ++i) {
      fc_safety_record_t *r = &message->as.safety.records[i];
      visit("mean_in_flight", &r->mean_in_flight);
      visit("lb_usd_h", &r->lb_usd_h);
      visit("ub_usd_h", &r->ub_usd_h);
      for (int32_t k = 0; k < r->n_safe; ++k) visit("safe_cost_usd_h", &r->safe_cost_usd_h[k]);
    }
  } else if (message->type == FC_WIRE_PROPOSAL) {
    visit("cost_now_usd_h", &message->as.proposal.cost_now_usd_h);
    visit("cost_proposed_usd_h", &message->as.proposal.cost_proposed_usd_h);
  }
}

}  // namespace fc_test
