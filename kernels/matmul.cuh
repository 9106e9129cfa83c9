/* matmul.cuh - the one matrix product of the CUDA bodies: C (+)= A B (+ bias), rectified if need be, for every learner.
 *
 * A block makes a tile of 32 x 32 values of C. The inner dimension passes through shared memory in slices of 32, of
 * which four groups of 64 threads take a quarter each: the nets are narrow, so that what a product waits for is the
 * length of its sums. A thread holds 4 x 4 values; the four groups' sums are added in order at the end. All matrices
 * are addressed by two strides, so that transposing costs nothing but the order of loads. Wide products are cuBLAS's
 * where it is there (blas.cuh).
 */
#ifndef KERNELS_MATMUL_CUH
#define KERNELS_MATMUL_CUH

#include "cuda.cuh"

typedef struct {
  fc_real_t *c;           /* (L, m, n), rows c_row apart */
  const fc_real_t *a, *b; /* (L, m, k), (L, k, n) */
  const fc_real_t *bias;  /* (L, n) or NULL */
  int64_t c_row, a_row, a_column, b_row, b_column;
  int64_t c_learner, a_learner, b_learner, bias_learner;
  int32_t m, n, k;
  bool accumulate; /* C += instead of C = */
  bool rectify;    /* what comes of it, with `slope` where it is not positive; not with accumulate */
  fc_real_t slope;
} matmul_t;

constexpr int MATMUL_TILE = 32, MATMUL_MICRO = 4, MATMUL_GROUPS = 4, MATMUL_GROUP_THREADS = 64;

/* A slice of a matrix into shared memory, zeros beyond its edges: slice[p][i] = x[(first + i) * row + (k0 + p) *
 * column]. Neighbouring threads read neighbouring values, whichever way the matrix lies. */
static __device__ inline void matmul_load(fc_real_t (*slice)[MATMUL_TILE + 1], const fc_real_t *x, int64_t row,
                                          int64_t column, int32_t first, int32_t n, int32_t k0, int32_t k) {
  for (int at = static_cast<int>(threadIdx.x); at < MATMUL_TILE * MATMUL_TILE; at += CUDA_BLOCK) {
    const int fast = at % MATMUL_TILE, slow = at / MATMUL_TILE;
    const int i = row == 1 ? fast : slow, p = row == 1 ? slow : fast;
    const bool inside = first + i < n && k0 + p < k;
    slice[p][i] = inside ? x[(first + i) * row + (k0 + p) * column] : 0;
  }
}

static __global__ void matmul_kernel(matmul_t mm) {
  __shared__ fc_real_t a_slice[MATMUL_TILE][MATMUL_TILE + 1];
  __shared__ fc_real_t b_slice[MATMUL_TILE][MATMUL_TILE + 1];
  __shared__ fc_real_t sums[MATMUL_GROUPS][MATMUL_TILE][MATMUL_TILE + 1];
  const int thread = static_cast<int>(threadIdx.x);
  const int group = thread / MATMUL_GROUP_THREADS, in_group = thread % MATMUL_GROUP_THREADS;
  const int row = in_group / 8 * MATMUL_MICRO, column = in_group % 8 * MATMUL_MICRO;
  const int32_t first_row = static_cast<int32_t>(blockIdx.x) * MATMUL_TILE;
  const int32_t first_column = static_cast<int32_t>(blockIdx.y) * MATMUL_TILE;
  const fc_real_t *a = mm.a + blockIdx.z * mm.a_learner, *b = mm.b + blockIdx.z * mm.b_learner;
  fc_real_t sum[MATMUL_MICRO][MATMUL_MICRO] = {};
  for (int32_t k0 = 0; k0 < mm.k; k0 += MATMUL_TILE) {
    matmul_load(a_slice, a, mm.a_row, mm.a_column, first_row, mm.m, k0, mm.k);
    matmul_load(b_slice, b, mm.b_column, mm.b_row, first_column, mm.n, k0, mm.k);
    __syncthreads();
    const int quarter = MATMUL_TILE / MATMUL_GROUPS;
    for (int p = group * quarter; p < (group + 1) * quarter; ++p)
      for (int i = 0; i < MATMUL_MICRO; ++i)
        for (int j = 0; j < MATMUL_MICRO; ++j) sum[i][j] += a_slice[p][row + i] * b_slice[p][column + j];
    __syncthreads();
  }
  for (int i = 0; i < MATMUL_MICRO; ++i)
    for (int j = 0; j < MATMUL_MICRO; ++j) sums[group][row + i][column + j] = sum[i][j];
  __syncthreads();
  for (int at = thread; at < MATMUL_TILE * MATMUL_TILE; at += CUDA_BLOCK) {
    const int i = at / MATMUL_TILE, j = at % MATMUL_TILE;
    if (first_row + i >= mm.m || first_column + j >= mm.n) continue;
    fc_real_t value = sums[0][i][j];
    for (int g = 1; g < MATMUL_GROUPS; ++g) value += sums[g][i][j];
    if (mm.bias != nullptr) value += mm.bias[blockIdx.z * mm.bias_learner + first_column + j];
    if (mm.rectify && !(value > 0)) value *= mm.slope;
    fc_real_t *c = mm.c + blockIdx.z * mm.c_learner + (first_row + i) * mm.c_row + first_column + j;
    *c = mm.accumulate ? *c + value : value;
  }
}

