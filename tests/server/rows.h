// Workflows, transitions and stores for the tests of the server's data side.
#pragma once
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/policy.h"
#include "faasconf/transition.h"
#include "store.h"
}

namespace fc_test {

// Three functions in a row; QoS: mean latency 13 s, 22 successes, and under strict semantics 90 % of the completed.
extern const char kChain[];
// Two functions; else the same.
extern const char kPair[];
// `text` with one place replaced: another workflow file.
std::string with(const std::string &text, const std::string &from, const std::string &to);

// A parsed workflow file.
class Workflow {
 public:
  explicit Workflow(const std::string &text = kChain);
  ~Workflow();
  Workflow(const Workflow &) = delete;
  Workflow &operator=(const Workflow &) = delete;
  operator const fc_workflow_t *() const { return workflow_; }
  const fc_workflow_t *operator->() const { return workflow_; }
  const std::string &text() const { return text_; }
  double start_cost_usd_h() const;

 private:
  std::string text_;
  fc_workflow_t *workflow_ = nullptr;
};

// A transition with s, of a window that met QoS at 10 requests in flight. Configurations and metrics are drawn from
// `sequence`, so that one sequence always means the same row; the latency falls with the CPU bought.
class Row {
 public:
  Row(const fc_workflow_t *workflow, uint64_t sequence, const std::string &agent = "a", uint64_t epoch = 1);
  Row(Row &&other) noexcept;
  ~Row();
  Row(const Row &) = delete;
  Row &operator=(const Row &) = delete;
  fc_transition_t *get() { return &transition_; }
  const fc_transition_t *get() const { return &transition_; }
  fc_transition_t *operator->() { return &transition_; }
  const fc_transition_t *operator->() const { return &transition_; }

 private:
  fc_transition_t transition_ = {};
};

// Every byte that travels: equal bytes, equal transitions.
std::string bytes_of(const fc_transition_t *transition);

// An open store; closed when the object goes.
class Store {
 public:
  explicit Store(const std::string &folder, store_access_t access = STORE_READ_WRITE, const std::string &address = "");
  ~Store() { store_destroy(&store_); }
  Store(const Store &) = delete;
  Store &operator=(const Store &) = delete;
  operator store_t *() const { return store_; }
  void close() { store_destroy(&store_); }
  // Gives it away, to a writer for example.
  store_t *release();
  // True when it was not there before.
  bool insert(const Workflow &workflow, const Row &row) const;
  void put(const Workflow &workflow) const;
  int64_t count(const std::string &workflow = "") const;

 private:
  store_t *store_ = nullptr;
};

// What store_each_transition visits.
struct Visited {
  int64_t id;
  bool heldout;
  std::string bytes;
  double cost_usd_h;
  uint64_t sequence;
};
std::vector<Visited> visit_all(store_t *store, const Workflow &workflow, int64_t after_id = 0);

// A policy of kind "configuration" as bytes and parsed.
class Policy {
 public:
  Policy(const Workflow &workflow, int64_t version, double heldout_error, double heldout_r2 = 0.5);
  ~Policy() { fc_policy_destroy(&policy_); }
  Policy(const Policy &) = delete;
  Policy &operator=(const Policy &) = delete;
  operator const fc_policy_t *() const { return policy_; }
  fc_status_t put(store_t *store, const char *state, fc_error_t *error) const;
  std::string manifest, weights;

 private:
  fc_policy_t *policy_ = nullptr;
};

}  // namespace fc_test
