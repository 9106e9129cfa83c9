/* attmf_learners.c - the equations of AttMF (Wang et al., ASE '24, section 4): see attmf_learners.h and attmf.c. */
#include "attmf_learners.h"

#include <stdio.h>
#include <string.h>

/* The authors divide sums over 64 sampled rows by a nominal batch_size of 8. */
static const double FAITHFUL_LOSS_DIVISOR = 8;

/* f of both losses: their mean, or the published division. */
static double loss_factor(const attmf_learners_t *self) {
  if (self->options.variant == VARIANT_FAITHFUL) return 1 / FAITHFUL_LOSS_DIVISOR;
  return 1.0 / ((double)self->options.n_batch * self->n_functions);
}

/* y_j = r + gamma (1 - terminal) Q'_j(s', pi'(s')); targets always in evaluation mode, their statistics never move. */
static void critic_target(attmf_learners_t *self, const attmf_batches_t *batches) {
  attmf_half_t *actor = &self->actor, *critic = &self->critic;
  const int32_t b = self->n_batch;
  const float *next_q = NULL;
  if (self->options.discount > 0) {
    attmf_actor_forward(&actor->net, actor->weights.target, actor->target_statistics, MODE_EVAL, b,
                        batches->next_features, &actor->pass, &actor->workspace);
    attmf_critic_forward(&critic->net, critic->weights.target, critic->target_statistics, MODE_EVAL, b,
                         batches->next_features, actor->pass.mlp.y, &critic->pass, &critic->workspace);
    next_q = critic->pass.mlp.y;
  }
  self->ops->td_target(self->target_q, batches->reward, next_q, batches->terminal, (double)self->options.discount,
                       self->n_learners, b, self->n_functions, self->stream);
}

/* L = f sum over b, j of (y_j - Q_j(s, a))^2, down its gradient in critic and critic attention. */
static void critic_step(attmf_learners_t *self, const attmf_batches_t *batches) {
  attmf_half_t *critic = &self->critic;
  const fc_ops_t *ops = self->ops;
  const int32_t b = self->n_batch, rows = b * self->n_functions, l = self->n_learners;
  const double f = loss_factor(self);
  attmf_critic_forward(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, batches->features,
                       batches->action, &critic->pass, &critic->workspace);
  ops->mse_forward(self->critic_loss, critic->pass.mlp.y, self->target_q, NULL, f, l, rows, self->stream);
  ops->mse_backward(self->grad_q, critic->pass.mlp.y, self->target_q, NULL, f, l, rows, self->stream);
  weights_zero_gradients(&critic->weights, ops, self->stream);
  attmf_critic_backward(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, batches->features,
                        batches->action, &critic->pass, self->grad_q, critic->weights.gradients, &critic->workspace);
  weights_step(&critic->weights, ops, (double)self->options.learning_rate, self->step, self->critic_squares,
               self->stream);
}

/* J = -f sum over b, j of Q_j(s, pi(s)), down its gradient in actor and actor attention. The critic's attention of s is
 * a constant; the gradient reaches the actions of all functions, a function's own and through a~ its neighbours'. */
static void actor_step(attmf_learners_t *self, const attmf_batches_t *batches) {
  attmf_half_t *actor = &self->actor, *critic = &self->critic;
  const fc_ops_t *ops = self->ops;
  const int32_t b = self->n_batch, rows = b * self->n_functions, l = self->n_learners;
  const double f = loss_factor(self);
  attmf_actor_forward(&actor->net, actor->weights.parameters, actor->statistics, MODE_TRAIN, b, batches->features,
                      &actor->pass, &actor->workspace);
  const float *pi = actor->pass.mlp.y;
  attmf_critic_forward(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, batches->features,
                       pi, &critic->pass, &critic->workspace);
  ops->sum_loss_forward(self->actor_loss, critic->pass.mlp.y, NULL, -f, l, rows, self->stream);
  ops->sum_loss_backward(self->grad_q, NULL, -f, l, rows, self->stream);
  attmf_critic_action_gradient(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, pi,
                               &critic->pass, self->grad_q, self->grad_action, &critic->workspace);
  weights_zero_gradients(&actor->weights, ops, self->stream);
  attmf_actor_backward(&actor->net, actor->weights.parameters, actor->statistics, MODE_TRAIN, b, batches->features,
                       &actor->pass, self->grad_action, actor->weights.gradients, &actor->workspace);
  weights_step(&actor->weights, ops, (double)self->options.learning_rate, self->step, self->actor_squares,
               self->stream);
}

