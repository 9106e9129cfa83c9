/* mlp.c - forward and backward of the two-hidden-layer net, op by op. */
#include "mlp.h"

#include <math.h>
#include <stdbool.h>

/* Weight of the new batch in the running statistics, as published. */
static const double BATCHNORM_MOMENTUM = 0.1;

void mlp_init(mlp_t *mlp, const fc_ops_t *ops, norm_t norm, int32_t n_learners, int32_t n_in, int32_t n_hidden,
              int32_t n_out, parameters_t *parameters) {
  const double bound1 = 1 / sqrt((double)n_in), bound2 = 1 / sqrt((double)n_hidden);
  *mlp =
      (mlp_t){.ops = ops, .norm = norm, .n_learners = n_learners, .n_in = n_in, .n_hidden = n_hidden, .n_out = n_out};
  mlp->w1 = parameters_add(parameters, "w1", n_in, n_hidden, bound1, 0);
  mlp->b1 = parameters_add(parameters, "b1", 0, n_hidden, bound1, 0);
  mlp->scale1 = parameters_add(parameters, "norm1.scale", 0, n_hidden, 0, 1);
  mlp->shift1 = parameters_add(parameters, "norm1.shift", 0, n_hidden, 0, 0);
  mlp->w2 = parameters_add(parameters, "w2", n_hidden, n_hidden, bound2, 0);
  mlp->b2 = parameters_add(parameters, "b2", 0, n_hidden, bound2, 0);
  mlp->scale2 = parameters_add(parameters, "norm2.scale", 0, n_hidden, 0, 1);
  mlp->shift2 = parameters_add(parameters, "norm2.shift", 0, n_hidden, 0, 0);
  mlp->w3 = parameters_add(parameters, "w3", n_hidden, n_out, bound2, 0);
  mlp->b3 = parameters_add(parameters, "b3", 0, n_out, bound2, 0);
}

void mlp_statistics_reset(const mlp_t *mlp, fc_real_t *statistics) {
  const int64_t h = mlp->n_hidden;
  for (int64_t i = 0; i < mlp->n_learners * 4 * h; ++i) statistics[i] = (fc_real_t)(i / h % 2);
}

void mlp_pass_bind(const mlp_t *mlp, int32_t n_rows, mlp_pass_t *pass, arena_t *arena) {
  const int64_t rows = (int64_t)mlp->n_learners * n_rows;
  const int64_t moments = mlp->norm == NORM_LAYER ? rows : (int64_t)mlp->n_learners * mlp->n_hidden;
  pass->x = arena_take(arena, rows * mlp->n_in);
  pass->h1 = arena_take(arena, rows * mlp->n_hidden);
  pass->n1 = arena_take(arena, rows * mlp->n_hidden);
  pass->h2 = arena_take(arena, rows * mlp->n_hidden);
  pass->n2 = arena_take(arena, rows * mlp->n_hidden);
  pass->mean1 = arena_take(arena, moments);
  pass->rstd1 = arena_take(arena, moments);
  pass->mean2 = arena_take(arena, moments);
  pass->rstd2 = arena_take(arena, moments);
  pass->y = arena_take(arena, rows * mlp->n_out);
}

void mlp_workspace_bind(const mlp_t *mlp, int32_t n_rows, mlp_workspace_t *workspace, arena_t *arena) {
  const int64_t rows = (int64_t)mlp->n_learners * n_rows;
  const size_t layers[3] = {fc_linear_scratch(n_rows, mlp->n_in, mlp->n_hidden),
                            fc_linear_scratch(n_rows, mlp->n_hidden, mlp->n_hidden),
                            fc_linear_scratch(n_rows, mlp->n_hidden, mlp->n_out)};
  size_t scratch = fc_batchnorm_scratch(mlp->n_learners, n_rows, mlp->n_hidden);
  for (int i = 0; i < 3; ++i) {
    if (layers[i] > scratch) scratch = layers[i];
  }
  workspace->scratch = arena_take(arena, (int64_t)scratch);
  workspace->grad_n = arena_take(arena, rows * mlp->n_hidden);
  workspace->grad_h = arena_take(arena, rows * mlp->n_hidden);
}

