/* sum_loss_cpu.c - weighted sum as a loss (the actor's: factor -1/n over Q), ops.h: sum_loss_*. */
#include "cpu.h"

void FC_CPU(sum_loss_forward)(fc_real_t *loss, const fc_real_t *x, const fc_real_t *row_weight, double factor,
                              int32_t n_learners, int32_t n_rows, fc_stream_t *stream) {
  (void)stream;
  for (int32_t l = 0; l < n_learners; ++l) {
    double sum = 0;
    for (int64_t i = (int64_t)l * n_rows; i < (int64_t)(l + 1) * n_rows; ++i) {
      sum += (row_weight == NULL ? 1 : (double)row_weight[i]) * (double)x[i];
    }
    loss[l] = (fc_real_t)(factor * sum);
  }
}

void FC_CPU(sum_loss_backward)(fc_real_t *grad_x, const fc_real_t *row_weight, double factor, int32_t n_learners,
                               int32_t n_rows, fc_stream_t *stream) {
  (void)stream;
  const fc_real_t f = (fc_real_t)factor;
  for (int64_t i = 0; i < (int64_t)n_learners * n_rows; ++i) grad_x[i] = f * (row_weight == NULL ? 1 : row_weight[i]);
}
