/* tanh_cpu.c - hyperbolic tangent, ops.h: tanh_*. */
#include "cpu.h"

void FC_CPU(tanh_forward)(fc_real_t *y, const fc_real_t *x, int64_t n_values, fc_stream_t *stream) {
  (void)stream;
  for (int64_t i = 0; i < n_values; ++i) y[i] = fc_tanh(x[i]);
}

void FC_CPU(tanh_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *y, int64_t n_values,
                           fc_stream_t *stream) {
  (void)stream;
  for (int64_t i = 0; i < n_values; ++i) grad_x[i] = grad_y[i] * (1 - y[i] * y[i]);
}
