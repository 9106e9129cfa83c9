// tests agent/platforms/prometheus/prometheus_samples.c and prometheus_text.c: counts between instants, resets, holes.
#include <cmath>
#include <cstdlib>
#include <vector>

#include "support.h"

extern "C" {
#include "prometheus_samples.h"
#include "prometheus_text.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using Series = std::vector<prometheus_sample_t>;

struct Matrix {
  explicit Matrix(std::vector<Series> of) : samples(std::move(of)) {
    for (auto &one : samples) series.push_back({static_cast<int32_t>(one.size()), one.data()});
    get.type = PROMETHEUS_MATRIX;
    get.n_series = static_cast<int32_t>(series.size());
    get.series = series.data();
  }
  std::vector<Series> samples;
  std::vector<prometheus_series_t> series;
  prometheus_answer_t get = {};
};

struct Count {
  prometheus_knowledge_t knowledge;
  prometheus_increase_t get;
};

Count count(const std::vector<Series> &of, double from_s, double until_s, double max_age_s = 2) {
  Matrix matrix(of);
  Count result = {};
  result.knowledge = prometheus_increase(&matrix.get, from_s, until_s, max_age_s, &result.get);
  return result;
}

TEST(PrometheusIncrease, CountsFromSampleToSampleAndExtrapolatesNothing) {
  // Every second at .4: Prometheus' own increase(x[5s]) at 6 makes 5 of these 4 (4 s of samples, stretched to 5 s).
  const Series samples = {{0.4, 100}, {1.4, 101}, {2.4, 102}, {3.4, 103}, {4.4, 104}, {5.4, 105}};
  const Count one = count({samples}, 1, 6);
  ASSERT_EQ(one.knowledge, PROMETHEUS_KNOWN);
  EXPECT_EQ(one.get.increase, 5) << "from the sample before the window: 105 - 100";
  EXPECT_EQ(one.get.from_s, 0.4);
  EXPECT_EQ(one.get.until_s, 5.4);
}

TEST(PrometheusIncrease, WindowsInARowAddUpToTheCounter) {
  Series samples;
  double value = 1000;
  for (int i = 0; i < 400; ++i) samples.push_back({0.25 * i + 0.01 * (i % 7), value += i % 11});
  double from = 1.0, sum = 0;
  for (double end = 3.7; end < 95; end += 2.7) {
    const Count window = count({samples}, from, end);
    ASSERT_EQ(window.knowledge, PROMETHEUS_KNOWN);
    sum += window.get.increase;
    from = window.get.until_s;
  }
  const Count all = count({samples}, 1.0, from);
  EXPECT_EQ(sum, all.get.increase);
}

TEST(PrometheusIncrease, ALowerValueIsARestartFromZero) {
  const Count reset = count({{{0, 500}, {1, 510}, {2, 3}, {3, 7}}}, 0, 3);
  ASSERT_EQ(reset.knowledge, PROMETHEUS_KNOWN);
  EXPECT_EQ(reset.get.increase, 10 + 3 + 4);
  const Count twice = count({{{0, 500}, {1, 2}, {2, 1}, {3, 1}}}, 0, 3);
  EXPECT_EQ(twice.get.increase, 2 + 1 + 0);
  const Count to_zero = count({{{0, 500}, {1, 0}, {2, 0}, {3, 0}}}, 0, 3);
  ASSERT_EQ(to_zero.knowledge, PROMETHEUS_KNOWN);
  EXPECT_EQ(to_zero.get.increase, 0);
}

TEST(PrometheusIncrease, NothingIncreasedIsZeroAndNothingKnownIsAbsent) {
  EXPECT_EQ(count({{{0, 5}, {1, 5}, {2, 5}}}, 0, 2).get.increase, 0);
  EXPECT_EQ(count({{{0, 5}, {1, 5}, {2, 5}}}, 0, 2).knowledge, PROMETHEUS_KNOWN);
  EXPECT_EQ(count({}, 0, 2).knowledge, PROMETHEUS_NO_SERIES);
  EXPECT_EQ(count({{{0, 5}, {1, 6}}}, 0, 5).knowledge, PROMETHEUS_STALE) << "4 s old";
  EXPECT_EQ(count({{}}, 0, 5).knowledge, PROMETHEUS_STALE);
  EXPECT_EQ(count({{{3, 5}, {4, 6}, {5, 7}}}, 0, 5).knowledge, PROMETHEUS_NO_START) << "a third of it is not known";
  EXPECT_EQ(count({{{-3, 5}, {4, 6}, {5, 7}}}, 0, 5).knowledge, PROMETHEUS_NO_START) << "a count of 8 s";
  EXPECT_EQ(count({{{4, 6}}}, 4, 5).knowledge, PROMETHEUS_NO_STEP);
  EXPECT_EQ(count({{{0, 1}, {1, NAN}, {2, INFINITY}}}, 0, 2.5).knowledge, PROMETHEUS_STALE) << "not finite: no sample";
}

TEST(PrometheusIncrease, SeriesAreAddedUpToWhereAllAreKnown) {
  // The second is scraped 0.3 s later: its last sample counts in the next window, not in none.
  const Series a = {{0, 10}, {1, 11}, {2, 12}, {3, 13}}, b = {{0.3, 100}, {1.3, 110}, {2.3, 120}, {3.3, 130}};
  const Count first = count({a, b}, 0.5, 2.5), next = count({a, b}, first.get.until_s, 3.5);
  EXPECT_EQ(first.get.until_s, 2);
  EXPECT_EQ(first.get.increase, 2 + 10);
  EXPECT_EQ(next.get.increase, 1 + 10) << "up to 3: the one at 3.3 is of the window after";
}

TEST(PrometheusIncrease, ASeriesThatEndsCountsToItsEndAndOneThatBeginsFromItsBeginning) {
  const Count ends = count({{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}}, {{0, 10}, {1, 15}}}, 0, 5);
  ASSERT_EQ(ends.knowledge, PROMETHEUS_KNOWN);
  EXPECT_EQ(ends.get.until_s, 5);
  EXPECT_EQ(ends.get.increase, 5 + 5);
  const Count begins = count({{{0, 1}, {1, 2}, {2, 3}, {3, 4}}, {{2, 900}, {3, 901}}}, 0, 3);
  EXPECT_EQ(begins.get.increase, 3 + 1) << "what it had counted before it was seen is not of this window";
}

