// eval/report/claims.c: the verdict follows from the interval, and every claim finds its cells.
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "../cells/cells_fixture.h"
#include "support.h"

extern "C" {
#include "claims.h"
#include "claims_csv.h"
}

namespace {

using Cells = std::vector<cell_t>;
using fc_test::make_cell;

std::vector<claim_t> claims(const Cells &cells, const char *world = "exact") {
  std::vector<claim_t> out(CLAIMS_MAX);
  int32_t n = 0;
  fc_error_t error = {};
  const claim_scope_t scope = {world, "simulator", "strict", 1};
  EXPECT_OK(claims_of(cells.data(), int32_t(cells.size()), &scope, out.data(), &n, &error));
  out.resize(size_t(n));
  return out;
}

claim_t find(const std::vector<claim_t> &all, const std::string &text) {
  for (const claim_t &claim : all)
    if (std::string(claim.text).find(text) != std::string::npos) return claim;
  ADD_FAILURE() << "no claim with " << text;
  return {};
}

// cost as given, with a ripple over seeds so that intervals have a width
void add(Cells *cells, const std::string &method, double cost, const std::string &safety = "none",
         const std::string &variant = "repaired", const std::string &experiment = "static",
         const std::string &workflow = "parallel", double violations = 2) {
  for (int64_t seed = 1; seed <= 12; ++seed) {
    const double ripple = 1 + 0.05 * std::sin(double(seed) * 1.7 + double(method.size()));
    cell_t cell = make_cell(method, cost * ripple, seed, workflow);
    SET_TEXT(cell.safety, safety);
    SET_TEXT(cell.variant, variant);
    SET_TEXT(cell.experiment, experiment);
    cell.violations = int32_t(violations + double(seed % 2));
    cell.latency_mean_s = 5 * ripple * cost;
    cell.throughput = 30 * ripple / cost;
    cell.latency_sum_s = 100 * cost * ripple;
    cells->push_back(cell);
  }
}

TEST(ClaimVerdict, FollowsFromTheInterval) {
  const auto verdict = [](double low, double high, double paper, double null) {
    const paired_interval_t ours = {(low + high) / 2, low, high};
    return claim_verdict(&ours, paper, null);
  };
  EXPECT_EQ(CLAIM_HOLDS, verdict(0.1, 0.3, 0.24, 0));
  EXPECT_EQ(CLAIM_HOLDS, verdict(0.3, 0.4, 0.24, 0)) << "more than the paper says";
  EXPECT_EQ(CLAIM_HOLDS_WEAKER, verdict(0.05, 0.1, 0.24, 0));
  EXPECT_EQ(CLAIM_DOES_NOT_HOLD, verdict(-0.1, 0.1, 0.24, 0));
  EXPECT_EQ(CLAIM_DOES_NOT_HOLD, verdict(-0.3, -0.1, 0.24, 0));
  EXPECT_EQ(CLAIM_UNDECIDED, verdict(-0.1, 0.3, 0.24, 0));
  EXPECT_EQ(CLAIM_HOLDS, verdict(0.7, 0.8, 0.7412, NAN));
  EXPECT_EQ(CLAIM_DOES_NOT_HOLD, verdict(0.5, 0.6, 0.7412, NAN));
  const paired_interval_t none = {NAN, NAN, NAN}, single = {0.3, NAN, NAN};
  EXPECT_EQ(CLAIM_NOT_MEASURED, claim_verdict(&none, 0.24, 0));
  EXPECT_EQ(CLAIM_UNDECIDED, claim_verdict(&single, 0.24, 0));
}

TEST(Claims, NothingMeasuredIsSaid) {
  const auto all = claims({});
  EXPECT_GE(all.size(), 15u);
  for (const claim_t &claim : all) {
    EXPECT_EQ(CLAIM_NOT_MEASURED, claim.verdict) << claim.text;
    EXPECT_NE(nullptr, strstr(claim.reason, "no cells")) << claim.reason;
  }
}

TEST(Claims, SavingsAreRatiosOfMeansOverPairs) {
  Cells cells;
  add(&cells, "attmf", 1.0, "ses_paper");
  add(&cells, "firm1", 9);  // another method whose name begins alike
  add(&cells, "firm", 2.0);
  add(&cells, "random", 1.02);
  add(&cells, "rambo", 0.8);
  const auto all = claims(cells);
  double attmf = 0, firm = 0, random = 0, rambo = 0;
  for (const cell_t &cell : cells) {
    if (!std::strcmp(cell.method, "attmf")) attmf += cell.cost_usd_h;
    if (!std::strcmp(cell.method, "firm")) firm += cell.cost_usd_h;
    if (!std::strcmp(cell.method, "random")) random += cell.cost_usd_h;
    if (!std::strcmp(cell.method, "rambo")) rambo += cell.cost_usd_h;
  }
  const claim_t against_firm = find(all, "than Firm");
  EXPECT_NEAR(1 - attmf / firm, against_firm.ours.value, 1e-12);
  EXPECT_LT(against_firm.ours.low, against_firm.ours.value);
  EXPECT_GT(against_firm.ours.high, against_firm.ours.value);
  EXPECT_EQ(12, against_firm.n_pairs);
  EXPECT_EQ(CLAIM_HOLDS, against_firm.verdict);
  EXPECT_EQ(CLAIM_DOES_NOT_HOLD, find(all, "than RAMBO").verdict);
  EXPECT_LT(find(all, "than RAMBO").ours.high, 0);
  EXPECT_EQ(CLAIM_NOT_MEASURED, find(all, "than Aquatope").verdict);
  const claim_t headline = find(all, "headline");
  EXPECT_EQ(36, headline.n_pairs);
  EXPECT_EQ(12, headline.n_clusters) << "AttMF's run of a seed stands against three others";
  EXPECT_NEAR(1 - 3 * attmf / (firm + random + rambo), headline.ours.value, 1e-12);
}

TEST(Claims, RunsThatViolateQosAndOtherWorldsDoNotCount) {
  Cells cells;
  add(&cells, "attmf", 1.0);
  add(&cells, "firm", 2.0);
  for (cell_t &cell : cells)
    if (!std::strcmp(cell.method, "firm") && cell.seed > 2) {
      cell.qos_met = false;
      cell.cost_usd_h = 0.01;
    }
  EXPECT_EQ(2, find(claims(cells), "than Firm").n_pairs);
  EXPECT_NEAR(0.5, find(claims(cells), "than Firm").ours.value, 0.06);
  EXPECT_EQ(CLAIM_NOT_MEASURED, find(claims(cells, "hidden"), "than Firm").verdict);
  for (cell_t &cell : cells) SET_TEXT(cell.semantics, "as-published");
  EXPECT_EQ(CLAIM_NOT_MEASURED, find(claims(cells), "than Firm").verdict) << "strict ones are asked for";
}

TEST(Claims, TheTraceHasItsOwn) {
  Cells cells;
  add(&cells, "attmf", 1.05, "ses_paper", "repaired", "dynamic", "parallel", 10);
  add(&cells, "firm", 1.5, "none", "repaired", "dynamic", "parallel", 40);
  const auto all = claims(cells);
  EXPECT_NEAR(0.97, find(all, "Compliance").ours.value, 1e-12);
  EXPECT_EQ(CLAIM_HOLDS, find(all, "Compliance").verdict);
  const claim_t fewer = find(all, "violates less often");
  EXPECT_EQ(CLAIM_FACTOR, fewer.unit);
  EXPECT_NEAR(40.5 / 10.5, fewer.ours.value, 1e-9);
  EXPECT_EQ(CLAIM_HOLDS, fewer.verdict);
  const claim_t excess = find(all, "below the oracle");
  EXPECT_NEAR(-0.05, excess.ours.value, 0.02);
  EXPECT_EQ(CLAIM_HOLDS, excess.verdict) << "5 % above, the paper 8.48 % above";
  EXPECT_NEAR(0.3, find(all, "Sum of AttMF").ours.value, 0.05);
}

TEST(Claims, AblationsCompareVariantsAndSafeties) {
  Cells cells;
  add(&cells, "attmf", 1.0, "none", "repaired", "ablation", "branch", 6);
  add(&cells, "attmf", 0.95, "ses_paper", "repaired", "ablation", "branch", 3);
  add(&cells, "attmf", 1.4, "none", "no concurrency", "ablation", "branch", 6);
  add(&cells, "mean_field", 1.1, "none", "repaired", "ablation", "branch", 6);
  const auto all = claims(cells);
  EXPECT_NEAR(1 - 3.5 / 6.5, find(all, "fewer violations on Branch").ours.value, 1e-9);
  EXPECT_NEAR(0.05, find(all, "lower cost on Branch").ours.value, 1e-9);
  EXPECT_EQ(CLAIM_NOT_MEASURED, find(all, "fewer violations on Sequential").verdict);
  EXPECT_NEAR(1 - 1 / 1.4, find(all, "lowers AttMF's latency").ours.value, 1e-9);
  EXPECT_NEAR(1.4 / 1.0, find(all, "raises AttMF's throughput").ours.value, 1e-9);
  EXPECT_NEAR(1 - 1 / 1.1, find(all, "than mean field").ours.value, 0.02);
  EXPECT_EQ(CLAIM_NOT_MEASURED, find(all, "than DDPG").verdict);
}

TEST(Claims, StandInAFileOnceForEachWorldAndTrack) {
  Cells cells;
  add(&cells, "attmf", 1.0);
  add(&cells, "firm", 1.5);
  const size_t n = cells.size();
  for (size_t i = 0; i < n; ++i) {
    cell_t cell = cells[i];
    SET_TEXT(cell.world, "parameters");
    cells.push_back(cell);
  }
  const fc_test::TemporaryFolder folder;
  fc_error_t error = {};
  ASSERT_OK(claims_write(cells.data(), int32_t(cells.size()), 1, folder.path("claims.csv").c_str(), &error));
  const std::string text = fc_test::read_file(folder.path("claims.csv"));
  EXPECT_THAT(
      text,
      testing::StartsWith(
          "world,track,semantics,claim,unit,paper,ours,low,high,n_pairs,n_left_out,n_clusters,safety,verdict,reason\n"
          "exact,simulator,strict,AttMF is cheaper than Firm (static),share,0.24,"));
  EXPECT_THAT(text,
              testing::HasSubstr("\nparameters,simulator,strict,AttMF is cheaper than Firm (static),share,0.24,"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("not measured")));
  EXPECT_EQ(find(claims(cells), "Firm (static)").n_pairs, 12) << "what the file says as well:";
  EXPECT_THAT(text, testing::HasSubstr(",12,0,12,none,holds"));
}

TEST(Claims, WithoutCellsTheFileHasItsHeaderOnly) {
  const fc_test::TemporaryFolder folder;
  fc_error_t error = {};
  ASSERT_OK(claims_write(nullptr, 0, 1, folder.path("claims.csv").c_str(), &error));
  EXPECT_THAT(fc_test::read_file(folder.path("claims.csv")), testing::EndsWith(",reason\n"));
}

}  // namespace
