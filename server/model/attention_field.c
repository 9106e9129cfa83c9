/* attention_field.c - projections and weights of the neighbours, forward and backward. */
#include "attention_field.h"

#include <math.h>

void attention_field_init(attention_field_t *field, const fc_ops_t *ops, attention_t attention, int32_t n_learners,
                          int32_t n_features, int32_t n_attention, fc_neighbours_t neighbours,
                          parameters_t *parameters) {
  const double bound = 1 / sqrt((double)n_features);
  *field = (attention_field_t){.ops = ops,
                               .attention = attention,
                               .n_learners = n_learners,
                               .n_features = n_features,
                               .n_attention = attention == ATTENTION_UNIFORM ? 0 : n_attention,
                               .neighbours = neighbours};
  if (attention == ATTENTION_UNIFORM) return;
  field->query = parameters_add(parameters, "attention.query", n_features, n_attention, bound, 0);
  field->key = parameters_add(parameters, "attention.key", n_features, n_attention, bound, 0);
}

static int64_t projection_values(const attention_field_t *field, int32_t n_batch) {
  return (int64_t)field->n_learners * n_batch * field->neighbours.n_functions * field->n_attention;
}

static int64_t weight_values(const attention_field_t *field, int32_t n_batch) {
  return (int64_t)field->n_learners * n_batch * field->neighbours.n_edges;
}

void attention_field_pass_bind(const attention_field_t *field, int32_t n_batch, attention_field_pass_t *pass,
                               arena_t *arena) {
  pass->query = arena_take(arena, projection_values(field, n_batch));
  pass->key = arena_take(arena, projection_values(field, n_batch));
  pass->weight = arena_take(arena, weight_values(field, n_batch));
}

void attention_field_workspace_bind(const attention_field_t *field, int32_t n_batch,
                                    attention_field_workspace_t *workspace, arena_t *arena) {
  const size_t linear =
      fc_linear_scratch(n_batch * field->neighbours.n_functions, field->n_features, field->n_attention);
  const size_t edges = (size_t)weight_values(field, n_batch);
  workspace->grad_query = arena_take(arena, projection_values(field, n_batch));
  workspace->grad_key = arena_take(arena, projection_values(field, n_batch));
  workspace->grad_weight = arena_take(arena, weight_values(field, n_batch));
  workspace->scratch = arena_take(arena, (int64_t)(linear > edges ? linear : edges));
}

void attention_field_forward(const attention_field_t *field, const fc_real_t *parameters, int32_t n_batch,
                             const fc_real_t *features, attention_field_pass_t *pass,
                             attention_field_workspace_t *workspace) {
  const fc_ops_t *ops = field->ops;
  const int32_t l = field->n_learners, rows = n_batch * field->neighbours.n_functions;
  if (field->attention == ATTENTION_UNIFORM) {
    ops->attention_uniform_forward(pass->weight, field->neighbours, l, n_batch, field->stream);
    return;
  }
  ops->linear_forward(pass->query, features, parameters + field->query, NULL, l, rows, field->n_features,
                      field->n_attention, field->parameter_stride, workspace->scratch, field->stream);
  ops->linear_forward(pass->key, features, parameters + field->key, NULL, l, rows, field->n_features,
                      field->n_attention, field->parameter_stride, workspace->scratch, field->stream);
  if (field->attention == ATTENTION_SOFTMAX) {
    ops->attention_softmax_forward(pass->weight, pass->query, pass->key, field->edge_mask, field->neighbours, l,
                                   n_batch, field->n_attention, field->stream);
  } else {
    ops->attention_square_forward(pass->weight, pass->query, pass->key, field->neighbours, l, n_batch,
                                  field->n_attention, field->stream);
  }
}

void attention_field_backward(const attention_field_t *field, const fc_real_t *parameters, int32_t n_batch,
                              const fc_real_t *features, const attention_field_pass_t *pass, fc_real_t *gradients,
                              attention_field_workspace_t *workspace) {
  const fc_ops_t *ops = field->ops;
  const int32_t l = field->n_learners, rows = n_batch * field->neighbours.n_functions;
  if (field->attention == ATTENTION_UNIFORM) return;
  if (field->attention == ATTENTION_SOFTMAX) {
    ops->attention_softmax_backward(workspace->grad_query, workspace->grad_key, workspace->grad_weight, pass->weight,
                                    pass->query, pass->key, field->edge_mask, field->neighbours, l, n_batch,
                                    field->n_attention, workspace->scratch, field->stream);
  } else {
    ops->attention_square_backward(workspace->grad_query, workspace->grad_key, workspace->grad_weight, pass->weight,
                                   pass->query, pass->key, field->neighbours, l, n_batch, field->n_attention,
                                   workspace->scratch, field->stream);
  }
  ops->linear_backward(NULL, gradients + field->query, NULL, workspace->grad_query, features, parameters + field->query,
                       l, rows, field->n_features, field->n_attention, field->parameter_stride, workspace->scratch,
                       field->stream);
  ops->linear_backward(NULL, gradients + field->key, NULL, workspace->grad_key, features, parameters + field->key, l,
                       rows, field->n_features, field->n_attention, field->parameter_stride, workspace->scratch,
                       field->stream);
}
