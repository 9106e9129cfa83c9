// Workflows, observations and rows of published data for the tests of core/.
#pragma once
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/knobs.h"
#include "faasconf/transition.h"
#include "faasconf/workflow.h"
}

namespace fc_test {

using Configuration = std::vector<fc_function_configuration_t>;

// Functions a, b, c in a row, one of each kind of QoS term, a small simulator section.
extern const char kChain[];

// `text` with one place replaced; `from` must be there.
std::string with(const std::string &text, const std::string &from, const std::string &to);

// What fc_workflow_parse says about a file called "w.yaml": the sentence, or "" when it is accepted.
std::string refusal(const std::string &text);

// A parsed workflow file, or a shipped one. Throws the sentence when it is refused.
class Workflow {
 public:
  explicit Workflow(const std::string &text = kChain);
  static Workflow shipped(const std::string &name);
  ~Workflow() { fc_workflow_destroy(&workflow_); }
  Workflow(Workflow &&other) noexcept : workflow_(other.workflow_) { other.workflow_ = nullptr; }
  Workflow(const Workflow &) = delete;
  Workflow &operator=(const Workflow &) = delete;
  const fc_workflow_t *get() const { return workflow_; }
  const fc_workflow_t *operator->() const { return workflow_; }
  size_t n() const { return static_cast<size_t>(workflow_->n_functions); }
  Configuration start() const;
  std::string digest() const;

 private:
  explicit Workflow(fc_workflow_t *workflow) : workflow_(workflow) {}
  fc_workflow_t *workflow_ = nullptr;
};

bool same(const Configuration &left, const Configuration &right);

// An observation with its arrays: every metric present and different, 10 requests in flight.
class Observation {
 public:
  explicit Observation(const Workflow &workflow);
  ~Observation() { fc_observation_clear(&observation_); }
  Observation(const Observation &) = delete;
  Observation &operator=(const Observation &) = delete;
  fc_observation_t *get() { return &observation_; }
  fc_observation_t *operator->() { return &observation_; }

 private:
  fc_observation_t observation_{};
};

// A comma-separated file without quotes: its rows after the header.
std::vector<std::vector<std::string>> read_csv(const std::string &path);

}  // namespace fc_test
