// Rows of simulated windows made on a device beside those that the replay makes of the CPU's windows.
#pragma once
#include <memory>

#include "loaded_workflow.h"
#include "simulated_windows.h"
#include "support.h"

extern "C" {
#include "batch_rows.h"
#include "batch_rows_kernels.h"
#include "faasconf/cost.h"
#include "replay.h"
}

namespace fc_test {

struct RowsWanted {
  int most_users = 10, least_users = 4, capacity = 70;
  bool faithful = false;  // the published features, decoded as published
  fc_semantics_t semantics = FC_SEMANTICS_STRICT;
  int64_t first_window = 320;
};

// Rows in host memory.
struct HostRows {
  std::vector<float> features, next_features, action, reward;
  std::vector<uint8_t> terminal;
  void resize(size_t n, size_t n_features, size_t n_functions) {
    features.resize(n * n_functions * n_features);
    next_features.resize(features.size());
    action.resize(n * n_functions * FC_KNOBS);
    reward.resize(n);
    terminal.resize(n);
  }
};

class RowsOfBoth {
 public:
  RowsOfBoth(const fc_workflow_t *workflow, const RowsWanted &wanted) : workflow_(workflow), wanted_(wanted) {
    const char *names[FC_MAX_FEATURES];
    const int32_t n = wanted.faithful ? fc_features_faithful(names) : fc_features_repaired(names);
    features_.resize(static_cast<size_t>(n));
    for (size_t o = 0; o < features_.size(); ++o) {
      std::snprintf(features_[o].name, sizeof features_[o].name, "%s", names[o]);
      features_[o].mean = 0.1f * static_cast<float>(o);
      features_[o].scale = 1.0f + 0.25f * static_cast<float>(o);
    }
  }

  // Everything on the device, then read. With fit: mean and scale are taken from the rows of another draw first.
  void on_device(fc_device_t *device, bool fit = false) {
    fc_error_t error = {};
    const simulator_options_t simulator = {7, wanted_.semantics, wanted_.most_users, 0};
    batch_t *batch = nullptr;
    batch_rows_t *rows = nullptr;
    ASSERT_OK(batch_new(workflow_, &simulator, true, wanted_.capacity, device, &batch, &error));
    const batch_rows_options_t options = this->options();
    ASSERT_OK(batch_rows_new(workflow_, &options, batch, device, &rows, &error));
    n_rows = static_cast<size_t>(batch_rows_count(rows));
    const size_t n_functions = static_cast<size_t>(workflow_->n_functions);
    device_rows.resize(n_rows, features_.size(), n_functions);
    std::vector<void *> taken;
    const auto take = [&](size_t bytes) {
      void *memory = nullptr;
      EXPECT_EQ(FC_OK, fc_device_take(device, bytes, &memory, &error)) << error.message;
      taken.push_back(memory);
      return memory;
    };
    HostRows &r = device_rows;
    const fc_row_memory_t to = {static_cast<float *>(take(r.features.size() * sizeof(float))),
                                static_cast<float *>(take(r.features.size() * sizeof(float))),
                                static_cast<float *>(take(r.action.size() * sizeof(float))),
                                static_cast<float *>(take(n_rows * sizeof(float))),
                                static_cast<uint8_t *>(take(n_rows))};
    if (fit) {
      ASSERT_OK(batch_rows_fit_normaliser(rows, wanted_.first_window, to, features_.data(), &error));
    }
    ASSERT_OK(batch_rows_draw(rows, wanted_.first_window, to, &error));
    ASSERT_OK(fc_device_read(device, r.features.data(), to.features, r.features.size() * sizeof(float), &error));
    ASSERT_OK(
        fc_device_read(device, r.next_features.data(), to.next_features, r.features.size() * sizeof(float), &error));
    ASSERT_OK(fc_device_read(device, r.action.data(), to.action, r.action.size() * sizeof(float), &error));
    ASSERT_OK(fc_device_read(device, r.reward.data(), to.reward, n_rows * sizeof(float), &error));
    ASSERT_OK(fc_device_read(device, r.terminal.data(), to.terminal, n_rows, &error));
    for (void *memory : taken) fc_device_give(device, memory);
    batch_rows_destroy(&rows);
    batch_destroy(&batch);
  }

