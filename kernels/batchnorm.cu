/* batchnorm.cu - normalisation of each column over the rows of the batch, ops.h: batchnorm_*.
 *
 * Of few rows one block has whole columns, so that statistics and what follows from them are one kernel: rows are read
 * again, from the cache. Many rows are cut into chunks, a block each, whose statistics are then combined in order
 * (Chan, Golub and LeVeque, as in team_cpu.c). A batch of one row has variance 0; its unbiased variance is taken as 0
 * too.
 */
#include "columns.cuh"

/* Sum of the block's column over rows [first, end) of the batch; `end` is `first` for a thread without a column. */
static __device__ fc_real_t column_total(const columns_place_t &place, int32_t first, int32_t end, int32_t n_columns,
                                         const fc_real_t *x, fc_real_t (*sums)[COLUMNS_WIDTH]) {
  fc_real_t sum = 0;
  for (int32_t r = first + place.part; r < end; r += COLUMNS_PARTS)
    sum += x[place.first + static_cast<int64_t>(r) * n_columns];
  return columns_sum(sum, sums);
}

/* Sum of its squares about `mean`. */
static __device__ fc_real_t column_squares(const columns_place_t &place, int32_t first, int32_t end, int32_t n_columns,
                                           const fc_real_t *x, fc_real_t mean, fc_real_t (*sums)[COLUMNS_WIDTH]) {
  fc_real_t squares = 0;
  for (int32_t r = first + place.part; r < end; r += COLUMNS_PARTS) {
    const fc_real_t d = x[place.first + static_cast<int64_t>(r) * n_columns] - mean;
    squares += d * d;
  }
  return columns_sum(squares, sums);
}

static __global__ void train_forward_kernel(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, fc_real_t *running_mean,
                                            fc_real_t *running_var, const fc_real_t *x, const fc_real_t *scale,
                                            const fc_real_t *shift, fc_real_t blend, int32_t n_rows, int32_t n_columns,
                                            int64_t parameter_stride, int64_t statistics_stride) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  const columns_place_t place = columns_place(n_rows, n_columns);
  const int32_t end = place.has_column ? n_rows : 0;
  const fc_real_t inverse = 1 / static_cast<fc_real_t>(n_rows);
  const fc_real_t m = column_total(place, 0, end, n_columns, x, sums) * inverse;
  const fc_real_t variance = column_squares(place, 0, end, n_columns, x, m, sums) * inverse;
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

/* ---- many rows, in chunks ---- */

static int32_t chunk_count(int32_t n_rows) {
  return (n_rows + FC_BATCHNORM_CHUNK_ROWS - 1) / FC_BATCHNORM_CHUNK_ROWS;
}

/* A block per chunk: columns_grid with the chunks as its third extent. */
static dim3 chunk_grid(int32_t n_learners, int32_t n_rows, int32_t n_columns) {
  dim3 grid = columns_grid(n_learners, n_columns);
  grid.z = static_cast<unsigned>(chunk_count(n_rows));
  return grid;
}

/* Rows [first, end) of the block's chunk. */
static __device__ void chunk_rows(int32_t n_rows, int32_t *first, int32_t *end) {
  *first = static_cast<int32_t>(blockIdx.z) * FC_BATCHNORM_CHUNK_ROWS;
  *end = *first + FC_BATCHNORM_CHUNK_ROWS < n_rows ? *first + FC_BATCHNORM_CHUNK_ROWS : n_rows;
}

/* Where a learner's chunk keeps two rows of C values in (L, chunks, 2, C). */
static __device__ fc_real_t *chunk_place(fc_real_t *partial, int64_t learner, int64_t chunk, int64_t n_chunks,
                                         int32_t n_columns) {
  return partial + (learner * n_chunks + chunk) * 2 * n_columns;
}

/* Mean and centred squares of each chunk. */
static __global__ void chunk_statistics_kernel(fc_real_t *partial, const fc_real_t *x, int32_t n_rows,
                                               int32_t n_columns) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  const columns_place_t place = columns_place(n_rows, n_columns);
  int32_t first, end;
  chunk_rows(n_rows, &first, &end);
  const int32_t last = place.has_column ? end : first;
  const fc_real_t m = column_total(place, first, last, n_columns, x, sums) / static_cast<fc_real_t>(end - first);
  const fc_real_t squares = column_squares(place, first, last, n_columns, x, m, sums);
  if (!place.has_column || place.part != 0) return;
  fc_real_t *to = chunk_place(partial, blockIdx.y, blockIdx.z, gridDim.z, n_columns);
  to[place.column] = m;
  to[n_columns + place.column] = squares;
}

