// bench_batch: simulated windows per second of a batch on a CUDA device.
//
//   bench_batch [--workflow parallel] [--users 10] [--batch 16384,65536] [--rounds 7]
//               [--learners 0] [--updates 512] [--json]
//
// One round = a batch of fresh windows under 32 random configurations from the measured ranges (as-published semantics,
// outcomes only: what a search asks for), configurations sent and outcomes read included. Reported: median and best
// over rounds, and the bytes of a window's state.
//
// With --learners L: training on simulated windows, as many again: users and configurations are drawn, windows
// simulated (with latencies), turned into rows, and --updates updates of L learners made, all on the device; the host
// queues rounds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench.h"
#include "options.h"

extern "C" {
#include "batch_rows.h"
#include "cohort.h"
#include "faasconf/knobs.h"
}

namespace {

using fc_bench::give_up;
using fc_bench::now_s;

struct Options {
  std::string workflow = "parallel", batches = "16384,65536";
  int users = 10, rounds = 7, learners = 0, updates = 512;
  bool json = false;
};

struct Result {
  int batch;
  double median, best, successes;
  size_t window_bytes;
};

struct Trained {
  int batch;
  double windows_per_s, updates_per_s;
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

void must(fc_status_t status, const fc_error_t &error) {
  if (status != FC_OK) give_up("bench_batch", error);
}

// Rounds of: draw, simulate, make rows, update.
Trained train(const fc_workflow_t *workflow, int n, const Options &options, fc_device_t *device) {
  fc_error_t error = {};
  batch_t *batch = nullptr;
  batch_rows_t *rows = nullptr;
  cohort_t *cohort = nullptr;
  const simulator_options_t simulated = {1, FC_SEMANTICS_STRICT, options.users, 0};
  must(batch_new(workflow, &simulated, true, n, device, &batch, &error), error);
  const char *names[FC_MAX_FEATURES];
  std::vector<fc_feature_t> features(static_cast<size_t>(fc_features_repaired(names)));
  for (size_t o = 0; o < features.size(); ++o) {
    std::snprintf(features[o].name, sizeof features[o].name, "%s", names[o]);
    features[o].scale = 1;
  }
  batch_rows_options_t drawn = {};
  drawn.n_features = static_cast<int32_t>(features.size());
  drawn.features = features.data();
  drawn.cost_ref_usd_h = 7;
  drawn.every_row_terminal = true;
  drawn.least_users = 1;
  drawn.most_users = options.users;
  must(batch_rows_new(workflow, &drawn, batch, device, &rows, &error), error);
  cohort_options_t learning = cohort_options_default("attmf", VARIANT_REPAIRED);
  learning.n_learners = options.learners;
  learning.row_capacity = batch_rows_count(rows);
  must(cohort_new(workflow, drawn.n_features, &learning, device, &cohort, &error), error);
  const algorithm_interface_t *attmf = algorithm_find("attmf", nullptr);
  for (int l = 0; l < options.learners; ++l) {
    algorithm_t *instance = nullptr;
    learning.learning.seed = static_cast<uint64_t>(l) + 1;
    must(attmf->create(&learning.learning, workflow, drawn.n_features, &instance, &error), error);
    must(cohort_put(cohort, l, attmf, instance, &error), error);
    attmf->destroy(&instance);
  }
  fc_row_memory_t to = {};
  must(cohort_lend_rows(cohort, 0, learning.row_capacity, &to, &error), error);
  must(batch_rows_fit_normaliser(rows, 0, to, features.data(), &error), error);
  const int64_t windows = static_cast<int64_t>(n) / BATCH_SERIES * BATCH_SERIES;
  const auto round = [&](int r) {
    must(batch_rows_draw(rows, (r + 2) * windows, to, &error), error);
    must(cohort_update(cohort, options.updates, &error), error);
  };
  round(-1);  // warms up
  must(fc_device_wait(device, &error), error);
  const double start = now_s();
  for (int r = 0; r < options.rounds; ++r) round(r);
  must(fc_device_wait(device, &error), error);
  const double seconds = now_s() - start;
  batch_rows_destroy(&rows);
  cohort_destroy(&cohort);
  batch_destroy(&batch);
  return {n, static_cast<double>(windows) * options.rounds / seconds,
          static_cast<double>(options.updates) * options.learners * options.rounds / seconds};
}

void print_json(const Options &options, const std::vector<Result> &results, const std::vector<Trained> &trained,
                const char *device) {
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
  fc_json_t *training = fc_json_array();
  for (const Trained &t : trained) {
    fc_json_t *row = fc_json_object();
    fc_json_set_int(row, "batch", t.batch);
    fc_json_set_int(row, "learners", options.learners);
    fc_json_set_int(row, "updates", options.updates);
    fc_json_set_double(row, "windows_per_s", t.windows_per_s);
    fc_json_set_double(row, "updates_per_s", t.updates_per_s);
    fc_json_append(training, &row);
  }
  fc_json_set(out, "training", &training);
  fc_bench::print(out);
}

}  // namespace

int main(int argc, char **argv) {
  Options options;
  const std::vector<fc_bench::Option> table = {{"workflow", &options.workflow}, {"users", &options.users, 1},
                                               {"batch", &options.batches},     {"rounds", &options.rounds, 1},
                                               {"learners", &options.learners}, {"updates", &options.updates, 1},
                                               {"json", &options.json}};
  fc_bench::parse("bench_batch", table, argc, argv);
  const std::vector<int> sizes = fc_bench::counts("bench_batch", options.batches);
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  fc_device_t *device = nullptr;
  if (fc_workflow_load(options.workflow.c_str(), &workflow, &error) != FC_OK) give_up("bench_batch", error);
  if (fc_device_open("cuda", &device, &error) != FC_OK) give_up("bench_batch", error);
  std::vector<Result> results;
  std::vector<Trained> trained;
  for (const int n : sizes) {
    results.push_back(measure(workflow, n, options, device));
    if (options.learners > 0) trained.push_back(train(workflow, n, options, device));
  }
  if (options.json) {
    print_json(options, results, trained, fc_device_name(device));
  } else {
    std::printf("%s on %s\n%8s %14s %14s %12s %12s\n", options.workflow.c_str(), fc_device_name(device), "batch",
                "windows/s", "best", "successes", "bytes");
    for (const Result &r : results)
      std::printf("%8d %14.0f %14.0f %12.2f %12zu\n", r.batch, r.median, r.best, r.successes, r.window_bytes);
    for (const Trained &t : trained)
      std::printf("%d learners trained on windows of the device: batches of %d, %.0f windows/s, %.0f updates/s\n",
                  options.learners, t.batch, t.windows_per_s, t.updates_per_s);
  }
  fc_device_close(&device);
  fc_workflow_destroy(&workflow);
  return 0;
}
