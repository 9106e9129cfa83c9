/* batchnorm.cu - normalisation of each column over the rows of the batch, ops.h: batchnorm_*.
 *
 * One block has whole columns, so that statistics and what follows from them are one kernel: rows are read again, from
 * the cache. A batch of one row has variance 0; its unbiased variance is taken as 0 too.
 */
#include "columns.cuh"

static __global__ void train_forward_kernel(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, fc_real_t *running_mean,
                                            fc_real_t *running_var, const fc_real_t *x, const fc_real_t *scale,
                                            const fc_real_t *shift, fc_real_t blend, int32_t n_rows, int32_t n_columns,
                                            int64_t parameter_stride, int64_t statistics_stride) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  const columns_place_t place = columns_place(n_rows, n_columns);
  const int32_t end = place.has_column ? n_rows : 0;
  const fc_real_t inverse = 1 / static_cast<fc_real_t>(n_rows);
  fc_real_t sum = 0, squares = 0;
  for (int32_t r = place.part; r < end; r += COLUMNS_PARTS) sum += x[place.first + static_cast<int64_t>(r) * n_columns];
  const fc_real_t m = columns_sum(sum, sums) * inverse;
  for (int32_t r = place.part; r < end; r += COLUMNS_PARTS) {
    const fc_real_t d = x[place.first + static_cast<int64_t>(r) * n_columns] - m;
    squares += d * d;
  }
  const fc_real_t variance = columns_sum(squares, sums) * inverse;
  if (!place.has_column) return;
  const fc_real_t rs = 1 / sqrtf(variance + static_cast<fc_real_t>(FC_NORM_EPSILON));
  const int64_t parameter = blockIdx.y * parameter_stride + place.column;
  if (place.part == 0) {
    mean[static_cast<int64_t>(blockIdx.y) * n_columns + place.column] = m;
    rstd[static_cast<int64_t>(blockIdx.y) * n_columns + place.column] = rs;
    if (running_mean != nullptr) {
      const int64_t running = blockIdx.y * statistics_stride + place.column;
      const fc_real_t unbias = n_rows > 1 ? static_cast<fc_real_t>(n_rows) / static_cast<fc_real_t>(n_rows - 1) : 0;
      running_mean[running] += blend * (m - running_mean[running]);
      running_var[running] += blend * (variance * unbias - running_var[running]);
    }
  }
  for (int32_t r = place.part; r < end; r += COLUMNS_PARTS) {
    const int64_t at = place.first + static_cast<int64_t>(r) * n_columns;
    y[at] = (x[at] - m) * rs * scale[parameter] + shift[parameter];
  }
}

/* Sums over the thread's rows of grad_y and of grad_y h; `end` is 0 for a thread without a column. */
static __device__ void own_sums(fc_real_t *sum_g, fc_real_t *sum_gh, const columns_place_t &place, int32_t end,
                                int32_t n_columns, const fc_real_t *grad_y, const fc_real_t *x, fc_real_t mean,
                                fc_real_t rstd) {
  *sum_g = *sum_gh = 0;
  for (int32_t r = place.part; r < end; r += COLUMNS_PARTS) {
    const int64_t at = place.first + static_cast<int64_t>(r) * n_columns;
    *sum_g += grad_y[at];
    *sum_gh += grad_y[at] * ((x[at] - mean) * rstd);
  }
}

static __global__ void train_backward_kernel(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                             const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                             const fc_real_t *rstd, const fc_real_t *scale, int32_t n_rows,
                                             int32_t n_columns, int64_t parameter_stride) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  const columns_place_t place = columns_place(n_rows, n_columns);
  const int32_t end = place.has_column ? n_rows : 0;
  const int64_t statistic = static_cast<int64_t>(blockIdx.y) * n_columns + place.column;
  const fc_real_t m = place.has_column ? mean[statistic] : 0, rs = place.has_column ? rstd[statistic] : 0;
  fc_real_t sum_g, sum_gh;
  own_sums(&sum_g, &sum_gh, place, end, n_columns, grad_y, x, m, rs);
  sum_g = columns_sum(sum_g, sums);
  sum_gh = columns_sum(sum_gh, sums);
  if (!place.has_column) return;
  const int64_t parameter = blockIdx.y * parameter_stride + place.column;
  if (grad_scale != nullptr && place.part == 0) {
    grad_scale[parameter] += sum_gh;
    grad_shift[parameter] += sum_g;
  }
  const fc_real_t inverse = 1 / static_cast<fc_real_t>(n_rows), factor = scale[parameter] * rs;
  for (int32_t r = place.part; r < end; r += COLUMNS_PARTS) {
    const int64_t at = place.first + static_cast<int64_t>(r) * n_columns;
    const fc_real_t h = (x[at] - m) * rs;
    grad_x[at] = factor * (grad_y[at] - sum_g * inverse - h * (sum_gh * inverse));
  }
}