TEST(PrometheusMean, AveragesScrapesAndCountsAMissingSeriesAsZero) {
  double mean = -1;
  Matrix two({{{0, 9}, {1, 2}, {2, 4}, {3, 6}, {4, 8}}, {{1, 10}, {2, 10}}});
  ASSERT_EQ(prometheus_mean(&two.get, 0, 4, 2, &mean), PROMETHEUS_KNOWN);
  EXPECT_EQ(mean, (2 + 4 + 6 + 8 + 10 + 10) / 4.0) << "the sample at 0 is of the window before";
  Matrix zero({{{1, 0}, {2, 0}}});
  ASSERT_EQ(prometheus_mean(&zero.get, 0, 2, 2, &mean), PROMETHEUS_KNOWN);
  EXPECT_EQ(mean, 0);
}

TEST(PrometheusMean, IsAbsentWithoutFreshSamplesFromBothEnds) {
  double mean = -1;
  Matrix none({}), stale({{{1, 5}, {2, 5}}}), late({{{4, 5}, {5, 5}}}), before({{{-1, 5}}}),
      nan({{{1, NAN}, {2, NAN}}});
  EXPECT_EQ(prometheus_mean(&none.get, 0, 2, 2, &mean), PROMETHEUS_NO_SERIES);
  EXPECT_EQ(prometheus_mean(&stale.get, 0, 5, 2, &mean), PROMETHEUS_STALE);
  EXPECT_EQ(prometheus_mean(&late.get, 0, 5, 2, &mean), PROMETHEUS_NO_START);
  EXPECT_EQ(prometheus_mean(&before.get, 0, 1, 3, &mean), PROMETHEUS_NO_STEP);
  EXPECT_EQ(prometheus_mean(&nan.get, 0, 2, 2, &mean), PROMETHEUS_STALE);
  EXPECT_EQ(mean, -1);
}

std::string fill(const std::string &query, const prometheus_words_t &words, const char *suffix = "") {
  char *out = nullptr;
  fc_error_t error = {};
  EXPECT_OK(prometheus_text_fill(query.c_str(), &words, suffix, &out, &error));
  const std::string text = out ? out : "";
  free(out);
  return text;
}

TEST(PrometheusText, PutsInWhatThePlaceholdersStandFor) {
  const prometheus_words_t words = {"re\"si\\ze", "flow", "instance=\"x:1\"", 5.25};
  EXPECT_EQ(fill("x{{labels},proxy=\"{function}\",w=\"{workflow}\"}", words, "[8s]"),
            "x{instance=\"x:1\",proxy=\"re\\\"si\\\\ze\",w=\"flow\"}[8s]");
  EXPECT_EQ(fill("rate(x[{window}])", words), "rate(x[5250ms])");
  EXPECT_EQ(fill("x{a=~\"b{2}\"}", words), "x{a=~\"b{2}\"}") << "other braces stay";
}

TEST(PrometheusText, NoLabelsTakeTheirCommaWithThem) {
  const prometheus_words_t words = {nullptr, "flow", "", 1};
  EXPECT_EQ(fill("x{{labels},a=\"b\"}", words), "x{a=\"b\"}");
  EXPECT_EQ(fill("x{{labels}}", words), "x{}");
  EXPECT_EQ(fill("x{a=\"{function}\"}", words), "x{a=\"{function}\"}") << "the workflow's queries have no function";
}

}  // namespace
