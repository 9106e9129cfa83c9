// tests core/features.c: transforms, absent metrics, normalisation per feature and never per function.
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "policy_fixture.h"

namespace {
using fc_test::Observation;
using fc_test::Workflow;

std::vector<float> compute(const char *name, const Workflow &w, Observation *o) {
  std::vector<float> out(w.n());
  EXPECT_EQ(FC_OK, fc_feature_compute(name, w.get(), FC_RANGES_MEASURED, FC_DECODE_UNIFORM, o->get(), out.data()))
      << name;
  return out;
}

std::vector<std::string> names_of(int32_t (*list)(const char **)) {
  const char *names[FC_MAX_FEATURES];
  return std::vector<std::string>(names, names + list(names));
}

TEST(Features, ListsOfTheTwoVariants) {
  EXPECT_EQ((std::vector<std::string>{"action_cpu", "action_mem", "action_replicas", "action_concurrency",
                                      "cpu_utilization", "log1p_throttled", "mem_utilization", "log1p_net_rx",
                                      "log1p_latency_p75", "log1p_latency_p95", "log2_in_flight", "log1p_visits",
                                      "depth", "in_degree", "out_degree"}),
            names_of(fc_features_repaired));
  EXPECT_EQ((std::vector<std::string>{"action_cpu", "action_mem", "action_replicas", "action_concurrency",
                                      "cpu_utilization_pct", "throttled_periods", "mem_utilization_pct",
                                      "net_rx_bytes_per_s", "latency_p75_s", "latency_p95_s", "mean_in_flight"}),
            names_of(fc_features_faithful));
}

TEST(Features, TransformsAreTheDocumentedOnes) {
  const Workflow w;
  Observation o(w);
  const double x = 3.0;  // function c: every metric is 3 times that of a
  const std::map<std::string, double> expected = {{"cpu_utilization", 20 * x / 100},
                                                  {"log1p_throttled", std::log1p(100 * x)},
                                                  {"mem_utilization", 30 * x / 100},
                                                  {"log1p_net_rx", std::log1p(5000 * x)},
                                                  {"log1p_latency_p75", std::log1p(0.5 * x)},
                                                  {"log1p_latency_p95", std::log1p(0.8 * x)},
                                                  {"log2_in_flight", std::log2(1 + 10.0)},
                                                  {"log1p_visits", std::log1p(1.0)},
                                                  {"depth", 2},
                                                  {"in_degree", 1},
                                                  {"out_degree", 0},
                                                  {"action_cpu", (1300 - 600 + 0.5) / 1401},
                                                  {"action_mem", (1331 - 614 + 0.5) / 1435},
                                                  {"action_replicas", (5 - 2 + 0.5) / 7},
                                                  {"action_concurrency", (6 - 2 + 0.5) / 9},
                                                  {"cpu_utilization_pct", 20 * x},
                                                  {"throttled_periods", 100 * x},
                                                  {"mem_utilization_pct", 30 * x},
                                                  {"net_rx_bytes_per_s", 5000 * x},
                                                  {"latency_p75_s", 0.5 * x},
                                                  {"latency_p95_s", 0.8 * x},
                                                  {"mean_in_flight", 10}};
  for (const auto &[name, value] : expected)
    EXPECT_FLOAT_EQ(static_cast<float>(value), compute(name.c_str(), w, &o)[2]) << name;
  std::set<std::string> known;
  for (const auto &name : names_of(fc_features_repaired)) known.insert(name);
  for (const auto &name : names_of(fc_features_faithful)) known.insert(name);
  EXPECT_EQ(expected.size(), known.size()) << "every feature is in the table above";
}

// Sixteen functions are worked out side by side; what stands beside one must not matter.
TEST(Features, ManyFunctionsAtOnceGiveTheBitsOfOne) {
  std::string text =
      "faasconf: 1\nworkflow: wide\norchestrator: outside\nwindow_s: 30\n"
      "prices: {version: t, usd_per_millicore_hour: 0.1, usd_per_mib_hour: 0.1}\n"
      "ranges: {cpu_millicores: [600, 2000], mem_mib: [614, 2048], replicas: [2, 8], concurrency: [2, 10]}\n"
      "start: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}\nqos: [{latency_mean_s: "
      "1}]\nfunctions:\n";
  std::string calls = "calls:\n";
  constexpr int kFunctions = 37;
  for (int f = 0; f < kFunctions; ++f) {
    text += "  - {name: f" + std::to_string(f) + "}\n";
    calls += "  - f" + std::to_string(f) + "\n";
  }
  text += calls;
  fc_workflow_t *workflow = nullptr;
  fc_error_t error = {};
  ASSERT_EQ(FC_OK, fc_workflow_parse(text.data(), text.size(), "wide", &workflow, &error)) << error.message;
  fc_observation_t o = {};
  ASSERT_EQ(FC_OK, fc_observation_init(&o, kFunctions));
  std::mt19937 rng(5);
  std::lognormal_distribution<double> value(0, 4);
  o.load = {FC_LOAD_HAS_IN_FLIGHT, 0, value(rng)};
  for (int f = 0; f < kFunctions; ++f) {
    o.configuration[f] = {600 + f * 31, 700 + f, 2 + f % 7, 2 + f % 9};
    fc_function_metrics_t *m = &o.metrics[f];
    m->present = static_cast<uint32_t>(rng()) & ((1u << FC_FUNCTION_METRIC_COUNT) - 1);
    m->cpu_utilization_pct = value(rng);
    m->throttled_periods = value(rng);
    m->mem_utilization_pct = value(rng);
    m->net_rx_bytes_per_s = value(rng);
    m->latency_p75_s = value(rng);
    m->latency_p95_s = f % 5 == 0 ? 0 : value(rng);
  }
  const char *names[FC_MAX_FEATURES];
  const int n = fc_features_repaired(names);
  fc_policy_manifest_t m = {};
  m.n_features = n;
  for (int k = 0; k < n; ++k) {
    std::snprintf(m.features[k].name, sizeof m.features[k].name, "%s", names[k]);
    m.features[k].mean = 0.1f * static_cast<float>(k);
    m.features[k].scale = 0.7f + static_cast<float>(k);
  }
  std::vector<float> all(static_cast<size_t>(kFunctions * n)), one(kFunctions);
  ASSERT_EQ(FC_OK, fc_features_compute(&m, workflow, &o, all.data()));
  for (int k = 0; k < n; ++k) {
    ASSERT_EQ(FC_OK, fc_feature_compute(names[k], workflow, m.ranges, m.decode, &o, one.data()));
    for (size_t f = 0; f < kFunctions; ++f) {
      const float expected = std::isnan(one[f]) ? 0.0f : (one[f] - m.features[k].mean) / m.features[k].scale;
      EXPECT_EQ(expected, all[f * static_cast<size_t>(n) + static_cast<size_t>(k)]) << names[k] << " of " << f;
    }
  }
  fc_observation_clear(&o);
  fc_workflow_destroy(&workflow);
}

TEST(Features, TheLogarithmIsExactOverEveryMagnitude) {
  const Workflow w;
  Observation o(w);
  for (double x = 1e-9; x < 1e15; x *= 1.7) {
    o->metrics[0].net_rx_bytes_per_s = x;
    const float expected = static_cast<float>(std::log1p(x));
    ASSERT_NEAR(expected, compute("log1p_net_rx", w, &o)[0], 2e-7 * (expected + 1e-3)) << x;
  }
  o->metrics[0].net_rx_bytes_per_s = 0;
  EXPECT_EQ(0.0f, compute("log1p_net_rx", w, &o)[0]);
}

TEST(Features, ActionsFollowTheConfigurationInForce) {
  const Workflow w;
  Observation o(w);
  o->configuration[1] = {600, 2048, 2, 10};
  const std::vector<float> replicas = compute("action_replicas", w, &o);
  EXPECT_FLOAT_EQ(0.5f / 7, replicas[1]);
  EXPECT_FLOAT_EQ(3.5f / 7, replicas[0]);
  std::vector<float> authors(3);
  ASSERT_EQ(FC_OK,
            fc_feature_compute("action_cpu", w.get(), FC_RANGES_MEASURED, FC_DECODE_AUTHORS, o.get(), authors.data()));
  EXPECT_FLOAT_EQ((600 - 250) / 1750.0f, authors[1]) << "over the paper's box";
}

TEST(Features, AnAbsentMetricIsNotANumberAndThenTheFrozenMean) {
  const Workflow w;
  Observation o(w);
  o->metrics[1].present &= ~FC_METRIC_BIT(LATENCY_P95);
  const std::vector<float> p95 = compute("log1p_latency_p95", w, &o);
  EXPECT_TRUE(std::isnan(p95[1]));
  EXPECT_FALSE(std::isnan(p95[0]) || std::isnan(p95[2]));
  o->load.present = FC_LOAD_HAS_ARRIVAL_RATE;
  for (const float x : compute("log2_in_flight", w, &o)) EXPECT_TRUE(std::isnan(x));
  fc_policy_manifest_t m =
      fc_test::manifest_of(w, "attmf", "repaired", {"log1p_latency_p95", "log2_in_flight", "depth"});
  m.features[0].mean = 0.5f;
  m.features[0].scale = 2.0f;
  std::vector<float> out(w.n() * 3);
  ASSERT_EQ(FC_OK, fc_features_compute(&m, w.get(), o.get(), out.data()));
  EXPECT_EQ(0.0f, out[1 * 3 + 0]) << "normalised, the frozen mean is 0";
  EXPECT_FLOAT_EQ((p95[2] - 0.5f) / 2.0f, out[2 * 3 + 0]);
  for (size_t f = 0; f < 3; ++f) {
    EXPECT_EQ(0.0f, out[f * 3 + 1]);
    EXPECT_EQ(static_cast<float>(f), out[f * 3 + 2]);
  }
}

// Two functions with the same numbers get the same features wherever they stand.
TEST(Features, StatisticsArePerFeatureNotPerFunction) {
  const Workflow w;
  Observation o(w);
  for (size_t f = 0; f < 3; ++f) o->metrics[f] = o->metrics[0];
  fc_policy_manifest_t m = fc_test::manifest_of(w, "attmf", "repaired", {"log1p_net_rx", "cpu_utilization"});
  m.features[0].mean = 3.0f;
  m.features[1].scale = 0.25f;
  std::vector<float> out(w.n() * 2);
  ASSERT_EQ(FC_OK, fc_features_compute(&m, w.get(), o.get(), out.data()));
  for (size_t f = 1; f < 3; ++f) {
    EXPECT_EQ(out[0], out[f * 2]);
    EXPECT_EQ(out[1], out[f * 2 + 1]);
  }
}

TEST(Features, UnknownNamesAreNotFound) {
  const Workflow w;
  Observation o(w);
  float out[3];
  EXPECT_EQ(FC_ENOTFOUND, fc_feature_compute("latency", w.get(), FC_RANGES_MEASURED, FC_DECODE_UNIFORM, o.get(), out));
}

}  // namespace
