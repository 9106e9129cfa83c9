// See toys.h.
#include "toys.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/digest.h"
#include "faasconf/knobs.h"
#include "rows.h"
}

namespace fc_test {

namespace {

constexpr double kWindow = 30, kUsers = 10;

// Work (seconds on one core) and price (replicas) of the six functions of the allocation.
constexpr double kWork[6] = {0.5, 0.3, 0.4, 0.2, 1.2, 0.8};
constexpr int kPrice[6] = {1, 2, 1, 3, 2, 1};

std::string allocation_text(const std::string &name, int n, const std::string &calls, int start_millicores) {
  std::string text = "faasconf: 1\nworkflow: " + name + R"(
window_s: 30
prices: {version: toy, usd_per_millicore_hour: 0.001, usd_per_mib_hour: 0}
ranges: {cpu_millicores: [200, 2000], mem_mib: 256, replicas: 1, concurrency: 10}
start: {cpu_millicores: )" +
                     std::to_string(start_millicores) + R"(, mem_mib: 256, replicas: 1, concurrency: 10}
functions:
)";
  for (int j = 0; j < n; ++j) {
    const std::string price = std::to_string(kPrice[j]);
    text +=
        "  - {name: f" + std::to_string(j) + ", ranges: {replicas: " + price + "}, start: {replicas: " + price + "}}\n";
  }
  return text + "calls: [" + calls + "]\nqos:\n  - latency_mean_s: 4\n";
}

class Allocation : public Toy {
 public:
  Allocation(const std::string &name, int n, const std::string &calls, double optimum_usd_h,
             int start_millicores = 1000)
      : Toy(allocation_text(name, n, calls, start_millicores), optimum_usd_h), n_(n) {}

 protected:
  double latency(const fc_function_configuration_t *configuration, double *function_s) const override {
    double path = 0;
    for (int j = 0; j < n_; ++j) {
      function_s[j] = kWork[j] * 1000 / configuration[j].cpu_millicores;
      if (j < 4) path += function_s[j];
    }
    return path + (n_ == 6 ? std::max(function_s[4], function_s[5]) : function_s[4]);
  }
  double arrivals_per_s(double latency_s) const override { return kUsers / latency_s; }

 private:
  int n_;
};

const char kConcurrency[] = R"(faasconf: 1
workflow: toy-concurrency
window_s: 30
prices: {version: toy, usd_per_millicore_hour: 0.001, usd_per_mib_hour: 0}
ranges: {cpu_millicores: 1000, mem_mib: 256, replicas: [1, 8], concurrency: [1, 10]}
start: {cpu_millicores: 1000, mem_mib: 256, replicas: 5, concurrency: 2}
functions:
  - {name: only}
calls: [only]
qos:
  - latency_mean_s: 0.98
)";

class Concurrency : public Toy {
 public:
  Concurrency() : Toy(kConcurrency, 2) {}

 protected:
  // Mean response of M/M/c by Erlang's C; what grows without bound has grown to a window's length when it is measured.
  double latency(const fc_function_configuration_t *configuration, double *function_s) const override {
    const int servers = configuration->replicas * configuration->concurrency;
    const double service = 0.5 * (1 + 0.25 * configuration->concurrency), offered = arrivals_per_s(0) * service;
    double sum = 1, term = 1;
    function_s[0] = kWindow;
    if (offered >= servers) return kWindow;
    for (int n = 1; n < servers; ++n) sum += term *= offered / n;
    term *= offered / servers / (1 - offered / servers);
    function_s[0] = std::min(kWindow, service + term / (sum + term) * service / (servers - offered));
    return function_s[0];
  }
  double arrivals_per_s(double) const override { return 4; }
};

}  // namespace

Toy::Toy(const std::string &text, double optimum_usd_h) : optimum_usd_h_(optimum_usd_h) {
  fc_error_t error = {};
  EXPECT_EQ(FC_OK, fc_digest_init());
  EXPECT_OK(fc_workflow_parse(text.data(), text.size(), "toy.yaml", &workflow_, &error));
}

Toy::~Toy() {
  fc_workflow_destroy(&workflow_);
}

ToyTruth Toy::truth(const fc_function_configuration_t *configuration) const {
  std::vector<double> function_s(workflow_->n_functions);
  const double latency_s = latency(configuration, function_s.data());
  return {fc_cost_reserved_usd_h(workflow_, configuration), latency_s,
          latency_s <= fc_qos_target(&workflow_->qos_terms[0], kUsers)};
}

