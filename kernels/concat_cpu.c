/* concat_cpu.c - rows into some columns of wider rows and back, ops.h: concat_*. */
#include "cpu.h"

void FC_CPU(concat_forward)(fc_real_t *y, const fc_real_t *x, int32_t first_column, int32_t n_learners, int32_t n_rows,
                            int32_t n_columns, int32_t y_stride, fc_stream_t *stream) {
  (void)stream;
  for (int64_t lr = 0; lr < (int64_t)n_learners * n_rows; ++lr) {
    fc_real_t *restrict yr = y + lr * y_stride + first_column;
    const fc_real_t *restrict xr = x + lr * n_columns;
    for (int32_t c = 0; c < n_columns; ++c) yr[c] = xr[c];
  }
}

void FC_CPU(concat_backward)(fc_real_t *grad_x, const fc_real_t *grad_y, int32_t first_column, int32_t n_learners,
                             int32_t n_rows, int32_t n_columns, int32_t y_stride, fc_stream_t *stream) {
  (void)stream;
  for (int64_t lr = 0; lr < (int64_t)n_learners * n_rows; ++lr) {
    fc_real_t *restrict gx = grad_x + lr * n_columns;
    const fc_real_t *restrict gy = grad_y + lr * y_stride + first_column;
    for (int32_t c = 0; c < n_columns; ++c) gx[c] = gy[c];
  }
}
