// functions/work.c and the computations: known results, one checksum on every machine, garbage, memory, measuring.
#include <sys/resource.h>

#include <numeric>
#include <set>
#include <thread>

#include "support.h"

extern "C" {
#include "computations.h"
#include "work.h"
}

namespace {

class Work : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(FC_OK, fc_digest_init()); }
  static uint64_t checksum_of(const work_t &work, const work_input_t &input) {
    fc_error_t error = {};
    uint64_t checksum = 0;
    EXPECT_OK(work_run(&work, &input, &checksum, &error));
    return checksum;
  }
};

using Bytes = std::vector<uint8_t>;

Bytes resized(Bytes from, int32_t width, int32_t height, int32_t to_width, int32_t to_height) {
  Bytes to(static_cast<size_t>(to_width) * to_height * 3);
  const picture_t source = {from.data(), width, height};
  picture_t target = {to.data(), to_width, to_height};
  image_resize(&source, &target);
  return to;
}

Bytes gray(const std::vector<int> &values) {
  Bytes bytes;
  for (int value : values) bytes.insert(bytes.end(), 3, static_cast<uint8_t>(value));
  return bytes;
}

}  // namespace

TEST(ImageResize, TheSameSizeIsTheSamePicture) {
  Bytes picture(5 * 7 * 3);
  for (size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<uint8_t>(37 * i);
  EXPECT_EQ(picture, resized(picture, 5, 7, 5, 7));
}

TEST(ImageResize, HalfTheSizeIsTheMeanOfFourPixels) {
  EXPECT_EQ(gray({25, 65}), resized(gray({10, 20, 50, 60,  //
                                          30, 40, 70, 80}),
                                    4, 2, 2, 1));
}

TEST(ImageResize, TwiceTheSizeLiesBetweenAndRepeatsTheEdge) {
  EXPECT_EQ(gray({0, 25, 75, 100}), resized(gray({0, 100}), 2, 1, 4, 1));
}

TEST(ImageResize, OnePixelFillsAnySize) {
  EXPECT_EQ(gray(std::vector<int>(35, 200)), resized(gray({200}), 1, 1, 5, 7));
}

TEST(Convolution, TheIdentityKeepsEveryChannel) {
  std::vector<int8_t> weights(2 * 2 * 9, 0);
  weights[0 * 18 + 0 * 9 + 4] = 1;
  weights[1 * 18 + 1 * 9 + 4] = 1;
  Bytes from(2 * 4 * 3), to(from.size());
  std::iota(from.begin(), from.end(), 1);
  const convolution_t layer = {2, 4, 3, weights.data(), 0};
  convolution_forward(&layer, from.data(), to.data());
  EXPECT_EQ(from, to);
}

TEST(Convolution, AnImpulseShowsTheKernelTurnedAndTheOutsideIsZero) {
  const std::vector<int8_t> weights = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const convolution_t layer = {1, 3, 3, weights.data(), 0};
  Bytes to(9);
  const Bytes middle = {0, 0, 0, 0, 1, 0, 0, 0, 0}, corner = {1, 0, 0, 0, 0, 0, 0, 0, 0};
  convolution_forward(&layer, middle.data(), to.data());
  EXPECT_EQ((Bytes{9, 8, 7, 6, 5, 4, 3, 2, 1}), to);
  convolution_forward(&layer, corner.data(), to.data());
  EXPECT_EQ((Bytes{5, 4, 0, 2, 1, 0, 0, 0, 0}), to);
}

TEST(Convolution, SumsAreCutAtZeroAndShiftedAndSaturate) {
  const std::vector<int8_t> negative = {0, 0, 0, 0, -1, 0, 0, 0, 0}, hundred = {0, 0, 0, 0, 100, 0, 0, 0, 0};
  const Bytes from = {1, 2, 4, 255};
  Bytes to(4);
  convolution_t layer = {1, 2, 2, negative.data(), 0};
  convolution_forward(&layer, from.data(), to.data());
  EXPECT_EQ((Bytes{0, 0, 0, 0}), to);
  layer.weights = hundred.data();
  layer.shift = 1;
  convolution_forward(&layer, from.data(), to.data());
  EXPECT_EQ((Bytes{50, 100, 200, 255}), to);
}

TEST(Dense, IsThePlainSum) {
  const std::vector<int8_t> weights = {1, -2, 3, 127, -128, 0};
  const Bytes x = {10, 20, 255};
  std::vector<int32_t> y(2);
  dense_forward(weights.data(), x.data(), 3, 2, y.data());
  EXPECT_EQ((std::vector<int32_t>{10 - 40 + 765, 1270 - 2560}), y);
  Bytes activated(2);
  dense_activate(y.data(), 2, 2, activated.data());
  EXPECT_EQ((Bytes{183, 0}), activated);
}

TEST(JsonTransform, PricesFiltersAndSums) {
  const std::string text = R"({"orders": [{"id": 1, "items": [{"category": "toys", "cents": 333, "quantity": 4}]},)"
                           R"({"id": 2, "items": [{"category": "toys", "cents": 999, "quantity": 1}]},)"
                           R"({"id": 3, "items": [{"category": "books", "cents": 6000, "quantity": 2},)"
                           R"({"category": "toys", "cents": 100, "quantity": 1}]}]})";
  fc_error_t error = {};
  fc_json_t *orders = nullptr, *result = nullptr;
  ASSERT_OK(fc_json_parse(text.data(), text.size(), &orders, &error));
  ASSERT_OK(json_transform(orders, 10, &result, &error));
  char *printed = fc_json_dump(result, 0);
  EXPECT_STREQ(R"({"orders":2,"totals":{"toys":1288,"books":10800},"large":[3]})", printed);
  free(printed);
  fc_json_destroy(&result);
  fc_json_destroy(&orders);
}

TEST(JsonTransform, RefusesWhatIsNoListOfOrders) {
  for (const std::string text :
       {"[]", "{}", R"({"orders": 3})", R"({"orders": [{}]})", R"({"orders": [{"items": [{"cents": 1}]}]})"}) {
    fc_error_t error = {};
    fc_json_t *orders = nullptr, *result = nullptr;
    ASSERT_OK(fc_json_parse(text.data(), text.size(), &orders, &error));
    EXPECT_EQ(FC_EFORMAT, json_transform(orders, 0, &result, &error)) << text;
    EXPECT_EQ(nullptr, result);
    EXPECT_STRNE("", error.message);
    fc_json_destroy(&orders);
  }
}

TEST_F(Work, ChecksumsAreTheSameOnEveryMachine) {
  const std::vector<std::pair<const char *, uint64_t>> expected = {{"image-resize", 0x0bac71106f265a48},
                                                                   {"convolution", 0x5ac51edba27808d4},
                                                                   {"matrix-inference", 0xd36471af925ccc6a},
                                                                   {"json-transform", 0xde25d7e84381c7e6}};
  for (const auto &[name, checksum] : expected)
    EXPECT_EQ(checksum, checksum_of({work_find(name), 1, 0}, {0, false, 0, false})) << name;
}

TEST_F(Work, NumberRepetitionsAndPreviousOutputChangeTheChecksumAndMemoryDoesNot) {
  for (int32_t i = 0; work_at(i) != nullptr; ++i) {
    const work_kind_t *kind = work_at(i);
    const uint64_t checksum = checksum_of({kind, 1, 0}, {7, false, 0, false});
    EXPECT_EQ(checksum, checksum_of({kind, 1, 3}, {7, false, 0, false})) << kind->name;
    const std::set<uint64_t> all = {
        checksum, checksum_of({kind, 1, 0}, {8, false, 0, false}), checksum_of({kind, 2, 0}, {7, false, 0, false}),
        checksum_of({kind, 1, 0}, {7, true, 0, false}), checksum_of({kind, 1, 0}, {7, true, 1, false})};
    EXPECT_EQ(5u, all.size()) << kind->name;
  }
}

TEST_F(Work, RequestsAtOnceDoNotDisturbEachOther) {
  for (int32_t i = 0; work_at(i) != nullptr; ++i) {
    const work_t work = {work_at(i), 1, 1};
    const uint64_t expected[2] = {checksum_of(work, {0, false, 0, false}), checksum_of(work, {1, false, 0, false})};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int n = 0; n < 3; ++n) EXPECT_EQ(expected[t % 2], checksum_of(work, {t % 2, false, 0, false}));
      });
    for (std::thread &thread : threads) thread.join();
  }
}