static __global__ void eval_forward_kernel(fc_real_t *y, const fc_real_t *x, const fc_real_t *scale,
                                           const fc_real_t *shift, const fc_real_t *running_mean,
                                           const fc_real_t *running_var, int64_t n_values, int64_t learner_values,
                                           int32_t n_columns, int64_t parameter_stride, int64_t statistics_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t l = i / learner_values, c = i % n_columns;
    const fc_real_t rs = 1 / sqrtf(running_var[l * statistics_stride + c] + static_cast<fc_real_t>(FC_NORM_EPSILON));
    const fc_real_t a = scale[l * parameter_stride + c] * rs;
    y[i] = (x[i] - running_mean[l * statistics_stride + c]) * a + shift[l * parameter_stride + c];
  }
}

static __global__ void eval_backward_kernel(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                            const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *scale,
                                            const fc_real_t *running_mean, const fc_real_t *running_var, int32_t n_rows,
                                            int32_t n_columns, int64_t parameter_stride, int64_t statistics_stride) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  const columns_place_t place = columns_place(n_rows, n_columns);
  const int32_t end = place.has_column ? n_rows : 0;
  const int64_t statistic = blockIdx.y * statistics_stride + place.column;
  const int64_t parameter = blockIdx.y * parameter_stride + place.column;
  const fc_real_t m = place.has_column ? running_mean[statistic] : 0;
  const fc_real_t variance = place.has_column ? running_var[statistic] : 1;
  const fc_real_t rs = 1 / sqrtf(variance + static_cast<fc_real_t>(FC_NORM_EPSILON));
  if (grad_scale != nullptr) {
    fc_real_t sum_g, sum_gh;
    own_sums(&sum_g, &sum_gh, place, end, n_columns, grad_y, x, m, rs);
    sum_g = columns_sum(sum_g, sums);
    sum_gh = columns_sum(sum_gh, sums);
    if (place.has_column && place.part == 0) {
      grad_scale[parameter] += sum_gh;
      grad_shift[parameter] += sum_g;
    }
  }
  for (int32_t r = place.part; r < end; r += COLUMNS_PARTS) {
    const int64_t at = place.first + static_cast<int64_t>(r) * n_columns;
    grad_x[at] = grad_y[at] * (scale[parameter] * rs);
  }
}

void FC_CUDA(batchnorm_train_forward)(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, fc_real_t *running_mean,
                                      fc_real_t *running_var, const fc_real_t *x, const fc_real_t *scale,
                                      const fc_real_t *shift, double momentum, int32_t n_learners, int32_t n_rows,
                                      int32_t n_columns, int64_t parameter_stride, int64_t statistics_stride,
                                      fc_stream_t *stream) {
  FC_LAUNCH(train_forward_kernel, columns_grid(n_learners, n_columns), CUDA_BLOCK, stream, y, mean, rstd, running_mean,
            running_var, x, scale, shift, static_cast<fc_real_t>(momentum), n_rows, n_columns, parameter_stride,
            statistics_stride);
}

void FC_CUDA(batchnorm_train_backward)(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                       const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                       const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners,
                                       int32_t n_rows, int32_t n_columns, int64_t parameter_stride, fc_real_t *scratch,
                                       fc_stream_t *stream) {
  (void)scratch;
  FC_LAUNCH(train_backward_kernel, columns_grid(n_learners, n_columns), CUDA_BLOCK, stream, grad_x, grad_scale,
            grad_shift, grad_y, x, mean, rstd, scale, n_rows, n_columns, parameter_stride);
}

void FC_CUDA(batchnorm_eval_forward)(fc_real_t *y, const fc_real_t *x, const fc_real_t *scale, const fc_real_t *shift,
                                     const fc_real_t *running_mean, const fc_real_t *running_var, int32_t n_learners,
                                     int32_t n_rows, int32_t n_columns, int64_t parameter_stride,
                                     int64_t statistics_stride, fc_stream_t *stream) {
  const int64_t learner_values = static_cast<int64_t>(n_rows) * n_columns, n_values = n_learners * learner_values;
  if (n_values <= 0) return;
  FC_LAUNCH(eval_forward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, x, scale, shift, running_mean,
            running_var, n_values, learner_values, n_columns, parameter_stride, statistics_stride);
}

void FC_CUDA(batchnorm_eval_backward)(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                      const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *scale,
                                      const fc_real_t *running_mean, const fc_real_t *running_var, int32_t n_learners,
                                      int32_t n_rows, int32_t n_columns, int64_t parameter_stride,
                                      int64_t statistics_stride, fc_real_t *scratch, fc_stream_t *stream) {
  (void)scratch;
  FC_LAUNCH(eval_backward_kernel, columns_grid(n_learners, n_columns), CUDA_BLOCK, stream, grad_x, grad_scale,
            grad_shift, grad_y, x, scale, running_mean, running_var, n_rows, n_columns, parameter_stride,
            statistics_stride);
}
