// What platform `local` reads from other programs, damaged at random (fixed seed): parsers say no, they never crash.
#include <random>

#include "fake_machine.h"

extern "C" {
#include "access_log.h"
#include "haproxy_stat.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant

// Overwrites, cuts, repeats; a few at a time.
std::string damaged(std::string text, std::mt19937 *random) {
  static const char bytes[] =
      " \",:-+\n\\/#0\0\xff"
      "9";
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
        text.insert(at, std::string((*random)() % 300, bytes[(*random)() % (sizeof bytes - 1)]));
    }
  }
  return text;
}

TEST(HostileText, LinesOfTheAccessLog) {
  std::mt19937 random(1);
  const std::string good = "fc 1 \"r2\" \"200\" \"--\" \"40\" \"1\" \"9\" \"52\" \"1200\" \"+1\"\n";
  access_log_line_t line;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = damaged(good, &random);
    if (!access_log_parse(text.data(), text.size(), 2, &line)) continue;
    EXPECT_GE(line.proxy, 0);
    EXPECT_LT(line.proxy, 2);
    EXPECT_GE(line.latency_s, 0);
    EXPECT_GE(line.service_s, 0);
    EXPECT_GE(line.bytes_in, 0);
  }
}

TEST(HostileText, AnswersOfHaproxy) {
  std::mt19937 random(2);
  const std::string good =
      "# pxname,svname,status,qcur,scur,slim,req_tot,type,addr\nf,FRONTEND,OPEN,,7,100,42,0,\n"
      "f,r1,\"UP 1/2\",1,2,3,,2,127.0.0.1:18201\nf,BACKEND,UP,5,9,,,1,\n\n";
  for (int i = 0; i < 20000; ++i) {
    haproxy_stat_t stat;
    if (haproxy_stat_parse(damaged(good, &random).c_str(), &stat, nullptr) == FC_OK) {
      (void)haproxy_stat_find(&stat, "f", "r1");
      (void)haproxy_stat_frontend(&stat, "f");
    }
    haproxy_stat_clear(&stat);
  }
}

TEST(HostileText, MountsAndGroups) {
  std::mt19937 random(3);
  const Machine machine;
  cgroup_t own, top;
  for (int i = 0; i < 100; ++i) {
    machine.proc(damaged(V1_MOUNTS, &random), damaged("4:memory:/api/x\n2:cpuacct:/\n1:cpu:/\n0::/\n", &random));
    if (machine.find(&own, &top, nullptr) != FC_OK) continue;
    for (int32_t f = 0; f < own.n_folders; ++f)
      EXPECT_EQ(std::string(own.folders[f].path).rfind(machine.root(), 0), 0u);
  }
}
}  // namespace
