// See rows.h.
#include "rows.h"

#include <cstdlib>
#include <cstring>

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/digest.h"
#include "faasconf/wire.h"
}

namespace fc_test {

const char kChain[] = R"(faasconf: 1
workflow: chain
window_s: 30
prices: {version: test, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}
ranges: {cpu_millicores: [600, 2000], mem_mib: [614, 2048], replicas: [2, 8], concurrency: [2, 10]}
full_ranges: {cpu_millicores: [250, 2000], mem_mib: [256, 2048], replicas: [1, 8], concurrency: [1, 10]}
start: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}
functions:
  - {name: first, calls: [second]}
  - {name: second, calls: [third]}
  - {name: third}
calls: [first]
qos:
  - {latency_mean_s: 13}
  - {successes: 22}
  - {success_ratio: 0.9, of: completed, semantics: strict}
)";

const char kPair[] = R"(faasconf: 1
workflow: pair
window_s: 30
prices: {version: test, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}
ranges: {cpu_millicores: [600, 2000], mem_mib: [614, 2048], replicas: [2, 8], concurrency: [2, 10]}
full_ranges: {cpu_millicores: [250, 2000], mem_mib: [256, 2048], replicas: [1, 8], concurrency: [1, 10]}
start: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}
functions:
  - {name: front, calls: [back]}
  - {name: back}
calls: [front]
qos:
  - {latency_mean_s: 13}
  - {successes: 22}
  - {success_ratio: 0.9, of: completed, semantics: strict}
)";

std::string with(const std::string &text, const std::string &from, const std::string &to) {
  std::string changed = text;
  const size_t at = changed.find(from);
  EXPECT_NE(std::string::npos, at) << from;
  return at == std::string::npos ? changed : changed.replace(at, from.size(), to);
}

Workflow::Workflow(const std::string &text) : text_(text) {
  fc_error_t error = {};
  EXPECT_EQ(FC_OK, fc_digest_init());
  EXPECT_OK(fc_workflow_parse(text.data(), text.size(), "test.yaml", &workflow_, &error));
}

Workflow::~Workflow() {
  fc_workflow_destroy(&workflow_);
}

double Workflow::start_cost_usd_h() const {
  double cost = 0;
  for (int32_t f = 0; f < workflow_->n_functions; ++f)
    cost += fc_cost_function_usd_h(&workflow_->prices, &workflow_->functions[f].start);
  return cost;
}

namespace {

void fill(const fc_workflow_t *workflow, fc_rng_t *rng, int64_t window, fc_observation_t *o) {
  o->window = window;
  o->start_us = 1700000000000000 + window * 30000000;
  o->duration_s = 30;
  o->load = {FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT, 0.8, 10};
  fc_knobs_draw(workflow, FC_RANGES_MEASURED, rng, o->configuration);
  o->outcome.latency_mean_s = 2;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_function_configuration_t &c = o->configuration[f];
    o->outcome.latency_mean_s += 4000.0 / (c.cpu_millicores * c.replicas);
    fc_function_metrics_t *m = &o->metrics[f];
    m->present = FC_METRIC_BIT(CPU_UTILIZATION) | FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(REQUESTS);
    m->cpu_utilization_pct = 100 * fc_rng_uniform(rng);
    m->latency_p75_s = 3 * fc_rng_uniform(rng);
    m->requests = 25;
  }
  o->outcome.present = FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_COUNTS;
  o->outcome.successes = 24;
}

}  // namespace

Row::Row(const fc_workflow_t *workflow, uint64_t sequence, const std::string &agent, uint64_t epoch) {
  EXPECT_EQ(FC_OK, fc_transition_init(&transition_, workflow->n_functions));
  std::strncpy(transition_.workflow, workflow->name, FC_NAME_SIZE - 1);
  std::strncpy(transition_.agent, agent.c_str(), FC_NAME_SIZE - 1);
  transition_.epoch = epoch;
  transition_.sequence = sequence;
  transition_.flags = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL;
  fc_rng_t rng;
  fc_rng_init(&rng, sequence, 1);
  fill(workflow, &rng, static_cast<int64_t>(sequence), &transition_.before);
  fill(workflow, &rng, static_cast<int64_t>(sequence) + 1, &transition_.after);
  transition_.cost_usd_h = fc_cost_reserved_usd_h(workflow, transition_.after.configuration);
}

