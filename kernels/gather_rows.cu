/* gather_rows.cu - rows by index, ops.h: gather_rows. */
#include "cuda.cuh"

static __global__ void gather_rows_kernel(fc_real_t *y, const fc_real_t *x, const int32_t *index, int64_t n_values,
                                          int32_t n_batch, int32_t n_rows, int32_t n_columns) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t batch_row = i / n_columns;
    const int64_t row = batch_row / n_batch * n_rows + index[batch_row];
    y[i] = x[row * n_columns + i % n_columns];
  }
}

void FC_CUDA(gather_rows)(fc_real_t *y, const fc_real_t *x, const int32_t *index, int32_t n_learners, int32_t n_batch,
                          int32_t n_rows, int32_t n_columns, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_batch * n_columns;
  if (n_values <= 0) return;
  FC_LAUNCH(gather_rows_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, x, index, n_values, n_batch, n_rows,
            n_columns);
}
