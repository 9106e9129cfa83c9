/* mean_field_cpu.c - weighted mean of the neighbours' vectors, ops.h: mean_field_*.
 *
 * Rows may be columns of wider rows (strides), so that the mean lands in its place of a net's input without a copy.
 */
#include "cpu.h"

void FC_CPU(mean_field_forward)(fc_real_t *y, const fc_real_t *weight, const fc_real_t *x, fc_neighbours_t neighbours,
                                int32_t n_learners, int32_t n_batch, int32_t n_columns, int32_t x_stride,
                                int32_t y_stride, fc_stream_t *stream) {
  (void)stream;
  const int32_t n = neighbours.n_functions;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t *w = weight + lb * neighbours.n_edges;
    for (int32_t j = 0; j < n; ++j) {
      fc_real_t *yj = y + (lb * n + j) * y_stride;
      for (int32_t c = 0; c < n_columns; ++c) yj[c] = 0;
      for (int32_t e = neighbours.row_start[j]; e < neighbours.row_start[j + 1]; ++e) {
        axpy(yj, w[e], x + (lb * n + neighbours.column[e]) * x_stride, n_columns);
      }
    }
  }
}

void FC_CPU(mean_field_backward)(fc_real_t *grad_weight, fc_real_t *grad_x, const fc_real_t *grad_y,
                                 const fc_real_t *weight, const fc_real_t *x, fc_neighbours_t neighbours,
                                 int32_t n_learners, int32_t n_batch, int32_t n_columns, int32_t x_stride,
                                 int32_t y_stride, int32_t grad_x_stride, fc_stream_t *stream) {
  (void)stream;
  const int32_t n = neighbours.n_functions;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t *gy = grad_y + lb * n * y_stride;
    const fc_real_t *w = weight + lb * neighbours.n_edges;
    for (int32_t e = 0; grad_weight != NULL && e < neighbours.n_edges; ++e) {
      grad_weight[lb * neighbours.n_edges + e] +=
          dot(gy + (int64_t)neighbours.row[e] * y_stride, x + (lb * n + neighbours.column[e]) * x_stride, n_columns);
    }
    for (int32_t k = 0; grad_x != NULL && k < n; ++k) {
      fc_real_t *gx = grad_x + (lb * n + k) * grad_x_stride;
      for (int32_t i = neighbours.incoming_start[k]; i < neighbours.incoming_start[k + 1]; ++i) {
        const int32_t e = neighbours.incoming[i];
        axpy(gx, w[e], gy + (int64_t)neighbours.row[e] * y_stride, n_columns);
      }
    }
  }
}
