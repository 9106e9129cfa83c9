// bench_update: updates per second of one learner, batch 64, one thread.
//
//   bench_update [--n 5,6,7,12,100] [--variant faithful,repaired,softmax] [--seconds 1] [--rounds 5] [--json]
//                [--backend cuda --learners 1,128] [--threads 1] [--rows 31000]
//
// One update = sample 64 rows from a replay of --rows (fewer where they would not fit 400 MB), critic step, actor step,
// soft updates: the same work as attmf_torch.py times. Variants: `faithful` (batch norm, squared attention, gamma 0.9:
// the peer's attmf-sq), `softmax` (repaired nets with gamma 0.9: beside the peer's attmf-softmax), `repaired` (the
// default, gamma 0: no target pass). With --backend cuda (or auto) the rows, the draws and L learners side by side are
// on the device (cohort.h), and an update counts once for every learner. Reported per row: median and best over windows
// of 50 ms, and updates per second of processor time.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "options.h"
#include "small_workflow.h"

extern "C" {
#include "cohort.h"
}

namespace {

constexpr int kBatch = 64, kFeatures = 11, kKnobs = 4;

double clock_s(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// A sparse random graph like the peer's: every function calls one or two later ones.
std::vector<std::pair<int, int>> random_edges(int n) {
  std::mt19937 rng(7);
  std::vector<std::pair<int, int>> edges;
  for (int i = 1; i < n; ++i) {
    const int parents = std::min(i, 1 + static_cast<int>(rng() % 100 < 40));
    std::vector<int> drawn;
    while (static_cast<int>(drawn.size()) < parents) {
      const int p = static_cast<int>(rng() % static_cast<unsigned>(i));
      if (std::find(drawn.begin(), drawn.end(), p) == drawn.end()) drawn.push_back(p);
    }
    for (int p : drawn) edges.emplace_back(p, i);
  }
  return edges;
}

struct Result {
  std::string variant;
  int n, learners;
  double median, best, per_cpu_s;
  int windows;
};

[[noreturn]] void give_up(const char *message) {
  std::fprintf(stderr, "bench_update: %s\n", message);
  std::exit(1);
}

algorithm_options_t options_of(const std::string &variant, int threads = 1) {
  algorithm_options_t options =
      algorithm_find("attmf", nullptr)->defaults(variant == "faithful" ? VARIANT_FAITHFUL : VARIANT_REPAIRED);
  if (variant == "softmax") options.discount = 0.9f;
  options.n_threads = threads;
  return options;
}

// Rows to learn from: noise, since an update's cost does not depend on them.
struct Rows {
  Rows(int n_functions, int most) {
    const size_t width = static_cast<size_t>(n_functions);
    const size_t row_bytes = sizeof(float) * width * (2 * kFeatures + kKnobs);
    n = static_cast<int>(std::min<size_t>(static_cast<size_t>(most), 400000000 / row_bytes));
    const size_t count = static_cast<size_t>(n);
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<float> uniform;
    features = fill(count * width * kFeatures, [&] { return normal(rng_); });
    next_features = fill(count * width * kFeatures, [&] { return normal(rng_); });
    action = fill(count * width * kKnobs, [&] { return uniform(rng_); });
    reward = fill(count, [&] { return normal(rng_); });
    terminal.assign(count, 0);
  }
  int n = 0;
  std::vector<float> features, next_features, action, reward;
  std::vector<uint8_t> terminal;

 private:
  template <typename Draw>
  static std::vector<float> fill(size_t count, Draw draw) {
    std::vector<float> v(count);
    for (float &x : v) x = draw();
    return v;
  }
  std::mt19937 rng_{7};
};

// What is measured: `update` makes n updates and returns when they are done.
class Updates {
 public:
  virtual ~Updates() = default;
  virtual void update(int n) = 0;
};

// Learners on a device.
class DeviceBench : public Updates {
 public:
  DeviceBench(const std::string &variant, int n, int learners, int most_rows, fc_device_t *device)
      : device_(device), workflow_(n, random_edges(n)) {
    fc_error_t error;
    const Rows rows(n, most_rows);
    cohort_options_t options = cohort_options_default("attmf", VARIANT_REPAIRED);
    options.learning = options_of(variant);
    options.n_learners = learners;
    options.row_capacity = rows.n;
    must(cohort_new(workflow_.get(), kFeatures, &options, device, &cohort_, &error), error);
    must(cohort_set_rows(cohort_, 0, rows.n, rows.features.data(), rows.action.data(), rows.reward.data(),
                         rows.next_features.data(), rows.terminal.data(), &error),
         error);
    const algorithm_interface_t *attmf = algorithm_find("attmf", nullptr);
    for (int l = 0; l < learners; ++l) {
      algorithm_t *instance = nullptr;
      options.learning.seed = static_cast<uint64_t>(l) + 1;
      must(attmf->create(&options.learning, workflow_.get(), kFeatures, &instance, &error), error);
      must(cohort_put(cohort_, l, attmf, instance, &error), error);
      attmf->destroy(&instance);
    }
  }
  ~DeviceBench() override { cohort_destroy(&cohort_); }
  DeviceBench(const DeviceBench &) = delete;
  DeviceBench &operator=(const DeviceBench &) = delete;

  void update(int n) override {
    fc_error_t error;
    must(cohort_update(cohort_, n, &error), error);
    must(fc_device_wait(device_, &error), error);
  }

 private:
  static void must(fc_status_t status, const fc_error_t &error) {
    if (status != FC_OK) give_up(error.message);
  }
  fc_device_t *device_;
  fc_test::SmallWorkflow workflow_;
  cohort_t *cohort_ = nullptr;
};

// One learner on the CPU.
class HostBench : public Updates {
 public:
  HostBench(const std::string &variant, int n, int threads, int rows)
      : n_(n), workflow_(n, random_edges(n)), rows_(n, rows) {
    attmf_ = algorithm_find("attmf", nullptr);
    const algorithm_options_t options = options_of(variant, threads);
    fc_error_t error;
    if (attmf_->create(&options, workflow_.get(), kFeatures, &algorithm_, &error) != FC_OK) give_up(error.message);
    batch_features_.resize(static_cast<size_t>(kBatch) * n * kFeatures);
    batch_next_.resize(batch_features_.size());
    batch_action_.resize(static_cast<size_t>(kBatch) * n * kKnobs);
    batch_reward_.resize(kBatch);
    terminal_.assign(kBatch, 0);
    fc_rng_init(&draws_, 9, 1);
  }
  ~HostBench() override { attmf_->destroy(&algorithm_); }
  HostBench(const HostBench &) = delete;
  HostBench &operator=(const HostBench &) = delete;

  void update(int n) override {
    for (int i = 0; i < n; ++i) update_once();
  }

 private:
  void update_once() {
    const size_t f = static_cast<size_t>(n_) * kFeatures, a = static_cast<size_t>(n_) * kKnobs;
    for (int b = 0; b < kBatch; ++b) {
      const size_t row = fc_rng_below(&draws_, static_cast<uint32_t>(rows_.n));
      std::memcpy(&batch_features_[b * f], &rows_.features[row * f], f * sizeof(float));
      std::memcpy(&batch_next_[b * f], &rows_.next_features[row * f], f * sizeof(float));
      std::memcpy(&batch_action_[b * a], &rows_.action[row * a], a * sizeof(float));
      batch_reward_[b] = rows_.reward[row];
    }
    const algorithm_batch_t batch = {
        kBatch,          batch_features_.data(), batch_action_.data(), batch_reward_.data(), batch_next_.data(),
        terminal_.data()};
    algorithm_report_t report;
    attmf_->update(algorithm_, &batch, &report);
  }

  int n_;
  fc_test::SmallWorkflow workflow_;
  Rows rows_;
  const algorithm_interface_t *attmf_ = nullptr;
  algorithm_t *algorithm_ = nullptr;
  fc_rng_t draws_;
  std::vector<float> batch_features_, batch_next_, batch_action_, batch_reward_;
  std::vector<uint8_t> terminal_;
};

Result measure(const std::string &variant, int n, int learners, int threads, int rows, fc_device_t *device,
               double seconds, int rounds) {
  const bool host = std::strcmp(fc_device_ops(device)->backend, "cpu") == 0;
  std::unique_ptr<Updates> bench;
  if (host) {
    bench = std::make_unique<HostBench>(variant, n, threads, rows);
  } else {
    bench = std::make_unique<DeviceBench>(variant, n, learners, rows, device);
  }
  const int several = host ? 1 : 64;  // a device is asked for many at a time
  bench->update(host ? 5 : 2 * several);
  double t0 = clock_s(CLOCK_MONOTONIC);
  bench->update(several);
  const double per_call = std::max(clock_s(CLOCK_MONOTONIC) - t0, 1e-6);
  const int updates = several * std::max(1, static_cast<int>(0.05 / per_call));
  std::vector<double> rates;
  const double cpu0 = clock_s(CLOCK_PROCESS_CPUTIME_ID);
  for (int round = 0; round < rounds; ++round) {
    const double end = clock_s(CLOCK_MONOTONIC) + seconds / rounds;
    do {
      t0 = clock_s(CLOCK_MONOTONIC);
      bench->update(updates);
      rates.push_back(learners * updates / (clock_s(CLOCK_MONOTONIC) - t0));
    } while (clock_s(CLOCK_MONOTONIC) < end);
  }
  const double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu0;
  std::sort(rates.begin(), rates.end());
  return {variant,
          n,
          learners,
          rates[rates.size() / 2],
          rates.back(),
          learners * updates * static_cast<double>(rates.size()) / cpu,
          static_cast<int>(rates.size())};
}

}  // namespace

int main(int argc, char **argv) {
  std::string sizes = "5,6,7,12,100", variants = "faithful,softmax,repaired", backend = "cpu", learners = "1";
  double seconds = 1;
  int rounds = 5, threads = 1, rows = 31000;
  bool json = false;
  const std::vector<fc_bench::Option> table = {
      {"n", &sizes},         {"variant", &variants},  {"seconds", &seconds, 0.01}, {"rounds", &rounds, 1},
      {"backend", &backend}, {"learners", &learners}, {"threads", &threads, 1},    {"rows", &rows, kBatch},
      {"json", &json}};
  fc_bench::parse("bench_update", table, argc, argv);
  fc_device_t *device = nullptr;
  fc_error_t error;
  if (fc_device_open(backend.c_str(), &device, &error) != FC_OK) give_up(error.message);
  std::vector<Result> results;
  for (const std::string &variant : fc_bench::split(variants)) {
    if (variant != "faithful" && variant != "softmax" && variant != "repaired")
      give_up("--variant: expected faithful, softmax or repaired");
    for (const int n : fc_bench::counts("bench_update", sizes)) {
      if (n > FC_MAX_FUNCTIONS) give_up("--n: 1 to 1024 functions");
      for (const int l : fc_bench::counts("bench_update", learners)) {
        if (l > 1 && std::strcmp(fc_device_ops(device)->backend, "cpu") == 0)
          give_up("--learners: 1 on the cpu, 1 or more on a device");
        results.push_back(measure(variant, n, l, threads, rows, device, seconds, rounds));
      }
    }
  }
  if (json) {
    std::printf("{\"device\":\"%s\",\"batch\":%d,\"rows\":[", fc_device_name(device), kBatch);
    for (size_t i = 0; i < results.size(); ++i) {
      const Result &r = results[i];
      std::printf(
          "%s{\"variant\":\"%s\",\"n\":%d,\"learners\":%d,\"updates_per_s\":%.1f,\"best\":%.1f,\"updates_per_cpu_s\":%."
          "1f,"
          "\"windows\":%d}",
          i == 0 ? "" : ",", r.variant.c_str(), r.n, r.learners, r.median, r.best, r.per_cpu_s, r.windows);
    }
    std::printf("]}\n");
    fc_device_close(&device);
    return 0;
  }
  std::printf("AttMF updates/s, batch %d, %s, threads %d\n", kBatch, fc_device_name(device), threads);
  std::printf("%-9s %5s %8s %10s %10s %12s\n", "variant", "N", "learners", "median", "best", "per cpu-s");
  for (const Result &r : results) {
    std::printf("%-9s %5d %8d %10.1f %10.1f %12.1f\n", r.variant.c_str(), r.n, r.learners, r.median, r.best,
                r.per_cpu_s);
  }
  fc_device_close(&device);
  return 0;
}
