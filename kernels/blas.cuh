/* blas.cuh - cuBLAS, for products that are wide enough to be its.
 *
 * The library is loaded when a CUDA device is opened: a program that never opens one neither needs nor loads its
 * hundreds of megabytes, and where it is missing the own product (matmul.cuh) does all. Single precision throughout, no
 * TF32; the same device and library give the same bytes.
 */
#ifndef KERNELS_BLAS_CUH
#define KERNELS_BLAS_CUH

#include <cuda_runtime.h>
#include <stdint.h>

typedef struct blas blas_t;

/* NULL where there is no such library. Everything goes to `stream`. */
blas_t *blas_open(cudaStream_t stream);
void blas_close(blas_t *blas);
/* The first thing that went wrong, or NULL. */
const char *blas_problem(const blas_t *blas);

/* C (+)= A B for each of n_learners, all addressed by two strides of which one is 1 (matmul.cuh). Only queues. */
typedef struct {
  float *c;
  const float *a, *b;
  int64_t c_row, a_row, a_column, b_row, b_column;
  int64_t c_learner, a_learner, b_learner;
  int32_t m, n, k, n_learners;
  bool accumulate;
} blas_product_t;
void blas_multiply(blas_t *blas, const blas_product_t *product);

/* From which size on it is asked: many rows, wide layers (architecture, section 6), and sums that are long for the few
 * blocks that a gradient of narrow weights has. */
static inline bool blas_is_wide(int32_t m, int32_t n, int32_t k) {
  return m >= 8192 || k >= 2048 || (n >= 128 && k >= 128);
}

#endif
