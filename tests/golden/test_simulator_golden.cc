// The simulator against the golden table of the fitted prototype (232 configurations, 200 to 400 windows each), under
// as-published semantics. Against the published measurements themselves: test_published_rows.cc.
//
// A golden mean is reproduced when it lies within 4 standard errors of ours, both sides' errors combined. The table has
// no spread for totals and percentiles; ours stands in for theirs. Seeds are fixed, so a pass stays a pass.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "support.h"

namespace {

using fc_test::Average;
using fc_test::Configuration;
using fc_test::Simulated;

struct GoldenRow {
  std::string name;  // workflow, users, source, line
  int users;
  double n_windows, latency, latency_std, successes, successes_std, total, without_success;
  std::vector<double> p75;
  Configuration configuration;
};

std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<GoldenRow> golden_rows(const std::string &path, const std::string &workflow) {
  std::vector<GoldenRow> rows;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  for (int number = 2; std::getline(file, line); ++number) {
    const auto fields = split(line, ',');
    if (fields.size() != 12 || fields[0] != workflow) continue;
    GoldenRow row = {workflow + " line " + std::to_string(number),
                     std::stoi(fields[1]),
                     std::stod(fields[3]),
                     std::stod(fields[4]),
                     std::stod(fields[5]),
                     std::stod(fields[6]),
                     std::stod(fields[7]),
                     std::stod(fields[8]),
                     std::stod(fields[9]),
                     {},
                     {}};
    for (const auto &value : split(fields[10], ' ')) row.p75.push_back(std::stod(value));
    for (const auto &value : split(fields[11], ' ')) {
      const auto knobs = split(value, ':');
      row.configuration.push_back({std::stoi(knobs[0]), std::stoi(knobs[1]), std::stoi(knobs[2]), std::stoi(knobs[3])});
    }
    rows.push_back(row);
  }
  return rows;
}

// Also collects how far off all rows are together: a small systematic difference hides in single rows.
struct Deviations {
  Average latency, successes, total, p75;
};

void expect_row(const GoldenRow &row, const fc_workflow_t *workflow, uint64_t seed, Deviations *deviations) {
  SCOPED_TRACE(row.name);
  Simulated simulated(workflow, row.users, FC_SEMANTICS_AS_PUBLISHED, seed);
  ASSERT_EQ(FC_OK, simulated.status) << simulated.error.message;
  ASSERT_EQ(row.p75.size(), static_cast<size_t>(workflow->n_functions));
  Average latency, successes, total, without;
  std::vector<Average> p75(row.p75.size());
  for (int w = 0; w < static_cast<int>(row.n_windows); ++w) {
    const fc_observation_t &o = simulated.observe(w, row.configuration);
    ASSERT_EQ(FC_OK, simulated.status) << simulated.error.message;
    if (o.outcome.successes > 0) latency.add(o.outcome.latency_mean_s);
    without.add(o.outcome.successes == 0);
    successes.add(static_cast<double>(o.outcome.successes));
    total.add(static_cast<double>(o.outcome.successes + o.outcome.failures));
    for (size_t f = 0; f < p75.size(); ++f)
      if ((o.metrics[f].present & FC_METRIC_BIT(LATENCY_P75)) != 0) p75[f].add(o.metrics[f].latency_p75_s);
  }
  auto deviation = [&](const char *what, double ours, double golden, double our_variance, double golden_variance,
                       double n) {
    const double rounding = 1e-4 / std::sqrt(12.0);  // of the table: four decimals
    const double standard_error = std::sqrt(our_variance / n + golden_variance / row.n_windows + rounding * rounding);
    EXPECT_LE(std::fabs(ours - golden), 4 * standard_error) << what << ": " << ours << ", golden " << golden;
    return standard_error > 0 ? (ours - golden) / standard_error : 0;
  };
  deviations->latency.add(deviation("latency", latency.mean(), row.latency, latency.variance(),
                                    row.latency_std * row.latency_std, latency.n()));
  deviations->successes.add(deviation("successes", successes.mean(), row.successes, successes.variance(),
                                      row.successes_std * row.successes_std, row.n_windows));
  deviations->total.add(deviation("total", total.mean(), row.total, total.variance(), total.variance(), row.n_windows));
  deviation("windows without success", without.mean(), row.without_success, without.variance(), without.variance(),
            row.n_windows);
  for (size_t f = 0; f < p75.size(); ++f)
    deviations->p75.add(deviation(workflow->functions[f].name, p75[f].mean(), row.p75[f], p75[f].variance(),
                                  p75[f].variance(), p75[f].n()));
}

void expect_workflow(const std::string &path, const fc_workflow_t *workflow, size_t n_rows) {
  const auto rows = golden_rows(path, workflow->name);
  ASSERT_EQ(n_rows, rows.size());
  Deviations all;
  uint64_t seed = 1000;
  for (const auto &row : rows) expect_row(row, workflow, ++seed, &all);
  // Deviations in standard errors have mean 0 and variance 1 when both are the same model.
  for (const Average *a : {&all.latency, &all.successes, &all.total, &all.p75}) {
    EXPECT_LT(std::fabs(a->mean()), 4 / std::sqrt(static_cast<double>(rows.size())));
    EXPECT_LT(a->variance(), 1.7);
  }
}

TEST(SimulatorGolden, ReproducesEveryParallelRow) {
  SKIP_WITHOUT_SHARED(path, "golden/simulator_golden.csv");
  expect_workflow(path, fc_test::parallel_workflow()->get(), 124);
}

TEST(SimulatorGolden, ReproducesEverySequentialRow) {
  SKIP_WITHOUT_SHARED(path, "golden/simulator_golden.csv");
  expect_workflow(path, fc_test::sequential_workflow()->get(), 36);
}

TEST(SimulatorGolden, ReproducesEveryBranchRow) {
  SKIP_WITHOUT_SHARED(path, "golden/simulator_golden.csv");
  expect_workflow(path, fc_test::branch_workflow()->get(), 36);
}

// Synchronous mode: calls of calls, one request at a time per replica. From the shipped file.
TEST(SimulatorGolden, ReproducesEveryTcktAppRow) {
  SKIP_WITHOUT_SHARED(path, "golden/simulator_golden.csv");
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &workflow, &error));
  expect_workflow(path, workflow, 36);
  fc_workflow_destroy(&workflow);
}

}  // namespace
