/* attention_field.c - projections and weights of the neighbours, forward and backward. */
#include "attention_field.h"

#include <math.h>
#include <stdbool.h>

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

static int64_t feature_values(const attention_field_t *field, int32_t n_batch) {
  return (int64_t)field->n_learners * n_batch * field->neighbours.n_functions * field->n_features;
}

static int64_t fold_values(const attention_field_t *field) {
  return field->attention == ATTENTION_UNIFORM ? 0 : (int64_t)field->n_learners * field->n_features * field->n_features;
}

/* What scores are multiplied with before the softmax; the published squares have no factor. */
static double fold_scale(const attention_field_t *field) {
  return field->attention == ATTENTION_SOFTMAX ? 1 / sqrt((double)field->n_attention) : 1;
}

static int64_t weight_values(const attention_field_t *field, int32_t n_batch) {
  return (int64_t)field->n_learners * n_batch * field->neighbours.n_edges;
}

void attention_field_pass_bind(const attention_field_t *field, int32_t n_batch, attention_field_pass_t *pass,
                               arena_t *arena) {
  const bool uniform = field->attention == ATTENTION_UNIFORM;
  pass->fold = arena_take(arena, fold_values(field));
  pass->query = arena_take(arena, uniform ? 0 : feature_values(field, n_batch));
  pass->weight = arena_take(arena, weight_values(field, n_batch));
}

void attention_field_workspace_bind(const attention_field_t *field, int32_t n_batch,
                                    attention_field_workspace_t *workspace, arena_t *arena) {
  const size_t linear =
      fc_linear_scratch(n_batch * field->neighbours.n_functions, field->n_features, field->n_features);
  const size_t edges = (size_t)weight_values(field, n_batch);
  const bool uniform = field->attention == ATTENTION_UNIFORM;
  workspace->grad_query = arena_take(arena, uniform ? 0 : feature_values(field, n_batch));
  workspace->grad_fold = arena_take(arena, fold_values(field));
  workspace->grad_weight = arena_take(arena, weight_values(field, n_batch));
  workspace->scratch = arena_take(arena, (int64_t)(linear > edges ? linear : edges));
}

void attention_field_forward(const attention_field_t *field, const fc_real_t *parameters, int32_t n_batch,
                             const fc_real_t *features, attention_field_pass_t *pass,
                             attention_field_workspace_t *workspace) {
  const fc_ops_t *ops = field->ops;
  const int32_t l = field->n_learners, o = field->n_features, rows = n_batch * field->neighbours.n_functions;
  if (field->attention == ATTENTION_UNIFORM) {
    ops->attention_uniform_forward(pass->weight, field->neighbours, l, n_batch, field->stream);
    return;
  }
  ops->attention_fold_forward(pass->fold, parameters + field->query, parameters + field->key, fold_scale(field), l, o,
                              field->n_attention, field->parameter_stride, field->stream);
  ops->linear_forward(pass->query, features, pass->fold, NULL, l, rows, o, o, (int64_t)o * o, workspace->scratch,
                      field->stream);
  if (field->attention == ATTENTION_SOFTMAX) {
    ops->attention_softmax_forward(pass->weight, pass->query, features, field->edge_mask, field->neighbours, 1, l,
                                   n_batch, o, field->stream);
  } else {
    ops->attention_square_forward(pass->weight, pass->query, features, field->neighbours, l, n_batch, o, field->stream);
  }
}

void attention_field_backward(const attention_field_t *field, const fc_real_t *parameters, int32_t n_batch,
                              const fc_real_t *features, const attention_field_pass_t *pass, fc_real_t *gradients,
                              attention_field_workspace_t *workspace) {
  const fc_ops_t *ops = field->ops;
  const int32_t l = field->n_learners, o = field->n_features, rows = n_batch * field->neighbours.n_functions;
  if (field->attention == ATTENTION_UNIFORM) return;
  if (field->attention == ATTENTION_SOFTMAX) {
    ops->attention_softmax_backward(workspace->grad_query, NULL, workspace->grad_weight, pass->weight, pass->query,
                                    features, field->edge_mask, field->neighbours, 1, l, n_batch, o, workspace->scratch,
                                    field->stream);
  } else {
    ops->attention_square_backward(workspace->grad_query, NULL, workspace->grad_weight, pass->weight, pass->query,
                                   features, field->neighbours, l, n_batch, o, workspace->scratch, field->stream);
  }
  ops->fill(workspace->grad_fold, 0, fold_values(field), field->stream);
  ops->linear_backward(NULL, workspace->grad_fold, NULL, workspace->grad_query, features, pass->fold, l, rows, o, o,
                       (int64_t)o * o, workspace->scratch, field->stream);
  ops->attention_fold_backward(gradients + field->query, gradients + field->key, workspace->grad_fold,
                               parameters + field->query, parameters + field->key, fold_scale(field), l, o,
                               field->n_attention, field->parameter_stride, field->stream);
}
