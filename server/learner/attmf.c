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

#include "attmf_learners.h"
#include "neighbours.h"
#include "options.h"
#include "team.h"

static const float FAITHFUL_ACTION_MIN = 0.1f, FAITHFUL_ACTION_MAX = 0.9f;

struct algorithm {
  const char *kind; /* of its policies: the algorithm's name */
  neighbours_t neighbours;
  attmf_learners_t learners; /* one */
  fc_team_t *team;           /* NULL: one thread */
  attmf_learners_t *members; /* (threads) of the team: each its share of the rows */
  attmf_batches_t batches;   /* of the update in hand */
  float *folded;             /* (4H) norms as the policy carries them */
  fc_rng_t rng;
  float *memory;
};

static bool is_faithful(const algorithm_t *self) {
  return self->learners.options.variant == VARIANT_FAITHFUL;
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

/* First row of a member's share of the batch. */
static int32_t first_row(const algorithm_t *self, int32_t member) {
  return (int32_t)((int64_t)self->learners.options.n_batch * member / fc_team_members(self->team));
}

/* The rows of one member, on its thread. */
static void update_share(void *context, int32_t member, fc_stream_t *stream) {
  algorithm_t *self = context;
  const int64_t first = first_row(self, member), n = self->learners.n_functions, o = self->learners.n_features;
  (void)stream; /* the member's nets have it */
  const attmf_batches_t *all = &self->batches;
  const attmf_batches_t own = {.features = all->features + first * n * o,
                               .next_features = all->next_features + first * n * o,
                               .action = all->action + first * n * FC_KNOBS,
                               .reward = all->reward + first,
                               .terminal = all->terminal + first};
  attmf_learners_update(&self->members[member], &own);
}

/* Losses and squares are sums over the shares. */
static void report_of(const attmf_learners_t *shares, int32_t n, algorithm_report_t *report) {
  double critic_squares = 0, actor_squares = 0;
  *report = (algorithm_report_t){0};
  for (int32_t i = 0; i < n; ++i) {
    report->critic_loss += (double)shares[i].critic_loss[0];
    report->actor_loss += (double)shares[i].actor_loss[0];
    critic_squares += (double)shares[i].critic_squares[0];
    actor_squares += (double)shares[i].actor_squares[0];
  }
  report->critic_grad_norm = sqrt(critic_squares);
  report->actor_grad_norm = sqrt(actor_squares);
}

void attmf_update(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report) {
  attmf_learners_t *learners = &self->learners;
  FC_ASSERT_EQ(batch->n_batch, learners->options.n_batch);
  const attmf_batches_t batches = {.features = batch->features,
                                   .next_features = batch->next_features,
                                   .action = batch->action,
                                   .reward = batch->reward,
                                   .terminal = batch->terminal};
  if (self->team == NULL) {
    attmf_learners_update(learners, &batches);
    report_of(learners, 1, report);
    return;
  }
  self->batches = batches;
  fc_team_run(self->team, update_share, self);
  report_of(self->members, fc_team_members(self->team), report);
}

/* ---- use ----------------------------------------------------------------------------------------------------- */

void attmf_act(algorithm_t *self, int32_t n_batch, const float *features, float *action) {
  attmf_half_t *actor = &self->learners.actor;
  FC_ASSERT(n_batch >= 1 && n_batch <= self->learners.options.n_batch);
  attmf_actor_forward(&actor->net, actor->weights.parameters, actor->statistics, MODE_EVAL, n_batch, features,
                      &actor->pass, &actor->workspace);
  const int64_t n = (int64_t)n_batch * self->learners.n_functions * FC_KNOBS;
  memcpy(action, actor->pass.mlp.y, (size_t)n * sizeof *action);
  for (int64_t i = 0; is_faithful(self) && i < n; ++i) {
    action[i] = fminf(FAITHFUL_ACTION_MAX, fmaxf(FAITHFUL_ACTION_MIN, action[i]));
  }
}

void attmf_q(algorithm_t *self, int32_t n_batch, const float *features, const float *action, float *q) {
  attmf_half_t *critic = &self->learners.critic;
  FC_ASSERT(n_batch >= 1 && n_batch <= self->learners.options.n_batch);
  attmf_critic_forward(&critic->net, critic->weights.parameters, critic->statistics, MODE_EVAL, n_batch, features,
                       action, &critic->pass, &critic->workspace);
  for (int32_t b = 0; b < n_batch; ++b) {
    double sum = 0;
    for (int32_t j = 0; j < self->learners.n_functions; ++j)
      sum += (double)critic->pass.mlp.y[b * self->learners.n_functions + j];
    q[b] = (float)(sum / self->learners.n_functions);
  }
}

/* Batch normalisation with running statistics is a scale and a shift: fold it, so that the agent needs no statistics.
 */
static void fold_norms(algorithm_t *self) {
  const attmf_net_t *net = &self->learners.actor.net;
  const int64_t scale_at[2] = {net->mlp.scale1, net->mlp.scale2}, shift_at[2] = {net->mlp.shift1, net->mlp.shift2};
  const int32_t h = net->mlp.n_hidden;
  for (int layer = 0; layer < 2; ++layer) {
    const float *scale = self->learners.actor.weights.parameters + scale_at[layer];
    const float *shift = self->learners.actor.weights.parameters + shift_at[layer];
    const float *mean = self->learners.actor.statistics + layer * 2 * h, *variance = mean + h;
    float *folded = self->folded + layer * 2 * h;
    for (int32_t i = 0; i < h; ++i) {
      folded[i] = is_faithful(self) ? scale[i] / sqrtf(variance[i] + (float)FC_NORM_EPSILON) : scale[i];
      folded[h + i] = is_faithful(self) ? shift[i] - mean[i] * folded[i] : shift[i];
    }
  }
}

/* Names and shapes: docs/algorithms.md. */
int32_t attmf_export_policy(algorithm_t *self, fc_policy_manifest_t *manifest, fc_tensor_t *tensors) {
  const parameters_t *table = &self->learners.actor.net.parameters;
  const int32_t h = self->learners.options.n_hidden;
  fold_norms(self);
  snprintf(manifest->kind, sizeof manifest->kind, "%s", self->kind);
  snprintf(manifest->variant, sizeof manifest->variant, "%s", is_faithful(self) ? "faithful" : "repaired");
  for (int32_t i = 0; i < table->n_items; ++i) {
    const parameter_t *p = &table->items[i];
    fc_tensor_t *t = &tensors[i];
    *t = (fc_tensor_t){.n_dims = p->n_dims, .data = self->learners.actor.weights.parameters + p->offset};
    snprintf(t->name, sizeof t->name, "actor.%s", p->name);
    for (int32_t d = 0; d < p->n_dims; ++d) t->shape[d] = p->shape[d];
    if (p->offset == self->learners.actor.net.mlp.scale1) t->data = self->folded;
    if (p->offset == self->learners.actor.net.mlp.shift1) t->data = self->folded + h;
    if (p->offset == self->learners.actor.net.mlp.scale2) t->data = self->folded + 2 * h;
    if (p->offset == self->learners.actor.net.mlp.shift2) t->data = self->folded + 3 * h;
  }
  return table->n_items;
}

int32_t attmf_state(algorithm_t *self, algorithm_state_t *blocks, int64_t **step, fc_rng_t **rng) {
  *step = self->learners.step;
  *rng = &self->rng;
  return attmf_learners_states(&self->learners, blocks);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void bind_all(algorithm_t *self, arena_t *arena) {
  attmf_learners_bind(&self->learners, arena);
  for (int32_t m = 0; self->team != NULL && m < fc_team_members(self->team); ++m)
    attmf_learners_bind_member(&self->members[m], &self->learners, arena);
  self->folded = arena_take(arena, 4 * (int64_t)self->learners.options.n_hidden);
}

static void draw_half(attmf_half_t *half, fc_rng_t *rng) {
  weights_draw(&half->weights, &half->net.parameters, rng);
  mlp_statistics_reset(&half->net.mlp, half->statistics);
  mlp_statistics_reset(&half->net.mlp, half->target_statistics);
}

void attmf_destroy(algorithm_t **self) {
  if (self == NULL || *self == NULL) return;
  fc_team_destroy(&(*self)->team);
  free((*self)->members);
  neighbours_clear(&(*self)->neighbours);
  free((*self)->memory);
  free(*self);
  *self = NULL;
}

/* The threads of options.n_threads, and each one's nets. */
static fc_status_t gather_team(algorithm_t *self, fc_error_t *error) {
  const algorithm_options_t *options = &self->learners.options;
  if (options->n_threads <= 1) return FC_OK;
  FC_TRY(fc_team_new(options->n_threads, options->n_hidden, &self->team, error));
  self->members = calloc((size_t)options->n_threads, sizeof *self->members);
  if (self->members == NULL) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", self->kind);
  for (int32_t m = 0; m < options->n_threads; ++m)
    attmf_learners_init_member(&self->members[m], &self->learners, fc_team_ops(self->team),
                               fc_team_stream(self->team, m), first_row(self, m + 1) - first_row(self, m));
  return FC_OK;
}

fc_status_t attmf_create_named(const char *name, const algorithm_options_t *options, const fc_workflow_t *workflow,
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
  if (neighbours_init(&self->neighbours, &workflow->topology, FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR) != FC_OK) {
    attmf_destroy(&self);
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory for %d edges", name, (int)workflow->topology.n_edges);
  }
  attention_t attention;
  norm_t norm;
  const bool known = attmf_learners_kind(name, options->variant, &attention, &norm);
  FC_ASSERT(known);
  attmf_learners_init(&self->learners, ops, NULL, options, attention, norm, 1, n_features, self->neighbours.csr);
  const fc_status_t gathered = gather_team(self, error);
  if (gathered != FC_OK) {
    attmf_destroy(&self);
    return gathered;
  }

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
  draw_half(&self->learners.actor, &self->rng);
  draw_half(&self->learners.critic, &self->rng);
  *out = self;
  return FC_OK;
}

static fc_status_t attmf_create(const algorithm_options_t *options, const fc_workflow_t *workflow, int32_t n_features,
                                algorithm_t **out, fc_error_t *error) {
  return attmf_create_named("attmf", options, workflow, n_features, out, error);
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
