// bench_batch: simulated windows per second of a batch on a CUDA device.
//
//   bench_batch [--workflow parallel] [--users 10] [--batch 16384,65536] [--rounds 7] [--json]
//
// One round = a batch of fresh windows under 32 random configurations from the measured ranges (as-published semantics,
// outcomes only: what a search asks for), configurations sent and outcomes read included. Reported: median and best
// over rounds, and the bytes of a window's state.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "bench.h"

extern "C" {
#include "batch.h"
#include "faasconf/knobs.h"
}

namespace {

using fc_bench::give_up;
using fc_bench::now_s;

struct Options {
  std::string workflow = "parallel", batches = "16384,65536";
  int users = 10, rounds = 7;
  bool json = false;
};

struct Result {
  int batch;
  double median, best, successes;
  size_t window_bytes;
};

constexpr int kConfigurations = 32;

std::vector<fc_function_configuration_t> configurations_of(const fc_workflow_t *workflow, int n) {
  fc_rng_t rng;
  fc_rng_init(&rng, 17, 0);
  const auto n_functions = static_cast<size_t>(workflow->n_functions);
  std::vector<fc_function_configuration_t> drawn(kConfigurations * n_functions), all;
  for (size_t i = 0; i < kConfigurations; ++i)
    fc_knobs_draw(workflow, FC_RANGES_MEASURED, &rng, drawn.data() + i * n_functions);
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const auto first = drawn.begin() + static_cast<long>(i % kConfigurations * n_functions);
    all.insert(all.end(), first, first + workflow->n_functions);
  }
  return all;
}

Result measure(const fc_workflow_t *workflow, int n, const Options &options, fc_device_t *device) {
  fc_error_t error = {};
  batch_t *batch = nullptr;
  const simulator_options_t simulated = {1, FC_SEMANTICS_AS_PUBLISHED, options.users, 0};
  if (batch_new(workflow, &simulated, false, n, device, &batch, &error) != FC_OK) give_up("bench_batch", error);
  const auto configurations = configurations_of(workflow, n);
  std::vector<int64_t> windows(static_cast<size_t>(n));
  std::vector<fc_outcome_t> outcome(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) windows[static_cast<size_t>(i)] = i / kConfigurations;
  const batch_results_t results = {nullptr, outcome.data(), nullptr};
  std::vector<double> rates;
  for (int r = -1; r < options.rounds; ++r) {  // the first one warms up
    const double start = now_s();
    if (batch_run(batch, n, windows.data(), nullptr, configurations.data(), &results, &error) != FC_OK)
      give_up("bench_batch", error);
    if (r >= 0) rates.push_back(n / (now_s() - start));
  }
  std::sort(rates.begin(), rates.end());
  double successes = 0;
  for (const fc_outcome_t &o : outcome) successes += static_cast<double>(o.successes) / n;
  const Result result = {n, rates[rates.size() / 2], rates.back(), successes, batch_window_bytes(batch)};
  batch_destroy(&batch);
  return result;
}

void print_json(const Options &options, const std::vector<Result> &results, const char *device) {
  fc_json_t *out = fc_json_object(), *rows = fc_json_array();
  fc_json_set_string(out, "bench", "batch");
  fc_json_set_string(out, "device", device);
  fc_json_set_string(out, "workflow", options.workflow.c_str());
  for (const Result &r : results) {
    fc_json_t *row = fc_json_object();
    fc_json_set_int(row, "users", options.users);
    fc_json_set_int(row, "batch", r.batch);
    fc_json_set_double(row, "windows_per_s", r.median);
    fc_json_set_double(row, "best_windows_per_s", r.best);
    fc_json_set_double(row, "successes_per_window", r.successes);
    fc_json_set_int(row, "window_bytes", static_cast<int64_t>(r.window_bytes));
    fc_json_append(rows, &row);
  }
  fc_json_set(out, "rows", &rows);
  fc_bench::print(out);
}

int usage(const std::string &problem) {
  std::fprintf(stderr,
               "bench_batch: %s\nusage: bench_batch [--workflow parallel] [--users 10] [--batch 16384,65536] "
               "[--rounds 7] [--json]\n",
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
    } else if (i + 1 >= argc) {
      return usage("an option lacks its value: " + option);
    } else if (option == "--workflow") {
      options.workflow = argv[++i];
    } else if (option == "--users") {
      options.users = std::atoi(argv[++i]);
    } else if (option == "--batch") {
      options.batches = argv[++i];
    } else if (option == "--rounds") {
      options.rounds = std::atoi(argv[++i]);
    } else {
      return usage("there is no option " + option);
    }
  }
  if (options.users < 1 || options.rounds < 1) return usage("counts must be positive");
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  fc_device_t *device = nullptr;
  if (fc_workflow_load(options.workflow.c_str(), &workflow, &error) != FC_OK) give_up("bench_batch", error);
  if (fc_device_open("cuda", &device, &error) != FC_OK) give_up("bench_batch", error);
  std::vector<Result> results;
  std::stringstream sizes(options.batches);
  for (std::string part; std::getline(sizes, part, ',');) {
    const int n = std::atoi(part.c_str());
    if (n < 1) return usage("--batch: expected positive numbers, found " + part);
    results.push_back(measure(workflow, n, options, device));
  }
  if (options.json) {
    print_json(options, results, fc_device_name(device));
  } else {
    std::printf("%s on %s\n%8s %14s %14s %12s %12s\n", options.workflow.c_str(), fc_device_name(device), "batch",
                "windows/s", "best", "successes", "bytes");
    for (const Result &r : results)
      std::printf("%8d %14.0f %14.0f %12.2f %12zu\n", r.batch, r.median, r.best, r.successes, r.window_bytes);
  }
  fc_device_close(&device);
  fc_workflow_destroy(&workflow);
  return 0;
}
