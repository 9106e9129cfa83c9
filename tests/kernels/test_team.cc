// Teams: what members do together is what one does alone with all rows, to rounding; the same again is the same bytes.
#include <cmath>
#include <random>

#include "support.h"

extern "C" {
#include "team.h"
}

namespace {

constexpr int kRows = 37, kColumns = 19;

std::vector<float> drawn(size_t n, unsigned seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal(3, 1);
  std::vector<float> values(n);
  for (float &x : values) x = normal(rng);
  return values;
}

void expect_near(const std::vector<float> &expected, const std::vector<float> &found, double bound) {
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(expected[i], found[i], bound) << i;
}

class Team {
 public:
  explicit Team(int n) {
    fc_error_t error = {};
    EXPECT_EQ(FC_OK, fc_team_new(n, kColumns, &team_, &error)) << error.message;
  }
  ~Team() { fc_team_destroy(&team_); }
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  template <typename Work>
  void run(Work work) {
    fc_team_run(
        team_,
        [](void *context, int32_t member, fc_stream_t *stream) { (*static_cast<Work *>(context))(member, stream); },
        &work);
  }
  const fc_ops_t *ops() const { return fc_team_ops(team_); }
  int first_row(int member) const { return kRows * member / fc_team_members(team_); }

 private:
  fc_team_t *team_ = nullptr;
};

// Everything a batch normalisation gives, forward and backward.
struct Norm {
  std::vector<float> y = std::vector<float>(kRows * kColumns), grad_x = y, mean = std::vector<float>(kColumns),
                     rstd = mean, running_mean = mean, running_var = mean, grad_scale = mean, grad_shift = mean;
};

Norm normalised_by(int n_members) {
  Team team(n_members);
  Norm norm;
  const std::vector<float> x = drawn(kRows * kColumns, 1), scale = drawn(kColumns, 2), shift = drawn(kColumns, 3),
                           grad_y = drawn(kRows * kColumns, 4);
  std::vector<Norm> own(static_cast<size_t>(n_members));
  std::vector<std::vector<float>> scratch(static_cast<size_t>(n_members), std::vector<float>(2 * kColumns));
  team.run([&](int member, fc_stream_t *stream) {
    Norm &mine = own[static_cast<size_t>(member)];
    const int first = team.first_row(member), n = team.first_row(member + 1) - first, at = first * kColumns;
    team.ops()->batchnorm_train_forward(norm.y.data() + at, mine.mean.data(), mine.rstd.data(),
                                        norm.running_mean.data(), norm.running_var.data(), x.data() + at, scale.data(),
                                        shift.data(), 0.1, 1, n, kColumns, 0, 0, stream);
    team.ops()->batchnorm_train_backward(norm.grad_x.data() + at, mine.grad_scale.data(), mine.grad_shift.data(),
                                         grad_y.data() + at, x.data() + at, mine.mean.data(), mine.rstd.data(),
                                         scale.data(), 1, n, kColumns, 0, scratch[static_cast<size_t>(member)].data(),
                                         stream);
  });
  norm.mean = own[0].mean;
  norm.rstd = own[0].rstd;
  for (const Norm &mine : own) {
    EXPECT_EQ(own[0].mean, mine.mean);
    EXPECT_EQ(own[0].rstd, mine.rstd);
    for (size_t c = 0; c < kColumns; ++c) {
      norm.grad_scale[c] += mine.grad_scale[c];
      norm.grad_shift[c] += mine.grad_shift[c];
    }
  }
  return norm;
}

Norm normalised_alone() {
  Norm norm;
  const std::vector<float> x = drawn(kRows * kColumns, 1), scale = drawn(kColumns, 2), shift = drawn(kColumns, 3),
                           grad_y = drawn(kRows * kColumns, 4);
  std::vector<float> scratch(2 * kColumns);
  const fc_ops_t *ops = fc_ops_cpu();
  ops->batchnorm_train_forward(norm.y.data(), norm.mean.data(), norm.rstd.data(), norm.running_mean.data(),
                               norm.running_var.data(), x.data(), scale.data(), shift.data(), 0.1, 1, kRows, kColumns,
                               0, 0, nullptr);
  ops->batchnorm_train_backward(norm.grad_x.data(), norm.grad_scale.data(), norm.grad_shift.data(), grad_y.data(),
                                x.data(), norm.mean.data(), norm.rstd.data(), scale.data(), 1, kRows, kColumns, 0,
                                scratch.data(), nullptr);
  return norm;
}

TEST(Team, BatchNormalisationIsThatOfAllRows) {
  const Norm alone = normalised_alone();
  for (int n_members : {1, 2, 3, 5}) {
    const Norm together = normalised_by(n_members);
    expect_near(alone.y, together.y, 2e-4);
    expect_near(alone.mean, together.mean, 2e-6);
    expect_near(alone.rstd, together.rstd, 1e-5);
    expect_near(alone.running_mean, together.running_mean, 2e-6);
    expect_near(alone.running_var, together.running_var, 2e-6);
    expect_near(alone.grad_x, together.grad_x, 2e-4);
    expect_near(alone.grad_scale, together.grad_scale, 5e-4);
    expect_near(alone.grad_shift, together.grad_shift, 5e-4);
    EXPECT_EQ(together.grad_x, normalised_by(n_members).grad_x);
  }
}

// 100 values do not divide evenly: slices are whole vectors, the last ones may be empty.
TEST(Team, TheOptimiserStepsDownTheSumOfAllGradients) {
  constexpr size_t n = 100;
  for (int n_members : {1, 2, 3, 9}) {
    Team team(n_members);
    std::vector<std::vector<float>> gradients;
    std::vector<float> sum(n, 0), squares(static_cast<size_t>(n_members), -1);
    for (int m = 0; m < n_members; ++m) {
      gradients.push_back(drawn(n, 10 + static_cast<unsigned>(m)));
      for (size_t i = 0; i < n; ++i) sum[i] += gradients.back()[i];
    }
    std::vector<float> parameter = drawn(n, 1), target = drawn(n, 2), moment1(n, 0.5f), moment2(n, 0.25f);
    std::vector<float> parameter_alone = parameter, target_alone = target, moment1_alone = moment1,
                       moment2_alone = moment2;
    int64_t step = 4, step_alone = 5;
    team.run([&](int member, fc_stream_t *stream) {
      const auto m = static_cast<size_t>(member);
      team.ops()->advance(&step, stream);
      team.ops()->sum_squares(&squares[m], gradients[m].data(), 1, n, stream);
      team.ops()->adam(parameter.data(), moment1.data(), moment2.data(), gradients[m].data(), 0.01, 0.9, 0.999, 1e-8,
                       &step, n, stream);
      team.ops()->soft_update(target.data(), parameter.data(), 0.1, n, stream);
    });
    float squares_alone = 0, squares_sum = 0;
    const fc_ops_t *ops = fc_ops_cpu();
    ops->sum_squares(&squares_alone, sum.data(), 1, n, nullptr);
    ops->adam(parameter_alone.data(), moment1_alone.data(), moment2_alone.data(), sum.data(), 0.01, 0.9, 0.999, 1e-8,
              &step_alone, n, nullptr);
    ops->soft_update(target_alone.data(), parameter_alone.data(), 0.1, n, nullptr);
    for (float square : squares) squares_sum += square;
    EXPECT_EQ(5, step);
    EXPECT_NEAR(squares_alone, squares_sum, 1e-5f * squares_alone);
    EXPECT_EQ(parameter_alone, parameter);
    EXPECT_EQ(moment2_alone, moment2);
    EXPECT_EQ(target_alone, target);
  }
}

TEST(Team, WorksAgainAndAgain) {
  Team team(3);
  std::vector<int> counts(3, 0);
  for (int i = 0; i < 200; ++i) team.run([&](int member, fc_stream_t *) { counts[static_cast<size_t>(member)] += 1; });
  EXPECT_EQ((std::vector<int>{200, 200, 200}), counts);
}

// Threads that have hardly begun when it ends.
TEST(Team, EndsWithoutARun) {
  for (int i = 0; i < 50; ++i) Team team(8);
}

TEST(Team, RefusesWhatIsNoTeam) {
  fc_team_t *team = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_EINVAL, fc_team_new(0, 8, &team, &error));
  EXPECT_EQ(FC_EINVAL, fc_team_new(FC_TEAM_MAX_MEMBERS + 1, 8, &team, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("65 threads"));
  EXPECT_EQ(nullptr, team);
  fc_team_destroy(&team);
}

}  // namespace
