/* sigmoid.cu - logistic function, ops.h: sigmoid_*. */
#include "cuda.cuh"

static __global__ void forward_kernel(fc_real_t *y, const fc_real_t *x, int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) y[i] = 1 / (1 + expf(-x[i]));
}

static __global__ void backward_kernel(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *y,
                                       int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) grad_x[i] = grad_y[i] * y[i] * (1 - y[i]);
}

void FC_CUDA(sigmoid_forward)(fc_real_t *y, const fc_real_t *x, int64_t n_values, fc_stream_t *stream) {
  if (n_values <= 0) return;
  FC_LAUNCH(forward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, x, n_values);
}

void FC_CUDA(sigmoid_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *y, int64_t n_values,
                               fc_stream_t *stream) {
  if (n_values <= 0) return;
  FC_LAUNCH(backward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_x, grad_y, y, n_values);
}
