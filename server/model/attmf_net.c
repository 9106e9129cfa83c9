/* attmf_net.c - actor and critic of AttMF composed of attention field, mean field and MLP. */
#include "attmf_net.h"

#include <string.h>

static void net_init(attmf_net_t *net, const fc_ops_t *ops, const fc_dims_t *dims, fc_neighbours_t neighbours,
                     attention_t attention, norm_t norm, int32_t n_in, int32_t n_out) {
  *net = (attmf_net_t){.n_features = dims->n_features, .n_knobs = dims->n_knobs};
  mlp_init(&net->mlp, ops, norm, dims->n_learners, n_in, dims->n_hidden, n_out, &net->parameters);
  attention_field_init(&net->field, ops, attention, dims->n_learners, dims->n_features, dims->n_attention, neighbours,
                       &net->parameters);
  net->mlp.parameter_stride = net->field.parameter_stride = net->parameters.n_values;
}

void attmf_net_init_actor(attmf_net_t *net, const fc_ops_t *ops, const fc_dims_t *dims, fc_neighbours_t neighbours,
                          attention_t attention, norm_t norm) {
  net_init(net, ops, dims, neighbours, attention, norm, 2 * dims->n_features, dims->n_knobs);
}

void attmf_net_set_backend(attmf_net_t *net, const fc_ops_t *ops, fc_stream_t *stream) {
  net->mlp.ops = net->field.ops = ops;
  net->mlp.stream = net->field.stream = stream;
  net->mlp.tile_rows = strcmp(ops->backend, "cpu") == 0 ? MLP_TILE_ROWS : 0;
}

void attmf_net_init_critic(attmf_net_t *net, const fc_ops_t *ops, const fc_dims_t *dims, fc_neighbours_t neighbours,
                           attention_t attention, norm_t norm) {
  net_init(net, ops, dims, neighbours, attention, norm, 2 * (dims->n_features + dims->n_knobs), 1);
}

static int32_t row_count(const attmf_net_t *net, int32_t n_batch) {
  return n_batch * net->field.neighbours.n_functions;
}

void attmf_pass_bind(const attmf_net_t *net, int32_t n_batch, attmf_pass_t *pass, arena_t *arena) {
  attention_field_pass_bind(&net->field, n_batch, &pass->field, arena);
  mlp_pass_bind(&net->mlp, row_count(net, n_batch), &pass->mlp, arena);
}

void attmf_workspace_bind(const attmf_net_t *net, int32_t n_batch, attmf_workspace_t *workspace, arena_t *arena) {
  const int64_t rows = (int64_t)net->mlp.n_learners * row_count(net, n_batch);
  attention_field_workspace_bind(&net->field, n_batch, &workspace->field, arena);
  mlp_workspace_bind(&net->mlp, row_count(net, n_batch), &workspace->mlp, arena);
  workspace->grad_x = arena_take(arena, rows * net->mlp.n_in);
  workspace->grad_y = arena_take(arena, rows * net->mlp.n_out);
}

/* x[:, first : first + C] = v, x[:, first + C : first + 2C] = mean field of v. */
static void own_and_mean(const attmf_net_t *net, int32_t n_batch, const fc_real_t *v, int32_t n_columns, int32_t first,
                         attmf_pass_t *pass) {
  const fc_ops_t *ops = net->mlp.ops;
  const int32_t width = net->mlp.n_in, l = net->mlp.n_learners;
  ops->concat_forward(pass->mlp.x, v, first, l, row_count(net, n_batch), n_columns, width, net->mlp.stream);
  ops->mean_field_forward(pass->mlp.x + first + n_columns, pass->field.weight, v, net->field.neighbours, l, n_batch,
                          n_columns, n_columns, width, net->mlp.stream);
}

/* Adds the part of v's mean field (columns from `first` of grad_x) to grad_weight. */
static void mean_to_weight(const attmf_net_t *net, int32_t n_batch, const fc_real_t *v, int32_t n_columns,
                           int32_t first, const attmf_pass_t *pass, attmf_workspace_t *workspace) {
  net->mlp.ops->mean_field_backward(workspace->field.grad_weight, NULL, workspace->grad_x + first, pass->field.weight,
                                    v, net->field.neighbours, net->mlp.n_learners, n_batch, n_columns, n_columns,
                                    net->mlp.n_in, n_columns, net->mlp.stream);
}

static void zero_grad_weight(const attmf_net_t *net, int32_t n_batch, attmf_workspace_t *workspace) {
  net->mlp.ops->fill(workspace->field.grad_weight, 0,
                     (int64_t)net->mlp.n_learners * n_batch * net->field.neighbours.n_edges, net->mlp.stream);
}