#ifndef FC_SIMT
/* What comes after a product of the library's: bias and rectifier. */
static __global__ void matmul_finish_kernel(matmul_t mm, int64_t learner_values, int64_t n_values) {
  for (int64_t at = cuda_index(); at < n_values; at += cuda_step()) {
    const int64_t l = at / learner_values, row = at % learner_values / mm.n, column = at % mm.n;
    fc_real_t *c = mm.c + l * mm.c_learner + row * mm.c_row + column;
    fc_real_t value = *c;
    if (mm.bias != nullptr) value += mm.bias[l * mm.bias_learner + column];
    if (mm.rectify && !(value > 0)) value *= mm.slope;
    *c = value;
  }
}

static inline void matmul_by_library(const matmul_t &mm, int32_t n_learners, fc_stream_t *stream) {
  blas_product_t product = {};
  product.c = mm.c;
  product.a = mm.a;
  product.b = mm.b;
  product.c_row = mm.c_row;
  product.a_row = mm.a_row;
  product.a_column = mm.a_column;
  product.b_row = mm.b_row;
  product.b_column = mm.b_column;
  product.c_learner = mm.c_learner;
  product.a_learner = mm.a_learner;
  product.b_learner = mm.b_learner;
  product.m = mm.m;
  product.n = mm.n;
  product.k = mm.k;
  product.n_learners = n_learners;
  product.accumulate = mm.accumulate;
  blas_multiply(stream->blas, &product);
  const int64_t learner_values = static_cast<int64_t>(mm.m) * mm.n, n_values = n_learners * learner_values;
  if (mm.bias != nullptr || mm.rectify)
    FC_LAUNCH(matmul_finish_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, mm, learner_values, n_values);
}
#endif

static inline void matmul(const matmul_t &mm, int32_t n_learners, fc_stream_t *stream) {
  if (mm.m <= 0 || mm.n <= 0 || n_learners <= 0) return;
#ifndef FC_SIMT
  if (stream->blas != nullptr && blas_is_wide(mm.m, mm.n, mm.k)) {
    matmul_by_library(mm, n_learners, stream);
    return;
  }
#endif
  const dim3 grid(static_cast<unsigned>((mm.m + MATMUL_TILE - 1) / MATMUL_TILE),
                  static_cast<unsigned>((mm.n + MATMUL_TILE - 1) / MATMUL_TILE), static_cast<unsigned>(n_learners));
  FC_LAUNCH(matmul_kernel, grid, CUDA_BLOCK, stream, mm);
}

#endif