/* Of hidden layer 0 or 1, which has its half of the statistics. */
static void norm_forward(const mlp_t *mlp, const fc_real_t *parameters, fc_real_t *statistics, net_mode_t mode,
                         int32_t n_rows, int layer, const mlp_pass_t *pass) {
  const fc_ops_t *ops = mlp->ops;
  const fc_real_t *scale = parameters + (layer == 0 ? mlp->scale1 : mlp->scale2);
  const fc_real_t *shift = parameters + (layer == 0 ? mlp->shift1 : mlp->shift2);
  const fc_real_t *h = layer == 0 ? pass->h1 : pass->h2;
  fc_real_t *n = layer == 0 ? pass->n1 : pass->n2;
  fc_real_t *mean = layer == 0 ? pass->mean1 : pass->mean2, *rstd = layer == 0 ? pass->rstd1 : pass->rstd2;
  if (mlp->norm == NORM_LAYER) {
    ops->layernorm_forward(n, mean, rstd, h, scale, shift, mlp->n_learners, n_rows, mlp->n_hidden,
                           mlp->parameter_stride, mlp->stream);
    return;
  }
  fc_real_t *running_mean = statistics + layer * 2 * mlp->n_hidden;
  fc_real_t *running_var = running_mean + mlp->n_hidden;
  if (mode == MODE_TRAIN) {
    ops->batchnorm_train_forward(n, mean, rstd, running_mean, running_var, h, scale, shift, BATCHNORM_MOMENTUM,
                                 mlp->n_learners, n_rows, mlp->n_hidden, mlp->parameter_stride,
                                 mlp_statistics_values(mlp), mlp->stream);
  } else {
    ops->batchnorm_eval_forward(n, h, scale, shift, running_mean, running_var, mlp->n_learners, n_rows, mlp->n_hidden,
                                mlp->parameter_stride, mlp_statistics_values(mlp), mlp->stream);
  }
}

/* grad (n,H) of a hidden layer's output -> of its norm's input, in place. */
static void norm_backward(const mlp_t *mlp, const fc_real_t *parameters, const fc_real_t *statistics, net_mode_t mode,
                          int32_t n_rows, int layer, const mlp_pass_t *pass, fc_real_t *grad, fc_real_t *gradients,
                          fc_real_t *scratch) {
  const fc_ops_t *ops = mlp->ops;
  const fc_real_t *scale = parameters + (layer == 0 ? mlp->scale1 : mlp->scale2);
  fc_real_t *grad_scale = gradients == NULL ? NULL : gradients + (layer == 0 ? mlp->scale1 : mlp->scale2);
  fc_real_t *grad_shift = gradients == NULL ? NULL : gradients + (layer == 0 ? mlp->shift1 : mlp->shift2);
  const fc_real_t *h = layer == 0 ? pass->h1 : pass->h2;
  const fc_real_t *mean = layer == 0 ? pass->mean1 : pass->mean2, *rstd = layer == 0 ? pass->rstd1 : pass->rstd2;
  if (mlp->norm == NORM_LAYER) {
    ops->layernorm_backward(grad, grad_scale, grad_shift, grad, h, mean, rstd, scale, mlp->n_learners, n_rows,
                            mlp->n_hidden, mlp->parameter_stride, mlp->stream);
    return;
  }
  const fc_real_t *running_mean = statistics + layer * 2 * mlp->n_hidden;
  const fc_real_t *running_var = running_mean + mlp->n_hidden;
  if (mode == MODE_TRAIN) {
    ops->batchnorm_train_backward(grad, grad_scale, grad_shift, grad, h, mean, rstd, scale, mlp->n_learners, n_rows,
                                  mlp->n_hidden, mlp->parameter_stride, scratch, mlp->stream);
  } else {
    ops->batchnorm_eval_backward(grad, grad_scale, grad_shift, grad, h, scale, running_mean, running_var,
                                 mlp->n_learners, n_rows, mlp->n_hidden, mlp->parameter_stride,
                                 mlp_statistics_values(mlp), scratch, mlp->stream);
  }
}

/* How many rows the tile that begins at `first` has; 0 after the last. */
static int32_t tile_size(const mlp_t *mlp, int32_t n_rows, int32_t first) {
  const int32_t left = n_rows - first;
  if (mlp->tile_rows == 0 || mlp->n_learners != 1 || n_rows < MLP_LEAST_TILES * mlp->tile_rows) return left;
  return left < mlp->tile_rows ? left : mlp->tile_rows;
}

/* The pass from row `first` on. */
static mlp_pass_t tile_of(const mlp_t *mlp, const mlp_pass_t *pass, int32_t first) {
  const int64_t hidden = (int64_t)first * mlp->n_hidden, moments = mlp->norm == NORM_LAYER ? first : 0;
  return (mlp_pass_t){.x = pass->x + (int64_t)first * mlp->n_in,
                      .h1 = pass->h1 + hidden,
                      .n1 = pass->n1 + hidden,
                      .h2 = pass->h2 + hidden,
                      .n2 = pass->n2 + hidden,
                      .mean1 = pass->mean1 + moments,
                      .rstd1 = pass->rstd1 + moments,
                      .mean2 = pass->mean2 + moments,
                      .rstd2 = pass->rstd2 + moments,
                      .y = pass->y + (int64_t)first * mlp->n_out};
}

/* What a pass of this kind has to have of all rows before any of them can go on. */
static bool norms_all_rows(const mlp_t *mlp, net_mode_t mode) {
  return mlp->norm == NORM_BATCH && mode == MODE_TRAIN;
}

