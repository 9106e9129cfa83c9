/* linear.cu - y = x w + b, rectified or not, and its gradients (ops.h: linear_*), through the one matrix product of
 * matmul.cuh. */
#include "columns.cuh"
#include "matmul.cuh"

/* `mm` says what comes after the sum; everything else of it is filled in. */
static void forward(matmul_t mm, fc_real_t *y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b,
                    int32_t n_learners, int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride,
                    fc_stream_t *stream) {
  mm.c = y;
  mm.a = x;
  mm.b = w;
  mm.bias = b;
  mm.c_row = n_out;
  mm.a_row = n_in;
  mm.a_column = 1;
  mm.b_row = n_out;
  mm.b_column = 1;
  mm.c_learner = static_cast<int64_t>(n_rows) * n_out;
  mm.a_learner = static_cast<int64_t>(n_rows) * n_in;
  mm.b_learner = mm.bias_learner = parameter_stride;
  mm.m = n_rows;
  mm.n = n_out;
  mm.k = n_in;
  matmul(mm, n_learners, stream);
}

void FC_CUDA(linear_forward)(fc_real_t *y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b,
                             int32_t n_learners, int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride,
                             fc_real_t *scratch, fc_stream_t *stream) {
  (void)scratch;
  forward({}, y, x, w, b, n_learners, n_rows, n_in, n_out, parameter_stride, stream);
}

void FC_CUDA(linear_relu_forward)(fc_real_t *y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b,
                                  double negative_slope, int32_t n_learners, int32_t n_rows, int32_t n_in,
                                  int32_t n_out, int64_t parameter_stride, fc_real_t *scratch, fc_stream_t *stream) {
  (void)scratch;
  matmul_t mm = {};
  mm.rectify = true;
  mm.slope = static_cast<fc_real_t>(negative_slope);
  forward(mm, y, x, w, b, n_learners, n_rows, n_in, n_out, parameter_stride, stream);
}

/* grad_x = grad_y w' */
static void input_gradient(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *w, int32_t n_learners,
                           int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride, fc_stream_t *stream) {
  matmul_t mm = {};
  mm.c = grad_x;
  mm.a = grad_y;
  mm.b = w;
  mm.c_row = n_in;
  mm.a_row = n_out;
  mm.a_column = 1;
  mm.b_row = 1;
  mm.b_column = n_out;
  mm.c_learner = static_cast<int64_t>(n_rows) * n_in;
  mm.a_learner = static_cast<int64_t>(n_rows) * n_out;
  mm.b_learner = parameter_stride;
  mm.m = n_rows;
  mm.n = n_in;
  mm.k = n_out;
  matmul(mm, n_learners, stream);
}

/* grad_w += x' grad_y */
static void weight_gradient(fc_real_t *grad_w, const fc_real_t *grad_y, const fc_real_t *x, int32_t n_learners,
                            int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride,
                            fc_stream_t *stream) {
  matmul_t mm = {};
  mm.c = grad_w;
  mm.a = x;
  mm.b = grad_y;
  mm.c_row = n_out;
  mm.a_row = 1;
  mm.a_column = n_in;
  mm.b_row = n_out;
  mm.b_column = 1;
  mm.c_learner = parameter_stride;
  mm.a_learner = static_cast<int64_t>(n_rows) * n_in;
  mm.b_learner = static_cast<int64_t>(n_rows) * n_out;
  mm.m = n_in;
  mm.n = n_out;
  mm.k = n_rows;
  mm.accumulate = true;
  matmul(mm, n_learners, stream);
}

/* grad_b += sum over rows of grad_y */
static __global__ void bias_gradient_kernel(fc_real_t *grad_b, const fc_real_t *grad_y, int32_t n_rows, int32_t n_out,
                                            int64_t parameter_stride) {
  __shared__ fc_real_t sums[COLUMNS_PARTS][COLUMNS_WIDTH];
  const columns_place_t place = columns_place(n_rows, n_out);
  fc_real_t sum = 0;
  for (int32_t r = place.part; place.has_column && r < n_rows; r += COLUMNS_PARTS)
    sum += grad_y[place.first + static_cast<int64_t>(r) * n_out];
  sum = columns_sum(sum, sums);
  if (place.has_column && place.part == 0) grad_b[blockIdx.y * parameter_stride + place.column] += sum;
}

void FC_CUDA(linear_backward)(fc_real_t *grad_x, fc_real_t *grad_w, fc_real_t *grad_b, const fc_real_t *grad_y,
                              const fc_real_t *x, const fc_real_t *w, int32_t n_learners, int32_t n_rows, int32_t n_in,
                              int32_t n_out, int64_t parameter_stride, fc_real_t *scratch, fc_stream_t *stream) {
  (void)scratch;
  if (grad_x != nullptr) input_gradient(grad_x, grad_y, w, n_learners, n_rows, n_in, n_out, parameter_stride, stream);
  if (grad_w != nullptr) weight_gradient(grad_w, grad_y, x, n_learners, n_rows, n_in, n_out, parameter_stride, stream);
  if (grad_b != nullptr)
    FC_LAUNCH(bias_gradient_kernel, columns_grid(n_learners, n_out), CUDA_BLOCK, stream, grad_b, grad_y, n_rows, n_out,
              parameter_stride);
}
