/* mean_field.cu - weighted mean of the neighbours' vectors, ops.h: mean_field_*. One thread per value that is written.
 */
#include "edges.cuh"

static __global__ void forward_kernel(fc_real_t *y, const fc_real_t *weight, const fc_real_t *x,
                                      fc_neighbours_t neighbours, int64_t n_values, int32_t n_columns, int32_t x_stride,
                                      int32_t y_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t row = i / n_columns, batch_row = row / neighbours.n_functions;
    y[row * y_stride + i % n_columns] =
        edges_own_sum(weight + batch_row * neighbours.n_edges, x + batch_row * neighbours.n_functions * x_stride,
                      x_stride, neighbours, row % neighbours.n_functions, i % n_columns);
  }
}

/* grad_weight_jk += grad_y_j . x_k */
static __global__ void weight_kernel(fc_real_t *grad_weight, const fc_real_t *grad_y, const fc_real_t *x,
                                     fc_neighbours_t neighbours, int64_t n_weights, int32_t n_columns, int32_t x_stride,
                                     int32_t y_stride) {
  for (int64_t i = cuda_index(); i < n_weights; i += cuda_step()) {
    const int64_t functions = i / neighbours.n_edges * neighbours.n_functions;
    const int64_t e = i % neighbours.n_edges;
    const fc_real_t *gy = grad_y + (functions + neighbours.row[e]) * y_stride;
    const fc_real_t *xk = x + (functions + neighbours.column[e]) * x_stride;
    fc_real_t sum = 0;
    for (int32_t c = 0; c < n_columns; ++c) sum += gy[c] * xk[c];
    grad_weight[i] += sum;
  }
}

/* grad_x_k += sum_j weight_jk grad_y_j */
static __global__ void input_kernel(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *weight,
                                    fc_neighbours_t neighbours, int64_t n_values, int32_t n_columns, int32_t y_stride,
                                    int32_t grad_x_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t row = i / n_columns, batch_row = row / neighbours.n_functions;
    grad_x[row * grad_x_stride + i % n_columns] += edges_incoming_sum(
        weight + batch_row * neighbours.n_edges, grad_y + batch_row * neighbours.n_functions * y_stride, y_stride,
        neighbours, row % neighbours.n_functions, i % n_columns);
  }
}

void FC_CUDA(mean_field_forward)(fc_real_t *y, const fc_real_t *weight, const fc_real_t *x, fc_neighbours_t neighbours,
                                 int32_t n_learners, int32_t n_batch, int32_t n_columns, int32_t x_stride,
                                 int32_t y_stride, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_batch * neighbours.n_functions * n_columns;
  if (n_values <= 0) return;
  FC_LAUNCH(forward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, weight, x, neighbours, n_values, n_columns,
            x_stride, y_stride);
}

void FC_CUDA(mean_field_backward)(fc_real_t *grad_weight, fc_real_t *grad_x, const fc_real_t *grad_y,
                                  const fc_real_t *weight, const fc_real_t *x, fc_neighbours_t neighbours,
                                  int32_t n_learners, int32_t n_batch, int32_t n_columns, int32_t x_stride,
                                  int32_t y_stride, int32_t grad_x_stride, fc_stream_t *stream) {
  const int64_t n_batch_rows = static_cast<int64_t>(n_learners) * n_batch;
  const int64_t n_weights = n_batch_rows * neighbours.n_edges;
  const int64_t n_values = n_batch_rows * neighbours.n_functions * n_columns;
  if (grad_weight != nullptr && n_weights > 0)
    FC_LAUNCH(weight_kernel, cuda_blocks(n_weights), CUDA_BLOCK, stream, grad_weight, grad_y, x, neighbours, n_weights,
              n_columns, x_stride, y_stride);
  if (grad_x != nullptr && n_values > 0)
    FC_LAUNCH(input_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_x, grad_y, weight, neighbours, n_values,
              n_columns, y_stride, grad_x_stride);
}
