#include "processes.h"

#include <cmath>
#include <sstream>

namespace fc_test {

Json::Json(const std::string &text) {
  fc_error_t error = {};
  EXPECT_OK(fc_json_parse(text.data(), text.size(), &value_, &error)) << text;
}
Json::~Json() {
  fc_json_destroy(&value_);
}
double Json::number(const char *key) const {
  double value = NAN;
  fc_json_double(fc_json_get(value_, key), &value);
  return value;
}
std::string Json::text(const char *key) const {
  const char *value = fc_json_string(fc_json_get(value_, key));
  return value == nullptr ? "" : value;
}

std::vector<std::string> lines_of(const std::string &path) {
  std::vector<std::string> lines;
  std::istringstream stream(read_file(path));
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Agent::Agent(const Service &service, const std::string &name, const std::string &workflow, const std::string &more) {
  write_file(folder_.path("agent.yaml"), "agent: " + name + "\nworkflow: " + workflow +
                                             "\nstate: " + folder_.path("state") +
                                             "\nlockstep: true\nserver: {ingest: '" + service.ingest() + "', hints: '" +
                                             service.hints() + "'}\nsecurity: {insecure_loopback: true}\n" + more);
}
void Agent::start(int windows) {
  process_ = std::make_unique<Process>(std::vector<std::string>{program("faasconf-agent"), "--config",
                                                                folder_.path("agent.yaml"), "--windows",
                                                                std::to_string(windows), "--progress"});
}
std::string Agent::summary() const {
  std::istringstream stream(process_->output());
  std::string last;
  for (std::string line; std::getline(stream, line);)
    if (line.find("\"event\":\"summary\"") != std::string::npos) last = line;
  return last;
}

Finished faasconf(const std::vector<std::string> &arguments, int timeout_s) {
  std::vector<std::string> argv = {program("faasconf")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(argv, "", timeout_s);
}

std::set<std::pair<uint64_t, uint64_t>> stored_transitions(const std::string &store, const std::string &workflow,
                                                           const std::string &agent) {
  struct Seen {
    std::string agent;
    std::set<std::pair<uint64_t, uint64_t>> all;
  } seen = {agent, {}};
  fc_error_t error = {};
  store_t *opened = nullptr;
  fc_workflow_t *loaded = nullptr;
  EXPECT_OK(store_open(store.c_str(), STORE_READ_ONLY, "", &opened, &error));
  if (opened == nullptr) return {};
  EXPECT_OK(store_get_workflow(opened, workflow.c_str(), &loaded, &error));
  if (loaded != nullptr) {
    EXPECT_OK(store_each_transition(
        opened, loaded, 0,
        [](void *context, int64_t, bool, const fc_transition_t *transition) {
          auto *into = static_cast<Seen *>(context);
          const bool fresh =
              into->agent != transition->agent || into->all.insert({transition->epoch, transition->sequence}).second;
          EXPECT_TRUE(fresh) << "sequence " << transition->sequence << " is stored twice";
          return FC_OK;
        },
        &seen, &error));
  }
  fc_workflow_destroy(&loaded);
  store_destroy(&opened);
  return seen.all;
}

}  // namespace fc_test
