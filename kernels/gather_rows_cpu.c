/* gather_rows_cpu.c - rows by index, ops.h: gather_rows. */
#include <string.h>

#include "cpu.h"

void FC_CPU(gather_rows)(fc_real_t *y, const fc_real_t *x, const int32_t *index, int32_t n_learners, int32_t n_batch,
                         int32_t n_rows, int32_t n_columns, fc_stream_t *stream) {
  (void)stream;
  for (int32_t l = 0; l < n_learners; ++l) {
    for (int32_t b = 0; b < n_batch; ++b) {
      const int64_t row = (int64_t)l * n_rows + index[(int64_t)l * n_batch + b];
      memcpy(y + ((int64_t)l * n_batch + b) * n_columns, x + row * n_columns, (size_t)n_columns * sizeof(fc_real_t));
    }
  }
}
