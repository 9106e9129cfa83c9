// What the published rows of Parallel with 10 users say about the published reward, price band, metrics and episodes
// (wiluen/FaaSConf at 176278c). Every figure is computed from the rows.
#include <algorithm>
#include <cmath>

#include "core_fixture.h"

namespace {

struct Row {
  std::vector<double> action;
  double latency_s, p95_s, successes, total, price;
  bool meets(double latency_target_s, double successes_target) const {
    return latency_s <= latency_target_s && successes >= successes_target;
  }
  // get_reward_v2: the targets are 13 s and 20 successes
  double reward() const { return -0.1 * price - (meets(13, 20) ? 0 : 0.5); }
};

std::vector<Row> read_rows(const std::string &path) {
  std::vector<Row> out;
  for (const auto &fields : fc_test::read_csv(path)) {
    Row row = {{},
               std::stod(fields[84]),
               std::stod(fields[85]),
               std::stod(fields[86]),
               std::stod(fields[87]),
               std::stod(fields[88])};
    for (size_t k = 0; k < 24; ++k) row.action.push_back(std::stod(fields[k]));
    out.push_back(row);
  }
  return out;
}

struct Share {
  double met, n;
  double share() const { return met / n; }
  double deviation() const { return std::sqrt(share() * (1 - share()) / n); }
};

Share share(const std::vector<Row> &rows, double low, double high, double latency_target_s = 13,
            double successes_target = 20) {
  Share out = {0, 0};
  for (const Row &row : rows) {
    if (row.price < low || row.price > high) continue;
    out.n += 1;
    out.met += row.meets(latency_target_s, successes_target);
  }
  return out;
}

// Mean +- 2 population standard deviations of the cheapest 20 % of the rows that meet the target: the paper's band.
std::pair<double, double> band(const std::vector<Row> &rows, double latency_target_s, double successes_target) {
  std::vector<double> prices;
  for (const Row &row : rows)
    if (row.meets(latency_target_s, successes_target)) prices.push_back(row.price);
  std::sort(prices.begin(), prices.end());
  prices.resize(static_cast<size_t>(std::ceil(0.2 * static_cast<double>(prices.size()))));
  double mean = 0, squares = 0;
  for (const double price : prices) mean += price / static_cast<double>(prices.size());
  for (const double price : prices) squares += (price - mean) * (price - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(prices.size()));
  return {mean - 2 * deviation, mean + 2 * deviation};
}

#define ROWS_OR_SKIP()                               \
  SKIP_WITHOUT_SHARED(path, "data/parallel_10.csv"); \
  const std::vector<Row> rows = read_rows(path);     \
  ASSERT_EQ(1039u, rows.size())

// A violation costs as much as 5 USD/h, and the rows' prices span more than that.
TEST(PublishedReward, PaysMoreForSomeViolationsThanForManyGoodRows) {
  ROWS_OR_SKIP();
  double best_violating = -1e9, cheapest = 1e9, dearest = 0;
  int n_good = 0, n_below = 0;
  for (const Row &row : rows) {
    cheapest = std::min(cheapest, row.price);
    dearest = std::max(dearest, row.price);
    if (!row.meets(13, 20)) best_violating = std::max(best_violating, row.reward());
  }
  for (const Row &row : rows) {
    n_good += row.meets(13, 20);
    n_below += row.meets(13, 20) && row.reward() < best_violating;
  }
  EXPECT_GT(dearest - cheapest, 5);
  EXPECT_EQ(503, n_good);
  EXPECT_EQ(97, n_below) << "good rows with less reward than the best violating one";
}

TEST(PublishedBand, LeavesOutTheSaferDearPart) {
  ROWS_OR_SKIP();
  const auto [low, high] = band(rows, 13, 20);
  const Share inside = share(rows, low, high), below = share(rows, 0, low), above = share(rows, high, 1e9),
              all = share(rows, 0, 1e9);
  EXPECT_NEAR(0.484, all.share(), 0.001);
  EXPECT_LT(below.share(), inside.share()) << "the lower edge helps";
  EXPECT_LT(inside.share() + 2 * std::hypot(inside.deviation(), all.deviation()), all.share());
  EXPECT_GT(above.share() - 2 * std::hypot(above.deviation(), inside.deviation()), inside.share());
  EXPECT_LT(inside.share(), 0.4) << "a configuration whose price is in the band is no safe one";
  EXPECT_GT(above.share(), 0.6);
}

// The code has mean 4.574 and deviation 0.34 as numbers, whatever the target, the load and the history.
TEST(PublishedBand, HardCodedValuesAreNotTheHistorys) {
  ROWS_OR_SKIP();
  const double low = 4.574 - 2 * 0.34, high = 4.574 + 2 * 0.34;
  double previous_low = 0;
  for (const auto &[latency_s, successes] : std::vector<std::pair<double, double>>{{13, 20}, {10, 20}, {8, 25}}) {
    const auto [own_low, own_high] = band(rows, latency_s, successes);
    EXPECT_GT(own_low, previous_low) << "a stricter target needs a dearer band";
    EXPECT_GT(own_low, low + 0.2);
    EXPECT_GT(own_high, high + 0.2);
    previous_low = own_low;
    EXPECT_LT(share(rows, low, high, latency_s, successes).share(), share(rows, 0, 1e9, latency_s, successes).share())
        << "drawing any row is safer than drawing one of the band";
  }
}

// Each row is a deployment from nothing with a drawn action: no action tells the next one. 2 / sqrt(n) is what 95 % of
// the autocorrelations of independent draws stay within.
TEST(PublishedRows, AreNoEpisode) {
  ROWS_OR_SKIP();
  const double n = static_cast<double>(rows.size());
  int n_within = 0;
  double mean_of_all = 0;
  for (size_t k = 0; k < 24; ++k) {
    double mean = 0, square = 0, product = 0;
    for (const Row &row : rows) mean += row.action[k] / n;
    for (size_t i = 0; i < rows.size(); ++i) {
      const double now = rows[i].action[k] - mean;
      square += now * now;
      if (i + 1 < rows.size()) product += now * (rows[i + 1].action[k] - mean);
    }
    n_within += std::abs(product / square) < 2 / std::sqrt(n);
    mean_of_all += product / square / 24;
  }
  EXPECT_GE(n_within, 22);
  EXPECT_LT(std::abs(mean_of_all), 0.02);
}

// Locust is stopped after 30 s and only answers count: of up to ten requests in flight nothing is known.
TEST(PublishedLatency, NeverExceedsTheWindowAndLeavesOutWhatWasInFlight) {
  ROWS_OR_SKIP();
  double highest = 0, most_unknown = 0, mean_unknown = 0, mean_success = 0;
  int n_failed = 0;
  for (const Row &row : rows) {
    highest = std::max({highest, row.latency_s, row.p95_s});
    const double unknown = 10 / (row.total + 10);
    most_unknown = std::max(most_unknown, unknown);
    mean_unknown += unknown / static_cast<double>(rows.size());
    mean_success += row.successes / row.total / static_cast<double>(rows.size());
    n_failed += row.successes < row.total;
  }
  EXPECT_LT(highest, 30);
  EXPECT_GT(highest, 28) << "some are cut close to it";
  EXPECT_GT(mean_unknown, 0.2) << "share of a window's requests that may be in flight at its end";
  EXPECT_GT(most_unknown, 0.7);
  EXPECT_NEAR(0.85, mean_success, 0.01);
  EXPECT_GT(n_failed, 700) << "rows with failures, which the latency does not contain";
}

// The state of the published dynamic test has the next step's user count. What a measured load knows of it: the last.
TEST(PublishedState, TheNextMinutesLoadIsNotTheLastOnes) {
  SKIP_WITHOUT_SHARED(path, "data/azure_85min.csv");
  const auto rows = fc_test::read_csv(path);
  ASSERT_EQ(85u, rows.size());
  int n_changed = 0, n_jumps = 0;
  for (size_t i = 0; i + 1 < rows.size(); ++i) {
    const double now = std::stod(rows[i][2]), next = std::stod(rows[i + 1][2]);
    n_changed += now != next;
    n_jumps += std::abs(next / now - 1) > 0.1;
  }
  EXPECT_GT(n_changed, 42) << "in most minutes the state knew something that no agent can measure";
  EXPECT_GT(n_jumps, 8);
}

}  // namespace
