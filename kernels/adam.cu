/* adam.cu - Adam (Kingma and Ba, ICLR '15, algorithm 1), ops.h: adam. One pass over a flat block.
 *
 * The step lies on the device, so that one recording serves every update; each block works out the corrections of the
 * moments from it, in double.
 */
#include "cuda.cuh"

typedef struct {
  double learning_rate, beta1, beta2;
  fc_real_t epsilon;
} adam_t;

static __global__ void adam_kernel(fc_real_t *parameter, fc_real_t *moment1, fc_real_t *moment2, const fc_real_t *grad,
                                   adam_t a, const int64_t *step, int64_t n_values) {
  __shared__ fc_real_t correction[2];
  if (threadIdx.x == 0) {
    const double t = static_cast<double>(*step);
    correction[0] = static_cast<fc_real_t>(a.learning_rate / (1 - pow(a.beta1, t)));
    correction[1] = static_cast<fc_real_t>(1 / sqrt(1 - pow(a.beta2, t)));
  }
  __syncthreads();
  const fc_real_t rate = correction[0], root = correction[1];
  const fc_real_t b1 = static_cast<fc_real_t>(a.beta1), c1 = static_cast<fc_real_t>(1 - a.beta1);
  const fc_real_t b2 = static_cast<fc_real_t>(a.beta2), c2 = static_cast<fc_real_t>(1 - a.beta2);
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const fc_real_t m = b1 * moment1[i] + c1 * grad[i];
    const fc_real_t v = b2 * moment2[i] + c2 * grad[i] * grad[i];
    moment1[i] = m;
    moment2[i] = v;
    parameter[i] -= rate * m / (sqrtf(v) * root + a.epsilon);
  }
}

void FC_CUDA(adam)(fc_real_t *parameter, fc_real_t *moment1, fc_real_t *moment2, const fc_real_t *grad,
                   double learning_rate, double beta1, double beta2, double epsilon, const int64_t *step,
                   int64_t n_values, fc_stream_t *stream) {
  if (n_values <= 0) return;
  adam_t a;
  a.learning_rate = learning_rate;
  a.beta1 = beta1;
  a.beta2 = beta2;
  a.epsilon = static_cast<fc_real_t>(epsilon);
  FC_LAUNCH(adam_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, parameter, moment1, moment2, grad, a, step,
            n_values);
}
