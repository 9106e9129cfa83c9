/* weights.c - see weights.h. */
#include "weights.h"

#include <stdio.h>
#include <string.h>

static const double ADAM_BETA1 = 0.9, ADAM_BETA2 = 0.999, ADAM_EPSILON = 1e-8;

void weights_bind(weights_t *weights, const parameters_t *table, int32_t n_learners, arena_t *arena) {
  const int64_t n = n_learners * table->n_values;
  weights->n_learners = n_learners;
  weights->n_values = n;
  weights->parameters = arena_take(arena, n);
  weights->target = arena_take(arena, n);
  weights->gradients = arena_take(arena, n);
  weights->moment1 = arena_take(arena, n);
  weights->moment2 = arena_take(arena, n);
}

void weights_draw(weights_t *weights, const parameters_t *table, fc_rng_t *rng) {
  for (int32_t l = 0; l < weights->n_learners; ++l) {
    parameters_draw(table, rng, weights->parameters + l * table->n_values);
  }
  memcpy(weights->target, weights->parameters, (size_t)weights->n_values * sizeof *weights->target);
}

void weights_zero_gradients(weights_t *weights, const fc_ops_t *ops, fc_stream_t *stream) {
  ops->fill(weights->gradients, 0, weights->n_values, stream);
}

void weights_step(weights_t *weights, const fc_ops_t *ops, double learning_rate, const int64_t *step, float *squares,
                  fc_stream_t *stream) {
  ops->sum_squares(squares, weights->gradients, weights->n_learners, weights->n_values / weights->n_learners, stream);
  ops->adam(weights->parameters, weights->moment1, weights->moment2, weights->gradients, learning_rate, ADAM_BETA1,
            ADAM_BETA2, ADAM_EPSILON, step, weights->n_values, stream);
}

void weights_follow(weights_t *weights, const fc_ops_t *ops, double tau, fc_stream_t *stream) {
  ops->soft_update(weights->target, weights->parameters, tau, weights->n_values, stream);
}

int32_t weights_states(weights_t *weights, const char *net, algorithm_state_t *blocks, int32_t n) {
  const struct {
    const char *name;
    float *data;
  } all[] = {{"parameters", weights->parameters},
             {"target", weights->target},
             {"moment1", weights->moment1},
             {"moment2", weights->moment2}};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i, ++n) {
    snprintf(blocks[n].name, sizeof blocks[n].name, "%s.%s", net, all[i].name);
    blocks[n].data = all[i].data;
    blocks[n].n = weights->n_values;
  }
  return n;
}
