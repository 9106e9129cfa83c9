/* dpg.c - see dpg.h. Rows of a net are (b, m) where agents share it, and b in the net of each agent m otherwise. */
#include "dpg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlp.h"
#include "options.h"
#include "weights.h"

/* Nets of one agent each that see everything grow with the square of N: beyond this, gigabytes. */
enum { MAX_AGENTS_THAT_SEE_ALL = 64 };

typedef struct {
  mlp_t mlp;
  parameters_t table;
  weights_t weights;
  mlp_pass_t pass;
  mlp_workspace_t workspace;
} net_t;

struct algorithm {
  const dpg_method_t *method;
  algorithm_options_t options;
  int32_t n_functions, n_features; /* N, O */
  int32_t n_agents;                /* M */
  int32_t n_own;                   /* functions per agent: N / M */
  int32_t n_learners;              /* L: nets side by side */
  const fc_ops_t *ops;
  net_t actor, critic;
  float *action;      /* (B,N,A) of all agents at once */
  float *target_q;    /* (L,R) y */
  float *grad_q;      /* (L,R) */
  float *grad_x;      /* (L,R,I) of the critic's input */
  float *grad_action; /* (L,R,own A) */
  float *loss;        /* (L) */
  float *squares;     /* (L) of the gradients */
  float *exported;    /* (L,P) an actor's tensors, each with all learners together */
  int64_t step;
  fc_rng_t rng;
  float *memory;
};

/* R: rows of each learner's net. */
static int32_t row_count(const algorithm_t *self, int32_t n_batch) {
  return n_batch * self->n_agents / self->n_learners;
}

/* Where agent m of batch row b is among the (L,R) rows. */
static int64_t row_of(const algorithm_t *self, int32_t n_batch, int32_t b, int32_t m) {
  return self->n_learners == 1 ? (int64_t)b * self->n_agents + m : (int64_t)m * n_batch + b;
}

/* Columns [first, ...) of the net's input = what each agent sees of v (B,N,C): all functions, or its own. */
static void see(const algorithm_t *self, int32_t n_batch, const float *v, int32_t n_columns, bool all, int32_t first,
                net_t *net) {
  const int64_t n_own = (int64_t)self->n_own * n_columns, n_all = (int64_t)self->n_functions * n_columns;
  for (int32_t b = 0; b < n_batch; ++b) {
    for (int32_t m = 0; m < self->n_agents; ++m) {
      float *x = net->pass.x + row_of(self, n_batch, b, m) * net->mlp.n_in + first;
      memcpy(x, v + b * n_all + (all ? 0 : m * n_own), (size_t)(all ? n_all : n_own) * sizeof *x);
    }
  }
}

/* action (B,N,A) = pi(s) with these parameters; the pass keeps the rows for the backward. */
static void actor_forward(algorithm_t *self, const float *parameters, int32_t n_batch, const float *features,
                          float *action) {
  net_t *actor = &self->actor;
  const int32_t rows = row_count(self, n_batch), n_own = self->n_own * FC_KNOBS;
  see(self, n_batch, features, self->n_features, false, 0, actor);
  mlp_forward(&actor->mlp, parameters, NULL, MODE_TRAIN, rows, &actor->pass, &actor->workspace);
  self->ops->sigmoid_forward(actor->pass.y, actor->pass.y, (int64_t)self->n_learners * rows * n_own, NULL);
  for (int32_t b = 0; b < n_batch; ++b) {
    for (int32_t m = 0; m < self->n_agents; ++m) {
      memcpy(action + ((int64_t)b * self->n_agents + m) * n_own, actor->pass.y + row_of(self, n_batch, b, m) * n_own,
             (size_t)n_own * sizeof *action);
    }
  }
}

/* First column of the actions in the critic's input, and of the agent's own among them. */
static int32_t action_column(const algorithm_t *self) {
  return (self->method->critic_sees_all ? self->n_functions : self->n_own) * self->n_features;
}
static int32_t own_action_column(const algorithm_t *self, int32_t m) {
  return action_column(self) + (self->method->critic_sees_all ? m * self->n_own * FC_KNOBS : 0);
}

