/* attmf.c - AttMF, the attention mean-field actor-critic of FaaSConf (Wang et al., ASE '24, section 4).
 *
 * One actor and one critic shared by all functions j of a workflow; s~, a~ are attention-weighted means over
 * neighbours:
 *
 *   pi_j(s)   = actor(s_j, s~_j)
 *   Q_j(s, a) = critic(s_j, s~_j, a_j, a~_j)
 *   update:     y_j = r + gamma (1 - terminal) Q'_j(s', pi'(s'))
 *               critic: descend f sum (y_j - Q_j(s, a))^2      actor: descend -f sum Q_j(s, pi(s))
 *               targets drift by tau
 *
 * Variants, tensors and the flaws that `faithful` keeps on purpose: docs/algorithms.md. With uniform attention it is
 * the mean field of mean_field.c. Memory: one allocation per instance; update(), act() and q() never allocate. One
 * thread per instance.
 */
#include "attmf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neighbours.h"
#include "options.h"
#include "weights.h"

/* The authors divide sums over 64 sampled rows by a nominal batch_size of 8. */
static const double FAITHFUL_LOSS_DIVISOR = 8;
static const float FAITHFUL_ACTION_MIN = 0.1f, FAITHFUL_ACTION_MAX = 0.9f;

typedef struct {
  attmf_net_t net;
  weights_t weights;
  float *statistics, *target_statistics; /* (4H) running, of batch normalisation only */
  attmf_pass_t pass;
  attmf_workspace_t workspace;
} learner_t;

struct algorithm {
  const char *kind; /* of its policies: the algorithm's name */
  algorithm_options_t options;
  int32_t n_functions, n_features; /* N, O */
  const fc_ops_t *ops;
  neighbours_t neighbours;
  learner_t actor, critic;
  float *target_q;    /* (B,N) y */
  float *grad_q;      /* (B,N) */
  float *grad_action; /* (B,N,A) */
  float *folded;      /* (4H) norms as the policy carries them */
  int64_t step;
  fc_rng_t rng;
  float *memory;
};

static bool is_faithful(const algorithm_t *self) {
  return self->options.variant == VARIANT_FAITHFUL;
}

static algorithm_options_t attmf_defaults(algorithm_variant_t variant) {
  algorithm_options_t options = options_repaired();
  if (variant == VARIANT_FAITHFUL) {
    options.variant = variant;
    options.learning_rate = 1e-4f;
    options.discount = 0.9f;
  }
  return options;
}

/* ---- one update ---------------------------------------------------------------------------------------------- */

/* f of both losses: their mean, or the published division. */
static double loss_factor(const algorithm_t *self) {
  if (is_faithful(self)) return 1 / FAITHFUL_LOSS_DIVISOR;
  return 1.0 / ((double)self->options.n_batch * self->n_functions);
}

/* y_j = r + gamma (1 - terminal) Q'_j(s', pi'(s')); targets always in evaluation mode, their statistics never move. */
static void critic_target(algorithm_t *self, const algorithm_batch_t *batch) {
  learner_t *actor = &self->actor, *critic = &self->critic;
  const int32_t b = batch->n_batch;
  const float *next_q = NULL;
  if (self->options.discount > 0) {
    attmf_actor_forward(&actor->net, actor->weights.target, actor->target_statistics, MODE_EVAL, b,
                        batch->next_features, &actor->pass, &actor->workspace);
    attmf_critic_forward(&critic->net, critic->weights.target, critic->target_statistics, MODE_EVAL, b,
                         batch->next_features, actor->pass.mlp.y, &critic->pass, &critic->workspace);
    next_q = critic->pass.mlp.y;
  }
  self->ops->td_target(self->target_q, batch->reward, next_q, batch->terminal, (double)self->options.discount, 1, b,
                       self->n_functions, NULL);
}

