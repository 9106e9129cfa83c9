// bench_update: updates per second of one learner, batch 64, one thread.
//
//   bench_update [--n 5,6,7,12,100] [--variant faithful,repaired,softmax] [--seconds 1] [--rounds 5] [--json]
//
// One update = sample 64 rows from a replay of 31,000 (fewer where they would not fit 400 MB), critic step, actor step,
// soft updates: the same work as attmf_torch.py times. Variants: `faithful` (batch norm, squared attention, gamma 0.9:
// the peer's attmf-sq), `softmax` (repaired nets with gamma 0.9: beside the peer's attmf-softmax), `repaired` (the
// default, gamma 0: no target pass). Reported per row: median and best over windows of 50 ms, and updates per second of
// processor time.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "small_workflow.h"

extern "C" {
#include "algorithm.h"
#include "faasconf/ops.h"
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
  int n;
  double median, best, per_cpu_s;
  int windows;
};

class Bench {
 public:
  Bench(const std::string &variant, int n) : n_(n), workflow_(n, random_edges(n)) {
    attmf_ = algorithm_find("attmf", nullptr);
    algorithm_options_t options = attmf_->defaults(variant == "faithful" ? VARIANT_FAITHFUL : VARIANT_REPAIRED);
    if (variant == "softmax") options.discount = 0.9f;
    fc_error_t error;
    if (attmf_->create(&options, workflow_.get(), kFeatures, &algorithm_, &error) != FC_OK) {
      std::fprintf(stderr, "bench_update: %s\n", error.message);
      std::exit(1);
    }
    const size_t row_bytes = sizeof(float) * static_cast<size_t>(n) * (2 * kFeatures + kKnobs);
    rows_ = static_cast<int>(std::min<size_t>(31000, 400000000 / row_bytes));
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<float> uniform;
    features_ = fill(static_cast<size_t>(rows_) * n * kFeatures, [&] { return normal(rng_); });
    next_features_ = fill(static_cast<size_t>(rows_) * n * kFeatures, [&] { return normal(rng_); });
    action_ = fill(static_cast<size_t>(rows_) * n * kKnobs, [&] { return uniform(rng_); });
    reward_ = fill(rows_, [&] { return normal(rng_); });
    batch_features_.resize(static_cast<size_t>(kBatch) * n * kFeatures);
    batch_next_.resize(batch_features_.size());
    batch_action_.resize(static_cast<size_t>(kBatch) * n * kKnobs);
    batch_reward_.resize(kBatch);
    terminal_.assign(kBatch, 0);
    fc_rng_init(&draws_, 9, 1);
  }
  ~Bench() { attmf_->destroy(&algorithm_); }
  Bench(const Bench &) = delete;
  Bench &operator=(const Bench &) = delete;

  void update() {
    const size_t f = static_cast<size_t>(n_) * kFeatures, a = static_cast<size_t>(n_) * kKnobs;
    for (int b = 0; b < kBatch; ++b) {
      const size_t row = fc_rng_below(&draws_, static_cast<uint32_t>(rows_));
      std::memcpy(&batch_features_[b * f], &features_[row * f], f * sizeof(float));
      std::memcpy(&batch_next_[b * f], &next_features_[row * f], f * sizeof(float));
      std::memcpy(&batch_action_[b * a], &action_[row * a], a * sizeof(float));
      batch_reward_[b] = reward_[row];
    }
    const algorithm_batch_t batch = {
        kBatch,          batch_features_.data(), batch_action_.data(), batch_reward_.data(), batch_next_.data(),
        terminal_.data()};
    algorithm_report_t report;
    attmf_->update(algorithm_, &batch, &report);
  }

 private:
  template <typename Draw>
  static std::vector<float> fill(size_t n, Draw draw) {
    std::vector<float> v(n);
    for (float &x : v) x = draw();
    return v;
  }

  int n_, rows_ = 0;
  fc_test::SmallWorkflow workflow_;
  const algorithm_interface_t *attmf_ = nullptr;
  algorithm_t *algorithm_ = nullptr;
  std::mt19937 rng_{7};
  fc_rng_t draws_;
  std::vector<float> features_, next_features_, action_, reward_;
  std::vector<float> batch_features_, batch_next_, batch_action_, batch_reward_;
  std::vector<uint8_t> terminal_;
};