/* critic.pass.y (L,R) = Q(s, a). */
static void critic_forward(algorithm_t *self, const float *parameters, int32_t n_batch, const float *features,
                           const float *action) {
  net_t *critic = &self->critic;
  see(self, n_batch, features, self->n_features, self->method->critic_sees_all, 0, critic);
  see(self, n_batch, action, FC_KNOBS, self->method->critic_sees_all, action_column(self), critic);
  mlp_forward(&critic->mlp, parameters, NULL, MODE_TRAIN, row_count(self, n_batch), &critic->pass, &critic->workspace);
}

/* ---- one update ---------------------------------------------------------------------------------------------- */

/* y_m = r + gamma (1 - terminal) Q'_m(s', pi'(s')) */
static void critic_target(algorithm_t *self, const algorithm_batch_t *batch) {
  const float *next_q = NULL;
  const int32_t rows = row_count(self, batch->n_batch);
  if (self->options.discount > 0) {
    actor_forward(self, self->actor.weights.target, batch->n_batch, batch->next_features, self->action);
    critic_forward(self, self->critic.weights.target, batch->n_batch, batch->next_features, self->action);
    next_q = self->critic.pass.y;
  }
  for (int32_t l = 0; l < self->n_learners; ++l) {
    self->ops->td_target(self->target_q + (int64_t)l * rows, batch->reward,
                         next_q == NULL ? NULL : next_q + (int64_t)l * rows, batch->terminal,
                         (double)self->options.discount, 1, batch->n_batch, rows / batch->n_batch, NULL);
  }
}

static double mean_loss(const algorithm_t *self) {
  double sum = 0;
  for (int32_t l = 0; l < self->n_learners; ++l) sum += (double)self->loss[l];
  return sum / self->n_learners;
}

/* Of the gradients of all learners together. */
static double norm_of_all(const algorithm_t *self) {
  double sum = 0;
  for (int32_t l = 0; l < self->n_learners; ++l) sum += (double)self->squares[l];
  return sqrt(sum);
}

/* L_m = mean (y_m - Q_m(s, a))^2, down its gradient. */
static void critic_step(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report) {
  net_t *critic = &self->critic;
  const fc_ops_t *ops = self->ops;
  const int32_t rows = row_count(self, batch->n_batch);
  critic_forward(self, critic->weights.parameters, batch->n_batch, batch->features, batch->action);
  ops->mse_forward(self->loss, critic->pass.y, self->target_q, NULL, 1.0 / rows, self->n_learners, rows, NULL);
  ops->mse_backward(self->grad_q, critic->pass.y, self->target_q, NULL, 1.0 / rows, self->n_learners, rows, NULL);
  weights_zero_gradients(&critic->weights, ops, NULL);
  mlp_backward(&critic->mlp, critic->weights.parameters, NULL, MODE_TRAIN, rows, &critic->pass, self->grad_q, NULL,
               critic->weights.gradients, &critic->workspace);
  report->critic_loss = mean_loss(self);
  weights_step(&critic->weights, ops, (double)self->options.learning_rate, &self->step, self->squares, NULL);
  report->critic_grad_norm = norm_of_all(self);
}

/* J_m = -mean Q_m(s, pi(s)): every critic sees the current actions of all agents it sees, the gradient goes through the
 * agent's own. */
static void actor_step(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report) {
  net_t *actor = &self->actor, *critic = &self->critic;
  const fc_ops_t *ops = self->ops;
  const int32_t b = batch->n_batch, rows = row_count(self, b), n_own = self->n_own * FC_KNOBS;
  const int64_t n_values = (int64_t)self->n_learners * rows * n_own;
  actor_forward(self, actor->weights.parameters, b, batch->features, self->action);
  critic_forward(self, critic->weights.parameters, b, batch->features, self->action);
  ops->sum_loss_forward(self->loss, critic->pass.y, NULL, -1.0 / rows, self->n_learners, rows, NULL);
  ops->sum_loss_backward(self->grad_q, NULL, -1.0 / rows, self->n_learners, rows, NULL);
  mlp_backward(&critic->mlp, critic->weights.parameters, NULL, MODE_TRAIN, rows, &critic->pass, self->grad_q,
               self->grad_x, NULL, &critic->workspace);
  for (int32_t i = 0; i < b; ++i) {
    for (int32_t m = 0; m < self->n_agents; ++m) {
      const int64_t row = row_of(self, b, i, m);
      memcpy(self->grad_action + row * n_own, self->grad_x + row * critic->mlp.n_in + own_action_column(self, m),
             (size_t)n_own * sizeof *self->grad_action);
    }
  }
  ops->sigmoid_backward(self->grad_action, self->grad_action, actor->pass.y, n_values, NULL);
  weights_zero_gradients(&actor->weights, ops, NULL);
  mlp_backward(&actor->mlp, actor->weights.parameters, NULL, MODE_TRAIN, rows, &actor->pass, self->grad_action, NULL,
               actor->weights.gradients, &actor->workspace);
  report->actor_loss = mean_loss(self);
  weights_step(&actor->weights, ops, (double)self->options.learning_rate, &self->step, self->squares, NULL);
  report->actor_grad_norm = norm_of_all(self);
}

