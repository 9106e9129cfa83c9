// bench_simulate: simulated windows per second, one thread.
//
//   bench_simulate [--workflow parallel] [--users 10,30] [--configurations 32] [--windows 20] [--rounds 9] [--quick]
//                  [--json]
//
// One round = `windows` fresh windows of each of `configurations` random configurations from the measured ranges
// (as-published semantics, the same ones in every round): what a search for a good configuration asks for. Reported:
// median and best over rounds, and calls per second (answered, rejected or failed, drain included) at the median.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "bench.h"

extern "C" {
#include "faasconf/knobs.h"
#include "simulator.h"
#include "state.h"
}

namespace {

using fc_bench::give_up;
using fc_bench::now_s;

struct Options {
  std::string workflow = "parallel", users = "10,30";
  int configurations = 32, windows = 20, rounds = 9;
  bool json = false;
};

struct Result {
  int users;
  double median, best, calls_per_s, successes;
};

Result measure(const fc_workflow_t *workflow, int users, const Options &options) {
  const size_t n = static_cast<size_t>(workflow->n_functions);
  fc_error_t error = {};
  const simulator_options_t simulator_options = {1, FC_SEMANTICS_AS_PUBLISHED, users, 0};
  simulator_t *simulator = nullptr;
  fc_observation_t observation = {};
  if (simulator_new(workflow, &simulator_options, &simulator, &error) != FC_OK) give_up("bench_simulate", error);
  if (fc_observation_init(&observation, workflow->n_functions) != FC_OK) std::exit(1);
  std::vector<std::vector<fc_function_configuration_t>> configurations(static_cast<size_t>(options.configurations));
  fc_rng_t rng;
  fc_rng_init(&rng, 17, 0);
  for (auto &configuration : configurations) {
    configuration.resize(n);
    fc_knobs_draw(workflow, FC_RANGES_MEASURED, &rng, configuration.data());
  }
  std::vector<double> rates;
  double calls = 0, successes = 0;
  const double per_round = static_cast<double>(options.configurations) * options.windows;
  for (int round = -1; round < options.rounds; ++round) {  // the first one warms up
    calls = successes = 0;
    const double start = now_s();
    for (const auto &configuration : configurations) {
      for (int w = 0; w < options.windows; ++w) {
        if (simulator_window(simulator, w, configuration.data(), &observation, &error) != FC_OK)
          give_up("bench_simulate", error);
        for (size_t f = 0; f < n; ++f) calls += static_cast<double>(simulator->functions[f].requests);
        successes += static_cast<double>(observation.outcome.successes);
      }
    }
    if (round >= 0) rates.push_back(per_round / (now_s() - start));
  }
  std::sort(rates.begin(), rates.end());
  const double median = rates[rates.size() / 2];
  fc_observation_clear(&observation);
  simulator_destroy(&simulator);
  return {users, median, rates.back(), median * calls / per_round, successes / per_round};
}

void print_json(const Options &options, const std::vector<Result> &results) {
  fc_json_t *out = fc_json_object(), *rows = fc_json_array();
  fc_json_set_string(out, "bench", "simulate");
  fc_json_set_string(out, "workflow", options.workflow.c_str());
  for (const Result &r : results) {
    fc_json_t *row = fc_json_object();
    fc_json_set_int(row, "users", r.users);
    fc_json_set_double(row, "windows_per_s", r.median);
    fc_json_set_double(row, "best_windows_per_s", r.best);
    fc_json_set_double(row, "calls_per_s", r.calls_per_s);
    fc_json_set_double(row, "successes_per_window", r.successes);
    fc_json_append(rows, &row);
  }
  fc_json_set(out, "rows", &rows);
  fc_bench::print(out);
}

int usage(const std::string &problem) {
  std::fprintf(stderr,
               "bench_simulate: %s\nusage: bench_simulate [--workflow parallel] [--users 10,30] [--configurations 32] "
               "[--windows 20] [--rounds 9] [--quick] [--json]\n",
               problem.c_str());
  return 2;
}

}  // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--json") {
      options.json = true;
    } else if (option == "--quick") {
      options.rounds = 3;
    } else if (i + 1 >= argc) {
      return usage("an option lacks its value: " + option);
    } else if (option == "--workflow") {
      options.workflow = argv[++i];
    } else if (option == "--users") {
      options.users = argv[++i];
    } else if (option == "--configurations") {
      options.configurations = std::atoi(argv[++i]);
    } else if (option == "--windows") {
      options.windows = std::atoi(argv[++i]);
    } else if (option == "--rounds") {
      options.rounds = std::atoi(argv[++i]);
    } else {
      return usage("there is no option " + option);
    }
  }
  if (options.configurations < 1 || options.windows < 1 || options.rounds < 1) return usage("counts must be positive");
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  if (fc_workflow_load(options.workflow.c_str(), &workflow, &error) != FC_OK) give_up("bench_simulate", error);
  std::vector<Result> results;
  std::stringstream users(options.users);
  for (std::string part; std::getline(users, part, ',');)
    results.push_back(measure(workflow, std::atoi(part.c_str()), options));
  fc_workflow_destroy(&workflow);
  if (options.json) {
    print_json(options, results);
    return 0;
  }
  std::printf("%-12s %6s %14s %14s %14s %12s\n", "workflow", "users", "windows/s", "best", "calls/s", "successes");
  for (const Result &r : results)
    std::printf("%-12s %6d %14.0f %14.0f %14.0f %12.2f\n", options.workflow.c_str(), r.users, r.median, r.best,
                r.calls_per_s, r.successes);
  return 0;
}
