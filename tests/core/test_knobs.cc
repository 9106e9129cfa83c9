// tests core/knobs.c: equal shares, exact round trips, the published decoding.
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "core_fixture.h"

namespace {
using fc_test::Configuration;
using fc_test::same;
using fc_test::with;
using fc_test::Workflow;

const fc_knob_t kKnobs[] = {FC_KNOB_CPU, FC_KNOB_MEM, FC_KNOB_REPLICAS, FC_KNOB_CONCURRENCY};

Configuration decode(const Workflow &w, const std::vector<float> &action, fc_ranges_t ranges = FC_RANGES_MEASURED,
                     fc_decode_t decode = FC_DECODE_UNIFORM) {
  Configuration c(w.n());
  fc_knobs_decode(w.get(), ranges, decode, action.data(), c.data());
  return c;
}

std::vector<float> encode(const Workflow &w, const Configuration &c, fc_ranges_t ranges = FC_RANGES_MEASURED,
                          fc_decode_t decode = FC_DECODE_UNIFORM) {
  std::vector<float> action(w.n() * FC_KNOBS);
  fc_knobs_encode(w.get(), ranges, decode, c.data(), action.data());
  return action;
}

TEST(Knobs, GettersSettersAndNamesAgree) {
  fc_function_configuration_t c = {1, 2, 3, 4};
  for (int k = 0; k < FC_KNOBS; ++k) {
    EXPECT_EQ(k + 1, fc_knob_get(&c, kKnobs[k]));
    fc_knob_set(&c, kKnobs[k], 10 + k);
  }
  EXPECT_EQ(10, c.cpu_millicores);
  EXPECT_EQ(11, c.mem_mib);
  EXPECT_EQ(12, c.replicas);
  EXPECT_EQ(13, c.concurrency);
  EXPECT_STREQ("cpu_millicores", fc_knob_name(FC_KNOB_CPU));
  EXPECT_STREQ("mem_mib", fc_knob_name(FC_KNOB_MEM));
  EXPECT_STREQ("replicas", fc_knob_name(FC_KNOB_REPLICAS));
  EXPECT_STREQ("concurrency", fc_knob_name(FC_KNOB_CONCURRENCY));
}

TEST(Knobs, UniformGivesEveryValueTheSameShare) {
  const Workflow w;
  const int steps = 63 * 200;  // replicas 2..8 and concurrency 2..10: 7 and 9 values
  std::vector<int> replicas(20), concurrency(20);
  for (int i = 0; i < steps; ++i) {
    const float a = static_cast<float>((i + 0.5) / steps);
    const Configuration c = decode(w, std::vector<float>(w.n() * FC_KNOBS, a));
    replicas.at(static_cast<size_t>(c[0].replicas)) += 1;
    concurrency.at(static_cast<size_t>(c[0].concurrency)) += 1;
  }
  for (int value = 0; value < 20; ++value) {
    const size_t v = static_cast<size_t>(value);
    EXPECT_EQ(value >= 2 && value <= 8 ? steps / 7 : 0, replicas[v]) << value;
    EXPECT_EQ(value >= 2 && value <= 10 ? steps / 9 : 0, concurrency[v]) << value;
  }
}

TEST(Knobs, TheEndsAreReachedAndOutsideIsClamped) {
  const Workflow w;
  for (const float low : {0.0f, -1.0f, -INFINITY}) {
    const Configuration c = decode(w, std::vector<float>(w.n() * FC_KNOBS, low));
    EXPECT_TRUE(same(Configuration(3, {600, 614, 2, 2}), c)) << low;
  }
  for (const float high : {1.0f, 1.5f, INFINITY, std::nextafter(1.0f, 0.0f)}) {
    const Configuration c = decode(w, std::vector<float>(w.n() * FC_KNOBS, high));
    EXPECT_TRUE(same(Configuration(3, {2000, 2048, 8, 10}), c)) << high;
  }
  const Configuration full = decode(w, std::vector<float>(w.n() * FC_KNOBS, 0.0f), FC_RANGES_FULL);
  EXPECT_TRUE(same(Configuration(3, {250, 256, 1, 1}), full));
}

TEST(KnobsDeath, NotANumberIsOurOwnMistake) {
  const Workflow w;
  EXPECT_DEATH(decode(w, std::vector<float>(w.n() * FC_KNOBS, NAN)), "isnan");
}

// Every value of every knob, in both decodings and both ranges.
TEST(Knobs, EncodingDecodesToTheSameConfiguration) {
  const Workflow w;
  const struct {
    fc_ranges_t ranges;
    fc_decode_t decode;
  } cases[] = {{FC_RANGES_MEASURED, FC_DECODE_UNIFORM},
               {FC_RANGES_FULL, FC_DECODE_UNIFORM},
               {FC_RANGES_MEASURED, FC_DECODE_AUTHORS},
               {FC_RANGES_FULL, FC_DECODE_AUTHORS}};
  for (const auto &e : cases) {
    for (const fc_knob_t knob : kKnobs) {
      const fc_knob_range_t range = fc_workflow_range(w.get(), 1, knob, e.ranges);
      for (int32_t value = range.min; value <= range.max; ++value) {
        Configuration c = w.start();
        fc_knob_set(&c[1], knob, value);
        const std::vector<float> action = encode(w, c, e.ranges, e.decode);
        for (const float a : action) ASSERT_TRUE(a >= 0.0f && a <= 1.0f);
        ASSERT_TRUE(same(c, decode(w, action, e.ranges, e.decode))) << fc_knob_name(knob) << " " << value;
      }
    }
  }
}

TEST(Knobs, TheWidestRangeStillRoundTrips) {
  std::string text = fc_test::kChain;
  text = with(with(text, "[614, 2048]", "[1, 8388608]"), "[256, 2048]", "[1, 8388608]");
  const Workflow w(text);
  fc_rng_t rng;
  fc_rng_init(&rng, 1, 0);
  for (int i = 0; i < 20000; ++i) {
    Configuration c(3);
    fc_knobs_draw(w.get(), FC_RANGES_MEASURED, &rng, c.data());
    if (i < 100) c[0].mem_mib = 8388608 - i;
    ASSERT_TRUE(same(c, decode(w, encode(w, c)))) << c[0].mem_mib << " " << c[1].mem_mib << " " << c[2].mem_mib;
  }
}

TEST(Knobs, OutsideTheRangesEncodesAsTheNearestEnd) {
  const Workflow w;
  const Configuration outside(3, {250, 4096, 1, 99});
  for (const fc_decode_t how : {FC_DECODE_UNIFORM, FC_DECODE_AUTHORS})
    for (const float a : encode(w, outside, FC_RANGES_MEASURED, how)) EXPECT_TRUE(a >= 0.0f && a <= 1.0f);
  EXPECT_TRUE(same(Configuration(3, {600, 2048, 2, 10}), decode(w, encode(w, outside))));
}

TEST(Knobs, AFixedKnobHasOneValue) {
  const Workflow w(with(fc_test::kChain, "concurrency: [2, 10]", "concurrency: 6"));
  for (const float a : {0.0f, 0.3f, 1.0f})
    EXPECT_EQ(6, decode(w, std::vector<float>(w.n() * FC_KNOBS, a))[2].concurrency);
  EXPECT_EQ(0.5f, encode(w, w.start())[FC_KNOB_CONCURRENCY]);
}

TEST(Knobs, AuthorsDecodeRoundsAndFloorsOverThePapersBox) {
  EXPECT_EQ(250, fc_knob_decode_authors(FC_KNOB_CPU, 0.0));
  EXPECT_EQ(2000, fc_knob_decode_authors(FC_KNOB_CPU, 1.0));
  EXPECT_EQ(770, fc_knob_decode_authors(FC_KNOB_CPU, 0.2973842115819504));
  EXPECT_EQ(614, fc_knob_decode_authors(FC_KNOB_MEM, 0.2));
  EXPECT_EQ(7, fc_knob_decode_authors(FC_KNOB_REPLICAS, 0.999));
  EXPECT_EQ(8, fc_knob_decode_authors(FC_KNOB_REPLICAS, 1.0));
  EXPECT_EQ(9, fc_knob_decode_authors(FC_KNOB_CONCURRENCY, 0.9));
  EXPECT_EQ(10, fc_knob_decode_authors(FC_KNOB_CONCURRENCY, 1.0));
  const Workflow w;
  const Configuration c = decode(w, std::vector<float>(w.n() * FC_KNOBS, 0.0f), FC_RANGES_MEASURED, FC_DECODE_AUTHORS);
  EXPECT_TRUE(same(Configuration(3, {250, 256, 1, 1}), c)) << "ignores the ranges";
}

TEST(Knobs, AuthorsDecodeReproducesEveryPublishedRow) {
  SKIP_WITHOUT_SHARED(path, "data/parallel_10.csv");
  const auto rows = fc_test::read_csv(path);
  ASSERT_EQ(1039u, rows.size());
  for (const auto &row : rows) {
    for (size_t f = 0; f < 6; ++f) {
      for (size_t k = 0; k < 3; ++k) {
        const double action = std::strtod(row[f * FC_KNOBS + k].c_str(), nullptr);
        ASSERT_EQ(std::stoi(row[24 + 10 * f + 1 + k]), fc_knob_decode_authors(kKnobs[k], action)) << row[24 + 10 * f];
      }
      const int32_t concurrency =
          fc_knob_decode_authors(FC_KNOB_CONCURRENCY, std::strtod(row[f * FC_KNOBS + 3].c_str(), nullptr));
      ASSERT_TRUE(concurrency >= 2 && concurrency <= 9) << "the measured support";
    }
  }
}

TEST(Knobs, DrawsStayInsideAndReachEverything) {
  const Workflow w;
  fc_rng_t rng;
  fc_rng_init(&rng, 9, 1);
  std::set<int32_t> replicas;
  int32_t lowest = 9999, highest = 0;
  for (int i = 0; i < 5000; ++i) {
    Configuration c(3);
    fc_knobs_draw(w.get(), FC_RANGES_MEASURED, &rng, c.data());
    for (size_t f = 0; f < 3; ++f)
      for (const fc_knob_t knob : kKnobs) {
        const fc_knob_range_t range = fc_workflow_range(w.get(), static_cast<int32_t>(f), knob, FC_RANGES_MEASURED);
        ASSERT_TRUE(fc_knob_get(&c[f], knob) >= range.min && fc_knob_get(&c[f], knob) <= range.max);
      }
    replicas.insert(c[2].replicas);
    lowest = std::min(lowest, c[0].cpu_millicores);
    highest = std::max(highest, c[0].cpu_millicores);
  }
  EXPECT_EQ(7u, replicas.size());
  EXPECT_LE(lowest, 603);
  EXPECT_GE(highest, 1997);
}

}  // namespace