void attmf_actor_forward(const attmf_net_t *actor, const fc_real_t *parameters, fc_real_t *statistics, net_mode_t mode,
                         int32_t n_batch, const fc_real_t *features, attmf_pass_t *pass, attmf_workspace_t *workspace) {
  const int32_t rows = row_count(actor, n_batch);
  attention_field_forward(&actor->field, parameters, n_batch, features, &pass->field, &workspace->field);
  own_and_mean(actor, n_batch, features, actor->n_features, 0, pass);
  mlp_forward(&actor->mlp, parameters, statistics, mode, rows, &pass->mlp, &workspace->mlp);
  actor->mlp.ops->sigmoid_forward(pass->mlp.y, pass->mlp.y, (int64_t)actor->mlp.n_learners * rows * actor->n_knobs,
                                  actor->mlp.stream);
}

void attmf_actor_backward(const attmf_net_t *actor, const fc_real_t *parameters, const fc_real_t *statistics,
                          net_mode_t mode, int32_t n_batch, const fc_real_t *features, const attmf_pass_t *pass,
                          const fc_real_t *grad_action, fc_real_t *gradients, attmf_workspace_t *workspace) {
  const int32_t rows = row_count(actor, n_batch);
  actor->mlp.ops->sigmoid_backward(workspace->grad_y, grad_action, pass->mlp.y,
                                   (int64_t)actor->mlp.n_learners * rows * actor->n_knobs, actor->mlp.stream);
  mlp_backward(&actor->mlp, parameters, statistics, mode, rows, &pass->mlp, workspace->grad_y, workspace->grad_x,
               gradients, &workspace->mlp);
  zero_grad_weight(actor, n_batch, workspace);
  mean_to_weight(actor, n_batch, features, actor->n_features, actor->n_features, pass, workspace);
  attention_field_backward(&actor->field, parameters, n_batch, features, &pass->field, gradients, &workspace->field);
}

void attmf_critic_forward(const attmf_net_t *critic, const fc_real_t *parameters, fc_real_t *statistics,
                          net_mode_t mode, int32_t n_batch, const fc_real_t *features, const fc_real_t *action,
                          attmf_pass_t *pass, attmf_workspace_t *workspace) {
  attention_field_forward(&critic->field, parameters, n_batch, features, &pass->field, &workspace->field);
  own_and_mean(critic, n_batch, features, critic->n_features, 0, pass);
  own_and_mean(critic, n_batch, action, critic->n_knobs, 2 * critic->n_features, pass);
  mlp_forward(&critic->mlp, parameters, statistics, mode, row_count(critic, n_batch), &pass->mlp, &workspace->mlp);
}

void attmf_critic_backward(const attmf_net_t *critic, const fc_real_t *parameters, const fc_real_t *statistics,
                           net_mode_t mode, int32_t n_batch, const fc_real_t *features, const fc_real_t *action,
                           const attmf_pass_t *pass, const fc_real_t *grad_q, fc_real_t *gradients,
                           attmf_workspace_t *workspace) {
  mlp_backward(&critic->mlp, parameters, statistics, mode, row_count(critic, n_batch), &pass->mlp, grad_q,
               workspace->grad_x, gradients, &workspace->mlp);
  zero_grad_weight(critic, n_batch, workspace);
  mean_to_weight(critic, n_batch, features, critic->n_features, critic->n_features, pass, workspace);
  mean_to_weight(critic, n_batch, action, critic->n_knobs, 2 * critic->n_features + critic->n_knobs, pass, workspace);
  attention_field_backward(&critic->field, parameters, n_batch, features, &pass->field, gradients, &workspace->field);
}

void attmf_critic_action_gradient(const attmf_net_t *critic, const fc_real_t *parameters, const fc_real_t *statistics,
                                  net_mode_t mode, int32_t n_batch, const fc_real_t *action, const attmf_pass_t *pass,
                                  const fc_real_t *grad_q, fc_real_t *grad_action, attmf_workspace_t *workspace) {
  const fc_ops_t *ops = critic->mlp.ops;
  const int32_t rows = row_count(critic, n_batch), l = critic->mlp.n_learners, width = critic->mlp.n_in;
  const int32_t own = 2 * critic->n_features, mean = own + critic->n_knobs, a = critic->n_knobs;
  mlp_backward(&critic->mlp, parameters, statistics, mode, rows, &pass->mlp, grad_q, workspace->grad_x, NULL,
               &workspace->mlp);
  ops->concat_backward(grad_action, workspace->grad_x, own, l, rows, a, width, critic->mlp.stream);
  ops->mean_field_backward(NULL, grad_action, workspace->grad_x + mean, pass->field.weight, action,
                           critic->field.neighbours, l, n_batch, a, a, width, a, critic->mlp.stream);
}
