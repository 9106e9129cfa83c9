// A cohort on any device beside instances on the host that are given the batches its learners draw.
#pragma once
#include <cmath>
#include <memory>

#include "instance.h"

extern "C" {
#include "cohort.h"
}

namespace fc_test {

struct CohortShape {
  std::string algorithm = "attmf";
  algorithm_variant_t variant = VARIANT_REPAIRED;
  int n_learners = 1, n_rows = 50, n_batch = 16, n_hidden = 32, n_attention = 8, n_features = 5;
};

class TrainedCohort {
 public:
  TrainedCohort(const CohortShape &shape, fc_device_t *device)
      : shape_(shape),
        workflow_(6, SmallWorkflow::parallel_edges()),
        rows_(random_batch(shape.n_rows, 6, shape.n_features, 3)) {
    options_ = cohort_options_default(shape.algorithm.c_str(), shape.variant);
    options_.learning.n_batch = shape.n_batch;
    options_.learning.n_hidden = shape.n_hidden;
    options_.learning.n_attention = shape.n_attention;
    options_.learning.discount = 0.9f;  // every pass is exercised
    options_.learning.seed = 77;
    options_.n_learners = shape.n_learners;
    options_.row_capacity = shape.n_rows;
    options_.updates_per_launch = 4;
    EXPECT_EQ(FC_OK, cohort_new(workflow_.get(), shape.n_features, &options_, device, &cohort_, &error))
        << error.message;
    EXPECT_EQ(FC_OK, cohort_set_rows(cohort_, 0, shape.n_rows, rows_.features.data(), rows_.action.data(),
                                     rows_.reward.data(), rows_.next_features.data(), rows_.terminal.data(), &error))
        << error.message;
    for (int l = 0; l < shape.n_learners; ++l) {
      begin_.push_back(instance(l));
      EXPECT_EQ(FC_OK, cohort_put(cohort_, l, begin_.back()->interface(), begin_.back()->self(), &error))
          << error.message;
    }
  }
  ~TrainedCohort() { cohort_destroy(&cohort_); }
  TrainedCohort(const TrainedCohort &) = delete;
  TrainedCohort &operator=(const TrainedCohort &) = delete;

  void update(int n) { ASSERT_EQ(FC_OK, cohort_update(cohort_, n, &error)) << error.message; }

  // Learner l as it is now.
  std::unique_ptr<Instance> get(int l) {
    auto now = instance(l);
    EXPECT_EQ(FC_OK, cohort_get(cohort_, l, now->interface(), now->self(), &error)) << error.message;
    return now;
  }

  // Learner 0 as it was sent, `age` sends ago.
  std::unique_ptr<Instance> received(int age, algorithm_report_t *report) {
    auto then = instance(0);
    EXPECT_EQ(FC_OK, cohort_receive(cohort_, age, then->interface(), then->self(), report, &error)) << error.message;
    return then;
  }

  // The instance that learner l began as, after n updates on the host with the batches that learner l draws.
  Instance &on_host(int l, int n, algorithm_report_t *report) {
    const fc_ops_t *ops = fc_ops_cpu();
    const uint64_t seed = options_.learning.seed + static_cast<uint64_t>(l);
    const int32_t n_rows = shape_.n_rows;
    for (int64_t step = 0; step < n; ++step) {
      std::vector<int32_t> index(static_cast<size_t>(shape_.n_batch));
      ops->draw_rows(index.data(), &seed, &step, &n_rows, 1, shape_.n_batch, nullptr);
      *report = begin_[static_cast<size_t>(l)]->update(batch_of(index));
    }
    return *begin_[static_cast<size_t>(l)];
  }

  algorithm_report_t report(int l) {
    algorithm_report_t report = {};
    EXPECT_EQ(FC_OK, cohort_report(cohort_, l, &report, &error)) << error.message;
    return report;
  }

  cohort_t *cohort() { return cohort_; }
  fc_error_t error = {};

 private:
  std::unique_ptr<Instance> instance(int l) {
    algorithm_options_t options = options_.learning;
    options.seed += static_cast<uint64_t>(l);
    return std::make_unique<Instance>(shape_.algorithm, options, shape_.n_features);
  }
  Batch batch_of(const std::vector<int32_t> &index) {
    Batch batch;
    const auto copy = [&index](const auto &from, size_t width, auto *to) {
      for (int32_t row : index)
        to->insert(to->end(), from.begin() + static_cast<long>(static_cast<size_t>(row) * width),
                   from.begin() + static_cast<long>(static_cast<size_t>(row + 1) * width));
    };
    const size_t features = 6 * static_cast<size_t>(shape_.n_features);
    copy(rows_.features, features, &batch.features);
    copy(rows_.next_features, features, &batch.next_features);
    copy(rows_.action, 6 * FC_KNOBS, &batch.action);
    copy(rows_.reward, 1, &batch.reward);
    copy(rows_.terminal, 1, &batch.terminal);
    return batch;
  }

  CohortShape shape_;
  SmallWorkflow workflow_;
  Batch rows_;
  cohort_options_t options_;
  cohort_t *cohort_ = nullptr;
  std::vector<std::unique_ptr<Instance>> begin_;
};

// Ten updates of every learner on the device are those of the host, within what float32 leaves of ten Adam steps.
inline void expect_the_updates_of_the_host(const CohortShape &shape, fc_device_t *device) {
  TrainedCohort trained(shape, device);
  trained.update(10);
  for (int l = 0; l < shape.n_learners; ++l) {
    algorithm_report_t host;
    int64_t *step;
    fc_rng_t *rng;
    auto expected = trained.on_host(l, 10, &host).state(&step, &rng);
    const auto now = trained.get(l);
    int64_t *step_now;
    for (const auto &[name, block] : now->state(&step_now, &rng)) {
      double squares = 0, difference = 0;
      for (int64_t i = 0; i < block.n; ++i) {
        const double e = static_cast<double>(expected.at(name).data[i]);
        squares += e * e;
        difference += std::pow(static_cast<double>(block.data[i]) - e, 2);
      }
      // The actor of `faithful` has a gradient of rounding errors only: so have its moments.
      EXPECT_LE(std::sqrt(difference), 1e-3 * std::sqrt(squares) + 1e-6) << name << " of learner " << l;
    }
    EXPECT_EQ(10, *step_now);
    const algorithm_report_t there = trained.report(l);
    EXPECT_NEAR(host.critic_loss, there.critic_loss, 1e-3 * std::fabs(host.critic_loss));
    EXPECT_NEAR(host.actor_loss, there.actor_loss, 1e-3 * std::fabs(host.actor_loss) + 1e-5);
    EXPECT_NEAR(host.critic_grad_norm, there.critic_grad_norm, 1e-3 * host.critic_grad_norm);
    EXPECT_NEAR(host.actor_grad_norm, there.actor_grad_norm, 1e-3 * host.actor_grad_norm + 1e-6);
  }
}

inline std::vector<CohortShape> cohort_shapes() {
  CohortShape repaired, faithful, mean_field;
  repaired.n_learners = 2;
  faithful.variant = VARIANT_FAITHFUL;
  faithful.n_learners = 2;
  mean_field.algorithm = "mean_field";
  return {repaired, faithful, mean_field};
}

}  // namespace fc_test
