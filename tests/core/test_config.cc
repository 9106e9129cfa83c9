// tests core/config.c: what is read, what is refused, and that every complaint has its place.
#include <cstring>
#include <string>

#include "support.h"

extern "C" {
#include "faasconf/config.h"
}

namespace {

// A document; `sentence` is the complaint when it was refused.
struct Document {
  explicit Document(const std::string &text) {
    fc_error_t error = {};
    status = fc_config_parse(text.data(), text.size(), "x.yaml", &get, &error);
    sentence = error.message;
  }
  ~Document() { fc_config_destroy(&get); }
  const fc_config_node_t *root() const { return fc_config_root(get); }
  const fc_config_node_t *at(const char *key) const { return fc_config_get(root(), key); }
  fc_config_t *get = nullptr;
  fc_status_t status;
  std::string sentence;
};

#define EXPECT_REFUSED(text, expected)                             \
  do {                                                             \
    const Document document_(text);                                \
    EXPECT_EQ(FC_EFORMAT, document_.status);                       \
    EXPECT_EQ(nullptr, document_.get);                             \
    EXPECT_THAT(document_.sentence, testing::HasSubstr(expected)); \
  } while (0)

TEST(Config, ReadsMapsListsAndScalarsInOrder) {
  const Document d("b: 1\na: [x, 'two words', {k: v}]\nc: {}\n");
  ASSERT_EQ(FC_OK, d.status) << d.sentence;
  EXPECT_TRUE(fc_config_is_map(d.root()));
  EXPECT_EQ(3, fc_config_size(d.root()));
  EXPECT_STREQ("b", fc_config_key_at(d.root(), 0));
  EXPECT_STREQ("a", fc_config_key_at(d.root(), 1));
  EXPECT_STREQ("1", fc_config_text(fc_config_value_at(d.root(), 0)));
  const fc_config_node_t *list = d.at("a");
  EXPECT_TRUE(fc_config_is_list(list));
  EXPECT_STREQ("two words", fc_config_text(fc_config_at(list, 1)));
  EXPECT_STREQ("v", fc_config_text(fc_config_get(fc_config_at(list, 2), "k")));
  EXPECT_TRUE(fc_config_is_scalar(fc_config_at(list, 0)));
  EXPECT_EQ(0, fc_config_size(d.at("c")));
}

TEST(Config, ReadersAcceptAbsentAndForeignNodes) {
  const Document d("a: 1\n");
  EXPECT_EQ(nullptr, fc_config_get(d.at("a"), "k"));
  EXPECT_EQ(nullptr, fc_config_get(nullptr, "k"));
  EXPECT_EQ(nullptr, fc_config_at(d.root(), 0));
  EXPECT_EQ(nullptr, fc_config_at(nullptr, 0));
  EXPECT_EQ(nullptr, fc_config_key_at(d.root(), 1));
  EXPECT_EQ(nullptr, fc_config_value_at(d.root(), -1));
  EXPECT_EQ(nullptr, fc_config_text(d.root()));
  EXPECT_EQ(0, fc_config_size(nullptr));
  fc_config_t *none = nullptr;
  fc_config_destroy(&none);
  fc_config_destroy(nullptr);
}

TEST(Config, RefusesWhatTheseFilesDoNotUse) {
  EXPECT_REFUSED("a: 1\nb: 2\na: 3\n", "x.yaml:3:1: this key is here twice");
  EXPECT_REFUSED("a: &x 1\nb: *x\n", "x.yaml:1:4: anchors and tags are not used");
  EXPECT_REFUSED("a: &x [1]\n", "x.yaml:1:4: anchors and tags");
  EXPECT_REFUSED("a: &x {k: 1}\n", "x.yaml:1:4: anchors and tags");
  EXPECT_REFUSED("a: *x\n", "x.yaml:1:4: aliases are not used");
  EXPECT_REFUSED("a: !!python/object 1\n", "x.yaml:1:4: anchors and tags");
  EXPECT_REFUSED("a: !!str 1\n", "x.yaml:1:4: anchors and tags");
  EXPECT_REFUSED("&k a: 1\n", "x.yaml:1:1: expected a plain key");
  EXPECT_REFUSED("? [a, b]\n: 1\n", "expected a plain key");
  EXPECT_REFUSED("a: \"x\\0y\"\n", "x.yaml:1:4: a NUL inside a value");
  EXPECT_REFUSED("\"a\\0b\": 1\n", "x.yaml:1:1: a NUL inside a key");
  EXPECT_REFUSED("a: 1\n---\nb: 2\n", "expected one document only");
  EXPECT_REFUSED("", "the file is empty");
  EXPECT_REFUSED("a: [1, 2\nb: 3\n", "x.yaml:2");
  EXPECT_REFUSED("a: \xff\n", "x.yaml:");
}

TEST(Config, RefusesSizeDepthAndNumberOfValues) {
  EXPECT_REFUSED("a: " + std::string(1 << 20, 'x'), "larger than 1048576 bytes");
  EXPECT_REFUSED(std::string(40, '[') + std::string(40, ']'), "x.yaml:1:34: nested too deeply");
  EXPECT_REFUSED(std::string(100000, '['), "nested too deeply");
  std::string many = "a: [";
  for (int i = 0; i < 200001; ++i) many += "1,";
  EXPECT_REFUSED(many + "1]", "too many values");
  const Document deep(std::string(32, '[') + "1" + std::string(32, ']'));
  EXPECT_EQ(FC_OK, deep.status) << deep.sentence;
}

TEST(Config, NumbersAreCheckedAgainstTheirRange) {
  const Document d("a: 1.5\nb: -3\nc: x\nd:\ne: [1]\nf: {k: 1}\ng: nan\nh: 12MiB\ni: 99999999999999999999\nj: inf\n");
  ASSERT_EQ(FC_OK, d.status) << d.sentence;
  fc_error_t error = {};
  double x = 0;
  int64_t n = 0;
  EXPECT_OK(fc_config_as_double(d.at("a"), 1.5, 1.5, &x, &error));
  EXPECT_EQ(1.5, x);
  EXPECT_OK(fc_config_as_int(d.at("b"), -3, -3, &n, &error));
  EXPECT_EQ(-3, n);
  EXPECT_EQ(FC_EFORMAT, fc_config_as_double(d.at("a"), 0, 1.4, &x, &error));
  EXPECT_STREQ("x.yaml:1:4: expected a number from 0 to 1.4, found 1.5", error.message);
  EXPECT_EQ(FC_EFORMAT, fc_config_as_int(d.at("b"), -2, 5, &n, &error));
  EXPECT_STREQ("x.yaml:2:4: expected a whole number from -2 to 5, found -3", error.message);
  for (const char *key : {"c", "d", "e", "f", "g", "h", "j"}) {
    EXPECT_EQ(FC_EFORMAT, fc_config_as_double(d.at(key), -1e300, 1e300, &x, &error)) << key;
    EXPECT_EQ(FC_EFORMAT, fc_config_as_int(d.at(key), INT64_MIN, INT64_MAX, &n, &error)) << key;
  }
  EXPECT_EQ(FC_EFORMAT, fc_config_as_int(d.at("a"), 0, 5, &n, &error));
  EXPECT_EQ(FC_EFORMAT, fc_config_as_int(d.at("i"), INT64_MIN, INT64_MAX, &n, &error));
  EXPECT_EQ(FC_EFORMAT, fc_config_as_int(d.at("e"), 0, 5, &n, &error));
  EXPECT_STREQ("x.yaml:5:4: expected a whole number from 0 to 5, found a list", error.message);
  EXPECT_EQ(1.5, x);
  EXPECT_EQ(-3, n);
  EXPECT_EQ(FC_EFORMAT, fc_config_as_double(nullptr, 0, 1, &x, nullptr));
}

TEST(Config, TruthIsTrueOrFalseOnly) {
  const Document d("a: true\nb: false\nc: yes\nd: True\ne: 1\n");
  fc_error_t error = {};
  bool truth = false;
  EXPECT_OK(fc_config_as_bool(d.at("a"), &truth, &error));
  EXPECT_TRUE(truth);
  EXPECT_OK(fc_config_as_bool(d.at("b"), &truth, &error));
  EXPECT_FALSE(truth);
  for (const char *key : {"c", "d", "e"}) EXPECT_EQ(FC_EFORMAT, fc_config_as_bool(d.at(key), &truth, &error)) << key;
  EXPECT_STREQ("x.yaml:5:4: expected true or false, found 1", error.message);
}

TEST(Config, TextHasALimitAndIsNotEmpty) {
  const Document d("a: abc\nb: abcd\nc: ''\nd: [x]\n");
  fc_error_t error = {};
  char text[4] = "-";
  EXPECT_OK(fc_config_as_text(d.at("a"), text, sizeof text, &error));
  EXPECT_STREQ("abc", text);
  EXPECT_EQ(FC_EFORMAT, fc_config_as_text(d.at("b"), text, sizeof text, &error));
  EXPECT_STREQ("x.yaml:2:4: expected at most 3 bytes of text", error.message);
  EXPECT_EQ(FC_EFORMAT, fc_config_as_text(d.at("c"), text, sizeof text, &error));
  EXPECT_EQ(FC_EFORMAT, fc_config_as_text(d.at("d"), text, sizeof text, &error));
  EXPECT_STREQ("abc", text);
}

TEST(Config, OptionalKeysLeaveTheDefaultAndNameThemselves) {
  const Document d("port: 99999\nhost: h\nratio: x\nloud: 3\n");
  fc_error_t error = {};
  int64_t n = 7;
  double x = 0.5;
  bool truth = true;
  char text[16] = "default";
  EXPECT_OK(fc_config_int(d.root(), "absent", 0, 1, &n, &error));
  EXPECT_OK(fc_config_double(d.root(), "absent", 0, 1, &x, &error));
  EXPECT_OK(fc_config_bool(d.root(), "absent", &truth, &error));
  EXPECT_OK(fc_config_string(d.root(), "absent", text, sizeof text, &error));
  EXPECT_EQ(7, n);
  EXPECT_EQ(0.5, x);
  EXPECT_TRUE(truth);
  EXPECT_STREQ("default", text);
  EXPECT_OK(fc_config_string(d.root(), "host", text, sizeof text, &error));
  EXPECT_STREQ("h", text);
  EXPECT_EQ(FC_EFORMAT, fc_config_int(d.root(), "port", 0, 65535, &n, &error));
  EXPECT_STREQ("x.yaml:1:7: port: expected a whole number from 0 to 65535, found 99999", error.message);
  EXPECT_EQ(FC_EFORMAT, fc_config_double(d.root(), "ratio", 0, 1, &x, &error));
  EXPECT_STREQ("x.yaml:3:8: ratio: expected a number from 0 to 1, found x", error.message);
  EXPECT_EQ(FC_EFORMAT, fc_config_bool(d.root(), "loud", &truth, nullptr));
}

TEST(Config, RequiredKeysAndUnknownKeys) {
  const Document d("workflow: w\nwindw_s: 3\n");
  fc_error_t error = {};
  const fc_config_node_t *node = nullptr;
  EXPECT_OK(fc_config_require(d.root(), "workflow", &node, &error));
  EXPECT_STREQ("w", fc_config_text(node));
  EXPECT_EQ(FC_EFORMAT, fc_config_require(d.root(), "qos", &node, &error));
  EXPECT_STREQ("x.yaml:1:1: the key qos is missing", error.message);
  EXPECT_EQ(FC_EFORMAT, fc_config_require(d.at("workflow"), "qos", &node, &error));
  EXPECT_STREQ("x.yaml:1:11: expected a map with the key qos", error.message);
  const char *const keys[] = {"workflow", "window_s"}, *const others[] = {"workflow", "entirely_different"};
  EXPECT_EQ(FC_EFORMAT, fc_config_reject_unknown(d.root(), keys, 2, &error));
  EXPECT_STREQ("x.yaml:2:10: unknown key windw_s; did you mean window_s?", error.message);
  EXPECT_EQ(FC_EFORMAT, fc_config_reject_unknown(d.root(), others, 2, &error));
  EXPECT_STREQ("x.yaml:2:10: unknown key windw_s", error.message);
}

TEST(Config, LoadsAFileAndNamesAMissingOne) {
  fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("a.yaml"), "a: [1\n");
  fc_config_t *config = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_EFORMAT, fc_config_load(folder.path("a.yaml").c_str(), &config, &error));
  EXPECT_THAT(error.message, testing::StartsWith(folder.path("a.yaml") + ":"));
  EXPECT_EQ(FC_ENOTFOUND, fc_config_load(folder.path("b.yaml").c_str(), &config, &error));
  EXPECT_THAT(error.message, testing::HasSubstr("b.yaml: No such file"));
  EXPECT_EQ(nullptr, config);
  fc_test::write_file(folder.path("c.yaml"), "a: 1\n");
  ASSERT_OK(fc_config_load(folder.path("c.yaml").c_str(), &config, &error));
  EXPECT_STREQ("1", fc_config_text(fc_config_get(fc_config_root(config), "a")));
  fc_config_destroy(&config);
  fc_test::write_file(folder.path("large.yaml"), "a: " + std::string((1 << 20) + 5, 'x'));
  EXPECT_EQ(FC_EFORMAT, fc_config_load(folder.path("large.yaml").c_str(), &config, &error));
}

}  // namespace
