/* mse_cpu.c - weighted sum of squared errors, ops.h: mse_*. The sum runs in double: it is read by people. */
#include "cpu.h"

void FC_CPU(mse_forward)(fc_real_t *loss, const fc_real_t *prediction, const fc_real_t *target,
                         const fc_real_t *row_weight, double factor, int32_t n_learners, int32_t n_rows,
                         fc_stream_t *stream) {
  (void)stream;
  for (int32_t l = 0; l < n_learners; ++l) {
    double sum = 0;
    for (int64_t i = (int64_t)l * n_rows; i < (int64_t)(l + 1) * n_rows; ++i) {
      const double d = (double)target[i] - (double)prediction[i];
      sum += (row_weight == NULL ? 1 : (double)row_weight[i]) * d * d;
    }
    loss[l] = (fc_real_t)(factor * sum);
  }
}

void FC_CPU(mse_backward)(fc_real_t *grad_prediction, const fc_real_t *prediction, const fc_real_t *target,
                          const fc_real_t *row_weight, double factor, int32_t n_learners, int32_t n_rows,
                          fc_stream_t *stream) {
  (void)stream;
  const fc_real_t twice = (fc_real_t)(2 * factor);
  for (int64_t i = 0; i < (int64_t)n_learners * n_rows; ++i) {
    grad_prediction[i] = twice * (row_weight == NULL ? 1 : row_weight[i]) * (prediction[i] - target[i]);
  }
}
