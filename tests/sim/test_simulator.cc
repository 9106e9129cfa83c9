// sim/simulator.c and the engine behind it: what must hold for any workflow and any configuration.
#include <cstring>
#include <random>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "state.h"
#include "support.h"

namespace {

using fc_test::Average;
using fc_test::Configuration;
using fc_test::Simulated;
using fc_test::SimulatedWorkflow;
using fc_test::Window;

const Configuration kStart(6, {1300, 1331, 5, 6});
const Configuration kLarge(6, {2000, 2048, 8, 10});

bool same_bytes(const Window &a, const Window &b) {
  return std::memcmp(&a.load, &b.load, sizeof a.load) == 0 &&
         std::memcmp(&a.outcome, &b.outcome, sizeof a.outcome) == 0 &&
         std::memcmp(a.functions.data(), b.functions.data(), a.functions.size() * sizeof a.functions[0]) == 0;
}

// Everything a window's numbers must obey whatever was simulated.
void expect_consistent(const fc_workflow_t *workflow, const Configuration &configuration, int users,
                       const fc_observation_t &o) {
  const fc_outcome_t &outcome = o.outcome;
  EXPECT_GE(outcome.successes, 0);
  EXPECT_GE(outcome.failures, 0);
  EXPECT_GE(outcome.unfinished, 0);
  EXPECT_LE(outcome.unfinished, users);
  EXPECT_GE(outcome.rejected, 0);
  EXPECT_LE(outcome.rejected, outcome.failures);
  EXPECT_NEAR(o.load.arrival_rate_per_s * workflow->window_s,
              static_cast<double>(outcome.successes + outcome.failures + outcome.unfinished), 1e-6);
  EXPECT_LE(o.load.mean_in_flight, users + 1e-9);
  EXPECT_EQ(outcome.successes > 0, (outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0);
  EXPECT_EQ(outcome.successes > 0, (outcome.present & FC_OUTCOME_HAS_LATENCY_P95) != 0);
  if (outcome.successes > 0) {
    EXPECT_GT(outcome.latency_mean_s, 0);
    EXPECT_LE(outcome.latency_mean_s, workflow->window_s);
    EXPECT_LE(outcome.latency_p95_s, workflow->window_s * 1.000001);
  }
  double in_service_s = 0;
  for (int f = 0; f < workflow->n_functions; ++f) {
    const fc_function_metrics_t &m = o.metrics[f];
    const fc_function_configuration_t &c = configuration[f];
#define EXPECT_FINITE(name, field, unit) EXPECT_TRUE(std::isfinite(m.field) && m.field >= 0) << #field << m.field;
    FC_FUNCTION_METRICS(EXPECT_FINITE)
#undef EXPECT_FINITE
    EXPECT_LE(m.rejected + m.failed, m.requests);
    EXPECT_LE(m.cpu_utilization_pct, 0.1 * c.cpu_millicores * (1 + 1e-9));
    EXPECT_LE(m.throttled_periods, 10 * workflow->window_s * (1 + 1e-9));
    EXPECT_LE(m.mean_in_flight, static_cast<double>(c.replicas) * c.concurrency + 1e-9);
    EXPECT_LE(m.latency_p75_s, m.latency_p95_s);
    EXPECT_EQ(c.replicas, o.configuration[f].replicas);
    in_service_s += m.mean_in_flight * workflow->window_s;
  }
  EXPECT_NEAR(outcome.execution_s, in_service_s, 1e-6 * (1 + in_service_s));
}

TEST(Simulator, SameSeedSameBytesWhateverRanBefore) {
  auto workflow = fc_test::parallel_workflow();
  Simulated a(workflow->get(), 10, FC_SEMANTICS_STRICT, 7), b(workflow->get(), 10, FC_SEMANTICS_STRICT, 7),
      other(workflow->get(), 10, FC_SEMANTICS_STRICT, 8);
  ASSERT_EQ(FC_OK, a.status) << a.error.message;
  b.window(3, kLarge);
  b.window(123456789012, Configuration(6, {600, 614, 2, 2}));
  for (int64_t w : {int64_t{0}, int64_t{1}, int64_t{5000000000}, int64_t{-1}}) {
    const Window first = a.window(w, kStart);
    EXPECT_TRUE(same_bytes(first, b.window(w, kStart))) << w;
    EXPECT_FALSE(same_bytes(first, other.window(w, kStart))) << w;
    EXPECT_FALSE(same_bytes(first, a.window(w + 1, kStart))) << w;
  }
}

// Every call that was made is answered, rejected, failed, or still in service at the end.
TEST(Simulator, CountsEveryCallOnce) {
  auto workflow = fc_test::parallel_workflow();
  Simulated s(workflow->get(), 30, FC_SEMANTICS_AS_PUBLISHED);
  const Configuration tight(6, {700, 400, 2, 2});
  double rejected = 0, failed = 0;
  for (int w = 0; w < 50; ++w) {
    const fc_observation_t &o = s.observe(w, tight);
    expect_consistent(workflow->get(), tight, 30, o);
    for (int f = 0; f < 6; ++f) {
      // After the drain everything is answered, rejected or failed; durations hold the answered ones.
      const function_state_t &state = s.get()->functions[f];
      EXPECT_EQ(state.requests, state.answered + state.rejected + state.failed);
      EXPECT_EQ(state.answered, state.durations.n);
      EXPECT_GE(static_cast<double>(state.requests), o.metrics[f].requests);
      rejected += o.metrics[f].rejected;
      failed += o.metrics[f].failed;
    }
  }
  EXPECT_GT(rejected, 0);
  EXPECT_GT(failed, 0);
}

// CPU seconds used equal the work of the requests that were served: nothing is lost or done twice.
TEST(Simulator, ConservesWork) {
  auto workflow = fc_test::parallel_workflow();
  fc_simulator_parameters_t &p = workflow->raw().simulator;
  p.warmup_share = 0;
  for (int f = 0; f < 6; ++f) workflow->parameters_at(f).work_sigma = 0;
  p.sigma_window = p.sigma_function = p.sigma_replica = 0;
  p.throttling_loss = 0;
  for (int f = 0; f < 6; ++f) workflow->parameters_at(f).contention = 0;
  Simulated s(workflow->get(), 10, FC_SEMANTICS_STRICT);
  ASSERT_EQ(FC_OK, s.status);
  const Configuration generous(6, {1000, 200000, 5, 40});
  for (int w = 0; w < 10; ++w) {
    s.observe(w, generous);
    for (int f = 0; f < 6; ++f) {
      const function_state_t &state = s.get()->functions[f];
      EXPECT_EQ(state.answered, state.requests);
      EXPECT_NEAR(state.cpu_s, state.answered * workflow->parameters_at(f).work_cpu_s, 1e-9 * (1 + state.cpu_s));
    }
  }
}

// The tail is that share of the calls with so many times the work: all of them is another work, none of them nothing.
TEST(Simulator, TailOfNoneOrAllCallsIsTheSameWorkOrMore) {
  auto without = fc_test::parallel_workflow(), none = fc_test::parallel_workflow(), all = fc_test::parallel_workflow(),
       more = fc_test::parallel_workflow();
  none->raw().simulator.tail_factor = 4;
  all->raw().simulator.tail_share = 1;
  all->raw().simulator.tail_factor = 2; /* exact in binary, so that the bytes can be the same */
  all->raw().simulator.warmup_share = more->raw().simulator.warmup_share = 0;
  for (int f = 0; f < 6; ++f) more->parameters_at(f).work_cpu_s *= 2;
  Simulated a(without->get(), 10, FC_SEMANTICS_STRICT), b(none->get(), 10, FC_SEMANTICS_STRICT),
      c(all->get(), 10, FC_SEMANTICS_STRICT), d(more->get(), 10, FC_SEMANTICS_STRICT);
  for (int w = 0; w < 5; ++w) {
    EXPECT_TRUE(same_bytes(a.window(w, kStart), b.window(w, kStart)));
    EXPECT_TRUE(same_bytes(c.window(w, kStart), d.window(w, kStart)));
    EXPECT_FALSE(same_bytes(a.window(w, kStart), c.window(w, kStart)));
  }
}

TEST(Simulator, TailRaisesTheMeanWorkByItsShare) {
  for (const fc_function_mode_t mode : {FC_MODE_FORK, FC_MODE_SYNCHRONOUS}) {
    fc_test::PlainWorkflow workflow(1000);
    const int f = workflow.plain("f", 0.1, 0, mode);
    workflow.raw().simulator.tail_share = 0.05;
    workflow.raw().simulator.tail_factor = 4;
    workflow.build(workflow.call(f));
    Simulated s(workflow.get(), 1, FC_SEMANTICS_STRICT);
    fc_test::Average latency;
    for (int w = 0; w < 10; ++w) latency.add(s.observe(w, {{1000, 100, 1, 1}}).outcome.latency_mean_s);
    EXPECT_NEAR(0.1 * (1 + 0.05 * 3), latency.mean(), 5 * latency.standard_error()) << mode;
    EXPECT_LT(latency.standard_error(), 0.001);
  }
}

TEST(Simulator, RefusesATailThatShortensWork) {
  auto workflow = fc_test::parallel_workflow();
  workflow->raw().simulator.tail_share = 0.05;
  workflow->raw().simulator.tail_factor = 0.5;
  Simulated s(workflow->get(), 10, FC_SEMANTICS_STRICT);
  EXPECT_EQ(FC_EINVAL, s.status);
  EXPECT_NE(nullptr, std::strstr(s.error.message, "tail_factor"));
}

// Without any noise and with room for everybody, a lone user's latency is the sum along the longest path.
TEST(Simulator, LoneUserLatencyIsTheCriticalPath) {
  auto workflow = fc_test::parallel_workflow();
  fc_simulator_parameters_t &p = workflow->raw().simulator;
  p.warmup_share = p.sigma_window = p.sigma_function = p.sigma_replica = p.orchestrator_startup_sigma = 0;
  p.gateway_delay_s = 0;
  double path = p.orchestrator_startup_s + p.orchestrator_finish_s;
  std::vector<double> service;
  for (int f = 0; f < 6; ++f) {
    fc_function_simulator_t &function = workflow->parameters_at(f);
    function.work_sigma = 0;
    service.push_back(function.work_cpu_s *
                          (function.startup_share + (1 - function.startup_share) / function.parallelism) +
                      function.answer_delay_s);
    if (f < 4) path += service.back();
  }
  path += std::max(service[4], service[5]);
  Simulated s(workflow->get(), 1, FC_SEMANTICS_STRICT);
  const fc_observation_t &o = s.observe(0, kLarge);
  EXPECT_EQ(static_cast<int64_t>(30 / path), o.outcome.successes);
  EXPECT_EQ(0, o.outcome.failures);
  EXPECT_NEAR(path, o.outcome.latency_mean_s, 1e-9);
  for (int f = 0; f < 6; ++f) EXPECT_NEAR(service[f], o.metrics[f].latency_p75_s, 1e-6);
  EXPECT_NEAR(1, o.load.mean_in_flight, 1e-9);
}

// Two requests on half a core: each gets a quarter of a core, and throttling takes its share of that.
TEST(Simulator, SharesTheQuotaAndPaysForThrottling) {
  SimulatedWorkflow workflow("one");
  fc_simulator_parameters_t &p = workflow.raw().simulator;
  p.warmup_share = p.sigma_window = p.sigma_function = p.sigma_replica = 0;
  p.orchestrator_startup_s = p.orchestrator_finish_s = p.gateway_delay_s = 0;
  p.throttling_loss = 0.5;
  p.spawn_rate_per_s = 1e9;
  workflow.raw().window_s = 100;
  const int f = workflow.function("f", {1, 1, 1, 0, 0.25, 0, 0, 0, 0}, FC_ON_FAILURE_FAIL);
  workflow.build(workflow.call(f));
  Simulated s(workflow.get(), 2, FC_SEMANTICS_STRICT);
  const fc_observation_t &o = s.observe(0, {{500, 100, 1, 2}});
  const double share = 0.25, rate = share * (1 - 0.5 * (1 - share)) / 1.25;
  EXPECT_NEAR(1 / rate, o.outcome.latency_mean_s, 1e-6);
  EXPECT_NEAR(50, o.metrics[0].cpu_utilization_pct, 1e-6);
  EXPECT_NEAR(1000, o.metrics[0].throttled_periods, 1e-3);
  EXPECT_NEAR(2, o.metrics[0].mean_in_flight, 1e-6);
}

// With one replica that takes one request, the second user's calls meet a busy replica.
TEST(Simulator, ConcurrencyOneRejectsWhileBusy) {
  SimulatedWorkflow workflow("one");
  const int f = workflow.function("f", fc_test::fitted("resnet"), FC_ON_FAILURE_FAIL);
  workflow.build(workflow.call(f));
  Simulated alone(workflow.get(), 1, FC_SEMANTICS_STRICT), many(workflow.get(), 20, FC_SEMANTICS_STRICT);
  const Configuration one = {{1000, 1000, 1, 1}};
  EXPECT_EQ(0, alone.observe(0, one).outcome.failures);
  const fc_observation_t &o = many.observe(0, one);
  expect_consistent(workflow.get(), one, 20, o);
  EXPECT_GT(o.outcome.rejected, 100);
  EXPECT_EQ(o.outcome.rejected, o.outcome.failures);
  EXPECT_LE(o.metrics[0].mean_in_flight, 1.0 + 1e-9);
}

TEST(Simulator, TooLittleMemoryKillsInTheSecondPhase) {
  SimulatedWorkflow workflow("one");
  const int f = workflow.function("f", fc_test::fitted("resnet"), FC_ON_FAILURE_FAIL);
  workflow.build(workflow.call(f));
  Simulated s(workflow.get(), 1, FC_SEMANTICS_STRICT);
  const fc_observation_t &fits = s.observe(0, {{1000, 331, 1, 4}});
  EXPECT_EQ(0, fits.outcome.failures);
  EXPECT_GT(fits.outcome.successes, 5);
  const fc_observation_t &killed = s.observe(0, {{1000, 330, 1, 4}});
  EXPECT_EQ(0, killed.outcome.successes);
  EXPECT_GT(killed.outcome.failures, 5);
  EXPECT_EQ(0, killed.outcome.rejected);
  EXPECT_EQ(static_cast<double>(killed.outcome.failures), killed.metrics[0].failed);
}

TEST(Simulator, WindowWithoutSuccessHasNoLatency) {
  auto workflow = fc_test::parallel_workflow();
  Simulated s(workflow->get(), 10, FC_SEMANTICS_STRICT);
  Configuration starved = kStart;
  starved[4].mem_mib = 100;  // resnet never fits
  const fc_observation_t &o = s.observe(0, starved);
  EXPECT_EQ(FC_OK, s.status);
  EXPECT_EQ(0, o.outcome.successes);
  EXPECT_GT(o.outcome.failures, 0);
  EXPECT_EQ(0u, o.outcome.present & (FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95));
  EXPECT_EQ(0u, o.metrics[4].present & (FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95)));
  EXPECT_NE(0u, o.metrics[3].present & FC_METRIC_BIT(LATENCY_P75));
  expect_consistent(workflow->get(), starved, 10, o);
}

// More CPU everywhere: in the closed loop the mean latency falls and the number of completed workflows grows.
TEST(Simulator, MoreCpuEverywhereIsFasterOnAverage) {
  auto workflow = fc_test::parallel_workflow();
  Simulated s(workflow->get(), 10, FC_SEMANTICS_STRICT);
  double last_latency = 1e9, last_completed = 0;
  for (int32_t cpu : {700, 1000, 1400, 2000}) {
    Average latency, completed;
    for (int w = 0; w < 60; ++w) {
      const fc_observation_t &o = s.observe(w, Configuration(6, {cpu, 2048, 6, 10}));
      latency.add(o.outcome.latency_mean_s);
      completed.add(static_cast<double>(o.outcome.successes + o.outcome.failures));
    }
    EXPECT_LT(latency.mean() + 4 * latency.standard_error(), last_latency);
    EXPECT_GT(completed.mean() - 4 * completed.standard_error(), last_completed);
    last_latency = latency.mean();
    last_completed = completed.mean();
  }
}

TEST(Simulator, StrictFailsWorkflowsThatAsPublishedForgives) {
  auto workflow = fc_test::parallel_workflow();
  Simulated strict(workflow->get(), 10, FC_SEMANTICS_STRICT), published(workflow->get(), 10, FC_SEMANTICS_AS_PUBLISHED);
  Configuration starved = kLarge;
  starved[0] = {1000, 1000, 1, 1};  // only `starter`, whose failures the published workflow ignores
  int64_t strict_failures = 0, published_failures = 0, completed = 0;
  for (int w = 0; w < 20; ++w) {
    const fc_outcome_t a = strict.observe(w, starved).outcome;
    const fc_outcome_t b = published.observe(w, starved).outcome;
    EXPECT_EQ(a.successes + a.failures,
              b.successes + b.failures);  // what happens is the same, only the verdict differs
    EXPECT_EQ(a.rejected, a.failures - (b.failures - b.rejected));
    strict_failures += a.failures;
    published_failures += b.failures;
    completed += a.successes + a.failures;
  }
  EXPECT_GT(strict_failures, completed / 2);
  EXPECT_LT(published_failures, completed / 20);
}

// Numbering functions differently changes nothing but luck.
TEST(Simulator, FunctionOrderDoesNotMatter) {
  auto straight = fc_test::parallel_workflow();
  SimulatedWorkflow turned("parallel");
  const char *names[] = {"mobilenet", "resnet", "update", "resize", "rgb", "starter"};
  const fc_on_failure_t on_failure[] = {FC_ON_FAILURE_FAIL,   FC_ON_FAILURE_FAIL,   FC_ON_FAILURE_POISON,
                                        FC_ON_FAILURE_POISON, FC_ON_FAILURE_POISON, FC_ON_FAILURE_IGNORE};
  for (int f = 0; f < 6; ++f) turned.function(names[f], fc_test::fitted(names[f]), on_failure[f]);
  const int both = turned.group(FC_CALL_PARALLEL, {turned.call(0, false), turned.call(1)});
  turned.build(turned.group(FC_CALL_SEQUENCE,
                            {turned.call(5, false), turned.call(4, false), turned.call(3), turned.call(2), both}));
  Configuration configuration = {{800, 1000, 3, 4},  {900, 1000, 2, 5},  {1000, 1000, 4, 3},
                                 {1100, 1000, 3, 6}, {1200, 1000, 5, 4}, {1300, 1000, 3, 5}};
  Configuration reversed(configuration.rbegin(), configuration.rend());
  Simulated a(straight->get(), 10, FC_SEMANTICS_AS_PUBLISHED), b(turned.get(), 10, FC_SEMANTICS_AS_PUBLISHED, 2);
  Average la, lb, sa, sb;
  for (int w = 0; w < 400; ++w) {
    const fc_outcome_t x = a.observe(w, configuration).outcome, y = b.observe(w, reversed).outcome;
    la.add(x.latency_mean_s);
    lb.add(y.latency_mean_s);
    sa.add(static_cast<double>(x.successes));
    sb.add(static_cast<double>(y.successes));
  }
  EXPECT_NEAR(la.mean(), lb.mean(), 4 * std::hypot(la.standard_error(), lb.standard_error()));
  EXPECT_NEAR(sa.mean(), sb.mean(), 4 * std::hypot(sa.standard_error(), sb.standard_error()));
}

TEST(Simulator, OneFunctionManyUsersManyReplicas) {
  SimulatedWorkflow workflow("one");
  const int f = workflow.function("f", fc_test::fitted("starter"), FC_ON_FAILURE_FAIL);
  workflow.function_at(f).full_ranges[FC_KNOB_REPLICAS].max = 500;
  workflow.build(workflow.call(f));
  Simulated s(workflow.get(), 2000, FC_SEMANTICS_STRICT);
  const Configuration wide = {{2000, 4096, 500, 100}}, narrow = {{2000, 100000, 1, 100000}};
  expect_consistent(workflow.get(), wide, 2000, s.observe(0, wide));
  // 299 users arrive after the window has begun but before its end; the rest never do.
  const fc_observation_t &o = s.observe(1, narrow);
  expect_consistent(workflow.get(), narrow, 2000, o);
  EXPECT_EQ(300, o.outcome.unfinished + o.outcome.successes + o.outcome.failures);
}

// Random configurations from the whole box and far beyond it, random loads, both semantics.
TEST(Simulator, NoConfigurationBreaksIt) {
  std::mt19937 random(5);
  auto log_uniform = [&](double low, double high) {
    return static_cast<int32_t>(low * std::pow(high / low, std::uniform_real_distribution<>(0, 1)(random)));
  };
  for (auto &workflow : {fc_test::parallel_workflow(), fc_test::sequential_workflow(), fc_test::branch_workflow()}) {
    const int n = workflow->get()->n_functions;
    for (int round = 0; round < 60; ++round) {
      const int users = log_uniform(1, 300);
      Simulated s(workflow->get(), users, round % 2 == 0 ? FC_SEMANTICS_STRICT : FC_SEMANTICS_AS_PUBLISHED, random());
      ASSERT_EQ(FC_OK, s.status) << s.error.message;
      Configuration configuration(n);
      for (int w = 0; w < 3; ++w) {
        for (auto &c : configuration)
          c = w == 0 ? fc_function_configuration_t{log_uniform(250, 2001), log_uniform(256, 2049), log_uniform(1, 9),
                                                   log_uniform(1, 11)}
                     : fc_function_configuration_t{log_uniform(1, 2e9), log_uniform(1, 2e9), log_uniform(1, 65),
                                                   log_uniform(1, 2e9)};
        const fc_observation_t &o = s.observe(w, configuration);
        ASSERT_EQ(FC_OK, s.status) << s.error.message;
        expect_consistent(workflow->get(), configuration, users, o);
      }
    }
  }
}

TEST(Simulator, RefusesWhatItCannotSimulate) {
  auto workflow = fc_test::parallel_workflow();
  {
    Simulated nobody(workflow->get(), 0, FC_SEMANTICS_STRICT);
    EXPECT_EQ(FC_EINVAL, nobody.status);
  }
  Simulated s(workflow->get(), 10, FC_SEMANTICS_STRICT);
  for (int knob = 0; knob < 4; ++knob) {
    Configuration bad = kStart;
    int32_t *values[] = {&bad[2].cpu_millicores, &bad[2].mem_mib, &bad[2].replicas, &bad[2].concurrency};
    *values[knob] = 0;
    s.observe(0, bad);
    EXPECT_EQ(FC_EINVAL, s.status);
    EXPECT_NE(nullptr, std::strstr(s.error.message, "resize")) << s.error.message;
  }
  Configuration crowd = kStart;
  crowd[1].replicas = 1000000;
  s.observe(0, crowd);
  EXPECT_EQ(FC_EINVAL, s.status);

  workflow->parameters_at(2).work_cpu_s = NAN;
  Simulated damaged(workflow->get(), 10, FC_SEMANTICS_STRICT);
  EXPECT_EQ(FC_EINVAL, damaged.status);
  workflow->parameters_at(2).work_cpu_s = 1;

  workflow->raw().simulator.present = false;
  Simulated without(workflow->get(), 10, FC_SEMANTICS_STRICT);
  EXPECT_EQ(FC_EINVAL, without.status);
  EXPECT_NE(nullptr, std::strstr(without.error.message, "simulator:")) << without.error.message;
}

}  // namespace
