// CPU quotas by CFS periods (sim/periods.h): what a replica gets, when, and what the kernel counts.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "state.h"
#include "support.h"

namespace {

using fc_test::Configuration;
using fc_test::PlainWorkflow;
using fc_test::Simulated;

constexpr double kPeriod = 0.1, kBudget = 0.006;  // 60 millicores
constexpr double kNear = 1e-7;                    // durations are kept as floats
const Configuration kSixty = {{60, 100, 1, 8}};

// One function without noise; every user thinks `think_s` between its requests.
class Periodic : public PlainWorkflow {
 public:
  explicit Periodic(double work_cpu_s, double think_s = 0, double window_s = 30) : PlainWorkflow(window_s) {
    raw().simulator.cpu_period_s = kPeriod;
    raw().simulator.orchestrator_startup_s = think_s;
    build(call(plain("f", work_cpu_s)));
  }
};

// Of all requests, in ascending order.
std::vector<double> durations(Simulated &s) {
  const samples_t &kept = s.get()->functions[0].durations;
  std::vector<double> out(kept.kept, kept.kept + kept.n);
  std::sort(out.begin(), out.end());
  return out;
}

void expect_durations(std::vector<double> expected, const std::vector<double> &got) {
  std::sort(expected.begin(), expected.end());
  ASSERT_EQ(expected.size(), got.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(expected[i], got[i], kNear) << i;
}

// Where the grid of the first replica's periods lies, in [0, kPeriod).
double phase_of(Simulated &s) {
  return std::fmod(s.get()->replicas[0].period_end_s, kPeriod);
}

double next_end(double phase, double now_s) {
  double end_s = phase;
  while (end_s <= now_s) end_s += kPeriod;
  return end_s;
}

// Of a lone request that starts at `start_s` with a full budget: when it is done, and how many periods before until_s
// end in which it is throttled.
struct Alone {
  double done_s;
  int throttled;
};
Alone alone(double start_s, double work_s, double phase, double until_s) {
  const double end_s = next_end(phase, start_s), first_s = std::min(end_s - start_s, kBudget);
  if (work_s <= first_s) return {start_s + work_s, 0};
  const int more = static_cast<int>(std::ceil((work_s - first_s) / kBudget - 1e-9)) - 1;  // periods it uses up
  int throttled = 0;
  for (int i = end_s - start_s > kBudget ? 0 : 1; i <= more; ++i) throttled += end_s + i * kPeriod < until_s;
  return {end_s + more * kPeriod + work_s - first_s - more * kBudget, throttled};
}

TEST(CfsPeriod, ALoneRequestRunsUntilTheBudgetIsUsedAndWaitsForThePeriodsEnd) {
  for (double work_s : {0.0085, 0.012, 0.02, 0.0301}) {
    Periodic w(work_s, 0.7431);
    Simulated s(w.get(), 1, FC_SEMANTICS_STRICT);
    ASSERT_EQ(FC_OK, s.status) << s.error.message;
    const fc_observation_t &o = s.observe(0, kSixty);
    const std::vector<double> got = durations(s);
    ASSERT_GT(got.size(), 20u);
    const double phase = phase_of(s);
    double start_s = 0, throttled = 0;
    std::vector<double> expected;
    for (size_t i = 0; i < got.size(); ++i) {
      start_s += 0.7431;
      const Alone one = alone(start_s, work_s, phase, 30);
      expected.push_back(one.done_s - start_s);
      throttled += one.throttled;
      start_s = one.done_s;
    }
    expect_durations(expected, got);
    EXPECT_NEAR(throttled, o.metrics[0].throttled_periods, 1e-6);
    EXPECT_GT(throttled, 0);
  }
}

// What is left of a budget is no credit: after any pause a request of two budgets has to wait.
TEST(CfsPeriod, UnusedBudgetIsLost) {
  Periodic small(kBudget, 0.3), large(2.5 * kBudget, 3);
  Simulated a(small.get(), 1, FC_SEMANTICS_STRICT), b(large.get(), 1, FC_SEMANTICS_STRICT);
  const fc_observation_t &never = a.observe(0, kSixty);
  EXPECT_EQ(0, never.metrics[0].throttled_periods);
  for (double d : durations(a)) EXPECT_NEAR(kBudget, d, kNear);
  b.observe(0, kSixty);
  for (double d : durations(b)) EXPECT_GT(d, kPeriod - kBudget);
}

// Two threads use the budget up twice as fast, unless the machine has one core.
TEST(CfsPeriod, RequestsAtOnceRunAtFullSpeedOnAsManyCoresAsThereAre) {
  Periodic w(0.005, 0.05);
  {
    Simulated probe(w.get(), 2, FC_SEMANTICS_STRICT);
    probe.observe(0, kSixty);
    w.raw().simulator.orchestrator_startup_s = 0.2 + phase_of(probe);  // they start with a period
    w.raw().window_s = 0.25 + phase_of(probe);                         // and nobody starts a second one
  }
  const struct {
    double cores, both_s;
  } cases[] = {{0, kPeriod + 0.002}, {2, kPeriod + 0.002}, {1, kPeriod + 0.004}, {0.5, kPeriod + 0.008}};
  for (const auto &c : cases) {
    w.raw().simulator.cores = c.cores;
    Simulated s(w.get(), 2, FC_SEMANTICS_STRICT);
    s.observe(0, kSixty);
    ASSERT_EQ(FC_OK, s.status) << s.error.message;
    expect_durations({c.both_s, c.both_s}, durations(s));
  }
}

// A parallel second phase wants more cores than one and uses the budget accordingly.
TEST(CfsPeriod, AParallelPhaseUsesTheBudgetUpFaster) {
  Periodic w(0.012, 0.05);
  w.parameters_at(0).parallelism = 3;
  Simulated probe(w.get(), 1, FC_SEMANTICS_STRICT);
  probe.observe(0, kSixty);
  w.raw().simulator.orchestrator_startup_s = 0.2 + phase_of(probe);
  w.raw().window_s = 0.25 + phase_of(probe);
  Simulated s(w.get(), 1, FC_SEMANTICS_STRICT);
  s.observe(0, kSixty);
  expect_durations({kPeriod + 0.002}, durations(s));
}

TEST(CfsPeriod, SaturatedItUsesItsQuotaAndIsThrottledInEveryPeriod) {
  for (double tick_s : {0.0, 0.004}) {
    for (int users : {1, 4, 8}) {
      Periodic w(0.0213);
      w.raw().simulator.cpu_tick_s = tick_s;
      w.raw().simulator.cores = 2;
      Simulated s(w.get(), users, FC_SEMANTICS_STRICT);
      const fc_observation_t &o = s.observe(0, kSixty);
      EXPECT_NEAR(6, o.metrics[0].cpu_utilization_pct, 6 / 300. + 100 * 2 * tick_s / 30) << users;
      EXPECT_NEAR(300, o.metrics[0].throttled_periods, 2) << users;
      EXPECT_NEAR(0.06 * 30 / 0.0213, static_cast<double>(o.outcome.successes), users + 1);
    }
  }
}

// The loss of CPU time means what it means without periods: of a replica that wants more than its quota.
TEST(CfsPeriod, ThrottlingLosesAsMuchAsWithoutPeriods) {
  Periodic w(0.0213);
  w.raw().simulator.throttling_loss = 0.5;
  w.parameters_at(0).contention = 0.1;
  Simulated periods(w.get(), 4, FC_SEMANTICS_STRICT);
  const fc_observation_t &o = periods.observe(0, kSixty);
  w.raw().simulator.cpu_period_s = 0;
  Simulated fluid(w.get(), 4, FC_SEMANTICS_STRICT);
  EXPECT_NEAR(static_cast<double>(fluid.observe(0, kSixty).outcome.successes), static_cast<double>(o.outcome.successes),
              4);
  EXPECT_LT(o.outcome.successes, 0.7 * 30 * 0.06 / 0.0213);
}

// No period gets more than its budget; with ticks, not more than that and a tick, and no more in the long run.
TEST(CfsPeriod, NeverMoreThanTheBudget) {
  constexpr double kWindow = 0.001;
  for (double tick_s : {0.0, 0.004}) {
    Periodic w(0.0023, 0.004, kWindow);
    w.parameters_at(0).work_sigma = 0.5;
    w.raw().simulator.cpu_tick_s = tick_s;
    w.raw().simulator.cores = 2;
    Simulated s(w.get(), 5, FC_SEMANTICS_STRICT, 3);
    s.next(0, kSixty);
    std::vector<double> used;
    for (int i = 1; i < 3000; ++i) {
      s.next(i, kSixty);
      used.push_back(s.get()->functions[0].cpu_s);
    }
    const double phase = phase_of(s);
    double total = 0;
    size_t n_periods = 0;
    for (double begin_s = phase; begin_s + kPeriod < 2.99; begin_s += kPeriod, ++n_periods) {
      double in_period = 0;  // windows that lie in it
      for (size_t i = 0; i < used.size(); ++i) {
        const double from_s = kWindow * static_cast<double>(i + 1);
        if (from_s >= begin_s && from_s + kWindow <= begin_s + kPeriod) in_period += used[i];
      }
      EXPECT_LE(in_period, kBudget + 2 * tick_s + 1e-8) << begin_s;
      if (!(tick_s > 0)) { /* two cores can owe more than a period */
        EXPECT_GT(in_period, kBudget / 4);
      }
      total += in_period;
    }
    EXPECT_GT(n_periods, 25u);
    EXPECT_LE(total, kBudget * static_cast<double>(n_periods) + 2 * tick_s + 1e-8);
  }
}

// The kernel looks at its ticks: the request runs on to the next one, and the debt is paid by the next period that is
// used, however late that is.
TEST(CfsPeriod, ABudgetIsCheckedAtTicksAndItsDebtIsKept) {
  constexpr double kTick = 0.004;
  for (double work_s : {0.007, 0.0085, 0.02}) {
    Periodic w(work_s, 0.5377);
    w.raw().simulator.cpu_tick_s = kTick;
    Simulated s(w.get(), 1, FC_SEMANTICS_STRICT);
    s.observe(0, kSixty);
    const std::vector<double> got = durations(s);
    ASSERT_GT(got.size(), 20u);
    double now_s = 0, budget = kBudget, end_s = phase_of(s), in_debt = 0, at_once = 0;
    std::vector<double> expected;
    while (expected.size() < got.size()) {
      const double start_s = now_s + 0.5377;
      now_s = start_s;
      end_s = next_end(end_s, now_s);
      budget = std::min(kBudget, kBudget + budget);
      in_debt += budget < kBudget - 1e-9;
      for (double left = work_s;;) {
        const double tick_s = std::ceil((now_s + budget - 1e-9) / kTick) * kTick, stop_s = std::min(tick_s, end_s);
        if (left <= stop_s - now_s + 1e-9) {
          now_s += left;
          budget -= left;
          break;
        }
        left -= stop_s - now_s;
        budget -= stop_s - now_s;
        now_s = end_s; /* throttled until then, or there already */
        end_s += kPeriod;
        budget = std::min(kBudget, kBudget + budget);
      }
      at_once += now_s - start_s <= work_s + 1e-9;
      expected.push_back(now_s - start_s);
    }
    expect_durations(expected, got);
    EXPECT_GT(in_debt, 5);
    if (work_s < 0.008) {
      EXPECT_GT(at_once, 5);
    }
  }
}

bool same_bytes(const fc_test::Window &a, const fc_test::Window &b) {
  return std::memcmp(&a.outcome, &b.outcome, sizeof a.outcome) == 0 &&
         std::memcmp(a.functions.data(), b.functions.data(), a.functions.size() * sizeof a.functions[0]) == 0;
}

TEST(CfsPeriod, WithoutAPeriodTicksAndCoresMeanNothing) {
  auto plain = fc_test::parallel_workflow(), with = fc_test::parallel_workflow();
  with->raw().simulator.cpu_tick_s = 0.004;
  with->raw().simulator.cores = 1;
  Simulated a(plain->get(), 10, FC_SEMANTICS_STRICT), b(with->get(), 10, FC_SEMANTICS_STRICT);
  for (int w = 0; w < 5; ++w)
    EXPECT_TRUE(
        same_bytes(a.window(w, Configuration(6, {900, 900, 3, 4})), b.window(w, Configuration(6, {900, 900, 3, 4}))));
}

// Whoever never wants more than the quota does not see the periods.
TEST(CfsPeriod, AQuotaThatIsNeverReachedLeavesEverythingAsItIs) {
  auto plain = fc_test::parallel_workflow(), periodic = fc_test::parallel_workflow();
  periodic->raw().simulator.cpu_period_s = kPeriod;
  periodic->raw().simulator.cpu_tick_s = 0.004;
  Simulated a(plain->get(), 10, FC_SEMANTICS_STRICT), b(periodic->get(), 10, FC_SEMANTICS_STRICT);
  const Configuration ample(6, {20000, 10000, 2, 10});
  for (int w = 0; w < 5; ++w) {
    const fc_outcome_t x = a.observe(w, ample).outcome, y = b.observe(w, ample).outcome;
    EXPECT_EQ(x.successes, y.successes);
    EXPECT_NEAR(x.latency_mean_s, y.latency_mean_s, 1e-9);
    for (int f = 0; f < 6; ++f) {
      EXPECT_EQ(0, b.seen().metrics[f].throttled_periods);
      EXPECT_NEAR(a.seen().metrics[f].cpu_utilization_pct, b.seen().metrics[f].cpu_utilization_pct, 1e-9);
    }
  }
}

// Windows that follow each other are one long window: budgets, debts and throttled requests go on. (No draws but the
// grid's, which is the first window's.)
TEST(CfsPeriod, AStretchIsOneLongWindow) {
  for (double tick_s : {0.0, 0.004}) {
    Periodic whole(0.0085, 0.0137, 12), parts(0.0085, 0.0137, 0.25);
    whole.raw().simulator.balancer = parts.raw().simulator.balancer = FC_BALANCER_ROUND_ROBIN;
    whole.raw().simulator.cpu_tick_s = parts.raw().simulator.cpu_tick_s = tick_s;
    Simulated a(whole.get(), 3, FC_SEMANTICS_STRICT), b(parts.get(), 3, FC_SEMANTICS_STRICT);
    const Configuration two = {{60, 100, 2, 8}};
    a.next(0, two);
    const std::vector<double> expected = durations(a);
    std::vector<double> got;
    double throttled = 0, cpu_s = 0;
    for (int w = 0; w < 48; ++w) {
      const fc_observation_t &o = b.next(w, two);
      const std::vector<double> more = durations(b);
      got.insert(got.end(), more.begin(), more.end());
      throttled += o.metrics[0].throttled_periods;
      cpu_s += b.get()->functions[0].cpu_s;
    }
    EXPECT_EQ(a.seen().outcome.successes + a.seen().outcome.failures, static_cast<int64_t>(got.size()));
    std::sort(got.begin(), got.end());
    expect_durations(expected, got);
    EXPECT_NEAR(a.seen().metrics[0].throttled_periods, throttled, 1e-6);
    EXPECT_NEAR(a.get()->functions[0].cpu_s, cpu_s, 1e-7);
  }
}

// A rollout: the old replica keeps its quota until it goes, the new one begins with a full budget of the new quota.
TEST(CfsPeriod, ARolloutBringsTheNewQuotaWithTheNewReplicas) {
  Periodic w(0.0213, 0, 10);
  w.raw().simulator.cold_start_median_s = 2;
  Simulated s(w.get(), 4, FC_SEMANTICS_STRICT);
  const Configuration twice = {{120, 100, 1, 8}};
  s.next(0, kSixty);
  EXPECT_NEAR(0.06 * 10, s.get()->functions[0].cpu_s, 0.006);
  s.next(1, twice);
  // Two seconds of the old; from then on of the new, and of the old what it still has: less than five requests.
  EXPECT_GT(s.get()->functions[0].cpu_s, 0.06 * 2 + 0.12 * 8 - 0.02);
  EXPECT_LT(s.get()->functions[0].cpu_s, 0.06 * 2 + 0.12 * 8 + 4 * 0.0213 + 0.012);
  s.next(2, twice);
  EXPECT_NEAR(0.12 * 10, s.get()->functions[0].cpu_s, 0.012);
  EXPECT_NEAR(100, s.seen().metrics[0].throttled_periods, 1);
}

// Calls of calls, kills, refusals, terminated replicas, changing loads: every call is counted once, and the CPU used is
// never more than all replicas' quotas.
TEST(CfsPeriod, CountsEveryCallOnceThroughRollouts) {
  for (double tick_s : {0.0, 0.004}) {
    auto w = fc_test::parallel_workflow();
    w->raw().simulator.cpu_period_s = kPeriod;
    w->raw().simulator.cpu_tick_s = tick_s;
    w->raw().simulator.cores = 4;
    Simulated s(w->get(), 20, FC_SEMANTICS_STRICT, 4);
    std::vector<int64_t> in_service(6, 0);
    double throttled = 0;
    for (int i = 0; i < 30; ++i) {
      Configuration c(6, {1300, 1331, 5, 6});
      for (int f = 0; f < 6; ++f) {
        c[f].replicas = 2 + (i * 7 + f) % 6;
        if (i % 3 == 0) c[f].cpu_millicores = 300 + 100 * ((i + f) % 8);
        if (i % 5 == 0) c[f].mem_mib = 400 + 50 * (f + i % 7);
      }
      const fc_observation_t &o = s.next(i, c);
      ASSERT_EQ(FC_OK, s.status) << s.error.message;
      for (int f = 0; f < 6; ++f) {
        const function_state_t &state = s.get()->functions[f];
        int64_t now = 0;
        for (int call = 0; call < s.get()->n_calls; ++call)
          now += s.get()->calls[call].phase != CALL_OVER && s.get()->calls[call].function == f;
        EXPECT_EQ(in_service[f] + state.requests, state.answered + state.rejected + state.failed + now);
        in_service[f] = now;
        EXPECT_LE(o.metrics[f].cpu_utilization_pct, 130 * 1.02 + 100 * 4 * tick_s / 30);
        EXPECT_LE(o.metrics[f].throttled_periods, 301);
        throttled += o.metrics[f].throttled_periods;
      }
    }
    EXPECT_GT(throttled, 0);
  }
}

TEST(CfsPeriod, SameSeedSameBytes) {
  auto w = fc_test::parallel_workflow();
  w->raw().simulator.cpu_period_s = kPeriod;
  w->raw().simulator.cpu_tick_s = 0.004;
  Simulated a(w->get(), 10, FC_SEMANTICS_STRICT, 7), b(w->get(), 10, FC_SEMANTICS_STRICT, 7);
  const Configuration c(6, {700, 1331, 3, 6});
  b.window(5, Configuration(6, {1500, 1331, 2, 6}));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(same_bytes(a.window(i, c), b.window(i, c)));
}

TEST(CfsPeriod, AsShortAsTheKernelsShortestOrNone) {
  Periodic w(0.01);
  w.raw().simulator.cpu_period_s = 0.0009;
  Simulated s(w.get(), 1, FC_SEMANTICS_STRICT);
  EXPECT_EQ(FC_EINVAL, s.status);
  EXPECT_NE(nullptr, std::strstr(s.error.message, "cpu_period_s is 0.0009: expected 0 (no periods), or 0.001 to 1"));
}

}  // namespace