void attmf_learners_update(attmf_learners_t *self, const attmf_batches_t *batches) {
  const double tau = (double)self->options.soft_update;
  self->ops->advance(self->step, self->stream);
  critic_target(self, batches);
  critic_step(self, batches);
  actor_step(self, batches);
  weights_follow(&self->critic.weights, self->ops, tau, self->stream);
  weights_follow(&self->actor.weights, self->ops, tau, self->stream);
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

bool attmf_learners_kind(const char *algorithm, algorithm_variant_t variant, attention_t *attention, norm_t *norm) {
  const bool faithful = variant == VARIANT_FAITHFUL, uniform = strcmp(algorithm, "mean_field") == 0;
  if (!uniform && strcmp(algorithm, "attmf") != 0) return false;
  *attention = uniform ? ATTENTION_UNIFORM : (faithful ? ATTENTION_SQUARE : ATTENTION_SOFTMAX);
  *norm = faithful ? NORM_BATCH : NORM_LAYER;
  return !(uniform && faithful);
}

void attmf_learners_init(attmf_learners_t *self, const fc_ops_t *ops, fc_stream_t *stream,
                         const algorithm_options_t *options, attention_t attention, norm_t norm, int32_t n_learners,
                         int32_t n_features, fc_neighbours_t neighbours) {
  *self = (attmf_learners_t){.options = *options,
                             .ops = ops,
                             .stream = stream,
                             .n_learners = n_learners,
                             .n_functions = neighbours.n_functions,
                             .n_features = n_features,
                             .n_batch = options->n_batch};
  const fc_dims_t dims = {.n_learners = n_learners,
                          .n_batch = options->n_batch,
                          .n_functions = neighbours.n_functions,
                          .n_edges = neighbours.n_edges,
                          .n_features = n_features,
                          .n_knobs = FC_KNOBS,
                          .n_hidden = options->n_hidden,
                          .n_attention = options->n_attention,
                          .n_heads = 1};
  attmf_net_init_actor(&self->actor.net, ops, &dims, neighbours, attention, norm);
  attmf_net_init_critic(&self->critic.net, ops, &dims, neighbours, attention, norm);
  attmf_net_set_backend(&self->actor.net, ops, stream);
  attmf_net_set_backend(&self->critic.net, ops, stream);
}

void attmf_learners_init_member(attmf_learners_t *member, const attmf_learners_t *whole, const fc_ops_t *ops,
                                fc_stream_t *stream, int32_t n_rows) {
  *member = *whole;
  member->ops = ops;
  member->stream = stream;
  member->n_batch = n_rows;
  attmf_net_set_backend(&member->actor.net, ops, stream);
  attmf_net_set_backend(&member->critic.net, ops, stream);
}

static void bind_passes(attmf_half_t *half, int32_t n_batch, arena_t *arena) {
  attmf_pass_bind(&half->net, n_batch, &half->pass, arena);
  attmf_workspace_bind(&half->net, n_batch, &half->workspace, arena);
}

static void bind_half(attmf_half_t *half, int32_t n_learners, int32_t n_batch, arena_t *arena) {
  const int64_t statistics = n_learners * mlp_statistics_values(&half->net.mlp);
  weights_bind(&half->weights, &half->net.parameters, n_learners, arena);
  half->statistics = arena_take(arena, statistics);
  half->target_statistics = arena_take(arena, statistics);
  bind_passes(half, n_batch, arena);
}

/* What each update writes anew. */
static void bind_rest(attmf_learners_t *self, arena_t *arena) {
  const int64_t rows = (int64_t)self->n_learners * self->n_batch * self->n_functions;
  self->target_q = arena_take(arena, rows);
  self->grad_q = arena_take(arena, rows);
  self->grad_action = arena_take(arena, rows * FC_KNOBS);
  self->critic_loss = arena_take(arena, self->n_learners);
  self->actor_loss = arena_take(arena, self->n_learners);
  self->critic_squares = arena_take(arena, self->n_learners);
  self->actor_squares = arena_take(arena, self->n_learners);
}

void attmf_learners_bind(attmf_learners_t *self, arena_t *arena) {
  bind_half(&self->actor, self->n_learners, self->n_batch, arena);
  bind_half(&self->critic, self->n_learners, self->n_batch, arena);
  bind_rest(self, arena);
  self->step = (int64_t *)arena_take(arena, (int64_t)(sizeof *self->step / sizeof(float)));
}

static void bind_member_half(attmf_half_t *half, const attmf_half_t *whole, int32_t n_batch, arena_t *arena) {
  half->weights = whole->weights;
  half->weights.gradients = arena_take(arena, half->weights.n_values);
  half->statistics = whole->statistics;
  half->target_statistics = whole->target_statistics;
  bind_passes(half, n_batch, arena);
}

void attmf_learners_bind_member(attmf_learners_t *member, const attmf_learners_t *whole, arena_t *arena) {
  bind_member_half(&member->actor, &whole->actor, member->n_batch, arena);
  bind_member_half(&member->critic, &whole->critic, member->n_batch, arena);
  bind_rest(member, arena);
  member->step = whole->step;
}

static int32_t add_states(algorithm_state_t *blocks, int32_t n, const char *net, attmf_half_t *half, bool statistics) {
  n = weights_states(&half->weights, net, blocks, n);
  if (!statistics) return n;
  snprintf(blocks[n].name, sizeof blocks[n].name, "%s.statistics", net);
  blocks[n].data = half->statistics;
  blocks[n].n = half->net.mlp.n_learners * mlp_statistics_values(&half->net.mlp);
  return n + 1;
}

int32_t attmf_learners_states(attmf_learners_t *self, algorithm_state_t *blocks) {
  const bool statistics = self->options.variant == VARIANT_FAITHFUL;
  const int32_t n = add_states(blocks, 0, "actor", &self->actor, statistics);
  return add_states(blocks, n, "critic", &self->critic, statistics);
}
