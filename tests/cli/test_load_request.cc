// What a load may send, and what it looks for in the answers.
#include <random>
#include <string>

#include "support.h"

extern "C" {
#include "load_match.h"
#include "load_request.h"
}

namespace {

int32_t matched(const std::string &text, const std::string &answer, size_t piece) {
  load_match_t match;
  fc_error_t error = {};
  EXPECT_OK(load_match_init(&match, text.c_str(), &error));
  int32_t n = 0;
  for (size_t at = 0; at < answer.size(); at += piece)
    n = load_match_piece(&match, n, answer.data() + at, std::min(piece, answer.size() - at));
  load_match_clear(&match);
  return n;
}

}  // namespace

TEST(LoadMatch, FindsWhatFindFindsInPiecesOfAnySize) {
  std::mt19937 random(5);
  int found = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text, answer; /* of two letters: many false beginnings */
    for (unsigned n = 1 + random() % 6; n > 0; --n) text += "ab"[random() % 2];
    for (unsigned n = random() % 40; n > 0; --n) answer += "ab"[random() % 2];
    const bool expected = answer.find(text) != std::string::npos;
    found += expected;
    ASSERT_EQ(expected, matched(text, answer, 1 + random() % 7) == static_cast<int32_t>(text.size()))
        << text << " in " << answer;
  }
  EXPECT_GT(found, 300);
  EXPECT_LT(found, 2700);
}

TEST(LoadRequest, StatusesAreOneOrARange) {
  int32_t low = 0, high = 0;
  ASSERT_TRUE(load_request_parse_statuses("204", &low, &high));
  EXPECT_EQ(204, low);
  EXPECT_EQ(204, high);
  ASSERT_TRUE(load_request_parse_statuses("200-399", &low, &high));
  EXPECT_EQ(200, low);
  EXPECT_EQ(399, high);
  for (const char *wrong : {"", "2", "2xx", "99", "600", "200-", "200-199", "-200", "200-299-300", "0200", "200 "})
    EXPECT_FALSE(load_request_parse_statuses(wrong, &low, &high)) << wrong;
}

TEST(LoadRequest, WhatHttpDoesNotAllowIsRefused) {
  fc_error_t error = {};
  const auto check = [&](const char *method, const char *header, const char *body = nullptr) {
    load_request_t request = {};
    request.method = method;
    request.headers = &header;
    request.n_headers = header != nullptr;
    request.body = body;
    return load_request_check(&request, &error);
  };
  EXPECT_OK(check(nullptr, nullptr));
  EXPECT_OK(check("PATCH", "X-Call-Id: 7", "{}"));
  EXPECT_OK(check("GET", "Accept:text/plain"));
  for (const char *header : {"", ":", "no colon", "Name:", "Name:   ", " Name: x", "Na me: x", "Name: a\r\nInjected: b",
                             "Name: a\nb", "N\xc3\xa4me: x", "Name: \x01"})
    EXPECT_EQ(FC_EINVAL, check(nullptr, header)) << header;
  EXPECT_NE(std::string::npos, std::string(error.message).find("NAME: VALUE")) << error.message;
  for (const char *method : {"", "GE T", "GET\r\nX: y", "G/T"}) EXPECT_EQ(FC_EINVAL, check(method, nullptr)) << method;
  EXPECT_EQ(FC_EINVAL, check("HEAD", nullptr, "x"));
}
