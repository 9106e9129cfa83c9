// sim/calibration/particles.c and particles_file.c: weighted worlds and the twin file.
#include <cstring>
#include <set>
#include <vector>

#include "support.h"

extern "C" {
#include "particles.h"
}

namespace {

class Particles : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    ASSERT_OK(particles_init(&particles_, workflow_, 4, &error));
  }
  void TearDown() override {
    particles_clear(&particles_);
    particles_clear(&loaded_);
    fc_workflow_destroy(&workflow_);
  }
  fc_status_t load(const std::string &text) {
    fc_test::write_file(folder_.path("twin.json"), text);
    particles_clear(&loaded_);
    return particles_load(folder_.path("twin.json").c_str(), workflow_, &loaded_, &error);
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  particles_t particles_ = {}, loaded_ = {};
  fc_test::TemporaryFolder folder_;
};

TEST_F(Particles, EveryOneComesUpInProportionToItsWeight) {
  const double weights[] = {0.5, 0.25, 0, 0.25};
  std::memcpy(particles_.weights, weights, sizeof weights);
  int times[4] = {0, 0, 0, 0};
  for (int64_t w = -40; w < 40; ++w) times[particles_of_window(&particles_, w)] += 1;
  EXPECT_EQ(40, times[0]);
  EXPECT_EQ(20, times[1]);
  EXPECT_EQ(0, times[2]);
  EXPECT_EQ(20, times[3]);
}

TEST_F(Particles, FewWindowsSeeAllKinds) {
  for (const int32_t n : {1, 2, 3, 100, 256, 1000, 4096}) {
    particles_t many = {};
    ASSERT_OK(particles_init(&many, workflow_, n, &error));
    std::set<int32_t> all;
    for (int64_t w = 0; w < n; ++w) all.insert(particles_of_window(&many, w));
    EXPECT_EQ(static_cast<size_t>(n), all.size());
    int first_half = 0;  // one structure of two
    for (int64_t w = 128; w < 192; ++w) first_half += particles_of_window(&many, w) < n / 2;
    EXPECT_NEAR(n >= 100 ? 32 : first_half, first_half, 3) << n;
    particles_clear(&many);
  }
}

TEST_F(Particles, AFileGivesThemBackExactly) {
  particles_.parameters[1].functions[2].work_cpu_s = 0.1234567890123456789;
  particles_.parameters[3].balancer = FC_BALANCER_LEAST_CONNECTIONS;
  particles_.parameters[3].overflow = FC_OVERFLOW_QUEUE;
  particles_.parameters[2].tail_share = 0.05;
  particles_.parameters[2].tail_factor = 3;
  particles_.weights[0] = 0.1;
  particles_.weights[1] = 0.4;
  const std::string path = folder_.path("twin.json");
  ASSERT_OK(particles_save(&particles_, workflow_, path.c_str(), &error));
  ASSERT_OK(particles_load(path.c_str(), workflow_, &loaded_, &error));
  ASSERT_EQ(4, loaded_.n);
  for (int i = 0; i < 4; ++i) {
    EXPECT_DOUBLE_EQ(particles_.weights[i], loaded_.weights[i]);
    fc_simulator_parameters_t a = particles_.parameters[i], b = loaded_.parameters[i];
    EXPECT_EQ(0, std::memcmp(a.functions, b.functions, 6 * sizeof *a.functions));
    EXPECT_EQ(a.throttling_loss, b.throttling_loss);
    EXPECT_EQ(a.sigma_replica, b.sigma_replica);
    EXPECT_EQ(a.tail_share, b.tail_share);
    EXPECT_EQ(a.tail_factor, b.tail_factor);
    EXPECT_EQ(a.balancer, b.balancer);
    EXPECT_EQ(a.overflow, b.overflow);
  }
}

// What is no unknown of a system comes from the workflow file, whatever the twin file was learned with.
TEST_F(Particles, PeriodsTicksAndCoresAreTheWorkflowFiles) {
  const std::string path = folder_.path("twin.json");
  ASSERT_OK(particles_save(&particles_, workflow_, path.c_str(), &error));
  fc_workflow_t periodic = *workflow_;
  periodic.simulator.cpu_period_s = 0.1;
  periodic.simulator.cpu_tick_s = 0.004;
  periodic.simulator.cores = 2;
  ASSERT_OK(particles_load(path.c_str(), &periodic, &loaded_, &error));
  for (int i = 0; i < loaded_.n; ++i) {
    EXPECT_EQ(0.1, loaded_.parameters[i].cpu_period_s);
    EXPECT_EQ(0.004, loaded_.parameters[i].cpu_tick_s);
    EXPECT_EQ(2, loaded_.parameters[i].cores);
  }
}

TEST_F(Particles, AFileWithoutTailHasTheWorkflows) {
  const std::string path = folder_.path("with.json");
  workflow_->simulator.tail_share = 0.25;
  ASSERT_OK(particles_save(&particles_, workflow_, path.c_str(), &error));
  std::string text = fc_test::read_file(path);
  for (size_t at; (at = text.find("\"tail_")) != std::string::npos;) text.erase(at, text.find(',', at) + 1 - at);
  ASSERT_OK(load(text));
  EXPECT_EQ(0.25, loaded_.parameters[0].tail_share);
  EXPECT_EQ(4, loaded_.parameters[0].tail_factor);
}

TEST_F(Particles, DamagedFilesAreRefusedByName) {
  const std::string path = folder_.path("good.json");
  ASSERT_OK(particles_save(&particles_, workflow_, path.c_str(), &error));
  const std::string good = fc_test::read_file(path);
  ASSERT_OK(load(good));
  EXPECT_NE(FC_OK, load(""));
  EXPECT_NE(FC_OK, load("{}"));
  EXPECT_NE(FC_OK, load(good.substr(0, good.size() / 2)));
  const struct {
    const char *what, *instead, *named;
  } damage[] = {{"\"parallel\"", "\"branch\"", "branch"},
                {"\"resnet\"", "\"resnut\"", "resnet"},
                {"\"throttling_loss\": 0.5", "\"throttling_loss\": 7.5", "throttling_loss"},
                {"\"weight\": 0.25", "\"weight\": -1.0", "weight"},
                {"\"work_cpu_s\": 0.7", "\"work_cpu_s\": \"x\", \"y\": 0.7", "work_cpu_s"},
                {"\"faasconf_twin\": 1", "\"faasconf_twin\": 9", "twin"}};
  for (const auto &d : damage) {
    std::string bad = good;
    const size_t at = bad.find(d.what);
    ASSERT_NE(std::string::npos, at) << d.what;
    bad.replace(at, std::strlen(d.what), d.instead);
    EXPECT_NE(FC_OK, load(bad)) << d.what;
    EXPECT_NE(nullptr, std::strstr(error.message, d.named)) << error.message;
    EXPECT_NE(nullptr, std::strstr(error.message, "twin.json")) << error.message;
  }
  EXPECT_EQ(FC_ENOTFOUND, particles_load("/nowhere/twin.json", workflow_, &loaded_, &error));
  EXPECT_EQ(FC_EIO, particles_save(&particles_, workflow_, "/nowhere/twin.json", &error));
}

TEST_F(Particles, NumbersOutOfRangeAreRefused) {
  particles_t none = {};
  EXPECT_EQ(FC_EINVAL, particles_init(&none, workflow_, 0, &error));
  EXPECT_EQ(FC_EINVAL, particles_init(&none, workflow_, PARTICLES_MAX + 1, &error));
}

}  // namespace
