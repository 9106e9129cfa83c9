/* sum_loss.cu - weighted sum as a loss (the actor's: factor -1/n over Q), ops.h: sum_loss_*. */
#include "cuda.cuh"

static __global__ void forward_kernel(fc_real_t *loss, const fc_real_t *x, const fc_real_t *row_weight, double factor,
                                      int32_t n_rows) {
  __shared__ double part[CUDA_BLOCK / CUDA_WARP];
  const int64_t first = static_cast<int64_t>(blockIdx.x) * n_rows;
  double sum = 0;
  for (int64_t i = first + threadIdx.x; i < first + n_rows; i += CUDA_BLOCK)
    sum += (row_weight == nullptr ? 1 : static_cast<double>(row_weight[i])) * static_cast<double>(x[i]);
  sum = cuda_block_sum(sum, part);
  if (threadIdx.x == 0) loss[blockIdx.x] = static_cast<fc_real_t>(factor * sum);
}

static __global__ void backward_kernel(fc_real_t *grad_x, const fc_real_t *row_weight, fc_real_t factor,
                                       int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step())
    grad_x[i] = factor * (row_weight == nullptr ? 1 : row_weight[i]);
}

void FC_CUDA(sum_loss_forward)(fc_real_t *loss, const fc_real_t *x, const fc_real_t *row_weight, double factor,
                               int32_t n_learners, int32_t n_rows, fc_stream_t *stream) {
  FC_LAUNCH(forward_kernel, static_cast<unsigned>(n_learners), CUDA_BLOCK, stream, loss, x, row_weight, factor, n_rows);
}

void FC_CUDA(sum_loss_backward)(fc_real_t *grad_x, const fc_real_t *row_weight, double factor, int32_t n_learners,
                                int32_t n_rows, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_rows;
  if (n_values <= 0) return;
  FC_LAUNCH(backward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_x, row_weight,
            static_cast<fc_real_t>(factor), n_values);
}
