/* mlp.c - forward and backward of the two-hidden-layer net, op by op. */
#include "mlp.h"

#include <math.h>

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
  size_t scratch = 2 * (size_t)mlp->n_hidden; /* batch norm */
  for (int i = 0; i < 3; ++i) {
    if (layers[i] > scratch) scratch = layers[i];
  }
  workspace->scratch = arena_take(arena, (int64_t)scratch);
  workspace->grad_n = arena_take(arena, rows * mlp->n_hidden);
  workspace->grad_h = arena_take(arena, rows * mlp->n_hidden);
}

/* One hidden layer's norm; `which` is 0 or 1 and selects its half of the statistics. */
static void norm_forward(const mlp_t *mlp, const fc_real_t *parameters, fc_real_t *statistics, net_mode_t mode,
                         int32_t n_rows, int which, const fc_real_t *h, fc_real_t *n, fc_real_t *mean,
                         fc_real_t *rstd) {
  const fc_ops_t *ops = mlp->ops;
  const fc_real_t *scale = parameters + (which == 0 ? mlp->scale1 : mlp->scale2);
  const fc_real_t *shift = parameters + (which == 0 ? mlp->shift1 : mlp->shift2);
  if (mlp->norm == NORM_LAYER) {
    ops->layernorm_forward(n, mean, rstd, h, scale, shift, mlp->n_learners, n_rows, mlp->n_hidden,
                           mlp->parameter_stride, mlp->stream);
    return;
  }
  fc_real_t *running_mean = statistics + which * 2 * mlp->n_hidden;
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

static void norm_backward(const mlp_t *mlp, const fc_real_t *parameters, const fc_real_t *statistics, net_mode_t mode,
                          int32_t n_rows, int which, const fc_real_t *h, const fc_real_t *mean, const fc_real_t *rstd,
                          fc_real_t *grad, fc_real_t *gradients, fc_real_t *scratch) {
  const fc_ops_t *ops = mlp->ops;
  const fc_real_t *scale = parameters + (which == 0 ? mlp->scale1 : mlp->scale2);
  fc_real_t *grad_scale = gradients == NULL ? NULL : gradients + (which == 0 ? mlp->scale1 : mlp->scale2);
  fc_real_t *grad_shift = gradients == NULL ? NULL : gradients + (which == 0 ? mlp->shift1 : mlp->shift2);
  if (mlp->norm == NORM_LAYER) {
    ops->layernorm_backward(grad, grad_scale, grad_shift, grad, h, mean, rstd, scale, mlp->n_learners, n_rows,
                            mlp->n_hidden, mlp->parameter_stride, mlp->stream);
    return;
  }
  const fc_real_t *running_mean = statistics + which * 2 * mlp->n_hidden;
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

void mlp_forward(const mlp_t *mlp, const fc_real_t *parameters, fc_real_t *statistics, net_mode_t mode, int32_t n_rows,
                 mlp_pass_t *pass, mlp_workspace_t *workspace) {
  const fc_ops_t *ops = mlp->ops;
  const fc_real_t *p = parameters;
  const int32_t l = mlp->n_learners, hidden = mlp->n_hidden;
  const int64_t n_hidden_values = (int64_t)l * n_rows * hidden, stride = mlp->parameter_stride;
  ops->linear_forward(pass->h1, pass->x, p + mlp->w1, p + mlp->b1, l, n_rows, mlp->n_in, hidden, stride,
                      workspace->scratch, mlp->stream);
  ops->relu_forward(pass->h1, pass->h1, 0, n_hidden_values, mlp->stream);
  norm_forward(mlp, p, statistics, mode, n_rows, 0, pass->h1, pass->n1, pass->mean1, pass->rstd1);
  ops->linear_forward(pass->h2, pass->n1, p + mlp->w2, p + mlp->b2, l, n_rows, hidden, hidden, stride,
                      workspace->scratch, mlp->stream);
  ops->relu_forward(pass->h2, pass->h2, 0, n_hidden_values, mlp->stream);
  norm_forward(mlp, p, statistics, mode, n_rows, 1, pass->h2, pass->n2, pass->mean2, pass->rstd2);
  ops->linear_forward(pass->y, pass->n2, p + mlp->w3, p + mlp->b3, l, n_rows, hidden, mlp->n_out, stride,
                      workspace->scratch, mlp->stream);
}

void mlp_backward(const mlp_t *mlp, const fc_real_t *parameters, const fc_real_t *statistics, net_mode_t mode,
                  int32_t n_rows, const mlp_pass_t *pass, const fc_real_t *grad_y, fc_real_t *grad_x,
                  fc_real_t *gradients, mlp_workspace_t *workspace) {
  const fc_ops_t *ops = mlp->ops;
  const fc_real_t *p = parameters;
  fc_real_t *g = gradients;
  fc_real_t *grad2 = workspace->grad_n, *grad1 = workspace->grad_h, *scratch = workspace->scratch;
  const int32_t l = mlp->n_learners, hidden = mlp->n_hidden;
  const int64_t n_hidden_values = (int64_t)l * n_rows * hidden, stride = mlp->parameter_stride;
  ops->linear_backward(grad2, g == NULL ? NULL : g + mlp->w3, g == NULL ? NULL : g + mlp->b3, grad_y, pass->n2,
                       p + mlp->w3, l, n_rows, hidden, mlp->n_out, stride, scratch, mlp->stream);
  norm_backward(mlp, p, statistics, mode, n_rows, 1, pass->h2, pass->mean2, pass->rstd2, grad2, g, scratch);
  ops->relu_backward(grad2, grad2, pass->h2, 0, n_hidden_values, mlp->stream);
  ops->linear_backward(grad1, g == NULL ? NULL : g + mlp->w2, g == NULL ? NULL : g + mlp->b2, grad2, pass->n1,
                       p + mlp->w2, l, n_rows, hidden, hidden, stride, scratch, mlp->stream);
  norm_backward(mlp, p, statistics, mode, n_rows, 0, pass->h1, pass->mean1, pass->rstd1, grad1, g, scratch);
  ops->relu_backward(grad1, grad1, pass->h1, 0, n_hidden_values, mlp->stream);
  ops->linear_backward(grad_x, g == NULL ? NULL : g + mlp->w1, g == NULL ? NULL : g + mlp->b1, grad1, pass->x,
                       p + mlp->w1, l, n_rows, mlp->n_in, hidden, stride, scratch, mlp->stream);
}
