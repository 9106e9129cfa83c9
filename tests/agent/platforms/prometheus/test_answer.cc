// tests agent/platforms/prometheus/prometheus_answer.c: every result type, errors, bounds, and bytes of any kind.
#include <cmath>
#include <random>

#include "support.h"

extern "C" {
#include "prometheus_answer.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

struct Answer {
  explicit Answer(const std::string &body, long http_status = 200)
      : status(prometheus_answer_parse(body.data(), body.size(), http_status, &get, &error)) {}
  ~Answer() { prometheus_answer_clear(&get); }
  Answer(const Answer &) = delete;
  Answer &operator=(const Answer &) = delete;
  prometheus_answer_t get = {};
  fc_error_t error = {};
  fc_status_t status;
};

std::string success(const std::string &type, const std::string &result, const std::string &more = "") {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}" + more + "}";
}

TEST(PrometheusAnswer, ReadsEveryResultType) {
  Answer scalar(success("scalar", R"([1700000000.5,"2.5"])"));
  ASSERT_EQ(scalar.status, FC_OK) << scalar.error.message;
  double value = 0;
  EXPECT_TRUE(prometheus_answer_value(&scalar.get, &value));
  EXPECT_EQ(value, 2.5);
  EXPECT_EQ(scalar.get.series[0].samples[0].time_s, 1700000000.5);

  Answer vector(success("vector", R"([{"metric":{"a":"b"},"value":[7,"1e3"]},{"metric":{},"value":[7,"-0.5"]}])"));
  ASSERT_EQ(vector.status, FC_OK) << vector.error.message;
  ASSERT_EQ(vector.get.n_series, 2);
  EXPECT_EQ(vector.get.series[0].samples[0].value, 1000);
  EXPECT_EQ(vector.get.series[1].samples[0].value, -0.5);
  EXPECT_FALSE(prometheus_answer_value(&vector.get, &value)) << "two series are not one number";

  Answer matrix(success("matrix", R"([{"metric":{},"values":[[1,"1"],[2,"3"]]},{"metric":{},"values":[[1.5,"9"]]}])"));
  ASSERT_EQ(matrix.status, FC_OK) << matrix.error.message;
  EXPECT_EQ(matrix.get.type, PROMETHEUS_MATRIX);
  ASSERT_EQ(matrix.get.n_series, 2);
  ASSERT_EQ(matrix.get.series[0].n_samples, 2);
  EXPECT_EQ(matrix.get.series[0].samples[1].value, 3);
  EXPECT_EQ(matrix.get.series[1].samples[0].time_s, 1.5);
  EXPECT_FALSE(prometheus_answer_value(&matrix.get, &value));

  Answer text(success("string", R"([1,"hello\nthere"])"));
  ASSERT_EQ(text.status, FC_OK) << text.error.message;
  EXPECT_STREQ(text.get.text, "hello there");
  EXPECT_FALSE(prometheus_answer_value(&text.get, &value));
}

TEST(PrometheusAnswer, NothingNotANumberAndInfinityAreNoValueAndZeroIs) {
  double value = 7;
  for (const char *result : {"[]", R"([{"metric":{},"value":[1,"NaN"]}])", R"([{"metric":{},"value":[1,"+Inf"]}])",
                             R"([{"metric":{},"value":[1,"-Inf"]}])"}) {
    Answer answer(success("vector", result));
    ASSERT_EQ(answer.status, FC_OK) << answer.error.message;
    EXPECT_FALSE(prometheus_answer_value(&answer.get, &value)) << result;
  }
  Answer nan(success("matrix", R"([{"metric":{},"values":[[1,"NaN"],[2,"+Inf"]]}])"));
  ASSERT_EQ(nan.status, FC_OK) << nan.error.message;
  EXPECT_TRUE(std::isnan(nan.get.series[0].samples[0].value));
  EXPECT_TRUE(std::isinf(nan.get.series[0].samples[1].value));
  Answer zero(success("vector", R"([{"metric":{},"value":[1,"0"]}])"));
  EXPECT_TRUE(prometheus_answer_value(&zero.get, &value));
  EXPECT_EQ(value, 0);
}

