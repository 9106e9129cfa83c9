/* mean_field_cpu.c - weighted mean of the neighbours' vectors, ops.h: mean_field_*.
 *
 * Rows may be columns of wider rows (strides), so that the mean lands in its place of a net's input without a copy.
 */
#include "cpu.h"

/* y = sum over the edges of function j: a panel of columns stays in registers while they are walked. */
FC_INLINE void weighted_mean(fc_real_t *y, const fc_real_t *weight, const fc_real_t *x,
                             const fc_neighbours_t *neighbours, int32_t j, int32_t n_columns, int32_t x_stride) {
  const int32_t first = neighbours->row_start[j], end = neighbours->row_start[j + 1];
  int32_t c = 0;
  for (; c + VEC <= n_columns; c += VEC) {
    vec_t sum = {0};
    for (int32_t e = first; e < end; ++e)
      sum += weight[e] * vec_load(x + (int64_t)neighbours->column[e] * x_stride + c);
    vec_store(y + c, sum);
  }
  for (; c + 4 <= n_columns; c += 4) {
    fc_real_t sum[4] = {0};
    for (int32_t e = first; e < end; ++e) {
      const fc_real_t *from = x + (int64_t)neighbours->column[e] * x_stride + c;
      for (int i = 0; i < 4; ++i) sum[i] += weight[e] * from[i];
    }
    for (int i = 0; i < 4; ++i) y[c + i] = sum[i];
  }
  for (; c < n_columns; ++c) {
    fc_real_t sum = 0;
    for (int32_t e = first; e < end; ++e) sum += weight[e] * x[(int64_t)neighbours->column[e] * x_stride + c];
    y[c] = sum;
  }
}

void FC_CPU(mean_field_forward)(fc_real_t *y, const fc_real_t *weight, const fc_real_t *x, fc_neighbours_t neighbours,
                                int32_t n_learners, int32_t n_batch, int32_t n_columns, int32_t x_stride,
                                int32_t y_stride, fc_stream_t *stream) {
  (void)stream;
  const int32_t n = neighbours.n_functions;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t *w = weight + lb * neighbours.n_edges;
    for (int32_t j = 0; j < n; ++j) {
      weighted_mean(y + (lb * n + j) * y_stride, w, x + lb * n * x_stride, &neighbours, j, n_columns, x_stride);
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
