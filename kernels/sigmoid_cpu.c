/* sigmoid_cpu.c - logistic function, ops.h: sigmoid_*. exp of -|x| only, so that nothing overflows. */
#include "cpu.h"

void FC_CPU(sigmoid_forward)(fc_real_t *y, const fc_real_t *x, int64_t n_values, fc_stream_t *stream) {
  (void)stream;
  for (int64_t i = 0; i < n_values; ++i) {
    const fc_real_t e = fc_exp(x[i] < 0 ? x[i] : -x[i]);
    y[i] = (x[i] < 0 ? e : 1) / (1 + e);
  }
}

void FC_CPU(sigmoid_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *y, int64_t n_values,
                              fc_stream_t *stream) {
  (void)stream;
  for (int64_t i = 0; i < n_values; ++i) grad_x[i] = grad_y[i] * y[i] * (1 - y[i]);
}
