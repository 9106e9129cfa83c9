// tests core/json.c: what is refused, what is written, and that numbers read back the same.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "support.h"

extern "C" {
#include "faasconf/json.h"
#include "faasconf/rng.h"
}

namespace {

struct Json {
  explicit Json(const std::string &text) { status = fc_json_parse(text.data(), text.size(), &get, &error); }
  ~Json() { fc_json_destroy(&get); }
  fc_json_t *get = nullptr;
  fc_error_t error = {};
  fc_status_t status;
};

std::string dump(const fc_json_t *json, int indent = 0) {
  char *text = fc_json_dump(json, indent);
  const std::string copy = text;
  free(text);
  return copy;
}

TEST(Json, RefusesWithLineAndColumn) {
  const std::string bad[] = {"{\"a\": 1, \"a\": 2}",
                             "{} x",
                             "[1,]",
                             "",
                             "{\"a\": nan}",
                             "\"\xff\"",
                             "[1e999]",
                             "{'a': 1}",
                             "[1",
                             "\"a\\u0000b\"",
                             "[0x10]",
                             "// c\n1",
                             std::string(100000, '[')};
  for (const std::string &text : bad) {
    const Json json(text);
    EXPECT_EQ(FC_EFORMAT, json.status) << text.substr(0, 20);
    EXPECT_EQ(nullptr, json.get);
    EXPECT_THAT(json.error.message, testing::MatchesRegex("line -?[0-9]+, column -?[0-9]+: .+"));
  }
  EXPECT_THAT(Json("{\n \"a\": 1,\n \"a\": 2}").error.message, testing::StartsWith("line 3,"));
}

TEST(Json, ReadersAnswerByType) {
  const Json json(R"({"s": "x", "i": 7, "d": 1.5, "b": true, "n": null, "o": {"k": 1}, "a": [1, 2.5]})");
  ASSERT_EQ(FC_OK, json.status) << json.error.message;
  const auto at = [&json](const char *key) { return fc_json_get(json.get, key); };
  double d = -1;
  int64_t i = -1;
  bool b = false;
  EXPECT_STREQ("x", fc_json_string(at("s")));
  EXPECT_TRUE(fc_json_int(at("i"), &i) && i == 7);
  EXPECT_TRUE(fc_json_double(at("i"), &d) && d == 7.0);
  EXPECT_TRUE(fc_json_double(at("d"), &d) && d == 1.5);
  EXPECT_TRUE(fc_json_bool(at("b"), &b) && b);
  EXPECT_FALSE(fc_json_int(at("d"), &i));
  EXPECT_FALSE(fc_json_double(at("s"), &d));
  EXPECT_FALSE(fc_json_bool(at("i"), &b));
  EXPECT_FALSE(fc_json_double(at("n"), &d));
  EXPECT_EQ(nullptr, fc_json_string(at("i")));
  EXPECT_EQ(nullptr, at("absent"));
  EXPECT_FALSE(fc_json_int(nullptr, &i));
  EXPECT_TRUE(fc_json_is_object(at("o")) && !fc_json_is_array(at("o")));
  EXPECT_TRUE(fc_json_is_array(at("a")) && fc_json_size(at("a")) == 2);
  EXPECT_EQ(0u, fc_json_size(at("i")));
  EXPECT_EQ(nullptr, fc_json_at(at("a"), 2));
  EXPECT_EQ(nullptr, fc_json_at(at("o"), 0));
  EXPECT_STREQ("s", fc_json_key_at(json.get, 0));
  EXPECT_STREQ("a", fc_json_key_at(json.get, 6));
  EXPECT_EQ(nullptr, fc_json_key_at(json.get, 7));
  EXPECT_EQ(nullptr, fc_json_key_at(at("a"), 0));
}

TEST(Json, WritesInTheOrderOfInsertion) {
  fc_json_t *object = fc_json_object(), *array = fc_json_array(), *inner = fc_json_object();
  fc_json_set_string(object, "z", "q\"\n\xe2\x82\xac");
  fc_json_set_int(object, "a", INT64_MIN);
  fc_json_set_bool(object, "t", true);
  fc_json_set_null(object, "none");
  fc_json_append_int(array, 1);
  fc_json_append_double(array, 2);
  fc_json_append_string(array, "s");
  fc_json_append(array, &inner);
  EXPECT_EQ(nullptr, inner);
  fc_json_set(object, "list", &array);
  EXPECT_EQ(nullptr, array);
  EXPECT_EQ(
      "{\"z\":\"q\\\"\\n\xe2\x82\xac\",\"a\":-9223372036854775808,\"t\":true,\"none\":null,"
      "\"list\":[1,2.0,\"s\",{}]}",
      dump(object));
  EXPECT_EQ("{\n  \"z\": 1\n}", [] {
    fc_json_t *one = fc_json_object();
    fc_json_set_int(one, "z", 1);
    const std::string text = dump(one, 2);
    fc_json_destroy(&one);
    return text;
  }());
  fc_json_destroy(&object);
  fc_json_destroy(&object);
}

TEST(Json, SettingAKeyAgainReplacesIt) {
  fc_json_t *object = fc_json_object();
  fc_json_set_int(object, "a", 1);
  fc_json_set_int(object, "a", 2);
  EXPECT_EQ("{\"a\":2}", dump(object));
  fc_json_destroy(&object);
}

TEST(Json, NumbersAreShortAndReadBackTheSame) {
  const auto text_of = [](double x) {
    fc_json_t *array = fc_json_array();
    fc_json_append_double(array, x);
    const std::string text = dump(array);
    fc_json_destroy(&array);
    return text;
  };
  EXPECT_EQ("[0.1]", text_of(0.1));
  EXPECT_EQ("[13.0]", text_of(13));
  EXPECT_EQ("[1e+22]", text_of(1e22));
  EXPECT_EQ("[-0.0]", text_of(-0.0));
  EXPECT_EQ("[0.30000000000000004]", text_of(0.1 + 0.2));
  EXPECT_EQ("[null]", text_of(NAN));
  EXPECT_EQ("[null]", text_of(-INFINITY));
  fc_rng_t rng;
  fc_rng_init(&rng, 5, 0);
  for (int i = 0; i < 2000; ++i) {
    const uint64_t bits = static_cast<uint64_t>(fc_rng_u32(&rng)) << 32 | fc_rng_u32(&rng);
    double x, back = 0;
    std::memcpy(&x, &bits, sizeof x);
    if (!std::isfinite(x)) continue;
    const Json json(text_of(x));
    ASSERT_EQ(FC_OK, json.status) << text_of(x) << json.error.message;
    int64_t whole;
    ASSERT_TRUE(fc_json_double(fc_json_at(json.get, 0), &back));
    EXPECT_EQ(0, std::memcmp(&x, &back, sizeof x)) << text_of(x);
    EXPECT_FALSE(fc_json_int(fc_json_at(json.get, 0), &whole)) << "a real stays a real: " << text_of(x);
  }
}

TEST(Json, DumpOfAParsedTextIsStable) {
  const std::string text = R"({"b":[1,2.5,[],{}],"a":{"x":null,"y":"\u0001"},"c":0.1})";
  const Json json(text);
  ASSERT_EQ(FC_OK, json.status);
  EXPECT_EQ(text, dump(json.get));
  const Json again(dump(json.get, 3));
  ASSERT_EQ(FC_OK, again.status);
  EXPECT_EQ(text, dump(again.get));
}

// A name that is not UTF-8 must not lose the whole document.
TEST(Json, TextThatIsNotUtf8IsMarked) {
  fc_json_t *object = fc_json_object();
  fc_json_set_string(object, "a", "\xff");
  fc_json_set_string(object, "b", nullptr);
  EXPECT_EQ("{\"a\":\"(not UTF-8)\",\"b\":null}", dump(object));
  fc_json_destroy(&object);
}

}  // namespace