TEST_F(Work, GarbageFailsAfterTheStartUp) {
  for (int32_t i = 0; work_at(i) != nullptr; ++i) {
    const work_t work = {work_at(i), WORK_MAX_REPETITIONS, 0};
    const work_input_t input = {0, false, 0, true};
    fc_error_t error = {};
    uint64_t checksum = 0;
    EXPECT_EQ(FC_EFORMAT, work_run(&work, &input, &checksum, &error));
    EXPECT_NE(nullptr, strstr(error.message, work.kind->name)) << error.message;
  }
}

TEST_F(Work, ARequestTouchesItsMemory) {
  const work_t work = {work_find("json-transform"), 1, 48};
  checksum_of(work, {0, false, 0, false});
  rusage usage = {};
  ASSERT_EQ(0, getrusage(RUSAGE_SELF, &usage));
  EXPECT_GE(usage.ru_maxrss, 48 * 1024);
}

TEST_F(Work, MoreRepetitionsTakeMoreCpu) {
  fc_error_t error = {};
  work_measure_t little = {}, much = {};
  const work_t one = {work_find("convolution"), 1, 0}, eight = {work_find("convolution"), 8, 0};
  ASSERT_OK(work_measure(&one, 0.01, &little, &error));
  ASSERT_OK(work_measure(&eight, 0.01, &much, &error));
  EXPECT_GT(much.cpu_ms, 3 * little.cpu_ms);
  EXPECT_LT(little.startup_cpu_ms, little.cpu_ms);
  EXPECT_LE(little.cpu_ms_p5, little.cpu_ms);
  EXPECT_LE(little.cpu_ms, little.cpu_ms_p95);
  EXPECT_GE(little.requests, 20);
  EXPECT_EQ(checksum_of(one, {0, false, 0, false}), little.checksum);
}

TEST_F(Work, ThereIsNoOtherKind) {
  EXPECT_EQ(nullptr, work_find("image"));
  EXPECT_EQ(nullptr, work_at(-1));
  EXPECT_EQ(nullptr, work_at(4));
}
