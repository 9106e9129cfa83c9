/* weights.h - inside server/learner: a net's parameters with all that its optimiser and its target need.
 *
 * Five blocks of one layout (parameters.h), each (L, P): one after the other the P values of every learner. Memory
 * comes from the algorithm's arena. One thread.
 */
#ifndef SERVER_LEARNER_WEIGHTS_H
#define SERVER_LEARNER_WEIGHTS_H

#include "algorithm.h"
#include "arena.h"
#include "parameters.h"

typedef struct {
  int32_t n_learners; /* L */
  int64_t n_values;   /* L * P */
  float *parameters, *target, *gradients, *moment1, *moment2;
} weights_t;

void weights_bind(weights_t *weights, const parameters_t *table, int32_t n_learners, arena_t *arena);
/* Initial parameters of every learner, one after the other; targets equal them. */
void weights_draw(weights_t *weights, const parameters_t *table, fc_rng_t *rng);
/* Zeroes the gradients; backward passes then accumulate. */
void weights_zero_gradients(weights_t *weights, const fc_ops_t *ops, fc_stream_t *stream);
/* Adam (0.9, 0.999, 1e-8) down the gradients, whose squared norms go into squares (L). step (1) counts from 1. */
void weights_step(weights_t *weights, const fc_ops_t *ops, double learning_rate, const int64_t *step, float *squares,
                  fc_stream_t *stream);
/* target += tau (parameters - target) */
void weights_follow(weights_t *weights, const fc_ops_t *ops, double tau, fc_stream_t *stream);
/* Adds "NET.parameters", "NET.target", "NET.moment1", "NET.moment2" from blocks[n]; returns how many there are then. */
int32_t weights_states(weights_t *weights, const char *net, algorithm_state_t *blocks, int32_t n);

#endif
