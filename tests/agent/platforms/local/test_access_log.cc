// tests agent/platforms/local/access_log*.c: lines as HAProxy writes them, damaged ones, and datagrams from many
// senders.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <thread>

#include "support.h"

extern "C" {
#include "access_log.h"
}

namespace {
using testing::DoubleNear;

bool parse(const std::string &line, access_log_line_t *out) {
  return access_log_parse(line.data(), line.size(), 3, out);
}

std::string line(int proxy, const std::string &status, const std::string &termination, const std::string &times) {
  return "fc " + std::to_string(proxy) + " \"r1\" \"" + status + "\" \"" + termination + "\" " + times +
         " \"120\" \"0\"\n";
}

void send_to(int port, const std::vector<std::string> &lines) {
  const int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const auto &text : lines)
    EXPECT_EQ(sendto(sender, text.data(), text.size(), 0, reinterpret_cast<sockaddr *>(&address), sizeof address),
              static_cast<ssize_t>(text.size()));
  close(sender);
}

TEST(AccessLogLine, ASuccessHasItsTimes) {
  access_log_line_t out;
  ASSERT_TRUE(parse("fc 1 \"r2\" \"200\" \"--\" \"40\" \"1\" \"9\" \"52\" \"1200\" \"+1\"\n", &out));
  EXPECT_EQ(out.proxy, 1);
  EXPECT_EQ(out.end, ACCESS_LOG_SUCCESS);
  EXPECT_DOUBLE_EQ(out.latency_s, 0.052);
  EXPECT_DOUBLE_EQ(out.service_s, 0.011);
  EXPECT_EQ(out.bytes_in, 1200);
  EXPECT_EQ(out.retries, 1) << "redispatched: with a +";
}

TEST(AccessLogLine, EndsAreToldApart) {
  access_log_line_t out;
  const std::string never = "\"-1\" \"-1\" \"-1\" \"0\"";
  ASSERT_TRUE(parse(line(0, "429", "LR", never), &out));
  EXPECT_EQ(out.end, ACCESS_LOG_REJECTED);
  EXPECT_FALSE(out.has_server);
  EXPECT_EQ(out.service_s, 0);
  ASSERT_TRUE(parse(line(0, "503", "sQ", "\"30000\" \"-1\" \"-1\" \"30000\""), &out));
  EXPECT_EQ(out.end, ACCESS_LOG_REJECTED) << "its place in the queue timed out";
  ASSERT_TRUE(parse(line(0, "503", "SC", "\"0\" \"-1\" \"-1\" \"3\""), &out));
  EXPECT_EQ(out.end, ACCESS_LOG_FAILED);
  ASSERT_TRUE(parse(line(0, "-1", "CD", "\"0\" \"0\" \"-1\" \"7\""), &out));
  EXPECT_EQ(out.end, ACCESS_LOG_FAILED) << "the client went away";
  ASSERT_TRUE(parse(line(0, "500", "--", "\"0\" \"0\" \"5\" \"5\""), &out));
  EXPECT_EQ(out.end, ACCESS_LOG_FAILED);
  ASSERT_TRUE(parse(line(0, "304", "--", "\"0\" \"0\" \"5\" \"5\""), &out));
  EXPECT_EQ(out.end, ACCESS_LOG_SUCCESS);
}

TEST(AccessLogLine, WhatIsNotALineIsRefused) {
  access_log_line_t out;
  const std::string good = line(2, "200", "--", "\"0\" \"0\" \"5\" \"5\"");
  ASSERT_TRUE(parse(good, &out));
  for (size_t n = 0; n + 1 < good.size(); ++n) EXPECT_FALSE(access_log_parse(good.data(), n, 3, &out)) << n;
  for (const std::string &wrong :
       {std::string("Server f/r1 is DOWN"), line(3, "200", "--", "\"0\" \"0\" \"5\" \"5\""),
        line(-1, "200", "--", "\"0\" \"0\" \"5\" \"5\""), line(0, "two", "--", "\"0\" \"0\" \"5\" \"5\""),
        line(0, "200", "--", "\"0\" \"0\" \"5\" \"-1\""),
        line(0, "200", "--", "\"0\" \"0\" \"5\" \"99999999999999999999\""),
        line(0, std::string(200, '1'), "--", "\"0\" \"0\" \"5\" \"5\""), good + "more", std::string(5000, 'f'),
        std::string("fc 999999999999999999999 \"r1\"")})
    EXPECT_FALSE(parse(wrong, &out)) << wrong;
}

TEST(AccessLog, DatagramsAreCountedPerProxyAndTakenOnce) {
  access_log_t *log = nullptr;
  fc_error_t error = {};
  ASSERT_OK(access_log_new(3, &log, &error));
  std::vector<std::string> lines;
  for (int ms = 1; ms <= 100; ++ms) {
    const std::string time = "\"" + std::to_string(ms) + "\"";
    lines.push_back(line(0, "200", "--", "\"0\" \"0\" " + time + " " + time));
  }
  lines.push_back(line(1, "429", "LR", "\"-1\" \"-1\" \"-1\" \"0\""));
  lines.push_back("nonsense");
  lines.push_back(line(1, "503", "sQ", "\"30000\" \"-1\" \"-1\" \"30000\""));
  send_to(access_log_port(log), lines);
  std::vector<access_log_window_t> windows(3);
  int64_t malformed = 0;
  access_log_take(log, windows.data(), &malformed);
  EXPECT_EQ(windows[0].successes, 100);
  EXPECT_THAT(fc_histogram_quantile_s(&windows[0].latency, 0.75), DoubleNear(0.075, 0.0015));
  EXPECT_THAT(fc_histogram_quantile_s(&windows[0].latency, 0.95), DoubleNear(0.095, 0.0015));
  EXPECT_THAT(windows[0].service_s, DoubleNear(5.05, 1e-9));
  EXPECT_EQ(windows[0].bytes_in, 12000);
  EXPECT_EQ(windows[1].rejected, 2);
  EXPECT_EQ(windows[1].rejected_in_queue, 1);
  EXPECT_EQ(windows[2].successes + windows[2].rejected + windows[2].failed, 0);
  EXPECT_EQ(malformed, 1);
  access_log_take(log, windows.data(), &malformed);
  EXPECT_EQ(windows[0].successes, 0);
  EXPECT_TRUE(std::isnan(fc_histogram_quantile_s(&windows[0].latency, 0.5)));
  access_log_destroy(&log);
}

TEST(AccessLog, NothingIsLostBetweenWindows) {
  access_log_t *log = nullptr;
  fc_error_t error = {};
  ASSERT_OK(access_log_new(1, &log, &error));
  const std::vector<std::string> lines(500, line(0, "200", "--", "\"0\" \"0\" \"5\" \"5\""));
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) senders.emplace_back([&] { send_to(access_log_port(log), lines); });
  int64_t total = 0, malformed = 0;
  access_log_window_t window;
  for (int i = 0; i < 20; ++i) {
    access_log_take(log, &window, &malformed);
    total += window.successes;
  }
  for (auto &sender : senders) sender.join();
  access_log_take(log, &window, &malformed);
  EXPECT_EQ(total + window.successes, 1500);
  EXPECT_EQ(malformed, 0);
  access_log_destroy(&log);
}
}  // namespace