void dpg_update(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report) {
  FC_ASSERT_EQ(batch->n_batch, self->options.n_batch);
  self->step += 1;
  critic_target(self, batch);
  critic_step(self, batch, report);
  actor_step(self, batch, report);
  weights_follow(&self->critic.weights, self->ops, (double)self->options.soft_update, NULL);
  weights_follow(&self->actor.weights, self->ops, (double)self->options.soft_update, NULL);
}

/* ---- use ----------------------------------------------------------------------------------------------------- */

void dpg_act(algorithm_t *self, int32_t n_batch, const float *features, float *action) {
  FC_ASSERT(n_batch >= 1 && n_batch <= self->options.n_batch);
  actor_forward(self, self->actor.weights.parameters, n_batch, features, action);
}

void dpg_q(algorithm_t *self, int32_t n_batch, const float *features, const float *action, float *q) {
  FC_ASSERT(n_batch >= 1 && n_batch <= self->options.n_batch);
  critic_forward(self, self->critic.weights.parameters, n_batch, features, action);
  for (int32_t b = 0; b < n_batch; ++b) {
    double sum = 0;
    for (int32_t m = 0; m < self->n_agents; ++m) sum += (double)self->critic.pass.y[row_of(self, n_batch, b, m)];
    q[b] = (float)(sum / self->n_agents);
  }
}

/* A tensor (I,C) of L actors side by side is (L I, C), a vector (C) is (L C): docs/algorithms.md. */
int32_t dpg_export_policy(algorithm_t *self, fc_policy_manifest_t *manifest, fc_tensor_t *tensors) {
  const net_t *actor = &self->actor;
  float *to = self->exported;
  snprintf(manifest->kind, sizeof manifest->kind, "%s", self->method->name);
  snprintf(manifest->variant, sizeof manifest->variant, "repaired");
  for (int32_t i = 0; i < actor->table.n_items; ++i) {
    const parameter_t *p = &actor->table.items[i];
    const int64_t n = (int64_t)p->shape[0] * p->shape[1];
    fc_tensor_t *t = &tensors[i];
    *t = (fc_tensor_t){.n_dims = p->n_dims, .data = to};
    snprintf(t->name, sizeof t->name, "actor.%s", p->name);
    t->shape[0] = (int64_t)self->n_learners * p->shape[0];
    if (p->n_dims == 2) t->shape[1] = p->shape[1];
    for (int32_t l = 0; l < self->n_learners; ++l, to += n) {
      memcpy(to, actor->weights.parameters + l * actor->table.n_values + p->offset, (size_t)n * sizeof *to);
    }
  }
  return actor->table.n_items;
}

