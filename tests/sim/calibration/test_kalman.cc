// sim/calibration/kalman.c against the exact posterior of a linear model, and against chance.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "kalman.h"
}

namespace {

// y1 = 2 theta1 + luck, y2 = theta2 - theta1 + luck, both of deviation 0.5; theta3 is in neither.
class Kalman : public ::testing::Test {
 protected:
  static constexpr int kWorlds = 500, kWindows = 4, kUnknowns = 3, kTerms = 2;
  void SetUp() override {
    fc_rng_init(&rng_, 3, 1);
    ASSERT_EQ(FC_OK, kalman_init(&kalman_, kWorlds, kWindows, kUnknowns, kTerms));
    theta_.resize(kWorlds * kUnknowns);
    for (double &one : theta_) one = fc_rng_normal(&rng_);
  }
  void TearDown() override { kalman_clear(&kalman_); }
  void learn(double y1, double y2, double noise1 = 0) {
    std::vector<double> simulated;
    for (int i = 0; i < kWorlds; ++i)
      for (int k = 0; k < kWindows; ++k) {
        const double *world = &theta_[i * kUnknowns];
        simulated.push_back(2 * world[0] + 0.5 * fc_rng_normal(&rng_));
        simulated.push_back(world[1] - world[0] + 0.5 * fc_rng_normal(&rng_));
      }
    const double y[] = {y1, y2}, noise[] = {noise1, 0};
    ASSERT_TRUE(kalman_learn(&kalman_, simulated.data(), kTerms, y, noise, &rng_, theta_.data(), z_, &log_density_));
  }
  double mean(int u) const {
    double sum = 0;
    for (int i = 0; i < kWorlds; ++i) sum += theta_[i * kUnknowns + u];
    return sum / kWorlds;
  }
  double deviation(int u) const {
    double squares = 0;
    for (int i = 0; i < kWorlds; ++i) squares += std::pow(theta_[i * kUnknowns + u] - mean(u), 2);
    return std::sqrt(squares / (kWorlds - 1));
  }
  fc_rng_t rng_;
  kalman_t kalman_ = {};
  std::vector<double> theta_;
  double z_[kTerms] = {}, log_density_ = 0;
};

TEST_F(Kalman, OneWindowGivesThePosteriorOfALinearModel) {
  learn(2, -1);
  // Precision I + H' H / 0.25 with H = ((2, 0), (-1, 1)): ((21, -4), (-4, 5)); information H' y / 0.25 = (20, -4).
  EXPECT_NEAR((5 * 20 - 4 * 4) / 89.0, mean(0), 0.06);
  EXPECT_NEAR((4 * 20 - 21 * 4) / 89.0, mean(1), 0.09);
  EXPECT_NEAR(std::sqrt(5 / 89.0), deviation(0), 0.05);
  EXPECT_NEAR(std::sqrt(21 / 89.0), deviation(1), 0.08);
  // Of one window to come: y1 ~ N(0, 4.25), y2 ~ N(0, 2.25), covariance -2.
  EXPECT_NEAR(2 / std::sqrt(4.25), z_[0], 0.1);
  EXPECT_NEAR(-1 / std::sqrt(2.25), z_[1], 0.1);
  const double determinant = 4.25 * 2.25 - 4;
  const double squares = (2.25 * 4 + 4.25 * 1 + 2 * (2 * -1 * 2)) / determinant;
  EXPECT_NEAR(-std::log(2 * M_PI) - 0.5 * std::log(determinant) - 0.5 * squares, log_density_, 0.15);
}

// Noise of measurement is in the measured window whole, however many windows the worlds simulate.
TEST_F(Kalman, NoiseOfMeasurementIsExpectedInFull) {
  learn(3, 0, 5);
  EXPECT_NEAR(3 / std::sqrt(4.25 + 5), z_[0], 0.05);
}

TEST_F(Kalman, WhatWindowsSayNothingAboutStaysUnknownForHundredsOfThem) {
  for (int w = 0; w < 300; ++w) learn(2 + 0.5 * fc_rng_normal(&rng_), -1 + 0.5 * fc_rng_normal(&rng_));
  EXPECT_NEAR(1, mean(0), 0.05);
  EXPECT_NEAR(0, mean(1), 0.12);
  EXPECT_LT(deviation(0), 0.05);
  EXPECT_GT(deviation(2), 0.9);
  EXPECT_NEAR(0, mean(2), 0.2);
}

TEST_F(Kalman, WindowsThatDoNotVaryTeachNothing) {
  const std::vector<double> before = theta_, simulated(kWorlds * kWindows * kTerms, 1.0);
  const double y[] = {1, 1}, noise[] = {0, 0};
  EXPECT_TRUE(kalman_learn(&kalman_, simulated.data(), kTerms, y, noise, &rng_, theta_.data(), z_, &log_density_));
  EXPECT_EQ(before, theta_);
  // A measured window that differs is surprising, not impossible.
  const double other[] = {1.02, 1};
  EXPECT_TRUE(kalman_learn(&kalman_, simulated.data(), kTerms, other, noise, &rng_, theta_.data(), z_, &log_density_));
  EXPECT_EQ(before, theta_);
  EXPECT_NEAR(0.02 / std::sqrt(0.75e-4), z_[0], 0.01);
  const std::vector<double> broken(kWorlds * kWindows * kTerms, NAN);
  EXPECT_FALSE(kalman_learn(&kalman_, broken.data(), kTerms, y, noise, &rng_, theta_.data(), z_, &log_density_));
  EXPECT_EQ(before, theta_);
}

}  // namespace
