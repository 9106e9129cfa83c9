/* relu_cpu.c - (leaky) rectifier, ops.h: relu_*. The backward reads the output: its sign is the input's. */
#include "cpu.h"

/* out = x where sign > 0, else slope x */
FC_INLINE void rectify(fc_real_t *out, const fc_real_t *x, const fc_real_t *sign, fc_real_t slope, int64_t n_values) {
  int64_t i = 0;
  for (; i + VEC <= n_values; i += VEC) {
    const vec_t value = vec_load(x + i);
    vec_store(out + i, vec_where_positive(vec_load(sign + i), value, slope * value));
  }
  for (; i < n_values; ++i) out[i] = sign[i] > 0 ? x[i] : slope * x[i];
}

void FC_CPU(relu_forward)(fc_real_t *y, const fc_real_t *x, double negative_slope, int64_t n_values,
                          fc_stream_t *stream) {
  (void)stream;
  rectify(y, x, x, (fc_real_t)negative_slope, n_values);
}

void FC_CPU(relu_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *y, double negative_slope,
                           int64_t n_values, fc_stream_t *stream) {
  (void)stream;
  rectify(grad_x, grad_y, y, (fc_real_t)negative_slope, n_values);
}
