// An AttMF net with memory of its own: parameter block, gradients, statistics, one pass and one workspace.
#pragma once
#include <vector>

extern "C" {
#include "attmf_net.h"
}

namespace fc_test {

using Reals = std::vector<fc_real_t>;

struct BoundNet {
  attmf_net_t net;
  Reals block, gradients, statistics;
  attmf_pass_t pass;
  attmf_workspace_t workspace;

  // After attmf_net_init_actor / _critic: memory for n_batch rows, initial parameters from `seed`.
  void bind(int n_batch, uint64_t seed = 1) {
    const int64_t learners = net.mlp.n_learners;
    block.assign(learners * net.parameters.n_values, 0);
    for (int64_t l = 0; l < learners; ++l) {
      fc_rng_t rng;
      fc_rng_init(&rng, seed, static_cast<uint64_t>(l));
      parameters_draw(&net.parameters, &rng, block.data() + l * net.parameters.n_values);
    }
    gradients.assign(block.size(), 0);
    statistics.resize(learners * mlp_statistics_values(&net.mlp));
    mlp_statistics_reset(&net.mlp, statistics.data());
    arena_t arena = {nullptr, 0};
    bind_all(n_batch, &arena);
    memory_.assign(arena.n_values, 0);
    arena = {memory_.data(), 0};
    bind_all(n_batch, &arena);
  }

  const fc_real_t *act(net_mode_t mode, int n_batch, const Reals &features) {
    attmf_actor_forward(&net, block.data(), statistics.data(), mode, n_batch, features.data(), &pass, &workspace);
    return pass.mlp.y;
  }
  const fc_real_t *q(net_mode_t mode, int n_batch, const Reals &features, const fc_real_t *action) {
    attmf_critic_forward(&net, block.data(), statistics.data(), mode, n_batch, features.data(), action, &pass,
                         &workspace);
    return pass.mlp.y;
  }

 private:
  void bind_all(int n_batch, arena_t *arena) {
    attmf_pass_bind(&net, n_batch, &pass, arena);
    attmf_workspace_bind(&net, n_batch, &workspace, arena);
  }
  Reals memory_;
};

}  // namespace fc_test