Result measure(const std::string &variant, int n, double seconds, int rounds) {
  Bench bench(variant, n);
  for (int i = 0; i < 5; ++i) bench.update();
  double t0 = clock_s(CLOCK_MONOTONIC);
  bench.update();
  const double per_update = std::max(clock_s(CLOCK_MONOTONIC) - t0, 1e-6);
  const int updates = std::max(1, static_cast<int>(0.05 / per_update));
  std::vector<double> rates;
  const double cpu0 = clock_s(CLOCK_PROCESS_CPUTIME_ID);
  for (int round = 0; round < rounds; ++round) {
    const double end = clock_s(CLOCK_MONOTONIC) + seconds / rounds;
    do {
      t0 = clock_s(CLOCK_MONOTONIC);
      for (int i = 0; i < updates; ++i) bench.update();
      rates.push_back(updates / (clock_s(CLOCK_MONOTONIC) - t0));
    } while (clock_s(CLOCK_MONOTONIC) < end);
  }
  const double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu0;
  std::sort(rates.begin(), rates.end());
  return {variant,
          n,
          rates[rates.size() / 2],
          rates.back(),
          updates * static_cast<double>(rates.size()) / cpu,
          static_cast<int>(rates.size())};
}

std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

int usage(const char *problem) {
  std::fprintf(stderr,
               "bench_update: %s\nusage: bench_update [--n 5,6,7,12,100] [--variant faithful,softmax,repaired] "
               "[--seconds 1] [--rounds 5] [--json]\n",
               problem);
  return 2;
}

}  // namespace

int main(int argc, char **argv) {
  std::string sizes = "5,6,7,12,100", variants = "faithful,softmax,repaired";
  double seconds = 1;
  int rounds = 5;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--json") {
      json = true;
      continue;
    }
    if (i + 1 >= argc) return usage("an option lacks its value");
    const std::string value = argv[++i];
    if (option == "--n") {
      sizes = value;
    } else if (option == "--variant") {
      variants = value;
    } else if (option == "--seconds") {
      seconds = std::atof(value.c_str());
    } else if (option == "--rounds") {
      rounds = std::atoi(value.c_str());
    } else {
      return usage("unknown option");
    }
  }
  if (seconds <= 0 || rounds < 1) return usage("seconds and rounds must be positive");
  std::vector<Result> results;
  for (const std::string &variant : split(variants)) {
    if (variant != "faithful" && variant != "softmax" && variant != "repaired") return usage("unknown variant");
    for (const std::string &size : split(sizes)) {
      const int n = std::atoi(size.c_str());
      if (n < 1 || n > FC_MAX_FUNCTIONS) return usage("--n: 1 to 1024 functions");
      results.push_back(measure(variant, n, seconds, rounds));
    }
  }
  if (json) {
    std::printf("{\"isa\":\"%s\",\"batch\":%d,\"rows\":[", fc_ops_cpu()->isa, kBatch);
    for (size_t i = 0; i < results.size(); ++i) {
      const Result &r = results[i];
      std::printf(
          "%s{\"variant\":\"%s\",\"n\":%d,\"updates_per_s\":%.1f,\"best\":%.1f,\"updates_per_cpu_s\":%.1f,"
          "\"windows\":%d}",
          i == 0 ? "" : ",", r.variant.c_str(), r.n, r.median, r.best, r.per_cpu_s, r.windows);
    }
    std::printf("]}\n");
    return 0;
  }
  std::printf("AttMF updates/s, batch %d, one thread, instruction set %s\n", kBatch, fc_ops_cpu()->isa);
  std::printf("%-9s %5s %10s %10s %12s\n", "variant", "N", "median", "best", "per cpu-s");
  for (const Result &r : results) {
    std::printf("%-9s %5d %10.1f %10.1f %12.1f\n", r.variant.c_str(), r.n, r.median, r.best, r.per_cpu_s);
  }
  return 0;
}
