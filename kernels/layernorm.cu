/* layernorm.cu - normalisation of each row over its columns, ops.h: layernorm_*. One warp per row; the gradients of
 * scale and shift run down the columns. */
#include "columns.cuh"

static __global__ void forward_kernel(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, const fc_real_t *x,
                                      const fc_real_t *scale, const fc_real_t *shift, int64_t n_all_rows,
                                      int32_t n_rows, int32_t n_columns, int64_t parameter_stride) {
  const int64_t row = cuda_warp_row();
  if (row >= n_all_rows) return;
  const fc_real_t *xr = x + row * n_columns;
  const fc_real_t *g = scale + row / n_rows * parameter_stride, *b = shift + row / n_rows * parameter_stride;
  const fc_real_t inverse = 1 / static_cast<fc_real_t>(n_columns);
  fc_real_t sum = 0, squares = 0;
  for (int32_t c = cuda_lane(); c < n_columns; c += CUDA_WARP) sum += xr[c];
  const fc_real_t m = cuda_warp_sum(sum) * inverse;
  for (int32_t c = cuda_lane(); c < n_columns; c += CUDA_WARP) squares += (xr[c] - m) * (xr[c] - m);
  const fc_real_t r = 1 / sqrtf(cuda_warp_sum(squares) * inverse + static_cast<fc_real_t>(FC_NORM_EPSILON));
  for (int32_t c = cuda_lane(); c < n_columns; c += CUDA_WARP) y[row * n_columns + c] = (xr[c] - m) * r * g[c] + b[c];
  if (cuda_lane() == 0) {
    mean[row] = m;
    rstd[row] = r;
  }
}

/* grad_scale += sum_r grad_y h, grad_shift += sum_r grad_y */
static __global__ void parameters_kernel(fc_real_t *grad_scale, fc_real_t *grad_shift, const fc_real_t *grad_y,
                                         const fc_real_t *x, const fc_real_t *mean, const fc_real_t *rstd,
                                         int32_t n_rows, int32_t n_columns, int64_t parameter_stride) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  const columns_place_t place = columns_place(n_rows, n_columns);
  fc_real_t sum_g = 0, sum_gh = 0;
  for (int32_t r = place.part; place.has_column && r < n_rows; r += COLUMNS_PARTS) {
    const int64_t at = place.first + static_cast<int64_t>(r) * n_columns;
    const int64_t row = static_cast<int64_t>(blockIdx.y) * n_rows + r;
    sum_g += grad_y[at];
    sum_gh += grad_y[at] * ((x[at] - mean[row]) * rstd[row]);
  }
  sum_g = columns_sum(sum_g, sums);
  sum_gh = columns_sum(sum_gh, sums);
  if (!place.has_column || place.part != 0) return;
  grad_scale[blockIdx.y * parameter_stride + place.column] += sum_gh;
  grad_shift[blockIdx.y * parameter_stride + place.column] += sum_g;
}

static __global__ void input_kernel(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *x,
                                    const fc_real_t *mean, const fc_real_t *rstd, const fc_real_t *scale,
                                    int64_t n_all_rows, int32_t n_rows, int32_t n_columns, int64_t parameter_stride) {
  const int64_t row = cuda_warp_row();
  if (row >= n_all_rows) return;
  const fc_real_t *gy = grad_y + row * n_columns, *xr = x + row * n_columns;
  const fc_real_t *scales = scale + row / n_rows * parameter_stride;
  const fc_real_t inverse = 1 / static_cast<fc_real_t>(n_columns), m = mean[row], r = rstd[row];
  fc_real_t sum_g = 0, sum_gh = 0;
  for (int32_t c = cuda_lane(); c < n_columns; c += CUDA_WARP) {
    const fc_real_t g = gy[c] * scales[c];
    sum_g += g;
    sum_gh += g * ((xr[c] - m) * r);
  }
  const fc_real_t mean_g = cuda_warp_sum(sum_g) * inverse, mean_gh = cuda_warp_sum(sum_gh) * inverse;
  for (int32_t c = cuda_lane(); c < n_columns; c += CUDA_WARP)
    grad_x[row * n_columns + c] = r * (gy[c] * scales[c] - mean_g - (xr[c] - m) * r * mean_gh);
}

void FC_CUDA(layernorm_forward)(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, const fc_real_t *x,
                                const fc_real_t *scale, const fc_real_t *shift, int32_t n_learners, int32_t n_rows,
                                int32_t n_columns, int64_t parameter_stride, fc_stream_t *stream) {
  const int64_t n_all_rows = static_cast<int64_t>(n_learners) * n_rows;
  FC_LAUNCH(forward_kernel, cuda_warp_blocks(n_all_rows), CUDA_BLOCK, stream, y, mean, rstd, x, scale, shift,
            n_all_rows, n_rows, n_columns, parameter_stride);
}

/* The columns first: grad_x may take grad_y's place. */
void FC_CUDA(layernorm_backward)(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                 const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                 const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners, int32_t n_rows,
                                 int32_t n_columns, int64_t parameter_stride, fc_stream_t *stream) {
  const int64_t n_all_rows = static_cast<int64_t>(n_learners) * n_rows;
  if (grad_scale != nullptr)
    FC_LAUNCH(parameters_kernel, columns_grid(n_learners, n_columns), CUDA_BLOCK, stream, grad_scale, grad_shift,
              grad_y, x, mean, rstd, n_rows, n_columns, parameter_stride);
  FC_LAUNCH(input_kernel, cuda_warp_blocks(n_all_rows), CUDA_BLOCK, stream, grad_x, grad_y, x, mean, rstd, scale,
            n_all_rows, n_rows, n_columns, parameter_stride);
}
