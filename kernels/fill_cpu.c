/* fill_cpu.c - constant, ops.h: fill. */
#include "cpu.h"

void FC_CPU(fill)(fc_real_t *y, double value, int64_t n_values, fc_stream_t *stream) {
  (void)stream;
  const fc_real_t v = (fc_real_t)value;
  for (int64_t i = 0; i < n_values; ++i) y[i] = v;
}
