// The three programs as processes on loopback, for tests of the whole flow.
#pragma once
#include <map>
#include <memory>
#include <set>

#include "service.h"

extern "C" {
#include "store.h"
}

namespace fc_test {

// JSON that frees itself; a missing key reads as NaN, "" or nullptr.
class Json {
 public:
  explicit Json(const std::string &text);
  ~Json();
  Json(const Json &) = delete;
  Json &operator=(const Json &) = delete;
  const fc_json_t *operator[](const char *key) const { return fc_json_get(value_, key); }
  const fc_json_t *get() const { return value_; }
  double number(const char *key) const;
  std::string text(const char *key) const;

 private:
  fc_json_t *value_ = nullptr;
};

std::vector<std::string> lines_of(const std::string &path);

// agent.yaml in a folder of its own; `more` holds further sections.
class Agent {
 public:
  Agent(const Service &service, const std::string &name, const std::string &workflow, const std::string &more);
  // Starts it for so many windows; one JSON line per window and the summary go to stdout.
  void start(int windows);
  int wait(int timeout_s) { return process_->wait_exit(timeout_s); }
  Process &process() { return *process_; }
  std::string output() const { return process_->output(); }
  std::string summary() const;  // the last line of stdout that has event summary
  std::vector<std::string> decisions() const { return lines_of(folder_.path("state/decisions.jsonl")); }
  std::string state(const std::string &name) const { return folder_.path("state/" + name); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
};

Finished faasconf(const std::vector<std::string> &arguments, int timeout_s = 60);

// (epoch, sequence) of every stored transition of an agent; each of them must be there once.
std::set<std::pair<uint64_t, uint64_t>> stored_transitions(const std::string &store, const std::string &workflow,
                                                           const std::string &agent);

}  // namespace fc_test
