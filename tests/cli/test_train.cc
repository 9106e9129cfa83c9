// `faasconf train` as a process: what it reports, and that one seed gives one policy, also across a kill.
#include <chrono>
#include <csignal>
#include <filesystem>

#include "published_file.h"
#include "support.h"

extern "C" {
#include "faasconf/json.h"
}

namespace {

using fc_test::Finished;

class Train : public ::testing::Test {
 protected:
  void SetUp() override {
    fc_test::write_file(folder_.path("rows.csv"), fc_test::published_file(60));
    for (const char *store : {"a", "b"}) {
      const Finished done = fc_test::run({fc_test::program("faasconf"), "import", "--store", folder_.path(store),
                                          "--workflow", "parallel", folder_.path("rows.csv")});
      ASSERT_EQ(0, done.exit_code) << done.err;
    }
  }
  std::vector<std::string> command(const std::string &store, const std::string &out, int updates,
                                   const std::vector<std::string> &more = {}) const {
    std::vector<std::string> argv = {fc_test::program("faasconf"),
                                     "train",
                                     "--store",
                                     folder_.path(store),
                                     "--workflow",
                                     "parallel",
                                     "--updates",
                                     std::to_string(updates),
                                     "--out",
                                     folder_.path(out),
                                     "--json"};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }
  std::string policy(const std::string &out) const {
    return fc_test::read_file(folder_.path(out + "/manifest.json")) + "|" +
           fc_test::read_file(folder_.path(out + "/weights.safetensors"));
  }
  fc_test::TemporaryFolder folder_;
};

double number(const std::string &text, const char *key) {
  fc_json_t *json = nullptr;
  double value = -1;
  if (fc_json_parse(text.data(), text.size(), &json, nullptr) != FC_OK) return -1;
  if (!fc_json_double(fc_json_get(json, key), &value)) value = -1;
  fc_json_destroy(&json);
  return value;
}

TEST_F(Train, OneSeedOnePolicyAndAnotherSeedAnother) {
  const Finished first = fc_test::run(command("a", "p1", 60)), second = fc_test::run(command("b", "p2", 60));
  ASSERT_EQ(0, first.exit_code) << first.err;
  ASSERT_EQ(0, second.exit_code) << second.err;
  EXPECT_GT(policy("p1").size(), 20000u);
  EXPECT_EQ(policy("p1"), policy("p2"));
  for (const char *key : {"updates_per_s", "critic_loss", "actor_grad_norm"})
    EXPECT_GT(number(first.out, key), 0) << key;
  EXPECT_NE(std::string::npos, first.out.find("\"critic_r2_heldout\":")) << first.out;
  EXPECT_NE(std::string::npos, first.out.find("\"policy\":{\"version\":1,")) << first.out;
  EXPECT_NE(std::string::npos, first.out.find("\"actor_gradient_vanishes\":false")) << first.out;
  ASSERT_EQ(0, fc_test::run(command("a", "p3", 60, {"--seed", "2"})).exit_code);
  EXPECT_NE(policy("p1"), policy("p3"));
}

TEST_F(Train, KilledAfterACheckpointAndResumedGivesTheSameBytes) {
  ASSERT_EQ(0, fc_test::run(command("a", "whole", 120)).exit_code);
  {
    fc_test::Process victim(command("b", "cut", 1000000000, {"--checkpoint-every", "40"}));
    const std::string checkpoints = folder_.path("b/checkpoints/parallel");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!std::filesystem::exists(checkpoints + "/checkpoint-000000000001")) {
      ASSERT_EQ(-1, victim.wait_exit(0)) << victim.output();
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << victim.output();
    }
    victim.signal(SIGKILL);
    ASSERT_EQ(128 + SIGKILL, victim.wait_exit(30));
  }
  // The victim may have gone beyond 120 updates before the signal: the whole training follows to where it is cut.
  const Finished resumed = fc_test::run(command("b", "cut", 120, {"--resume"}));
  ASSERT_EQ(0, resumed.exit_code) << resumed.err;
  const int updates = static_cast<int>(number(resumed.out, "updates"));
  if (updates > 120) {
    ASSERT_EQ(0, fc_test::run(command("a", "whole", updates)).exit_code);
  }
  EXPECT_EQ(policy("whole").substr(policy("whole").find('|')), policy("cut").substr(policy("cut").find('|')));
}

TEST_F(Train, FaithfulReportsItsVanishingActorGradient) {
  const Finished done = fc_test::run(command("a", "p", 30, {"--variant", "faithful"}));
  ASSERT_EQ(0, done.exit_code) << done.err;
  EXPECT_NE(std::string::npos, done.out.find("\"actor_gradient_vanishes\":true")) << done.out;
  EXPECT_NE(std::string::npos, done.out.find("\"critic_r2_heldout\":null")) << done.out;
  EXPECT_LT(number(done.out, "actor_grad_norm"), 1e-5 * number(done.out, "critic_grad_norm"));
}

TEST_F(Train, EveryAlgorithmTrainsAPolicyOfItsKind) {
  for (const std::string algorithm : {"mean_field", "maddpg", "ddpg", "firm"}) {
    const Finished done = fc_test::run(command("a", algorithm, 20, {"--algorithm", algorithm}));
    ASSERT_EQ(0, done.exit_code) << done.err;
    EXPECT_NE(std::string::npos, policy(algorithm).find("\"kind\": \"" + algorithm + "\""))
        << policy(algorithm).substr(0, 300);
    const Finished faithful = fc_test::run(command("a", "p", 20, {"--algorithm", algorithm, "--variant", "faithful"}));
    EXPECT_NE(0, faithful.exit_code);
    EXPECT_NE(std::string::npos, faithful.err.find("no faithful variant")) << faithful.err;
  }
}

TEST_F(Train, WrongCallsAreTold) {
  EXPECT_EQ(2, fc_test::run(command("a", "p", 10, {"--variant", "fancy"})).exit_code);
  EXPECT_EQ(2, fc_test::run(command("a", "p", 10, {"--algorithm", "magic"})).exit_code);
  EXPECT_EQ(2, fc_test::run(command("a", "p", 10, {"--nonsense"})).exit_code);
  EXPECT_EQ(1, fc_test::run(command("a", "p", 10, {"--semantics", "strict"})).exit_code) << "no such rows";
  EXPECT_EQ(1, fc_test::run(command("none", "p", 10)).exit_code);
  EXPECT_FALSE(std::filesystem::exists(folder_.path("none"))) << "a misspelt store is not made";
  fc_test::write_file(folder_.path("file"), "");
  const Finished unwritable = fc_test::run(command("a", "file", 1000000));
  EXPECT_EQ(1, unwritable.exit_code);
  EXPECT_NE(std::string::npos, unwritable.err.find("--out ")) << unwritable.err;
  const Finished no_checkpoint = fc_test::run(command("a", "p", 10, {"--resume"}));
  EXPECT_EQ(1, no_checkpoint.exit_code);
  EXPECT_NE(std::string::npos, no_checkpoint.err.find("--resume")) << no_checkpoint.err;
}

}  // namespace
