/* relu_cpu.c - (leaky) rectifier, ops.h: relu_*. The backward reads the output: its sign is the input's. */
#include "cpu.h"

void FC_CPU(relu_forward)(fc_real_t *y, const fc_real_t *x, double negative_slope, int64_t n_values,
                          fc_stream_t *stream) {
  (void)stream;
  const fc_real_t slope = (fc_real_t)negative_slope;
  for (int64_t i = 0; i < n_values; ++i) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void FC_CPU(relu_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *y, double negative_slope,
                           int64_t n_values, fc_stream_t *stream) {
  (void)stream;
  const fc_real_t slope = (fc_real_t)negative_slope;
  for (int64_t i = 0; i < n_values; ++i) grad_x[i] = y[i] > 0 ? grad_y[i] : slope * grad_y[i];
}