/* L = f sum over b, j of (y_j - Q_j(s, a))^2, down its gradient in critic and critic attention. */
static void critic_step(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report) {
  learner_t *critic = &self->critic;
  const fc_ops_t *ops = self->ops;
  const int32_t b = batch->n_batch, rows = b * self->n_functions;
  const double f = loss_factor(self);
  float loss;
  attmf_critic_forward(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, batch->features,
                       batch->action, &critic->pass, &critic->workspace);
  ops->mse_forward(&loss, critic->pass.mlp.y, self->target_q, NULL, f, 1, rows, NULL);
  ops->mse_backward(self->grad_q, critic->pass.mlp.y, self->target_q, NULL, f, 1, rows, NULL);
  weights_zero_gradients(&critic->weights, ops);
  attmf_critic_backward(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, batch->features,
                        batch->action, &critic->pass, self->grad_q, critic->weights.gradients, &critic->workspace);
  report->critic_loss = (double)loss;
  report->critic_grad_norm = weights_step(&critic->weights, ops, (double)self->options.learning_rate, self->step);
}

/* J = -f sum over b, j of Q_j(s, pi(s)), down its gradient in actor and actor attention. The critic's attention of s is
 * a constant; the gradient reaches the actions of all functions, a function's own and through a~ its neighbours'. */
static void actor_step(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report) {
  learner_t *actor = &self->actor, *critic = &self->critic;
  const fc_ops_t *ops = self->ops;
  const int32_t b = batch->n_batch, rows = b * self->n_functions;
  const double f = loss_factor(self);
  float loss;
  attmf_actor_forward(&actor->net, actor->weights.parameters, actor->statistics, MODE_TRAIN, b, batch->features,
                      &actor->pass, &actor->workspace);
  const float *pi = actor->pass.mlp.y;
  attmf_critic_forward(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, batch->features, pi,
                       &critic->pass, &critic->workspace);
  ops->sum_loss_forward(&loss, critic->pass.mlp.y, NULL, -f, 1, rows, NULL);
  ops->sum_loss_backward(self->grad_q, NULL, -f, 1, rows, NULL);
  attmf_critic_action_gradient(&critic->net, critic->weights.parameters, critic->statistics, MODE_TRAIN, b, pi,
                               &critic->pass, self->grad_q, self->grad_action, &critic->workspace);
  weights_zero_gradients(&actor->weights, ops);
  attmf_actor_backward(&actor->net, actor->weights.parameters, actor->statistics, MODE_TRAIN, b, batch->features,
                       &actor->pass, self->grad_action, actor->weights.gradients, &actor->workspace);
  report->actor_loss = (double)loss;
  report->actor_grad_norm = weights_step(&actor->weights, ops, (double)self->options.learning_rate, self->step);
}

void attmf_update(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report) {
  FC_ASSERT_EQ(batch->n_batch, self->options.n_batch);
  self->step += 1;
  critic_target(self, batch);
  critic_step(self, batch, report);
  actor_step(self, batch, report);
  weights_follow(&self->critic.weights, self->ops, (double)self->options.soft_update);
  weights_follow(&self->actor.weights, self->ops, (double)self->options.soft_update);
}

/* ---- use ----------------------------------------------------------------------------------------------------- */

void attmf_act(algorithm_t *self, int32_t n_batch, const float *features, float *action) {
  learner_t *actor = &self->actor;
  FC_ASSERT(n_batch >= 1 && n_batch <= self->options.n_batch);
  attmf_actor_forward(&actor->net, actor->weights.parameters, actor->statistics, MODE_EVAL, n_batch, features,
                      &actor->pass, &actor->workspace);
  const int64_t n = (int64_t)n_batch * self->n_functions * FC_KNOBS;
  memcpy(action, actor->pass.mlp.y, (size_t)n * sizeof *action);
  for (int64_t i = 0; is_faithful(self) && i < n; ++i) {
    action[i] = fminf(FAITHFUL_ACTION_MAX, fmaxf(FAITHFUL_ACTION_MIN, action[i]));
  }
}

void attmf_q(algorithm_t *self, int32_t n_batch, const float *features, const float *action, float *q) {
  learner_t *critic = &self->critic;
  FC_ASSERT(n_batch >= 1 && n_batch <= self->options.n_batch);
  attmf_critic_forward(&critic->net, critic->weights.parameters, critic->statistics, MODE_EVAL, n_batch, features,
                       action, &critic->pass, &critic->workspace);
  for (int32_t b = 0; b < n_batch; ++b) {
    double sum = 0;
    for (int32_t j = 0; j < self->n_functions; ++j) sum += (double)critic->pass.mlp.y[b * self->n_functions + j];
    q[b] = (float)(sum / self->n_functions);
  }
}