int32_t dpg_state(algorithm_t *self, algorithm_state_t *blocks, int64_t **step, fc_rng_t **rng) {
  *step = &self->step;
  *rng = &self->rng;
  const int32_t n = weights_states(&self->actor.weights, "actor", blocks, 0);
  return weights_states(&self->critic.weights, "critic", blocks, n);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

algorithm_options_t dpg_defaults(algorithm_variant_t variant) {
  algorithm_options_t options = options_repaired();
  options.variant = variant;
  return options;
}

static void init_net(net_t *net, const algorithm_t *self, int32_t n_in, int32_t n_out) {
  mlp_init(&net->mlp, self->ops, NORM_LAYER, self->n_learners, n_in, self->options.n_hidden, n_out, &net->table);
  net->mlp.parameter_stride = net->table.n_values;
}

static void bind_net(net_t *net, const algorithm_t *self, arena_t *arena) {
  const int32_t rows = row_count(self, self->options.n_batch);
  weights_bind(&net->weights, &net->table, self->n_learners, arena);
  mlp_pass_bind(&net->mlp, rows, &net->pass, arena);
  mlp_workspace_bind(&net->mlp, rows, &net->workspace, arena);
}

static void bind_all(algorithm_t *self, arena_t *arena) {
  const int64_t n_batch = self->options.n_batch, rows = n_batch * self->n_agents;
  bind_net(&self->actor, self, arena);
  bind_net(&self->critic, self, arena);
  self->action = arena_take(arena, n_batch * self->n_functions * FC_KNOBS);
  self->target_q = arena_take(arena, rows);
  self->grad_q = arena_take(arena, rows);
  self->grad_x = arena_take(arena, rows * self->critic.mlp.n_in);
  self->grad_action = arena_take(arena, rows * self->n_own * FC_KNOBS);
  self->loss = arena_take(arena, self->n_learners);
  self->squares = arena_take(arena, self->n_learners);
  self->exported = arena_take(arena, self->actor.weights.n_values);
}

void dpg_destroy(algorithm_t **self) {
  if (self == NULL || *self == NULL) return;
  free((*self)->memory);
  free(*self);
  *self = NULL;
}

static fc_status_t allocate(algorithm_t *self, fc_error_t *error) {
  arena_t arena = {NULL, 0};
  bind_all(self, &arena);
  const size_t bytes = (size_t)arena.n_values * sizeof(float);
  self->memory = aligned_alloc(ARENA_ALIGNMENT_VALUES * sizeof(float), bytes);
  if (self->memory == NULL) {
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory for %zu MiB of networks and activations",
                        self->method->name, bytes >> 20);
  }
  memset(self->memory, 0, bytes);
  arena = (arena_t){self->memory, 0};
  bind_all(self, &arena);
  return FC_OK;
}

static fc_status_t check(const dpg_method_t *method, const algorithm_options_t *options, const fc_workflow_t *workflow,
                         int32_t n_features, fc_error_t *error) {
  FC_TRY(options_check_repaired(method->name, options, error));
  FC_TRY(options_check(method->name, options, workflow->n_functions, n_features, error));
  if (options->n_threads > 1) {
    return fc_error_set(error, FC_EINVAL, "%s: %d threads: expected 1; attmf and mean_field share out a batch",
                        method->name, (int)options->n_threads);
  }
  const char *missing = fc_ops_missing(fc_ops_cpu());
  if (missing != NULL) {
    return fc_error_set(error, FC_EINTERNAL, "%s: backend %s lacks the op %s", method->name, fc_ops_cpu()->backend,
                        missing);
  }
  if (!method->is_single_agent && method->critic_sees_all && workflow->n_functions > MAX_AGENTS_THAT_SEE_ALL) {
    return fc_error_set(error, FC_EINVAL,
                        "%s: %d functions would need as many critics of all functions each: use at most %d, or attmf",
                        method->name, (int)workflow->n_functions, (int)MAX_AGENTS_THAT_SEE_ALL);
  }
  return FC_OK;
}

fc_status_t dpg_create(const dpg_method_t *method, const algorithm_options_t *options, const fc_workflow_t *workflow,
                       int32_t n_features, algorithm_t **out, fc_error_t *error) {
  *out = NULL;
  FC_TRY(check(method, options, workflow, n_features, error));
  algorithm_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", method->name);
  self->method = method;
  self->options = *options;
  self->n_functions = workflow->n_functions;
  self->n_features = n_features;
  self->n_agents = method->is_single_agent ? 1 : workflow->n_functions;
  self->n_own = workflow->n_functions / self->n_agents;
  self->n_learners = method->is_shared ? 1 : self->n_agents;
  self->ops = fc_ops_cpu();
  const int32_t n_seen = method->critic_sees_all ? workflow->n_functions : self->n_own;
  init_net(&self->actor, self, self->n_own * n_features, self->n_own * FC_KNOBS);
  init_net(&self->critic, self, n_seen * (n_features + FC_KNOBS), 1);
  const fc_status_t status = allocate(self, error);
  if (status != FC_OK) {
    dpg_destroy(&self);
    return status;
  }
  fc_rng_init(&self->rng, options->seed, 0);
  weights_draw(&self->actor.weights, &self->actor.table, &self->rng);
  weights_draw(&self->critic.weights, &self->critic.table, &self->rng);
  *out = self;
  return FC_OK;
}