void Toy::measure(const fc_function_configuration_t *configuration, int64_t window, double noise, uint64_t seed,
                  fc_observation_t *out) const {
  const int n = workflow_->n_functions;
  std::vector<double> function_s(n);
  fc_rng_t rng;
  fc_rng_init(&rng, seed, static_cast<uint64_t>(window));
  const double luck = std::max(0.1, 1 + noise * fc_rng_normal(&rng));
  const double latency_s = std::min(kWindow, luck * latency(configuration, function_s.data()));
  out->window = window;
  out->start_us = 1700000000000000 + window * 30000000;
  out->duration_s = kWindow;
  out->load = {FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT, arrivals_per_s(latency_s), kUsers};
  out->outcome = {};
  out->outcome.present = FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95 | FC_OUTCOME_HAS_COUNTS;
  out->outcome.latency_mean_s = latency_s;
  out->outcome.latency_p95_s = 1.5 * latency_s;
  out->outcome.successes = static_cast<int64_t>(kWindow * arrivals_per_s(latency_s));
  for (int j = 0; j < n; ++j) {
    out->configuration[j] = configuration[j];
    fc_function_metrics_t *m = &out->metrics[j];
    *m = {};
    m->present = FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95) | FC_METRIC_BIT(REQUESTS);
    m->latency_p75_s = luck * function_s[j];
    m->latency_p95_s = 1.5 * luck * function_s[j];
    m->requests = static_cast<double>(out->outcome.successes);
  }
}

fc_qos_verdict_t Toy::judge(const fc_observation_t *window) const {
  return fc_qos_judge(workflow_, FC_SEMANTICS_STRICT, &window->outcome, window->duration_s, window->load.mean_in_flight,
                      nullptr);
}

std::unique_ptr<Toy> allocation_sequential() {
  return std::make_unique<Allocation>("toy-sequential", 5, "f0, f1, f2, f3, f4", 4.923848);
}

std::unique_ptr<Toy> allocation_from_too_little() {
  return std::make_unique<Allocation>("toy-sequential", 5, "f0, f1, f2, f3, f4", 4.923848, 200);
}

std::unique_ptr<Toy> allocation_parallel() {
  return std::make_unique<Allocation>("toy-parallel", 6, "f0, f1, f2, f3, {parallel: [[f4], [f5]]}", 5.470009);
}

std::unique_ptr<Toy> concurrency_toy() {
  return std::make_unique<Concurrency>();
}

ToyRows::ToyRows(const Toy &toy, int n, double noise, uint64_t seed)
    : best_over_optimum(std::numeric_limits<double>::infinity()) {
  std::vector<fc_function_configuration_t> draw(toy->n_functions);
  fc_observation_t window;
  fc_rng_t rng;
  fc_rng_init(&rng, seed, 0x746f7973);
  EXPECT_EQ(FC_OK, fc_observation_init(&window, toy->n_functions));
  EXPECT_EQ(FC_OK, tuner_rows_init(&rows_, toy->n_functions, n));
  for (int i = 0; i < n; ++i) {
    fc_knobs_draw(toy, FC_RANGES_MEASURED, &rng, draw.data());
    toy.measure(draw.data(), i, noise, seed, &window);
    tuner_rows_add(&rows_, &window, toy.judge(&window));
    const ToyTruth truth = toy.truth(draw.data());
    if (truth.met) best_over_optimum = std::min(best_over_optimum, truth.cost_usd_h / toy.optimum_usd_h());
  }
  fc_observation_clear(&window);
}

ToyRows::~ToyRows() {
  tuner_rows_clear(&rows_);
}

ToyRun run_on_toy(const Toy &toy, const ToyRows &rows, const ToyTask &task) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  ToyRun run = {kNever, kNever, 0};
  const tuner_t *tuner = tuner_find(task.tuner, nullptr);
  EXPECT_NE(nullptr, tuner) << task.tuner;
  if (tuner == nullptr) return run;
  tuner_setting_t setting = {};
  setting.workflow = toy;
  setting.variant = task.variant;
  setting.rows = rows.get();
  setting.seed = task.seed;
  setting.level = 0.95;
  void *self = nullptr;
  fc_error_t error = {};
  EXPECT_OK(tuner->create(&setting, &self, &error));
  if (self == nullptr) return run;
  std::vector<fc_function_configuration_t> proposal;
  for (int f = 0; f < toy->n_functions; ++f) proposal.push_back(toy->functions[f].start);
  fc_observation_t window;
  EXPECT_EQ(FC_OK, fc_observation_init(&window, toy->n_functions));
  toy.measure(proposal.data(), 0, 0, task.seed, &window);
  const auto over = [&] {
    const ToyTruth truth = toy.truth(proposal.data());
    return truth.met ? truth.cost_usd_h / toy.optimum_usd_h() : kNever;
  };
  for (int i = 1; i <= task.n_windows; ++i) {
    EXPECT_OK(tuner->propose(self, &window, false, proposal.data(), &error));
    toy.measure(proposal.data(), i, 0, task.seed, &window);
    const fc_qos_verdict_t verdict = toy.judge(&window);
    if (verdict == FC_QOS_VIOLATED) run.violations += 1;
    run.best_over_optimum = std::min(run.best_over_optimum, over());
    EXPECT_OK(tuner->learn(self, &window, verdict, &error));
  }
  EXPECT_OK(tuner->propose(self, &window, true, proposal.data(), &error));
  run.last_over_optimum = over();
  tuner->destroy(&self);
  fc_observation_clear(&window);
  return run;
}

}  // namespace fc_test