/* Batch normalisation with running statistics is a scale and a shift: fold it, so that the agent needs no statistics.
 */
static void fold_norms(algorithm_t *self) {
  const attmf_net_t *net = &self->actor.net;
  const int64_t scale_at[2] = {net->mlp.scale1, net->mlp.scale2}, shift_at[2] = {net->mlp.shift1, net->mlp.shift2};
  const int32_t h = net->mlp.n_hidden;
  for (int layer = 0; layer < 2; ++layer) {
    const float *scale = self->actor.weights.parameters + scale_at[layer];
    const float *shift = self->actor.weights.parameters + shift_at[layer];
    const float *mean = self->actor.statistics + layer * 2 * h, *variance = mean + h;
    float *folded = self->folded + layer * 2 * h;
    for (int32_t i = 0; i < h; ++i) {
      folded[i] = is_faithful(self) ? scale[i] / sqrtf(variance[i] + (float)FC_NORM_EPSILON) : scale[i];
      folded[h + i] = is_faithful(self) ? shift[i] - mean[i] * folded[i] : shift[i];
    }
  }
}

/* Names and shapes: docs/algorithms.md. */
int32_t attmf_export_policy(algorithm_t *self, fc_policy_manifest_t *manifest, fc_tensor_t *tensors) {
  const parameters_t *table = &self->actor.net.parameters;
  const int32_t h = self->options.n_hidden;
  fold_norms(self);
  snprintf(manifest->kind, sizeof manifest->kind, "%s", self->kind);
  snprintf(manifest->variant, sizeof manifest->variant, "%s", is_faithful(self) ? "faithful" : "repaired");
  for (int32_t i = 0; i < table->n_items; ++i) {
    const parameter_t *p = &table->items[i];
    fc_tensor_t *t = &tensors[i];
    *t = (fc_tensor_t){.n_dims = p->n_dims, .data = self->actor.weights.parameters + p->offset};
    snprintf(t->name, sizeof t->name, "actor.%s", p->name);
    for (int32_t d = 0; d < p->n_dims; ++d) t->shape[d] = p->shape[d];
    if (p->offset == self->actor.net.mlp.scale1) t->data = self->folded;
    if (p->offset == self->actor.net.mlp.shift1) t->data = self->folded + h;
    if (p->offset == self->actor.net.mlp.scale2) t->data = self->folded + 2 * h;
    if (p->offset == self->actor.net.mlp.shift2) t->data = self->folded + 3 * h;
  }
  return table->n_items;
}

static int32_t add_states(algorithm_state_t *blocks, int32_t n, const char *net, learner_t *learner, bool statistics) {
  n = weights_states(&learner->weights, net, blocks, n);
  if (!statistics) return n;
  snprintf(blocks[n].name, sizeof blocks[n].name, "%s.statistics", net);
  blocks[n].data = learner->statistics;
  blocks[n].n = mlp_statistics_values(&learner->net.mlp);
  return n + 1;
}

