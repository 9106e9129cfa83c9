/* mse.cu - weighted sum of squared errors, ops.h: mse_*. One block per learner; the sum runs in double. */
#include "cuda.cuh"

static __global__ void forward_kernel(fc_real_t *loss, const fc_real_t *prediction, const fc_real_t *target,
                                      const fc_real_t *row_weight, double factor, int32_t n_rows) {
  __shared__ double part[CUDA_BLOCK / CUDA_WARP];
  const int64_t first = static_cast<int64_t>(blockIdx.x) * n_rows;
  double sum = 0;
  for (int64_t i = first + threadIdx.x; i < first + n_rows; i += CUDA_BLOCK) {
    const double d = static_cast<double>(target[i]) - static_cast<double>(prediction[i]);
    sum += (row_weight == nullptr ? 1 : static_cast<double>(row_weight[i])) * d * d;
  }
  sum = cuda_block_sum(sum, part);
  if (threadIdx.x == 0) loss[blockIdx.x] = static_cast<fc_real_t>(factor * sum);
}

static __global__ void backward_kernel(fc_real_t *grad_prediction, const fc_real_t *prediction, const fc_real_t *target,
                                       const fc_real_t *row_weight, fc_real_t twice, int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step())
    grad_prediction[i] = twice * (row_weight == nullptr ? 1 : row_weight[i]) * (prediction[i] - target[i]);
}

void FC_CUDA(mse_forward)(fc_real_t *loss, const fc_real_t *prediction, const fc_real_t *target,
                          const fc_real_t *row_weight, double factor, int32_t n_learners, int32_t n_rows,
                          fc_stream_t *stream) {
  FC_LAUNCH(forward_kernel, static_cast<unsigned>(n_learners), CUDA_BLOCK, stream, loss, prediction, target, row_weight,
            factor, n_rows);
}

void FC_CUDA(mse_backward)(fc_real_t *grad_prediction, const fc_real_t *prediction, const fc_real_t *target,
                           const fc_real_t *row_weight, double factor, int32_t n_learners, int32_t n_rows,
                           fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_rows;
  if (n_values <= 0) return;
  FC_LAUNCH(backward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_prediction, prediction, target, row_weight,
            static_cast<fc_real_t>(2 * factor), n_values);
}
