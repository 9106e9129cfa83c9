/* concat.cu - rows into some columns of wider rows and back, ops.h: concat_*. */
#include "cuda.cuh"

static __global__ void forward_kernel(fc_real_t *y, const fc_real_t *x, int64_t n_values, int32_t n_columns,
                                      int32_t y_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) y[i / n_columns * y_stride + i % n_columns] = x[i];
}

static __global__ void backward_kernel(fc_real_t *grad_x, const fc_real_t *grad_y, int64_t n_values, int32_t n_columns,
                                       int32_t y_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step())
    grad_x[i] = grad_y[i / n_columns * y_stride + i % n_columns];
}

void FC_CUDA(concat_forward)(fc_real_t *y, const fc_real_t *x, int32_t first_column, int32_t n_learners, int32_t n_rows,
                             int32_t n_columns, int32_t y_stride, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_rows * n_columns;
  if (n_values <= 0) return;
  FC_LAUNCH(forward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y + first_column, x, n_values, n_columns,
            y_stride);
}

void FC_CUDA(concat_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, int32_t first_column, int32_t n_learners,
                              int32_t n_rows, int32_t n_columns, int32_t y_stride, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_rows * n_columns;
  if (n_values <= 0) return;
  FC_LAUNCH(backward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_x, grad_y + first_column, n_values,
            n_columns, y_stride);
}