int32_t attmf_state(algorithm_t *self, algorithm_state_t *blocks, int64_t **step, fc_rng_t **rng) {
  *step = &self->step;
  *rng = &self->rng;
  const int32_t n = add_states(blocks, 0, "actor", &self->actor, is_faithful(self));
  return add_states(blocks, n, "critic", &self->critic, is_faithful(self));
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void bind_learner(learner_t *learner, int32_t n_batch, arena_t *arena) {
  weights_bind(&learner->weights, &learner->net.parameters, 1, arena);
  learner->statistics = arena_take(arena, mlp_statistics_values(&learner->net.mlp));
  learner->target_statistics = arena_take(arena, mlp_statistics_values(&learner->net.mlp));
  attmf_pass_bind(&learner->net, n_batch, &learner->pass, arena);
  attmf_workspace_bind(&learner->net, n_batch, &learner->workspace, arena);
}

/* Every tensor of the instance. */
static void bind_all(algorithm_t *self, arena_t *arena) {
  const int64_t rows = (int64_t)self->options.n_batch * self->n_functions;
  bind_learner(&self->actor, self->options.n_batch, arena);
  bind_learner(&self->critic, self->options.n_batch, arena);
  self->target_q = arena_take(arena, rows);
  self->grad_q = arena_take(arena, rows);
  self->grad_action = arena_take(arena, rows * FC_KNOBS);
  self->folded = arena_take(arena, 4 * (int64_t)self->options.n_hidden);
}

static void draw_learner(learner_t *learner, fc_rng_t *rng) {
  weights_draw(&learner->weights, &learner->net.parameters, rng);
  mlp_statistics_reset(&learner->net.mlp, learner->statistics);
  mlp_statistics_reset(&learner->net.mlp, learner->target_statistics);
}

void attmf_destroy(algorithm_t **self) {
  if (self == NULL || *self == NULL) return;
  neighbours_clear(&(*self)->neighbours);
  free((*self)->memory);
  free(*self);
  *self = NULL;
}

fc_status_t attmf_create_attending(const char *name, attention_t attention, norm_t norm,
                                   const algorithm_options_t *options, const fc_workflow_t *workflow,
                                   int32_t n_features, algorithm_t **out, fc_error_t *error) {
  *out = NULL;
  FC_TRY(options_check(name, options, workflow->n_functions, n_features, error));
  const fc_ops_t *ops = fc_ops_cpu();
  const char *missing = fc_ops_missing(ops);
  if (missing != NULL) {
    return fc_error_set(error, FC_EINTERNAL, "%s: backend %s lacks the op %s", name, ops->backend, missing);
  }
  algorithm_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", name);
  self->kind = name;
  self->options = *options;
  self->n_functions = workflow->n_functions;
  self->n_features = n_features;
  self->ops = ops;
  if (neighbours_init(&self->neighbours, &workflow->topology, FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR) != FC_OK) {
    attmf_destroy(&self);
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory for %d edges", name, (int)workflow->topology.n_edges);
  }

  const fc_dims_t dims = {.n_learners = 1,
                          .n_batch = options->n_batch,
                          .n_functions = workflow->n_functions,
                          .n_edges = self->neighbours.csr.n_edges,
                          .n_features = n_features,
                          .n_knobs = FC_KNOBS,
                          .n_hidden = options->n_hidden,
                          .n_attention = options->n_attention,
                          .n_heads = 1};
  attmf_net_init_actor(&self->actor.net, ops, &dims, self->neighbours.csr, attention, norm);
  attmf_net_init_critic(&self->critic.net, ops, &dims, self->neighbours.csr, attention, norm);

  arena_t arena = {NULL, 0};
  bind_all(self, &arena);
  const size_t bytes = (size_t)arena.n_values * sizeof(float);
  self->memory = aligned_alloc(ARENA_ALIGNMENT_VALUES * sizeof(float), bytes);
  if (self->memory == NULL) {
    attmf_destroy(&self);
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory for %zu MiB of networks and activations", name,
                        bytes >> 20);
  }
  memset(self->memory, 0, bytes);
  arena = (arena_t){self->memory, 0};
  bind_all(self, &arena);
  fc_rng_init(&self->rng, options->seed, 0);
  draw_learner(&self->actor, &self->rng);
  draw_learner(&self->critic, &self->rng);
  *out = self;
  return FC_OK;
}

static fc_status_t attmf_create(const algorithm_options_t *options, const fc_workflow_t *workflow, int32_t n_features,
                                algorithm_t **out, fc_error_t *error) {
  const bool faithful = options->variant == VARIANT_FAITHFUL;
  return attmf_create_attending("attmf", faithful ? ATTENTION_SQUARE : ATTENTION_SOFTMAX,
                                faithful ? NORM_BATCH : NORM_LAYER, options, workflow, n_features, out, error);
}

const algorithm_interface_t algorithm_attmf = {.name = "attmf",
                                               .defaults = attmf_defaults,
                                               .create = attmf_create,
                                               .destroy = attmf_destroy,
                                               .update = attmf_update,
                                               .act = attmf_act,
                                               .q = attmf_q,
                                               .export_policy = attmf_export_policy,
                                               .state = attmf_state};
