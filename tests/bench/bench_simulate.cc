// bench_simulate: simulated windows per second, on one thread or (--jobs) several.
//
//   bench_simulate [--workflow parallel] [--users 10,30] [--configurations 32] [--windows 20] [--rounds 9] [--jobs 1]
//                  [--quick] [--json]
//
// One round = `windows` fresh windows of each of `configurations` random configurations from the measured ranges
// (as-published semantics, the same ones in every round): what a search for a good configuration asks for. Reported:
// median and best over rounds, and calls per second (answered, rejected or failed, drain included) at the median.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench.h"
#include "options.h"

extern "C" {
#include "faasconf/knobs.h"
#include "jobs.h"
#include "simulator.h"
#include "state.h"
}

namespace {

using fc_bench::give_up;
using fc_bench::now_s;

struct Options {
  std::string workflow = "parallel", users = "10,30";
  int configurations = 32, windows = 20, rounds = 9, jobs = 1;
  bool json = false;
};

struct Result {
  int users;
  double median, best, calls_per_s, successes;
};

// What one thread has.
struct Worker {
  simulator_t *simulator = nullptr;
  fc_observation_t observation = {};
  double calls = 0, successes = 0;
};

// All configurations; a piece is all windows of one.
struct Round {
  const fc_workflow_t *workflow;
  int windows;
  std::vector<std::vector<fc_function_configuration_t>> configurations;
  std::vector<Worker> workers;
};

fc_status_t simulate_configuration(void *context, int32_t w, int64_t piece, fc_error_t *error) {
  Round &round = *static_cast<Round *>(context);
  Worker &worker = round.workers[static_cast<size_t>(w)];
  const auto &configuration = round.configurations[static_cast<size_t>(piece)];
  for (int window = 0; window < round.windows; ++window) {
    FC_TRY(simulator_window(worker.simulator, window, configuration.data(), &worker.observation, error));
    for (int f = 0; f < round.workflow->n_functions; ++f)
      worker.calls += static_cast<double>(worker.simulator->functions[f].requests);
    worker.successes += static_cast<double>(worker.observation.outcome.successes);
  }
  return FC_OK;
}

Round prepare(const fc_workflow_t *workflow, int users, const Options &options) {
  Round round = {workflow, options.windows, {}, {}};
  fc_error_t error = {};
  const simulator_options_t simulator_options = {1, FC_SEMANTICS_AS_PUBLISHED, users, 0};
  round.workers.resize(static_cast<size_t>(options.jobs));
  for (Worker &worker : round.workers) {
    if (simulator_new(workflow, &simulator_options, &worker.simulator, &error) != FC_OK)
      give_up("bench_simulate", error);
    if (fc_observation_init(&worker.observation, workflow->n_functions) != FC_OK) std::exit(1);
  }
  fc_rng_t rng;
  fc_rng_init(&rng, 17, 0);
  round.configurations.resize(static_cast<size_t>(options.configurations));
  for (auto &configuration : round.configurations) {
    configuration.resize(static_cast<size_t>(workflow->n_functions));
    fc_knobs_draw(workflow, FC_RANGES_MEASURED, &rng, configuration.data());
  }
  return round;
}

Result measure(const fc_workflow_t *workflow, int users, const Options &options) {
  Round round = prepare(workflow, users, options);
  fc_error_t error = {};
  std::vector<double> rates;
  const double per_round = static_cast<double>(options.configurations) * options.windows;
  for (int r = -1; r < options.rounds; ++r) {  // the first one warms up
    for (Worker &worker : round.workers) worker.calls = worker.successes = 0;
    const double start = now_s();
    if (jobs_run(options.jobs, options.configurations, simulate_configuration, nullptr, &round, &error) != FC_OK)
      give_up("bench_simulate", error);
    if (r >= 0) rates.push_back(per_round / (now_s() - start));
  }
  std::sort(rates.begin(), rates.end());
  const double median = rates[rates.size() / 2];
  double calls = 0, successes = 0;
  for (Worker &worker : round.workers) {
    calls += worker.calls;
    successes += worker.successes;
    fc_observation_clear(&worker.observation);
    simulator_destroy(&worker.simulator);
  }
  return {users, median, rates.back(), median * calls / per_round, successes / per_round};
}

void print_json(const Options &options, const std::vector<Result> &results) {
  fc_json_t *out = fc_json_object(), *rows = fc_json_array();
  fc_json_set_string(out, "bench", "simulate");
  fc_json_set_string(out, "workflow", options.workflow.c_str());
  for (const Result &r : results) {
    fc_json_t *row = fc_json_object();
    fc_json_set_int(row, "users", r.users);
    fc_json_set_int(row, "jobs", options.jobs);
    fc_json_set_double(row, "windows_per_s", r.median);
    fc_json_set_double(row, "best_windows_per_s", r.best);
    fc_json_set_double(row, "calls_per_s", r.calls_per_s);
    fc_json_set_double(row, "successes_per_window", r.successes);
    fc_json_append(rows, &row);
  }
  fc_json_set(out, "rows", &rows);
  fc_bench::print(out);
}

}  // namespace

int main(int argc, char **argv) {
  Options options;
  bool quick = false;
  const std::vector<fc_bench::Option> table = {{"workflow", &options.workflow},
                                               {"users", &options.users},
                                               {"configurations", &options.configurations, 1},
                                               {"windows", &options.windows, 1},
                                               {"rounds", &options.rounds, 1},
                                               {"jobs", &options.jobs, 1},
                                               {"quick", &quick},
                                               {"json", &options.json}};
  fc_bench::parse("bench_simulate", table, argc, argv);
  const std::vector<int> users = fc_bench::counts("bench_simulate", options.users);
  if (options.jobs > JOBS_MAX_WORKERS) fc_bench::usage("bench_simulate", "too many --jobs");
  if (quick) options.rounds = std::min(options.rounds, 3);
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  if (fc_workflow_load(options.workflow.c_str(), &workflow, &error) != FC_OK) give_up("bench_simulate", error);
  std::vector<Result> results;
  for (const int n : users) results.push_back(measure(workflow, n, options));
  fc_workflow_destroy(&workflow);
  if (options.json) {
    print_json(options, results);
    return 0;
  }
  std::printf("%-12s %6s %5s %14s %14s %14s %12s\n", "workflow", "users", "jobs", "windows/s", "best", "calls/s",
              "successes");
  for (const Result &r : results)
    std::printf("%-12s %6d %5d %14.0f %14.0f %14.0f %12.2f\n", options.workflow.c_str(), r.users, options.jobs,
                r.median, r.best, r.calls_per_s, r.successes);
  return 0;
}
