// A learning algorithm through algorithm.h, on a small workflow: one object, its state as bytes, random batches.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "small_workflow.h"

extern "C" {
#include "algorithm.h"
}

namespace fc_test {

struct Batch {
  std::vector<float> features, action, reward, next_features;
  std::vector<uint8_t> terminal;
  algorithm_batch_t view(int b) const {
    return {b, features.data(), action.data(), reward.data(), next_features.data(), terminal.data()};
  }
};

inline Batch random_batch(int b, int n, int o, unsigned seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Batch batch;
  const auto draw = [&](size_t count, float shift, float scale) {
    std::vector<float> v(count);
    for (float &x : v) x = shift + scale * uniform(rng);
    return v;
  };
  batch.features = draw(size_t(b) * n * o, 0, 1.5f);
  batch.action = draw(size_t(b) * n * FC_KNOBS, 0.5f, 0.5f);
  batch.reward = draw(b, 0, 1);
  batch.next_features = draw(size_t(b) * n * o, 0, 1.5f);
  batch.terminal.resize(b);
  for (int i = 0; i < b; ++i) batch.terminal[i] = i % 4 == 0;
  return batch;
}

// An instance on Parallel's graph (or another), destroyed with the object.
class Instance {
 public:
  Instance(const std::string &name, const algorithm_options_t &options, int n_features, int n = 6,
           const std::vector<std::pair<int, int>> &edges = fc_test::SmallWorkflow::parallel_edges())
      : workflow_(n, edges), interface_(algorithm_find(name.c_str(), nullptr)) {
    fc_error_t error;
    EXPECT_EQ(FC_OK, interface_->create(&options, workflow_.get(), n_features, &self_, &error)) << error.message;
  }
  ~Instance() { interface_->destroy(&self_); }
  Instance(const Instance &) = delete;
  Instance &operator=(const Instance &) = delete;

  algorithm_report_t update(const Batch &batch) {
    const algorithm_batch_t view = batch.view(static_cast<int>(batch.reward.size()));
    algorithm_report_t report;
    interface_->update(self_, &view, &report);
    return report;
  }
  std::vector<float> act(int b, const std::vector<float> &features) {
    std::vector<float> action(size_t(b) * workflow_.get()->n_functions * FC_KNOBS);
    interface_->act(self_, b, features.data(), action.data());
    return action;
  }
  std::vector<float> q(int b, const std::vector<float> &features, const std::vector<float> &action) {
    std::vector<float> q(b);
    interface_->q(self_, b, features.data(), action.data(), q.data());
    return q;
  }
  // Blocks by name, step and RNG.
  std::map<std::string, algorithm_state_t> state(int64_t **step, fc_rng_t **rng) {
    algorithm_state_t blocks[ALGORITHM_MAX_STATES];
    const int32_t n = interface_->state(self_, blocks, step, rng);
    EXPECT_LE(n, ALGORITHM_MAX_STATES);
    std::map<std::string, algorithm_state_t> all;
    for (int32_t i = 0; i < n; ++i) all[blocks[i].name] = blocks[i];
    EXPECT_EQ(static_cast<size_t>(n), all.size()) << "two blocks share a name";
    return all;
  }
  // Everything the next update depends on, as bytes.
  std::string bytes() {
    int64_t *step;
    fc_rng_t *rng;
    std::string all;
    for (const auto &[name, block] : state(&step, &rng)) {
      all.append(reinterpret_cast<const char *>(block.data), block.n * sizeof(float));
    }
    all.append(reinterpret_cast<const char *>(step), sizeof *step);
    return all.append(reinterpret_cast<const char *>(rng), sizeof *rng);
  }
  void restore(const std::string &bytes) {
    int64_t *step;
    fc_rng_t *rng;
    size_t at = 0;
    for (const auto &[name, block] : state(&step, &rng)) {
      std::memcpy(block.data, bytes.data() + at, block.n * sizeof(float));
      at += block.n * sizeof(float);
    }
    std::memcpy(step, bytes.data() + at, sizeof *step);
    std::memcpy(rng, bytes.data() + at + sizeof *step, sizeof *rng);
  }
  std::map<std::string, fc_tensor_t> policy(fc_policy_manifest_t *manifest) {
    std::vector<fc_tensor_t> tensors(FC_MAX_POLICY_TENSORS);
    const int32_t n = interface_->export_policy(self_, manifest, tensors.data());
    std::map<std::string, fc_tensor_t> all;
    for (int32_t i = 0; i < n; ++i) all[tensors[i].name] = tensors[i];
    EXPECT_EQ(static_cast<size_t>(n), all.size());
    return all;
  }
  const algorithm_interface_t *interface() const { return interface_; }
  algorithm_t *self() { return self_; }
  const fc_topology_t &topology() const { return workflow_.get()->topology; }

 private:
  fc_test::SmallWorkflow workflow_;
  const algorithm_interface_t *interface_;
  algorithm_t *self_ = nullptr;
};

}  // namespace fc_test
