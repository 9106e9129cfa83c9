// A simulated system as somebody's monitoring has recorded it: the same windows as CSV and as Prometheus answers.
#pragma once
#include <sys/stat.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/knobs.h"
#include "faasconf/rng.h"
#include "simulator.h"
}

namespace fc_test {

// Two functions, one after the other; memory and concurrency are fixed, so that a search is short.
inline const char *const kShop = R"(faasconf: 1
workflow: shop
window_s: 30
prices: {version: test, usd_per_millicore_hour: 0.0001, usd_per_mib_hour: 0.00001}
ranges: {cpu_millicores: [200, 2000], mem_mib: 512, replicas: [1, 6], concurrency: 8}
start: {cpu_millicores: 1000, mem_mib: 512, replicas: 3, concurrency: 8}
functions:
  - {name: parse, on_failure: fail}
  - {name: price, on_failure: fail}
calls: [parse, price]
qos:
  - latency_mean_s: 4
  - {success_ratio: 0.98, of: completed}
simulator:
  mark: assumed
  spawn_rate_per_s: 10
  sigma_window: 0.03
  sigma_replica: 0.1
  functions:
    parse: {work_cpu_s: 0.4, startup_share: 0.5, contention: 0.02, work_sigma: 0.1, mem_mib_per_request: 20}
    price: {work_cpu_s: 1.2, startup_share: 0.3, contention: 0.02, work_sigma: 0.1, mem_mib_per_request: 30}
)";

using Configuration = std::vector<fc_function_configuration_t>;

// Windows by column name; an absent value is an empty text.
class RecordedSystem {
 public:
  static constexpr int64_t kStart = 1764150600;

  explicit RecordedSystem(const std::string &yaml = kShop) {
    EXPECT_OK(fc_workflow_parse(yaml.c_str(), yaml.size(), "shop.yaml", &workflow_, &error));
    EXPECT_EQ(FC_OK, fc_observation_init(&observation_, workflow_->n_functions));
    functions_.assign(workflow_->simulator.functions, workflow_->simulator.functions + workflow_->n_functions);
  }
  ~RecordedSystem() {
    simulator_destroy(&simulator_);
    fc_observation_clear(&observation_);
    fc_workflow_destroy(&workflow_);
  }
  RecordedSystem(const RecordedSystem &) = delete;
  RecordedSystem &operator=(const RecordedSystem &) = delete;

  fc_workflow_t *workflow() { return workflow_; }

  // The system is not what its workflow file says.
  void work_times(const std::vector<double> &factors) {
    for (size_t f = 0; f < functions_.size(); ++f) functions_[f].work_cpu_s *= factors[f];
  }
  // One fresh window of the true system under so many users, or (0) arrivals at this rate.
  const fc_observation_t &window(int64_t number, const Configuration &configuration, int32_t users, double rate_per_s) {
    const simulator_options_t options = {4711, FC_SEMANTICS_STRICT, users, rate_per_s};
    fc_simulator_parameters_t world = workflow_->simulator;
    world.functions = functions_.data();
    EXPECT_OK(simulator_renew(workflow_, &options, &simulator_, &error));
    EXPECT_OK(simulator_set_parameters(simulator_, &world, &error));
    EXPECT_OK(simulator_observed_window(simulator_, number, configuration.data(), &observation_, &error));
    return observation_;
  }
  // The same, kept as the next window of the recording.
  void record(const Configuration &configuration, int32_t users, double rate_per_s) {
    const fc_observation_t &o = window(static_cast<int64_t>(rows.size()), configuration, users, rate_per_s);
    std::map<std::string, std::string> row;
    row["time"] = std::to_string(kStart + 30 * static_cast<int64_t>(rows.size()));
    row["latency_mean_s"] = o.outcome.successes > 0 ? number(o.outcome.latency_mean_s) : "";
    row["successes"] = std::to_string(o.outcome.successes);
    row["failures"] = std::to_string(o.outcome.failures);
    row["mean_in_flight"] = number(o.load.mean_in_flight);
    if (users > 0) row["users"] = std::to_string(users);
    if (users == 0) row["arrival_rate_per_s"] = number(o.load.arrival_rate_per_s);
    for (int32_t f = 0; f < workflow_->n_functions; ++f) {
      const std::string name = workflow_->functions[f].name;
      for (int k = 0; k < FC_KNOBS; ++k)
        row[name + "." + fc_knob_name(static_cast<fc_knob_t>(k))] =
            std::to_string(fc_knob_get(&configuration[static_cast<size_t>(f)], static_cast<fc_knob_t>(k)));
      const bool has_p75 = (o.metrics[f].present & FC_METRIC_BIT(LATENCY_P75)) != 0;
      row[name + ".latency_p75_s"] = has_p75 ? number(o.metrics[f].latency_p75_s) : "";
    }
    rows.push_back(row);
  }
  // A window of an open loop in which nothing arrives and nothing ends.
  void record_idle(const Configuration &configuration) {
    record(configuration, 0, 1);
    for (const char *name : {"successes", "failures", "mean_in_flight", "arrival_rate_per_s"}) rows.back()[name] = "0";
    for (auto &[name, value] : rows.back())
      if (name.find("latency") != std::string::npos) value = "";
  }
  Configuration uniform(int32_t cpu_millicores, int32_t replicas) const {
    Configuration configuration;
    for (int32_t f = 0; f < workflow_->n_functions; ++f) {
      configuration.push_back(workflow_->functions[f].start);
      configuration.back().cpu_millicores = cpu_millicores;
      configuration.back().replicas = replicas;
    }
    return configuration;
  }

  std::string csv() const {
    std::string text;
    for (const auto &[name, value] : rows.at(0)) text += (text.empty() ? "" : ",") + name;
    for (const auto &row : rows) {
      std::string line;
      for (const auto &[name, value] : rows[0]) line += (line.empty() ? "" : ",") + row.at(name);
      text += "\n" + line;
    }
    return text + "\n";
  }
  // One file per quantity, as `curl .../api/v1/query_range` writes it.
  void write_prometheus(const std::string &folder) const {
    mkdir(folder.c_str(), 0755);
    std::map<std::string, std::string> results;
    for (const auto &[name, unused] : rows.at(0)) {
      if (name == "time") continue;
      const size_t dot = name.find('.');
      const bool of_function = dot != std::string::npos;
      std::string &all = results[of_function ? "function." + name.substr(dot + 1) : name];
      std::string points;
      for (const auto &row : rows)
        if (!row.at(name).empty())
          points += (points.empty() ? "[" : ",[") + row.at("time") + ",\"" + row.at(name) + "\"]";
      const std::string labels = of_function ? "\"function_name\":\"" + name.substr(0, dot) + ".openfaas-fn\"" : "";
      all += (all.empty() ? "" : ",") + ("{\"metric\":{" + labels + "},\"values\":[" + points + "]}");
    }
    for (const auto &[file, all] : results)
      write_file(folder + "/" + file + ".json",
                 "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[" + all + "]}}");
  }

  fc_error_t error = {};
  std::vector<std::map<std::string, std::string>> rows;

 private:
  static std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
  }
  fc_workflow_t *workflow_ = nullptr;
  simulator_t *simulator_ = nullptr;
  fc_observation_t observation_ = {};
  std::vector<fc_function_simulator_t> functions_;
};

}  // namespace fc_test
