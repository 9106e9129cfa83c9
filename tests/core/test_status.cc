// tests core/status.c: names, texts, sentences, failed assertions.
#include <cstring>
#include <string>

#include "support.h"

namespace {

TEST(Status, EveryCodeHasItsNameAndText) {
#define CHECK(name, code, text)                         \
  EXPECT_STREQ("FC_" #name, fc_status_name(FC_##name)); \
  EXPECT_STREQ(text, fc_status_text(FC_##name));        \
  EXPECT_LE(static_cast<int>(FC_##name), 0);
  FC_STATUS_MAP(CHECK)
#undef CHECK
  EXPECT_STREQ("unknown status", fc_status_text(static_cast<fc_status_t>(-999)));
  EXPECT_STREQ("FC_UNKNOWN", fc_status_name(static_cast<fc_status_t>(-999)));
}

TEST(Status, SetsStatusAndSentence) {
  fc_error_t error = {};
  EXPECT_EQ(FC_EIO, fc_error_set(&error, FC_EIO, "%s: %d", "disk", 5));
  EXPECT_EQ(FC_EIO, error.status);
  EXPECT_STREQ("disk: 5", error.message);
  EXPECT_EQ(FC_EINVAL, fc_error_set(nullptr, FC_EINVAL, "ignored"));
}

TEST(Status, PrefixKeepsTheSentence) {
  fc_error_t error = {};
  fc_error_set(&error, FC_EFORMAT, "expected a number");
  EXPECT_EQ(FC_EFORMAT, fc_error_prefix(&error, "file %s", "x.yaml"));
  EXPECT_STREQ("file x.yaml: expected a number", error.message);
  EXPECT_NE(FC_OK, fc_error_prefix(nullptr, "ignored"));
}

TEST(Status, LongSentencesAreCutAndTerminated) {
  fc_error_t error = {};
  const std::string longer(2000, 'x');
  fc_error_set(&error, FC_EFORMAT, "%s", longer.c_str());
  EXPECT_EQ(FC_ERROR_MESSAGE_SIZE - 1u, strlen(error.message));
  fc_error_prefix(&error, "%s", longer.c_str());
  EXPECT_EQ(FC_ERROR_MESSAGE_SIZE - 1u, strlen(error.message));
}

// A sentence goes to JSON and protobuf, which both refuse what is not UTF-8: also when it was cut within a character,
// and when it quotes bytes from outside.
TEST(Status, SentencesAreAlwaysUtf8) {
  fc_error_t error = {};
  std::string accents;
  for (int i = 0; i < 300; ++i) accents += "\xc3\xa9";
  fc_error_set(&error, FC_EFORMAT, "x%s", accents.substr(0, 599).c_str());
  EXPECT_EQ("x" + accents.substr(0, FC_ERROR_MESSAGE_SIZE - 2), error.message);
  fc_error_set(&error, FC_EFORMAT, "%s", accents.c_str());
  EXPECT_EQ(accents.substr(0, FC_ERROR_MESSAGE_SIZE - 2), error.message);
  fc_error_prefix(&error, "yy");
  EXPECT_EQ("yy: " + accents.substr(0, FC_ERROR_MESSAGE_SIZE - 6), error.message);
  fc_error_set(&error, FC_EFORMAT, "%s",
               "a\xff"
               "b\xc3");
  EXPECT_STREQ("a?b", error.message);
  fc_error_set(&error, FC_EFORMAT, "%s", "\xe2\x82\xac \xed\xa0\x80 \xf0\x9f\x98\x80 \xc0\xaf");
  EXPECT_STREQ("\xe2\x82\xac ??? \xf0\x9f\x98\x80 ??", error.message);
}

TEST(StatusDeath, FailedAssertionsNameExpressionAndValues) {
  EXPECT_DEATH(FC_ASSERT_EQ(2 + 2, 5), "2 \\+ 2 == 5 \\(4, 5\\)");
  EXPECT_DEATH(FC_ASSERT(1 > 2), "test_status.cc:[0-9]+: 1 > 2");
}

TEST(Status, TryReturnsTheFirstFailure) {
  const auto both = [](fc_status_t first, fc_status_t second) {
    FC_TRY(first);
    FC_TRY(second);
    return FC_OK;
  };
  EXPECT_EQ(FC_OK, both(FC_OK, FC_OK));
  EXPECT_EQ(FC_EIO, both(FC_EIO, FC_ENOMEM));
  EXPECT_EQ(FC_ENOMEM, both(FC_OK, FC_ENOMEM));
}

}  // namespace
