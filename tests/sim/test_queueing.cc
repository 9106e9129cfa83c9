// The engine against queueing theory: what is known exactly must come out, within four standard errors.
#include <algorithm>
#include <cmath>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "state.h"
#include "support.h"

namespace {

using fc_test::Average;
using fc_test::Configuration;
using fc_test::PlainWorkflow;
using fc_test::Simulated;

constexpr double kWindow_s = 4000;
constexpr int kWindows = 40;
constexpr int kUnlimited = 100000;

// What windows of an open loop come to.
struct Measured {
  Average latency, in_flight, rejected_share, per_s;
};

Measured measure(const fc_workflow_t *workflow, double rate_per_s, const Configuration &configuration,
                 int windows = kWindows) {
  Simulated s(workflow, 0, FC_SEMANTICS_STRICT, 5, rate_per_s);
  EXPECT_EQ(FC_OK, s.status) << s.error.message;
  Measured m;
  for (int w = 0; w < windows; ++w) {
    const fc_observation_t &o = s.observe(w, configuration);
    EXPECT_EQ(FC_OK, s.status) << s.error.message;
    m.latency.add(o.outcome.latency_mean_s);
    m.in_flight.add(o.load.mean_in_flight);
    m.rejected_share.add(o.metrics[0].rejected / o.metrics[0].requests);
    m.per_s.add(static_cast<double>(o.outcome.successes) / workflow->window_s);
  }
  return m;
}

// Windows start empty and what is unfinished does not count: half a percent.
void expect_mean(double theory, const Average &measured, const char *what) {
  EXPECT_NEAR(theory, measured.mean(), 4 * measured.standard_error() + 0.005 * theory) << what;
}

// M/G/1 processor sharing: the mean sojourn is E[S] / (1 - rho) whatever the distribution of S (Kleinrock 1967).
TEST(Queueing, ProcessorSharingNeedsOnlyTheMean) {
  for (double sigma : {0.0, 1.0}) {
    for (double rho : {0.3, 0.7}) {
      PlainWorkflow w(kWindow_s);
      w.build(w.call(w.plain("f", 1, sigma)));
      const Measured m = measure(w.get(), rho, {{1000, 1000, 1, kUnlimited}});
      SCOPED_TRACE(sigma);
      expect_mean(1 / (1 - rho), m.latency, "latency");
      expect_mean(rho / (1 - rho), m.in_flight, "in flight");
      EXPECT_EQ(0, m.rejected_share.mean());
    }
  }
}

// M/M/c/K by processor sharing (c cores, at most K in service, the rest refused): birth and death with rates
// min(n, c); like the other one it does not ask for the distribution (Cohen 1979).
TEST(Queueing, LimitedProcessorSharingRefusesAsErlangSays) {
  const double rate = 1.8, work = 1;
  const int cores = 2, limit = 5;
  double weight[limit + 1] = {1}, total = 1, mean = 0;
  for (int n = 1; n <= limit; ++n) {
    weight[n] = weight[n - 1] * rate * work / std::min(n, cores);
    total += weight[n];
    mean += n * weight[n];
  }
  PlainWorkflow w(kWindow_s);
  w.build(w.call(w.plain("f", work, 0.8)));
  const Measured m = measure(w.get(), rate, {{1000 * cores, 1000, 1, limit}});
  const double blocked = weight[limit] / total;
  expect_mean(blocked, m.rejected_share, "rejected");
  expect_mean(mean / total, m.in_flight, "in flight");
  expect_mean(rate * (1 - blocked), m.per_s, "throughput");
  expect_mean(mean / total / (rate * (1 - blocked)), m.latency, "latency");
}

// M/G/1 first come first served: Pollaczek and Khinchine. A synchronous replica is one; so is a fork replica that lets
// calls wait for its one place.
TEST(Queueing, OneAtATimeWaitsAsPollaczekAndKhinchineSay) {
  const double rho = 0.6, sigma = 0.7;
  const double theory = 1 + rho * std::exp(sigma * sigma) / (2 * (1 - rho));
  for (fc_function_mode_t mode : {FC_MODE_SYNCHRONOUS, FC_MODE_FORK}) {
    PlainWorkflow w(kWindow_s);
    w.build(w.call(w.plain("f", 1, sigma, mode)));
    w.raw().simulator.overflow = FC_OVERFLOW_QUEUE;
    expect_mean(theory, measure(w.get(), rho, {{1000, 1000, 1, 1}}).latency, mode == FC_MODE_FORK ? "fork" : "sync");
  }
}

// Two replicas, the load split evenly at random: two independent queues with half the arrivals each. Round robin makes
// arrivals more regular and least connections joins the shorter queue, so both wait less, in that order.
TEST(Queueing, BalancersWaitInTheOrderOfWhatTheyKnow) {
  double wait_s[3];
  for (int b = 0; b < 3; ++b) {
    PlainWorkflow w(kWindow_s);
    w.build(w.call(w.plain("f", 1, 1, FC_MODE_SYNCHRONOUS)));
    w.raw().simulator.balancer = static_cast<fc_balancer_t>(b);
    const Measured m = measure(w.get(), 1.4, {{1000, 1000, 2, 1}});
    if (b == FC_BALANCER_RANDOM) expect_mean(1 + 0.7 * std::exp(1.0) / (2 * (1 - 0.7)), m.latency, "random");
    wait_s[b] = m.latency.mean() - 1;
  }
  EXPECT_LT(wait_s[FC_BALANCER_ROUND_ROBIN], 0.9 * wait_s[FC_BALANCER_RANDOM]);
  EXPECT_LT(wait_s[FC_BALANCER_LEAST_CONNECTIONS], 0.9 * wait_s[FC_BALANCER_ROUND_ROBIN]);
}

// Enough users keep a replica's places full, so that its throughput is that of exactly c requests in service: rising up
// to the cores, falling behind them for contention and throttling. The best limit is where theory has it.
TEST(Queueing, ConcurrencyHasItsOptimumWhereTheoryHasIt) {
  const double cores = 3, contention = 0.08, loss = 0.5, work = 0.1;
  int best = 0, best_theory = 0;
  double highest = 0, highest_theory = 0;
  for (int limit = 1; limit <= 10; ++limit) {
    const double share = std::min(1.0, cores / limit);
    const double theory = limit * share * (1 - loss * (1 - share)) / (1 + contention * (limit - 1)) / work;
    PlainWorkflow w(200);
    const int f = w.plain("f", work);
    w.parameters_at(f).contention = contention;
    w.raw().simulator.throttling_loss = loss;
    w.raw().simulator.overflow = FC_OVERFLOW_QUEUE;
    w.build(w.call(f));
    Simulated s(w.get(), 20, FC_SEMANTICS_STRICT);
    const double per_s = static_cast<double>(s.observe(0, {{3000, 1000, 1, limit}}).outcome.successes) / 200;
    EXPECT_NEAR(theory, per_s, 0.01 * theory) << limit;
    if (per_s > highest) highest = per_s, best = limit;
    if (theory > highest_theory) highest_theory = theory, best_theory = limit;
  }
  EXPECT_EQ(best_theory, best);
  EXPECT_EQ(3, best);
}

// Little's law, end to end and at one function, in the open and in the closed loop.
TEST(Queueing, MeanInFlightIsRateTimesTime) {
  auto parallel = fc_test::parallel_workflow();
  parallel->raw().window_s = 600;
  const Configuration configuration(6, {1500, 1000000, 4, kUnlimited});
  for (int users : {0, 10}) {
    Simulated s(parallel->get(), users, FC_SEMANTICS_STRICT, 3, users == 0 ? 0.8 : 0);
    for (int w = 0; w < 5; ++w) {
      const fc_observation_t &o = s.observe(w, configuration);
      ASSERT_EQ(0, o.outcome.failures);
      const double completed = static_cast<double>(o.outcome.successes);
      EXPECT_NEAR(o.load.mean_in_flight, completed / 600 * o.outcome.latency_mean_s, 0.02 * o.load.mean_in_flight);
      // Each call of a function is one request: its time in service, without the answer's way back.
      const function_state_t &resnet = s.get()->functions[4];
      double mean_s = 0;
      for (int i = 0; i < resnet.durations.n_kept; ++i) mean_s += resnet.durations.kept[i] / resnet.durations.n_kept;
      mean_s -= resnet.answer_delay_s;
      EXPECT_NEAR(o.metrics[4].mean_in_flight, o.metrics[4].requests / 600 * mean_s,
                  0.02 * o.metrics[4].mean_in_flight);
    }
  }
}

// Mean latency of each of 12 windows of an open loop.
std::vector<double> latencies(const fc_workflow_t *workflow, double rate_per_s, const Configuration &configuration) {
  Simulated s(workflow, 0, FC_SEMANTICS_STRICT, 11, rate_per_s);
  std::vector<double> latency_s;
  for (int w = 0; w < 12; ++w) {
    const fc_observation_t &o = s.observe(w, configuration);
    EXPECT_EQ(0, o.outcome.failures);
    latency_s.push_back(o.outcome.latency_mean_s);
  }
  return latency_s;
}

// In an open loop where nothing is refused, more CPU never makes the mean latency longer. At one function every request
// is done earlier, in each window; in a network the requests meet each other elsewhere, and it holds on average.
TEST(Queueing, MoreCpuNeverRaisesMeanLatencyInAnOpenLoop) {
  const int cpus[] = {1000, 1100, 1300, 1600, 2100, 3000, 6000};
  PlainWorkflow one(300);
  one.build(one.call(one.plain("f", 1, 0.5)));
  auto parallel = fc_test::parallel_workflow();
  parallel->raw().window_s = 300;
  for (int f = -1; f < 6; ++f) {
    std::vector<double> last;
    for (int cpu : cpus) {
      Configuration configuration(f < 0 ? 1 : 6, {1200, 1000000, 3, kUnlimited});
      configuration[f < 0 ? 0 : f].cpu_millicores = cpu;
      const auto now =
          f < 0 ? latencies(one.get(), 0.8, configuration) : latencies(parallel->get(), 0.35, configuration);
      Average change;
      for (size_t w = 0; w < last.size(); ++w) change.add(now[w] - last[w]);
      for (size_t w = 0; f < 0 && w < last.size(); ++w) EXPECT_LE(now[w], last[w] + 1e-9) << cpu;
      const double allowed = last.empty() ? 0 : 4 * change.standard_error() + 1e-9;
      EXPECT_LE(change.mean(), allowed) << f << " " << cpu;
      last = now;
    }
  }
}

// Which place a function has in the file is nobody's business: the same workflow with its functions in another order.
TEST(Queueing, PermutingFunctionsChangesNothing) {
  const char *const names[] = {"starter", "rgb", "resize", "update", "resnet", "mobilenet"};
  auto build = [&](const std::vector<int> &order, bool noise) {
    auto w = std::make_unique<fc_test::SimulatedWorkflow>("permuted");
    std::vector<int> place(6);
    for (int i : order) place[i] = w->function(names[i], fc_test::fitted(names[i]), FC_ON_FAILURE_FAIL);
    if (!noise) w->raw().simulator.sigma_function = w->raw().simulator.sigma_replica = 0;
    const int both = w->group(FC_CALL_PARALLEL, {w->call(place[4]), w->call(place[5], false)});
    w->build(w->group(FC_CALL_SEQUENCE, {w->call(place[0], false), w->call(place[1], false), w->call(place[2]),
                                         w->call(place[3]), both}));
    return w;
  };
  const std::vector<int> order = {4, 1, 5, 0, 3, 2};
  const std::vector<fc_function_configuration_t> own = {{700, 700, 3, 3}, {900, 800, 2, 4},   {1100, 614, 4, 5},
                                                        {800, 900, 3, 2}, {1500, 1024, 4, 6}, {1300, 800, 5, 3}};
  Configuration permuted;
  for (int i : order) permuted.push_back(own[i]);
  const std::vector<int> straight = {0, 1, 2, 3, 4, 5};
  // Noise is drawn by function; without it a window is the same to the last bit.
  auto a = build(straight, false), b = build(order, false);
  Simulated s(a->get(), 10, FC_SEMANTICS_STRICT), t(b->get(), 10, FC_SEMANTICS_STRICT);
  for (int w = 0; w < 20; ++w) {
    const fc_test::Window x = s.window(w, own), y = t.window(w, permuted);
    EXPECT_EQ(x.outcome.successes, y.outcome.successes);
    EXPECT_EQ(x.outcome.failures, y.outcome.failures);
    EXPECT_DOUBLE_EQ(x.outcome.latency_mean_s, y.outcome.latency_mean_s);
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ(x.functions[order[i]].requests, y.functions[i].requests);
      EXPECT_DOUBLE_EQ(x.functions[order[i]].latency_p75_s, y.functions[i].latency_p75_s);
    }
  }
  // With it, in distribution.
  auto c = build(straight, true), d = build(order, true);
  Simulated u(c->get(), 10, FC_SEMANTICS_STRICT), v(d->get(), 10, FC_SEMANTICS_STRICT, 2);
  Average latency[2], successes[2];
  for (int w = 0; w < 400; ++w) {
    const fc_outcome_t x = u.observe(w, own).outcome, y = v.observe(w, permuted).outcome;
    latency[0].add(x.latency_mean_s), latency[1].add(y.latency_mean_s);
    successes[0].add(static_cast<double>(x.successes)), successes[1].add(static_cast<double>(y.successes));
  }
  for (Average *pair : {latency, successes})
    EXPECT_NEAR(pair[0].mean(), pair[1].mean(), 4 * std::hypot(pair[0].standard_error(), pair[1].standard_error()));
}

}  // namespace
