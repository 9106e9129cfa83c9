/* relu.cu - (leaky) rectifier, ops.h: relu_*. The backward reads the output: its sign is the input's. */
#include "cuda.cuh"

/* out = x where sign > 0, else slope x */
static __global__ void rectify_kernel(fc_real_t *out, const fc_real_t *x, const fc_real_t *sign, fc_real_t slope,
                                      int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) out[i] = sign[i] > 0 ? x[i] : slope * x[i];
}

void FC_CUDA(relu_forward)(fc_real_t *y, const fc_real_t *x, double negative_slope, int64_t n_values,
                           fc_stream_t *stream) {
  if (n_values <= 0) return;
  FC_LAUNCH(rectify_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, x, x, static_cast<fc_real_t>(negative_slope),
            n_values);
}

void FC_CUDA(relu_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *y, double negative_slope,
                            int64_t n_values, fc_stream_t *stream) {
  if (n_values <= 0) return;
  FC_LAUNCH(rectify_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_x, grad_y, y,
            static_cast<fc_real_t>(negative_slope), n_values);
}
