// The published decoding of actions (wiluen/FaaSConf at 176278c), as our `decode: authors` reproduces it for every
// published row (Knobs.AuthorsDecodeReproducesEveryPublishedRow): what it can and cannot reach.
#include <algorithm>

#include "core_fixture.h"

extern "C" {
#include "faasconf/cost.h"
}

namespace {

// AttMF's actions are clipped to [0.1, 0.9]; replicas are floor(7 a + 1), concurrency floor(9 a + 1).
TEST(PublishedDecode, FloorAndClipNeverReachTheTopOfReplicasAndConcurrency) {
  int32_t replicas = 0, concurrency = 0;
  for (int i = 0; i <= 100000; ++i) {
    const double action = 0.1 + 0.8 * i / 100000;
    replicas = std::max(replicas, fc_knob_decode_authors(FC_KNOB_REPLICAS, action));
    concurrency = std::max(concurrency, fc_knob_decode_authors(FC_KNOB_CONCURRENCY, action));
  }
  EXPECT_EQ(7, replicas) << "the box says 8";
  EXPECT_EQ(9, concurrency) << "the box says 10";
  // without the clip a single point of [0, 1], its end, has them
  EXPECT_EQ(7, fc_knob_decode_authors(FC_KNOB_REPLICAS, 1 - 1e-9));
  EXPECT_EQ(9, fc_knob_decode_authors(FC_KNOB_CONCURRENCY, 1 - 1e-9));
}

TEST(PublishedDecode, OurUniformDecodeReachesEveryValueOnAnEqualShare) {
  const fc_test::Workflow w = fc_test::Workflow::shipped("parallel");
  int n_top = 0;
  const int n = 10000;
  for (int i = 0; i < n; ++i) {
    const float action = (static_cast<float>(i) + 0.5f) / static_cast<float>(n);
    n_top += fc_knob_decode(w.get(), 0, FC_KNOB_REPLICAS, FC_RANGES_FULL, FC_DECODE_UNIFORM, action) == 8;
  }
  EXPECT_EQ(n / 8, n_top);
}

// The price is of reserved capacity: it has no time in it, so that a slow and a fast run of one configuration cost the
// same. With the paper's Eq. 2 they do not. (Cost.ReproducesThePublishedPriceColumnExactly: it is the price column.)
TEST(PublishedPrice, DoesNotKnowExecutionTime) {
  const fc_test::Workflow w = fc_test::Workflow::shipped("parallel");
  const fc_test::Configuration c = w.start();
  const std::vector<double> fast(6, 10), slow(6, 30);
  EXPECT_DOUBLE_EQ(3 * fc_cost_eq2_usd(w.get(), c.data(), fast.data()),
                   fc_cost_eq2_usd(w.get(), c.data(), slow.data()));
  SKIP_WITHOUT_SHARED(path, "data/parallel_10.csv");
  // rows of nearly the same price, within 1 %, differ in latency by a factor
  const auto rows = fc_test::read_csv(path);
  double widest = 1;
  for (const auto &a : rows)
    for (const auto &b : rows) {
      const double price = std::stod(a[88]), latency = std::stod(a[84]);
      if (std::abs(std::stod(b[88]) - price) < 0.01 * price) widest = std::max(widest, latency / std::stod(b[84]));
    }
  EXPECT_GT(widest, 2);
}

}  // namespace