  // The same windows one by one on the CPU, through the replay. With fit: the replay's own normaliser.
  void on_host(bool fit = false) {
    fc_error_t error = {};
    std::vector<const char *> names;
    for (const fc_feature_t &feature : features_) names.push_back(feature.name);
    const replay_options_t options = {static_cast<int32_t>(n_rows),
                                      FC_RANGES_MEASURED,
                                      decode(),
                                      names.data(),
                                      static_cast<int32_t>(names.size()),
                                      true,
                                      cost_ref()};
    replay_t *replay = nullptr;
    ASSERT_OK(replay_new(workflow_, &options, &replay, &error));
    fc_transition_t transition = {};
    ASSERT_EQ(FC_OK, fc_transition_init(&transition, workflow_->n_functions));
    transition.flags = FC_TRANSITION_HAS_BEFORE |
                       (wanted_.semantics == FC_SEMANTICS_AS_PUBLISHED ? unsigned{FC_TRANSITION_AS_PUBLISHED} : 0u);
    const int n_windows = static_cast<int>(n_rows) / (BATCH_SERIES - 1) * BATCH_SERIES;
    for (int w = 0; w < n_windows; ++w) {
      fc_observation_copy(&transition.before, &transition.after);
      observe(wanted_.first_window + w, &transition.after);
      if (w % BATCH_SERIES == 0) continue;
      transition.cost_usd_h = fc_cost_reserved_usd_h(workflow_, transition.after.configuration);
      ASSERT_EQ(FC_OK, replay_insert(replay, &transition, false)) << w;
    }
    ASSERT_EQ(n_rows, static_cast<size_t>(replay_size(replay)));
    std::vector<fc_feature_t> normaliser = features_;
    if (fit) replay_fit_normaliser(replay, normaliser.data());
    for (size_t o = 0; o < normaliser.size(); ++o) {
      EXPECT_NEAR(normaliser[o].mean, features_[o].mean, 1e-6 + 1e-6 * std::fabs(normaliser[o].mean));
      EXPECT_NEAR(normaliser[o].scale, features_[o].scale, 1e-6 * normaliser[o].scale);
    }
    replay_set_normaliser(replay, features_.data());
    HostRows &r = host_rows;
    r.resize(n_rows, features_.size(), static_cast<size_t>(workflow_->n_functions));
    replay_rows_copy(replay, 0, static_cast<int32_t>(n_rows), r.features.data(), r.action.data(), r.reward.data(),
                     r.next_features.data(), r.terminal.data());
    fc_transition_clear(&transition);
    replay_destroy(&replay);
  }

  void expect_the_same() const {
    const auto near = [](const std::vector<float> &a, const std::vector<float> &b, const char *what) {
      ASSERT_EQ(a.size(), b.size());
      for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5 * (1 + std::fabs(a[i]))) << what << i;
    };
    near(host_rows.features, device_rows.features, "features ");
    near(host_rows.next_features, device_rows.next_features, "next features ");
    near(host_rows.action, device_rows.action, "action ");
    near(host_rows.reward, device_rows.reward, "reward ");
    EXPECT_EQ(host_rows.terminal, device_rows.terminal);
  }

  HostRows device_rows, host_rows;
  size_t n_rows = 0;

 private:
  fc_decode_t decode() const { return wanted_.faithful ? FC_DECODE_AUTHORS : FC_DECODE_UNIFORM; }
  double cost_ref() const {
    std::vector<fc_function_configuration_t> start;
    for (int32_t f = 0; f < workflow_->n_functions; ++f) start.push_back(workflow_->functions[f].start);
    return fc_cost_reserved_usd_h(workflow_, start.data());
  }
  batch_rows_options_t options() const {
    batch_rows_options_t options = {};
    options.n_features = static_cast<int32_t>(features_.size());
    options.features = features_.data();
    options.ranges = FC_RANGES_MEASURED;
    options.decode = decode();
    options.semantics = wanted_.semantics;
    options.cost_ref_usd_h = cost_ref();
    options.every_row_terminal = true;
    options.least_users = wanted_.least_users;
    options.most_users = wanted_.most_users;
    options.seed = 11;
    return options;
  }
  // Draws what the kernels draw, and simulates it.
  void observe(int64_t window, fc_observation_t *to) const {
    fc_error_t error = {};
    uint32_t words[4];
    batch_rows_words(11, window / BATCH_SERIES, 0, words);
    const int users = batch_rows_pick(words[0], wanted_.least_users, wanted_.most_users);
    Configuration configuration(static_cast<size_t>(workflow_->n_functions));
    for (int32_t f = 0; f < workflow_->n_functions; ++f) {
      batch_rows_words(11, window, 1u + static_cast<uint32_t>(f), words);
      for (int knob = 0; knob < FC_KNOBS; ++knob) {
        const fc_knob_range_t range = workflow_->functions[f].ranges[knob];
        fc_knob_set(&configuration[static_cast<size_t>(f)], static_cast<fc_knob_t>(knob),
                    batch_rows_pick(words[knob], range.min, range.max));
      }
    }
    Simulated host(workflow_, wanted_.most_users, wanted_.semantics, 7);
    ASSERT_OK(simulator_set_load(host.get(), users, 0, &error));
    const fc_observation_t &seen = host.observe(window, configuration);
    ASSERT_EQ(FC_OK, host.status) << host.error.message;
    fc_observation_copy(to, &seen);
  }

  const fc_workflow_t *workflow_;
  RowsWanted wanted_;
  std::vector<fc_feature_t> features_;
};

inline void expect_the_rows_of_the_replay(const fc_workflow_t *workflow, const RowsWanted &wanted, fc_device_t *device,
                                          bool fit = false) {
  RowsOfBoth both(workflow, wanted);
  both.on_device(device, fit);
  both.on_host(fit);
  both.expect_the_same();
}

}  // namespace fc_test
