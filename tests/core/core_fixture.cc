#include "core_fixture.h"

#include <cstring>
#include <sstream>
#include <stdexcept>

extern "C" {
#include "faasconf/digest.h"
}

namespace fc_test {

const char kChain[] = R"(faasconf: 1
workflow: chain
window_s: 30
prices: {version: test, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}
ranges:
  cpu_millicores: [600, 2000]
  mem_mib: [614, 2048]
  replicas: [2, 8]
  concurrency: [2, 10]
full_ranges:
  cpu_millicores: [250, 2000]
  mem_mib: [256, 2048]
  replicas: [1, 8]
  concurrency: [1, 10]
start: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}
functions:
  - {name: a, mode: fork, on_failure: ignore}
  - {name: b, mode: synchronous, on_failure: poison}
  - {name: c}
calls: [a, b, c]
qos:
  - latency_mean_s: 13
  - {latency_percentile_s: 20, percentile: 95}
  - successes: {10: 22, 20: 32}
  - {success_ratio: 0.90, of: completed, semantics: strict}
  - {success_ratio: 0.50, of: offered}
simulator:
  mark: assumed
  gateway_delay_s: 0.03
  functions:
    a: {work_cpu_s: 0.5}
    b: {work_cpu_s: {value: 0.25, mark: fitted}}
    c: {work_cpu_s: 1, startup_share: 0.5}
)";

std::string with(const std::string &text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("not in the text: " + from);
  return std::string(text).replace(at, from.size(), to);
}

std::string refusal(const std::string &text) {
  fc_workflow_t *workflow = nullptr;
  fc_error_t error = {};
  const fc_status_t status = fc_workflow_parse(text.data(), text.size(), "w.yaml", &workflow, &error);
  const bool made = workflow != nullptr;
  fc_workflow_destroy(&workflow);
  if (status == FC_OK) return "";
  if (made || status != FC_EFORMAT || error.status != FC_EFORMAT) return "(not refused as FC_EFORMAT)";
  return error.message;
}

Workflow::Workflow(const std::string &text) {
  fc_error_t error = {};
  if (fc_workflow_parse(text.data(), text.size(), "w.yaml", &workflow_, &error) != FC_OK)
    throw std::runtime_error(error.message);
}

Workflow Workflow::shipped(const std::string &name) {
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  if (fc_workflow_load(source_file("workflows/" + name + ".yaml").c_str(), &workflow, &error) != FC_OK)
    throw std::runtime_error(error.message);
  return Workflow(workflow);
}

Configuration Workflow::start() const {
  Configuration configuration;
  for (size_t f = 0; f < n(); ++f) configuration.push_back(workflow_->functions[f].start);
  return configuration;
}

std::string Workflow::digest() const {
  char text[FC_HEX_SIZE];
  fc_hex(workflow_->digest, FC_DIGEST_SIZE, text);
  return text;
}

bool same(const Configuration &left, const Configuration &right) {
  return left.size() == right.size() &&
         std::memcmp(left.data(), right.data(), left.size() * sizeof(fc_function_configuration_t)) == 0;
}

Observation::Observation(const Workflow &workflow) {
  if (fc_observation_init(&observation_, workflow->n_functions) != FC_OK) throw std::bad_alloc();
  observation_.window = 7;
  observation_.start_us = 1700000000000000;
  observation_.duration_s = 30;
  observation_.load = {FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT, 1.5, 10};
  observation_.outcome = {63, 9, 12, 25, 2, 9, 1, 200};
  for (size_t f = 0; f < workflow.n(); ++f) {
    observation_.configuration[f] = workflow->functions[f].start;
    fc_function_metrics_t *m = &observation_.metrics[f];
    const double x = 1.0 + static_cast<double>(f);
    *m = {(1u << FC_FUNCTION_METRIC_COUNT) - 1, 20 * x, 100 * x, 30 * x, 5000 * x, 0.5 * x, 0.8 * x, 40, 2, 1, 3 * x};
  }
}

std::vector<std::vector<std::string>> read_csv(const std::string &path) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream file(read_file(path));
  std::string line, field;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    rows.emplace_back();
    while (std::getline(fields, field, ',')) rows.back().push_back(field);
  }
  return rows;
}

}  // namespace fc_test