/* Layers 0 and 1 are hidden, 2 is the last. */
static void layer_forward(const mlp_t *mlp, const fc_real_t *p, int32_t n_rows, int layer, const mlp_pass_t *pass,
                          const mlp_workspace_t *workspace) {
  const int64_t w[3] = {mlp->w1, mlp->w2, mlp->w3}, b[3] = {mlp->b1, mlp->b2, mlp->b3};
  const fc_real_t *const in[3] = {pass->x, pass->n1, pass->n2};
  fc_real_t *const out[3] = {pass->h1, pass->h2, pass->y};
  const int32_t l = mlp->n_learners, hidden = mlp->n_hidden;
  if (layer == 2) {
    mlp->ops->linear_forward(out[2], in[2], p + w[2], p + b[2], l, n_rows, hidden, mlp->n_out, mlp->parameter_stride,
                             workspace->scratch, mlp->stream);
  } else {
    mlp->ops->linear_relu_forward(out[layer], in[layer], p + w[layer], p + b[layer], 0, l, n_rows,
                                  layer == 0 ? mlp->n_in : hidden, hidden, mlp->parameter_stride, workspace->scratch,
                                  mlp->stream);
  }
}

void mlp_forward(const mlp_t *mlp, const fc_real_t *parameters, fc_real_t *statistics, net_mode_t mode, int32_t n_rows,
                 mlp_pass_t *pass, mlp_workspace_t *workspace) {
  const bool all_rows = norms_all_rows(mlp, mode);
  for (int from = 0, n_layers = all_rows ? 1 : 3; from < 3; from += n_layers) {
    for (int32_t first = 0, n; (n = tile_size(mlp, n_rows, first)) > 0; first += n) {
      const mlp_pass_t tile = tile_of(mlp, pass, first);
      for (int layer = from; layer < from + n_layers; ++layer) {
        layer_forward(mlp, parameters, n, layer, &tile, workspace);
        if (!all_rows && layer < 2) norm_forward(mlp, parameters, statistics, mode, n, layer, &tile);
      }
    }
    if (all_rows && from < 2) norm_forward(mlp, parameters, statistics, mode, n_rows, from, pass);
  }
}

/* grad_out (n, width of the layer), through the rectifier (hidden layers, in place) and the product -> grad_in. */
static void layer_backward(const mlp_t *mlp, const fc_real_t *p, int32_t n_rows, int layer, const mlp_pass_t *pass,
                           fc_real_t *grad_in, const fc_real_t *grad_out, fc_real_t *rectified, fc_real_t *g,
                           const mlp_workspace_t *workspace) {
  const int64_t w[3] = {mlp->w1, mlp->w2, mlp->w3}, b[3] = {mlp->b1, mlp->b2, mlp->b3};
  const fc_real_t *const in[3] = {pass->x, pass->n1, pass->n2};
  const int32_t l = mlp->n_learners, hidden = mlp->n_hidden;
  if (rectified != NULL) {
    mlp->ops->relu_backward(rectified, grad_out, layer == 0 ? pass->h1 : pass->h2, 0, (int64_t)l * n_rows * hidden,
                            mlp->stream);
    grad_out = rectified;
  }
  mlp->ops->linear_backward(grad_in, g == NULL ? NULL : g + w[layer], g == NULL ? NULL : g + b[layer], grad_out,
                            in[layer], p + w[layer], l, n_rows, layer == 0 ? mlp->n_in : hidden,
                            layer == 2 ? mlp->n_out : hidden, mlp->parameter_stride, workspace->scratch, mlp->stream);
}

void mlp_backward(const mlp_t *mlp, const fc_real_t *parameters, const fc_real_t *statistics, net_mode_t mode,
                  int32_t n_rows, const mlp_pass_t *pass, const fc_real_t *grad_y, fc_real_t *grad_x,
                  fc_real_t *gradients, mlp_workspace_t *workspace) {
  const bool all_rows = norms_all_rows(mlp, mode);
  for (int from = 2, n_layers = all_rows ? 1 : 3; from >= 0; from -= n_layers) {
    for (int32_t first = 0, n; (n = tile_size(mlp, n_rows, first)) > 0; first += n) {
      const mlp_pass_t tile = tile_of(mlp, pass, first);
      const int64_t hidden = (int64_t)first * mlp->n_hidden;
      fc_real_t *grad2 = workspace->grad_n + hidden, *grad1 = workspace->grad_h + hidden;
      fc_real_t *to_x = grad_x == NULL ? NULL : grad_x + (int64_t)first * mlp->n_in;
      fc_real_t *const in[3] = {to_x, grad1, grad2}, *const rectified[3] = {grad1, grad2, NULL};
      const fc_real_t *const out[3] = {grad1, grad2, grad_y + (int64_t)first * mlp->n_out};
      for (int layer = from; layer > from - n_layers; --layer) {
        if (!all_rows && layer < 2)
          norm_backward(mlp, parameters, statistics, mode, n, layer, &tile, rectified[layer], gradients,
                        workspace->scratch);
        layer_backward(mlp, parameters, n, layer, &tile, in[layer], out[layer], rectified[layer], gradients, workspace);
      }
    }
    if (all_rows && from > 0) {
      fc_real_t *grad = from == 2 ? workspace->grad_n : workspace->grad_h;
      norm_backward(mlp, parameters, statistics, mode, n_rows, from - 1, pass, grad, gradients, workspace->scratch);
    }
  }
}
