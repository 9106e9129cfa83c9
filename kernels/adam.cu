/* adam.cu - Adam (Kingma and Ba, ICLR '15, algorithm 1), ops.h: adam. One pass over a flat block. */
#include "cuda.cuh"

typedef struct {
  fc_real_t beta1, beta2, one_minus_beta1, one_minus_beta2, rate, root, epsilon;
} adam_t;

static __global__ void adam_kernel(fc_real_t *parameter, fc_real_t *moment1, fc_real_t *moment2, const fc_real_t *grad,
                                   adam_t a, int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const fc_real_t m = a.beta1 * moment1[i] + a.one_minus_beta1 * grad[i];
    const fc_real_t v = a.beta2 * moment2[i] + a.one_minus_beta2 * grad[i] * grad[i];
    moment1[i] = m;
    moment2[i] = v;
    parameter[i] -= a.rate * m / (sqrtf(v) * a.root + a.epsilon);
  }
}

void FC_CUDA(adam)(fc_real_t *parameter, fc_real_t *moment1, fc_real_t *moment2, const fc_real_t *grad,
                   double learning_rate, double beta1, double beta2, double epsilon, int64_t step, int64_t n_values,
                   fc_stream_t *stream) {
  if (n_values <= 0) return;
  adam_t a;
  a.beta1 = static_cast<fc_real_t>(beta1);
  a.beta2 = static_cast<fc_real_t>(beta2);
  a.one_minus_beta1 = static_cast<fc_real_t>(1 - beta1);
  a.one_minus_beta2 = static_cast<fc_real_t>(1 - beta2);
  a.rate = static_cast<fc_real_t>(learning_rate / (1 - pow(beta1, static_cast<double>(step))));
  a.root = static_cast<fc_real_t>(1 / sqrt(1 - pow(beta2, static_cast<double>(step))));
  a.epsilon = static_cast<fc_real_t>(epsilon);
  FC_LAUNCH(adam_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, parameter, moment1, moment2, grad, a, n_values);
}