/* A thread per learner and column. */
static __global__ void combine_statistics_kernel(fc_real_t *mean, fc_real_t *rstd, fc_real_t *running_mean,
                                                 fc_real_t *running_var, fc_real_t *partial, fc_real_t blend,
                                                 int32_t n_chunks, int32_t n_learners, int32_t n_rows,
                                                 int32_t n_columns, int64_t statistics_stride) {
  const int64_t i = cuda_index();
  if (i >= static_cast<int64_t>(n_learners) * n_columns) return;
  const int64_t l = i / n_columns, c = i % n_columns;
  fc_real_t m = 0, squares = 0, n_before = 0;
  for (int32_t chunk = 0; chunk < n_chunks; ++chunk) {
    const fc_real_t *from = chunk_place(partial, l, chunk, n_chunks, n_columns);
    const int32_t left = n_rows - chunk * FC_BATCHNORM_CHUNK_ROWS;
    const fc_real_t n = static_cast<fc_real_t>(left < FC_BATCHNORM_CHUNK_ROWS ? left : FC_BATCHNORM_CHUNK_ROWS);
    const fc_real_t delta = from[c] - m, n_all = n_before + n;
    m += delta * (n / n_all);
    squares += from[n_columns + c] + delta * delta * (n_before * n / n_all);
    n_before = n_all;
  }
  const fc_real_t variance = squares / static_cast<fc_real_t>(n_rows);
  mean[i] = m;
  rstd[i] = 1 / sqrtf(variance + static_cast<fc_real_t>(FC_NORM_EPSILON));
  if (running_mean == nullptr) return;
  const int64_t running = l * statistics_stride + c;
  const fc_real_t unbias = static_cast<fc_real_t>(n_rows) / static_cast<fc_real_t>(n_rows - 1);
  running_mean[running] += blend * (m - running_mean[running]);
  running_var[running] += blend * (variance * unbias - running_var[running]);
}

static __global__ void normalise_kernel(fc_real_t *y, const fc_real_t *x, const fc_real_t *mean, const fc_real_t *rstd,
                                        const fc_real_t *scale, const fc_real_t *shift, int64_t n_values,
                                        int64_t learner_values, int32_t n_columns, int64_t parameter_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t l = i / learner_values, c = i % n_columns, statistic = l * n_columns + c;
    y[i] =
        (x[i] - mean[statistic]) * rstd[statistic] * scale[l * parameter_stride + c] + shift[l * parameter_stride + c];
  }
}

/* Sums of each chunk: of grad_y and of grad_y h. */
static __global__ void chunk_gradients_kernel(fc_real_t *partial, const fc_real_t *grad_y, const fc_real_t *x,
                                              const fc_real_t *mean, const fc_real_t *rstd, int32_t n_rows,
                                              int32_t n_columns) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  columns_place_t place = columns_place(n_rows, n_columns);
  const int64_t statistic = static_cast<int64_t>(blockIdx.y) * n_columns + place.column;
  const fc_real_t m = place.has_column ? mean[statistic] : 0, rs = place.has_column ? rstd[statistic] : 0;
  int32_t first, end;
  chunk_rows(n_rows, &first, &end);
  place.part += first;
  fc_real_t sum_g, sum_gh;
  own_sums(&sum_g, &sum_gh, place, place.has_column ? end : 0, n_columns, grad_y, x, m, rs);
  sum_g = columns_sum(sum_g, sums);
  sum_gh = columns_sum(sum_gh, sums);
  if (!place.has_column || place.part != first) return;
  fc_real_t *to = chunk_place(partial, blockIdx.y, blockIdx.z, gridDim.z, n_columns);
  to[place.column] = sum_g;
  to[n_columns + place.column] = sum_gh;
}