Row::Row(Row &&other) noexcept : transition_(other.transition_) {
  other.transition_ = {};
}

Row::~Row() {
  fc_transition_clear(&transition_);
}

std::string bytes_of(const fc_transition_t *transition) {
  fc_wire_buffer_t buffer = {};
  fc_error_t error = {};
  EXPECT_OK(fc_wire_encode_transition(transition, &buffer, &error));
  std::string bytes(reinterpret_cast<const char *>(buffer.data), buffer.size);
  fc_wire_buffer_clear(&buffer);
  return bytes;
}

// ---- store ----

Store::Store(const std::string &folder, store_access_t access, const std::string &address) {
  fc_error_t error = {};
  EXPECT_OK(store_open(folder.c_str(), access, address.c_str(), &store_, &error));
}

store_t *Store::release() {
  store_t *store = store_;
  store_ = nullptr;
  return store;
}

bool Store::insert(const Workflow &workflow, const Row &row) const {
  fc_error_t error = {};
  bool duplicate = false;
  EXPECT_OK(store_insert_transition(store_, workflow, row.get(), &duplicate, &error));
  return !duplicate;
}

void Store::put(const Workflow &workflow) const {
  fc_error_t error = {};
  bool created = false;
  EXPECT_OK(store_put_workflow(store_, workflow, workflow.text().data(), workflow.text().size(), &created, &error));
}

int64_t Store::count(const std::string &workflow) const {
  fc_error_t error = {};
  int64_t n = -1;
  EXPECT_OK(store_count_transitions(store_, workflow.c_str(), &n, &error));
  return n;
}

std::vector<Visited> visit_all(store_t *store, const Workflow &workflow, int64_t after_id) {
  std::vector<Visited> visited;
  fc_error_t error = {};
  const store_visit_t visit = [](void *context, int64_t id, bool heldout, const fc_transition_t *t) {
    static_cast<std::vector<Visited> *>(context)->push_back({id, heldout, bytes_of(t), t->cost_usd_h, t->sequence});
    return FC_OK;
  };
  EXPECT_OK(store_each_transition(store, workflow, after_id, visit, &visited, &error));
  return visited;
}

// ---- policies ----

Policy::Policy(const Workflow &workflow, int64_t version, double heldout_error, double heldout_r2) {
  fc_policy_manifest_t m = {};
  std::strcpy(m.kind, "configuration");
  std::strncpy(m.workflow, workflow->name, FC_NAME_SIZE - 1);
  std::memcpy(m.workflow_digest, workflow->digest, FC_DIGEST_SIZE);
  m.version = version;
  m.semantics = FC_SEMANTICS_STRICT;
  m.n_functions = workflow->n_functions;
  m.updates = 100 * version;
  m.heldout_r2 = heldout_r2;
  m.heldout_error = heldout_error;
  const std::vector<float> action(static_cast<size_t>(workflow->n_functions) * FC_KNOBS, 0.5f);
  fc_tensor_t tensor = {};
  std::strcpy(tensor.name, "action");
  tensor.n_dims = 2;
  tensor.shape[0] = workflow->n_functions;
  tensor.shape[1] = FC_KNOBS;
  tensor.data = action.data();
  char *text = nullptr;
  uint8_t *bytes = nullptr;
  size_t text_size = 0, bytes_size = 0;
  fc_error_t error = {};
  EXPECT_OK(fc_policy_encode(&m, &tensor, 1, &text, &text_size, &bytes, &bytes_size, &error));
  manifest.assign(text, text_size);
  weights.assign(reinterpret_cast<char *>(bytes), bytes_size);
  EXPECT_OK(fc_policy_from_bytes(text, text_size, bytes, bytes_size, &policy_, &error));
  std::free(text);
  std::free(bytes);
}

fc_status_t Policy::put(store_t *store, const char *state, fc_error_t *error) const {
  return store_put_policy(store, policy_, manifest.data(), manifest.size(),
                          reinterpret_cast<const uint8_t *>(weights.data()), weights.size(), state, 1700000000000000,
                          error);
}

}  // namespace fc_test
