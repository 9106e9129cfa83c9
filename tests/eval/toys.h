// Workflows so small that their optimum is known: what a method that tunes must be able to solve.
//
//   allocation:   min sum_j c_j x_j subject to the critical path of w_j / x_j <= lambda; x_j cores, c_j replicas that
//                 all do the same work. Series K = (sum sqrt K_i)^2, parallel K = sum K_i, leaf K = c w; cost* = K /
//                 lambda.
//   concurrency:  one function, M/M/(replicas k) with service time s0 (1 + alpha k): few slots queue, many slots slow
//                 each other down. The optimum is one cell of 8 replicas x 10 limits, found by enumeration.
//
// A toy is a workflow file, a truth in closed form and windows measured from it; prices are one USD per core-hour and
// nothing for memory, so that the reserved cost is the objective.
#pragma once
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "tuner.h"
}

namespace fc_test {

struct ToyTruth {
  double cost_usd_h;
  double latency_s;
  bool met;
};

class Toy {
 public:
  virtual ~Toy();
  Toy(const Toy &) = delete;
  Toy &operator=(const Toy &) = delete;
  operator const fc_workflow_t *() const { return workflow_; }
  const fc_workflow_t *operator->() const { return workflow_; }

  // Free of noise. configuration: (N).
  ToyTruth truth(const fc_function_configuration_t *configuration) const;
  // Cost of the cheapest configuration that meets QoS, in real numbers where the toy has them.
  double optimum_usd_h() const { return optimum_usd_h_; }
  // One window under the configuration: latencies times (1 + noise z) with z drawn from (seed, window). *out was made
  // by fc_observation_init.
  void measure(const fc_function_configuration_t *configuration, int64_t window, double noise, uint64_t seed,
               fc_observation_t *out) const;
  fc_qos_verdict_t judge(const fc_observation_t *window) const;

 protected:
  Toy(const std::string &text, double optimum_usd_h);
  // Seconds in each function, (N); returns the workflow's.
  virtual double latency(const fc_function_configuration_t *configuration, double *function_s) const = 0;
  // Requests a second that the workflow is asked for when one takes so long.
  virtual double arrivals_per_s(double latency_s) const = 0;

 private:
  fc_workflow_t *workflow_ = nullptr;
  double optimum_usd_h_;
};

// Five functions in a row: cost* 4.923848. Parallel: the same four, then two at once: cost* 5.470009.
std::unique_ptr<Toy> allocation_sequential();
std::unique_ptr<Toy> allocation_parallel();
// The sequential one, begun at a fifth of what is needed: the start violates QoS and costs less than the optimum.
std::unique_ptr<Toy> allocation_from_too_little();
// Cost* 2: two replicas, limit 3.
std::unique_ptr<Toy> concurrency_toy();

// Windows of configurations drawn uniformly over the ranges, with their verdicts: the offline rows of a toy.
class ToyRows {
 public:
  ToyRows(const Toy &toy, int n, double noise, uint64_t seed);
  ~ToyRows();
  ToyRows(const ToyRows &) = delete;
  ToyRows &operator=(const ToyRows &) = delete;
  const tuner_rows_t *get() const { return &rows_; }
  // Cheapest that truly meets QoS, over the optimum: what the rows alone are worth. Infinite when there is none.
  double best_over_optimum;

 private:
  tuner_rows_t rows_ = {};
};

// A tuner on a toy: so many windows without noise, each measured as proposed, after one of the start configuration.
struct ToyRun {
  double best_over_optimum;  // cheapest proposal that truly met QoS; infinite when none did
  double last_over_optimum;  // of a last proposal without exploration; infinite when it does not meet QoS
  int violations;
};
struct ToyTask {
  const char *tuner;
  tuner_variant_t variant = TUNER_REPAIRED;
  int n_windows = 30;
  uint64_t seed = 1;
};
ToyRun run_on_toy(const Toy &toy, const ToyRows &rows, const ToyTask &task);

}  // namespace fc_test