/* total (L,2,C): the chunks' sums in order. A thread per learner and column. */
static __global__ void combine_gradients_kernel(fc_real_t *total, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                                fc_real_t *partial, int32_t n_chunks, int32_t n_learners,
                                                int32_t n_columns, int64_t parameter_stride) {
  const int64_t i = cuda_index();
  if (i >= static_cast<int64_t>(n_learners) * n_columns) return;
  const int64_t l = i / n_columns, c = i % n_columns;
  fc_real_t sum_g = 0, sum_gh = 0;
  for (int32_t chunk = 0; chunk < n_chunks; ++chunk) {
    const fc_real_t *from = chunk_place(partial, l, chunk, n_chunks, n_columns);
    sum_g += from[c];
    sum_gh += from[n_columns + c];
  }
  total[l * 2 * n_columns + c] = sum_g;
  total[(l * 2 + 1) * n_columns + c] = sum_gh;
  if (grad_scale == nullptr) return;
  grad_scale[l * parameter_stride + c] += sum_gh;
  grad_shift[l * parameter_stride + c] += sum_g;
}

static __global__ void input_gradient_kernel(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *x,
                                             const fc_real_t *mean, const fc_real_t *rstd, const fc_real_t *scale,
                                             const fc_real_t *total, fc_real_t inverse, int64_t n_values,
                                             int64_t learner_values, int32_t n_columns, int64_t parameter_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t l = i / learner_values, c = i % n_columns, statistic = l * n_columns + c;
    const fc_real_t sum_g = total[l * 2 * n_columns + c], sum_gh = total[(l * 2 + 1) * n_columns + c];
    const fc_real_t h = (x[i] - mean[statistic]) * rstd[statistic];
    grad_x[i] =
        scale[l * parameter_stride + c] * rstd[statistic] * (grad_y[i] - sum_g * inverse - h * (sum_gh * inverse));
  }
}

static bool in_chunks(int32_t n_rows) {
  return n_rows > 2 * FC_BATCHNORM_CHUNK_ROWS;
}

static unsigned blocks_of_columns(int32_t n_learners, int32_t n_columns) {
  return cuda_blocks(static_cast<int64_t>(n_learners) * n_columns);
}

/* ---- running statistics ---- */

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
  const int64_t learner_values = static_cast<int64_t>(n_rows) * n_columns, n_values = n_learners * learner_values;
  if (in_chunks(n_rows) && n_values > 0) {
    const fc_real_t blend = static_cast<fc_real_t>(momentum);
    /* y has room for the chunks' statistics until it is written */
    FC_LAUNCH(chunk_statistics_kernel, chunk_grid(n_learners, n_rows, n_columns), CUDA_BLOCK, stream, y, x, n_rows,
              n_columns);
    FC_LAUNCH(combine_statistics_kernel, blocks_of_columns(n_learners, n_columns), CUDA_BLOCK, stream, mean, rstd,
              running_mean, running_var, y, blend, chunk_count(n_rows), n_learners, n_rows, n_columns,
              statistics_stride);
    FC_LAUNCH(normalise_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, x, mean, rstd, scale, shift, n_values,
              learner_values, n_columns, parameter_stride);
    return;
  }
  FC_LAUNCH(train_forward_kernel, columns_grid(n_learners, n_columns), CUDA_BLOCK, stream, y, mean, rstd, running_mean,
            running_var, x, scale, shift, static_cast<fc_real_t>(momentum), n_rows, n_columns, parameter_stride,
            statistics_stride);
}

void FC_CUDA(batchnorm_train_backward)(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                       const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                       const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners,
                                       int32_t n_rows, int32_t n_columns, int64_t parameter_stride, fc_real_t *scratch,
                                       fc_stream_t *stream) {
  const int64_t learner_values = static_cast<int64_t>(n_rows) * n_columns, n_values = n_learners * learner_values;
  if (in_chunks(n_rows) && n_values > 0) {
    fc_real_t *total = scratch, *partial = scratch + static_cast<int64_t>(n_learners) * 2 * n_columns;
    FC_LAUNCH(chunk_gradients_kernel, chunk_grid(n_learners, n_rows, n_columns), CUDA_BLOCK, stream, partial, grad_y, x,
              mean, rstd, n_rows, n_columns);
    FC_LAUNCH(combine_gradients_kernel, blocks_of_columns(n_learners, n_columns), CUDA_BLOCK, stream, total, grad_scale,
              grad_shift, partial, chunk_count(n_rows), n_learners, n_columns, parameter_stride);
    FC_LAUNCH(input_gradient_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_x, grad_y, x, mean, rstd, scale,
              total, 1 / static_cast<fc_real_t>(n_rows), n_values, learner_values, n_columns, parameter_stride);
    return;
  }
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
