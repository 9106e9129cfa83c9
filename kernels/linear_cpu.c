/* linear_cpu.c - y = x w + b, rectified or not, and its gradients (ops.h: linear_*), through the one matrix product of
 * matmul_cpu.h. */
#include "columns_cpu.h"
#include "matmul_cpu.h"

/* Inner dimension of the weight gradient per pass: a block of rows of grad_y stays in the cache while every tile of
 * grad_w reads it. */
enum { LINEAR_BLOCK_ROWS = 512 };

/* `like` says what comes after the sum; everything else of it is filled in. */
static void forward(fc_real_t *y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b, matmul_t like,
                    int32_t n_learners, int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride,
                    fc_real_t *scratch) {
  const bool pack = n_out % VEC != 0;
  matmul_t mm = like;
  mm.c_stride = n_out;
  mm.a_row = n_in;
  mm.a_column = 1;
  mm.b_stride = pack ? matmul_padded(n_out) : n_out;
  mm.m = n_rows;
  mm.n = n_out;
  mm.k = n_in;
  for (int32_t l = 0; l < n_learners; ++l) {
    const fc_real_t *wl = w + l * parameter_stride;
    if (pack) matmul_pack(scratch, wl, n_in, n_out, false);
    mm.c = y + (int64_t)l * n_rows * n_out;
    mm.a = x + (int64_t)l * n_rows * n_in;
    mm.b = pack ? scratch : wl;
    mm.bias = b == NULL ? NULL : b + l * parameter_stride;
    matmul(&mm);
  }
}

void FC_CPU(linear_forward)(fc_real_t *y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b,
                            int32_t n_learners, int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride,
                            fc_real_t *scratch, fc_stream_t *stream) {
  (void)stream;
  forward(y, x, w, b, (matmul_t){.rectify = false}, n_learners, n_rows, n_in, n_out, parameter_stride, scratch);
}

void FC_CPU(linear_relu_forward)(fc_real_t *y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b,
                                 double negative_slope, int32_t n_learners, int32_t n_rows, int32_t n_in, int32_t n_out,
                                 int64_t parameter_stride, fc_real_t *scratch, fc_stream_t *stream) {
  (void)stream;
  forward(y, x, w, b, (matmul_t){.rectify = true, .slope = (fc_real_t)negative_slope}, n_learners, n_rows, n_in, n_out,
          parameter_stride, scratch);
}

/* grad_x = grad_y w' */
static void input_gradient(fc_real_t *grad_x, const fc_real_t *grad_y, const fc_real_t *w, int32_t n_rows, int32_t n_in,
                           int32_t n_out, fc_real_t *scratch) {
  matmul_pack(scratch, w, n_out, n_in, true);
  const matmul_t mm = {.c = grad_x,
                       .a = grad_y,
                       .b = scratch,
                       .c_stride = n_in,
                       .a_row = n_out,
                       .a_column = 1,
                       .b_stride = matmul_padded(n_in),
                       .m = n_rows,
                       .n = n_in,
                       .k = n_out};
  matmul(&mm);
}

/* grad_w += x' grad_y */
static void weight_gradient(fc_real_t *grad_w, const fc_real_t *grad_y, const fc_real_t *x, int32_t n_rows,
                            int32_t n_in, int32_t n_out, fc_real_t *scratch) {
  const bool pack = n_out % VEC != 0;
  const int32_t width = pack ? matmul_padded(n_out) : n_out;
  if (pack) matmul_pack(scratch, grad_y, n_rows, n_out, false);
  for (int32_t first = 0; first < n_rows; first += LINEAR_BLOCK_ROWS) {
    const int32_t n = n_rows - first < LINEAR_BLOCK_ROWS ? n_rows - first : LINEAR_BLOCK_ROWS;
    const matmul_t mm = {.c = grad_w,
                         .a = x + (int64_t)first * n_in,
                         .b = (pack ? scratch : grad_y) + (int64_t)first * width,
                         .c_stride = n_out,
                         .a_row = 1,
                         .a_column = n_in,
                         .b_stride = width,
                         .m = n_in,
                         .n = n_out,
                         .k = n,
                         .accumulate = true};
    matmul(&mm);
  }
}

/* grad_b += sum over rows of grad_y */
static void bias_gradient(fc_real_t *grad_b, const fc_real_t *grad_y, int32_t n_rows, int32_t n_out,
                          fc_real_t *scratch) {
  columns_sum(scratch, grad_y, n_rows, n_out);
  for (int32_t c = 0; c < n_out; ++c) grad_b[c] += scratch[c];
}

void FC_CPU(linear_backward)(fc_real_t *grad_x, fc_real_t *grad_w, fc_real_t *grad_b, const fc_real_t *grad_y,
                             const fc_real_t *x, const fc_real_t *w, int32_t n_learners, int32_t n_rows, int32_t n_in,
                             int32_t n_out, int64_t parameter_stride, fc_real_t *scratch, fc_stream_t *stream) {
  (void)stream;
  for (int32_t l = 0; l < n_learners; ++l) {
    const fc_real_t *gy = grad_y + (int64_t)l * n_rows * n_out;
    if (grad_x != NULL) {
      input_gradient(grad_x + (int64_t)l * n_rows * n_in, gy, w + l * parameter_stride, n_rows, n_in, n_out, scratch);
    }
    if (grad_w != NULL) {
      weight_gradient(grad_w + l * parameter_stride, gy, x + (int64_t)l * n_rows * n_in, n_rows, n_in, n_out, scratch);
    }
    if (grad_b != NULL) bias_gradient(grad_b + l * parameter_stride, gy, n_rows, n_out, scratch);
  }
}
