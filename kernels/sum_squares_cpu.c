/* sum_squares_cpu.c - squared norm of a block, ops.h: sum_squares. Summed in double, in order. */
#include "cpu.h"

void FC_CPU(sum_squares)(fc_real_t *sum, const fc_real_t *x, int32_t n_learners, int64_t n_values,
                         fc_stream_t *stream) {
  (void)stream;
  for (int32_t l = 0; l < n_learners; ++l) {
    double lanes[8] = {0}; /* eight running sums: the order is fixed, the loop vectorises */
    const fc_real_t *xl = x + l * n_values;
    int64_t i = 0;
    for (; i + 8 <= n_values; i += 8) {
      for (int k = 0; k < 8; ++k) lanes[k] += (double)xl[i + k] * (double)xl[i + k];
    }
    for (; i < n_values; ++i) lanes[0] += (double)xl[i] * (double)xl[i];
    for (int width = 4; width >= 1; width /= 2) {
      for (int k = 0; k < width; ++k) lanes[k] += lanes[k + width];
    }
    sum[l] = (fc_real_t)lanes[0];
  }
}