TEST(PrometheusAnswer, ErrorsKeepTheServersSentence) {
  const struct {
    const char *type;
    fc_status_t status;
  } cases[] = {{"bad_data", FC_EINVAL}, {"execution", FC_ESTATE}, {"timeout", FC_ETIMEOUT}, {"canceled", FC_ETIMEOUT},
               {"internal", FC_EIO},    {"unavailable", FC_EIO},  {"not_found", FC_EIO}};
  for (const auto &c : cases) {
    Answer answer(std::string(R"({"status":"error","errorType":")") + c.type + R"(","error":"1:9: parse error"})", 400);
    EXPECT_EQ(answer.status, c.status) << c.type;
    EXPECT_EQ(std::string(answer.error.message), std::string("Prometheus: ") + c.type + ": 1:9: parse error");
  }
}

TEST(PrometheusAnswer, WarningsComeWithTheResult) {
  Answer answer(success("scalar", R"([1,"2"])", R"(,"warnings":["one store is away","and another"])"));
  ASSERT_EQ(answer.status, FC_OK) << answer.error.message;
  EXPECT_EQ(answer.get.n_warnings, 2);
  EXPECT_STREQ(answer.get.warning, "one store is away");
  EXPECT_EQ(answer.get.n_series, 1);
}

TEST(PrometheusAnswer, WhatIsNotPrometheusIsSaidToBeSo) {
  Answer page("<html>502 Bad Gateway</html>", 502);
  EXPECT_EQ(page.status, FC_EFORMAT);
  EXPECT_THAT(page.error.message, HasSubstr("HTTP status 502"));
  for (const std::string &body : {std::string(),
                                  std::string("[]"),
                                  std::string("{}"),
                                  std::string(R"({"status":"success"})"),
                                  std::string(R"({"status":"error"})"),
                                  success("heatmap", "[]"),
                                  success("vector", "{}"),
                                  success("vector", "[1]"),
                                  success("vector", R"([{"metric":{}}])"),
                                  success("matrix", R"([{"histograms":[]}])"),
                                  success("scalar", R"([1])"),
                                  success("scalar", R"([1,2])"),
                                  success("scalar", R"(["1","2"])"),
                                  success("scalar", R"([1,"0x10"])"),
                                  success("scalar", R"([1,""])"),
                                  success("scalar", R"([1,"1 "])"),
                                  success("scalar", R"([1,"nan"])"),
                                  success("scalar", R"([1e300,"1"])"),
                                  success("string", R"([1])"),
                                  success("matrix", R"([{"values":[[2,"1"],[1,"1"]]}])"),
                                  success("matrix", R"([{"values":[[1,"1"],[1,"1"]]}])")}) {
    Answer answer(body);
    EXPECT_EQ(answer.status, FC_EFORMAT) << body;
    EXPECT_THAT(answer.error.message, HasSubstr("not an answer of Prometheus")) << body;
  }
}

TEST(PrometheusAnswer, SizeAndNumberOfSeriesAreBounded) {
  std::string many = "[";
  for (int i = 0; i <= PROMETHEUS_MAX_SERIES; ++i)
    many += std::string(i > 0 ? "," : "") + R"({"metric":{},"value":[1,"1"]})";
  Answer answer(success("vector", many + "]"));
  EXPECT_EQ(answer.status, FC_EEXHAUSTED);
  EXPECT_THAT(answer.error.message, HasSubstr("1001 series (at most 1000)"));
  Answer large(std::string(PROMETHEUS_MAX_BYTES + 1, ' '));
  EXPECT_EQ(large.status, FC_EEXHAUSTED);
}

TEST(PrometheusAnswer, LongSentencesOfTheServerAreCutAtACharacter) {
  std::string sentence;
  for (int i = 0; i < 400; ++i) sentence += "\xc3\xa4";
  Answer answer(R"({"status":"error","errorType":"bad_data","error":"x)" + sentence + "\"}");
  EXPECT_EQ(answer.status, FC_EINVAL);
  const std::string message = answer.error.message;
  EXPECT_LT(message.size(), 300u);
  EXPECT_EQ(message.back(), '\xa4');
}

// Overwrites, cuts, repeats; a few at a time.
std::string damaged(std::string text, std::mt19937 *random) {
  static const char bytes[] = " \"{}[],:-+eE.0129N\n\\\0\xff";
  for (int i = static_cast<int>((*random)() % 4); i >= 0 && !text.empty(); --i) {
    const size_t at = (*random)() % text.size(), n = (*random)() % (text.size() - at) + 1;
    switch ((*random)() % 4) {
      case 0:
        text[at] = bytes[(*random)() % (sizeof bytes - 1)];
        break;
      case 1:
        text.erase(at, n);
        break;
      case 2:
        text.insert(at, text.substr(at, n));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

TEST(PrometheusAnswer, AnyBytesAreReadOrRefused) {
  std::mt19937 random(1);
  const std::string good[] = {
      success("matrix", R"([{"metric":{"proxy":"a"},"values":[[1.5,"1"],[2.5,"NaN"],[3.5,"4"]]},{"values":[]}])"),
      success("vector", R"([{"metric":{},"value":[7,"1e3"]}])", R"(,"warnings":["w"])"),
      success("scalar", R"([1,"+Inf"])"), success("string", R"([1,"text"])"),
      R"({"status":"error","errorType":"bad_data","error":"text"})"};
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    Answer answer(damaged(good[i % 5], &random));
    if (answer.status != FC_OK) {
      EXPECT_NE(answer.error.message[0], '\0');
      continue;
    }
    accepted += 1;
    double sum = 0;
    for (int32_t s = 0; s < answer.get.n_series; ++s)
      for (int32_t k = 0; k < answer.get.series[s].n_samples; ++k) sum += answer.get.series[s].samples[k].time_s;
    EXPECT_TRUE(std::isfinite(sum));
  }
  EXPECT_GT(accepted, 100) << "some damage does no harm";
  for (const std::string &text : good)
    for (size_t n = 0; n < text.size(); ++n) EXPECT_NE(Answer(text.substr(0, n)).status, FC_OK) << n;
}

}  // namespace
