// `faasconf profile`, as a process on the simulated platform: what it writes, shows and refuses.
#include <csignal>
#include <filesystem>
#include <regex>
#include <set>

#include "processes.h"

extern "C" {
#include "folder.h"
}

using fc_test::faasconf;
using fc_test::Finished;
using fc_test::Json;

namespace {

std::string text_of(const fc_json_t *value) {
  char *text = fc_json_dump(value, 0);
  const std::string result = text;
  free(text);
  return result;
}

class Profile : public ::testing::Test {
 protected:
  std::string agent_yaml(const std::string &mode = "auto", const std::string &more = "") {
    const std::string path = folder_.path("agent.yaml");
    fc_test::write_file(path, "agent: p\nworkflow: parallel\nstate: '" + folder_.path("state") + "'\nmode: " + mode +
                                  "\nplatform: {kind: sim, users: " + std::to_string(users_) + "}\n" + more);
    return path;
  }
  Finished profile(std::vector<std::string> more, const std::string &mode = "auto", const std::string &extra = "") {
    std::vector<std::string> arguments = {"profile", "--config", agent_yaml(mode, extra)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return faasconf(arguments);
  }
  int users_ = 10;
  fc_test::TemporaryFolder folder_;
};

TEST_F(Profile, ShowsCostAgainstLatencyAndTheFront) {
  const Finished done = profile({"--points", "12", "--windows", "3", "--json"});
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  const fc_json_t *points = json["points"];
  ASSERT_EQ(12u, fc_json_size(points));
  std::set<std::string> origins;
  int n_front = 0;
  struct Point {
    double cost = 0, latency = 0;
    bool front = false, met = false;
  };
  std::vector<Point> all;
  for (size_t i = 0; i < 12; ++i) {
    const fc_json_t *point = fc_json_at(points, i);
    Point p;
    origins.insert(fc_json_string(fc_json_get(point, "origin")));
    EXPECT_TRUE(fc_json_double(fc_json_get(point, "cost_usd_h"), &p.cost));
    EXPECT_TRUE(fc_json_double(fc_json_get(point, "latency_s"), &p.latency));
    EXPECT_TRUE(fc_json_bool(fc_json_get(point, "front"), &p.front));
    int64_t windows = 0, met = 0;
    EXPECT_TRUE(fc_json_int(fc_json_get(point, "windows"), &windows));
    EXPECT_TRUE(fc_json_int(fc_json_get(point, "windows_met"), &met));
    p.met = met == windows;
    n_front += p.front;
    all.push_back(p);
  }
  EXPECT_EQ(origins, (std::set<std::string>{"before", "ladder", "random"}));
  EXPECT_GE(n_front, 1);
  int n_failed = 0;
  for (const Point &p : all) {
    bool beaten = !p.met;
    n_failed += !p.met;
    for (const Point &q : all)
      beaten =
          beaten || (q.met && q.cost <= p.cost && q.latency <= p.latency && (q.cost < p.cost || q.latency < p.latency));
    EXPECT_EQ(beaten, !p.front) << p.cost;
  }
  EXPECT_GE(n_failed, 1) << "or nothing shows that those are left out";
}

TEST_F(Profile, DrawsAPictureAndPrintsATable) {
  const Finished done = profile({"--points", "8", "--svg", folder_.path("f.svg")});
  ASSERT_EQ(0, done.exit_code) << done.err;
  EXPECT_NE(done.out.find("cost $/h  latency s"), std::string::npos) << done.out;
  const std::string svg = fc_test::read_file(folder_.path("f.svg"));
  const std::regex circle("<circle cx=\"([-0-9.]+)\" cy=\"([-0-9.]+)\"");
  int n = 0;
  for (std::sregex_iterator at(svg.begin(), svg.end(), circle), end; at != end; ++at, ++n) {
    EXPECT_GE(std::stod((*at)[1]), 70);
    EXPECT_LE(std::stod((*at)[1]), 690);
    EXPECT_GE(std::stod((*at)[2]), 60);
    EXPECT_LE(std::stod((*at)[2]), 370);
  }
  EXPECT_EQ(n, 8);
}

TEST_F(Profile, KeepsItsWindowsForCalibrate) {
  const std::string store = folder_.path("store");
  const Finished done = profile({"--points", "10", "--windows", "2", "--store", store});
  ASSERT_EQ(0, done.exit_code) << done.err;
  EXPECT_EQ(20u, fc_test::stored_transitions(store, "parallel", "p").size());
  const Finished learned = faasconf({"calibrate", "--workflow", "parallel", "--store", store, "--users", "10", "--all",
                                     "--particles", "32", "--json"});
  ASSERT_EQ(0, learned.exit_code) << learned.err;
  EXPECT_NE(learned.out.find("\"windows_learned\":20"), std::string::npos) << learned.out;
}

// Everything that was tried lies within the limits of agent.yaml.
TEST_F(Profile, StaysWithinTheLimits) {
  const Finished done = profile({"--points", "12", "--json"}, "auto", "safety: {limits: {'*': {replicas: [4, 5]}}}\n");
  ASSERT_EQ(0, done.exit_code) << done.err;
  const std::regex replicas("\"replicas\":([0-9]+)");
  int n = 0;
  for (std::sregex_iterator at(done.out.begin(), done.out.end(), replicas), end; at != end; ++at, ++n) {
    EXPECT_GE(std::stoi((*at)[1]), 4);
    EXPECT_LE(std::stoi((*at)[1]), 5);
  }
  EXPECT_EQ(n, 12 * 6);
}

TEST_F(Profile, NeverRunsInAModeThatNeverWrites) {
  for (const char *mode : {"observe", "recommend"}) {
    const Finished done = profile({"--store", folder_.path("store"), "--svg", folder_.path("f.svg")}, mode);
    EXPECT_EQ(1, done.exit_code);
    EXPECT_NE(done.err.find("set mode: auto"), std::string::npos) << done.err;
    EXPECT_EQ(0u, fc_test::files_in(folder_.path()) - 1) << "nothing but agent.yaml is there";
  }
}

TEST_F(Profile, MakesNoStoreWhileAnAgentRuns) {
  folder_t held;
  fc_error_t error = {};
  ASSERT_OK(folder_open(folder_.path("state").c_str(), &held, &error));
  const Finished done = profile({"--store", folder_.path("store")});
  folder_close(&held);
  EXPECT_EQ(1, done.exit_code);
  EXPECT_FALSE(std::filesystem::exists(folder_.path("store"))) << done.err;
}

TEST_F(Profile, SaysWhenNothingMetQos) {
  users_ = 300;
  const Finished done = profile({"--points", "4"});
  ASSERT_EQ(0, done.exit_code) << done.err;
  EXPECT_NE(done.out.find("no front: no configuration met QoS"), std::string::npos) << done.out;
  EXPECT_EQ(done.out.find("*\n"), std::string::npos) << done.out;
}

// Before anything is measured; what an earlier picture shows stays.
TEST_F(Profile, APictureThatCannotBeWrittenIsNoticedFirst) {
  const Finished done = profile({"--points", "4", "--svg", folder_.path("none/f.svg")});
  EXPECT_EQ(1, done.exit_code);
  EXPECT_NE(done.err.find("none/f.svg"), std::string::npos) << done.err;
  EXPECT_EQ(done.out.find(" of 4 "), std::string::npos) << done.out;
  fc_test::write_file(folder_.path("f.svg"), "earlier");
  fc_test::write_file(folder_.path("state/kill"), "");
  EXPECT_EQ(1, profile({"--points", "4", "--svg", folder_.path("f.svg")}).exit_code);
  EXPECT_EQ(fc_test::read_file(folder_.path("f.svg")), "earlier");
  EXPECT_EQ(1, profile({"--points", "4", "--svg", folder_.path("new.svg")}).exit_code);
  EXPECT_FALSE(std::filesystem::exists(folder_.path("new.svg"))) << "nothing was measured, nothing is left";
}

TEST_F(Profile, CtrlCShowsWhatWasMeasured) {
  fc_test::Process process({fc_test::program("faasconf"), "profile", "--config", agent_yaml(), "--points", "10000",
                            "--svg", folder_.path("f.svg"), "--store", folder_.path("store")});
  ASSERT_NE(process.wait_line(" 3 of 10000 ", 30), "") << process.output();
  process.signal(SIGINT);
  EXPECT_EQ(1, process.wait_exit(30));
  const std::string out = process.output();
  EXPECT_NE(out.find("cost $/h  latency s"), std::string::npos) << out.substr(out.size() - 500);
  EXPECT_NE(out.find("interrupted"), std::string::npos);
  EXPECT_NE(fc_test::read_file(folder_.path("f.svg")).find("<circle"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_.path("state/trial.json"))) << "restored";
}

// The operator's word ends it; it is no refusal of the platform.
TEST_F(Profile, TheKillSwitchEndsIt) {
  fc_test::Process process({fc_test::program("faasconf"), "profile", "--config", agent_yaml(), "--points", "10000",
                            "--store", folder_.path("store"), "--json"});
  ASSERT_NE(process.wait_line(" 3 of 10000 ", 30), "") << process.output();
  fc_test::write_file(folder_.path("state/kill"), "");
  EXPECT_EQ(1, process.wait_exit(30));
  const std::string out = process.output();
  EXPECT_EQ(out.find("refused: nothing is written"), std::string::npos);
  EXPECT_NE(out.find("the kill switch is on"), std::string::npos) << out.substr(out.size() - 500);
  EXPECT_NE(out.find("the configuration of before is not back"), std::string::npos);
  EXPECT_NE(out.find("\"failed\":\"nothing is written: the kill switch is on"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder_.path("state/trial.json"))) << "for the next start";
}

TEST_F(Profile, ReportsWhatWasInForceOfOthersFunctions) {
  const Finished done = profile({"--points", "6", "--json"}, "auto", "functions: [starter]\n");
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  const fc_json_t *points = json["points"];
  ASSERT_EQ(6u, fc_json_size(points));
  std::set<std::string> own, others;
  for (size_t i = 0; i < 6; ++i) {
    const fc_json_t *configuration = fc_json_get(fc_json_at(points, i), "configuration");
    own.insert(text_of(fc_json_get(configuration, "starter")));
    others.insert(text_of(fc_json_get(configuration, "resnet")));
  }
  EXPECT_GT(own.size(), 3u);
  EXPECT_EQ(others.size(), 1u) << "never written, so always the same";
}

TEST_F(Profile, SaysWhatIsWrongWithTheCall) {
  EXPECT_NE(profile({"--users", "3"}).err.find("platform sim has users of its own"), std::string::npos);
  EXPECT_EQ(2, profile({"--users", "3"}).exit_code);
  EXPECT_NE(profile({"--url", "http://127.0.0.1:1/"}).err.find("leave --users out"), std::string::npos);
  EXPECT_EQ(2, profile({"--points", "1"}).exit_code);
  const Finished missing = faasconf({"profile", "--config", folder_.path("none.yaml")});
  EXPECT_EQ(1, missing.exit_code);
  EXPECT_NE(missing.err.find("none.yaml"), std::string::npos) << missing.err;
}

}  // namespace
