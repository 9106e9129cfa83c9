/* adam_cpu.c - Adam (Kingma and Ba, ICLR '15, algorithm 1), ops.h: adam. One pass over a flat block. */
#include "cpu.h"

void FC_CPU(adam)(fc_real_t *parameter, fc_real_t *moment1, fc_real_t *moment2, const fc_real_t *grad,
                  double learning_rate, double beta1, double beta2, double epsilon, const int64_t *step,
                  int64_t n_values, fc_stream_t *stream) {
  (void)stream;
  const fc_real_t b1 = (fc_real_t)beta1, b2 = (fc_real_t)beta2, eps = (fc_real_t)epsilon;
  const fc_real_t c1 = (fc_real_t)(1 - beta1), c2 = (fc_real_t)(1 - beta2);
  /* the corrections of both moments, taken out of the loop */
  const fc_real_t rate = (fc_real_t)(learning_rate / (1 - pow(beta1, (double)*step)));
  const fc_real_t root = (fc_real_t)(1 / sqrt(1 - pow(beta2, (double)*step)));
  fc_real_t *restrict p = parameter;
  fc_real_t *restrict m = moment1;
  fc_real_t *restrict v = moment2;
  const fc_real_t *restrict g = grad;
  for (int64_t i = 0; i < n_values; ++i) {
    m[i] = b1 * m[i] + c1 * g[i];
    v[i] = b2 * v[i] + c2 * g[i] * g[i];
    p[i] -= rate * m[i] / (fc_sqrt(v[i]) * root + eps);
  }
}
