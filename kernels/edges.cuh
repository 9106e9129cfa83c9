/* edges.cuh - walks over the edges of one function: what both attentions and the mean field share.
 *
 * Attention has one warp per (learner, batch row, function): lanes over the attention width for a score, over the edges
 * for what follows. Degrees are a few; any number works.
 */
#ifndef KERNELS_EDGES_CUH
#define KERNELS_EDGES_CUH

#include "cuda.cuh"

/* The function a warp has, and where its batch row's arrays begin. */
typedef struct {
  int64_t batch_row; /* < L B */
  int32_t function;
  int32_t first, end; /* its edges */
} edges_place_t;

/* False for a warp beyond the last function; the same for all of its lanes. */
static __device__ inline bool edges_place(const fc_neighbours_t &neighbours, int64_t n_batch_rows,
                                          edges_place_t *place) {
  const int64_t row = cuda_warp_row();
  if (row >= n_batch_rows * neighbours.n_functions) return false;
  place->batch_row = row / neighbours.n_functions;
  place->function = static_cast<int32_t>(row % neighbours.n_functions);
  place->first = neighbours.row_start[place->function];
  place->end = neighbours.row_start[place->function + 1];
  return true;
}

static inline unsigned edges_blocks(const fc_neighbours_t &neighbours, int64_t n_batch_rows) {
  return cuda_warp_blocks(n_batch_rows * neighbours.n_functions);
}

/* q_j . k_k over n_attention values, the same on every lane. */
static __device__ inline fc_real_t edges_dot(const fc_real_t *x, const fc_real_t *y, int32_t n) {
  fc_real_t sum = 0;
  for (int32_t d = cuda_lane(); d < n; d += CUDA_WARP) sum += x[d] * y[d];
  return cuda_warp_sum(sum);
}

/* sum over the edges of function j of value_e x[column_e, c]; value (E) and the functions' x of one batch row. */
static __device__ inline fc_real_t edges_own_sum(const fc_real_t *value, const fc_real_t *x, int32_t x_stride,
                                                 const fc_neighbours_t &neighbours, int64_t j, int64_t c) {
  fc_real_t sum = 0;
  for (int32_t e = neighbours.row_start[j]; e < neighbours.row_start[j + 1]; ++e)
    sum += value[e] * x[static_cast<int64_t>(neighbours.column[e]) * x_stride + c];
  return sum;
}

/* The same over the edges that look at function k: value_e x[row_e, c]. */
static __device__ inline fc_real_t edges_incoming_sum(const fc_real_t *value, const fc_real_t *x, int32_t x_stride,
                                                      const fc_neighbours_t &neighbours, int64_t k, int64_t c) {
  fc_real_t sum = 0;
  for (int32_t at = neighbours.incoming_start[k]; at < neighbours.incoming_start[k + 1]; ++at) {
    const int32_t e = neighbours.incoming[at];
    sum += value[e] * x[static_cast<int64_t>(neighbours.row[e]) * x_stride + c];
  }
  return sum;
}

/* grad_query_j = sum over its edges of dz key; all lanes have passed a __syncwarp since dz was written. */
static __device__ inline void edges_query_gradient(fc_real_t *grad_query, const fc_real_t *dz, const fc_real_t *key,
                                                   const fc_neighbours_t &neighbours, const edges_place_t &place,
                                                   int32_t n_attention) {
  for (int32_t d = cuda_lane(); d < n_attention; d += CUDA_WARP)
    grad_query[static_cast<int64_t>(place.function) * n_attention + d] =
        edges_own_sum(dz, key, n_attention, neighbours, place.function, d);
}

/* grad_key_k = sum over the edges that look at k of dz query; dz (L,B,E). */
static __global__ void edges_key_gradient_kernel(fc_real_t *grad_key, const fc_real_t *dz, const fc_real_t *query,
                                                 fc_neighbours_t neighbours, int64_t n_values, int32_t n_attention) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t row = i / n_attention, batch_row = row / neighbours.n_functions;
    grad_key[i] = edges_incoming_sum(dz + batch_row * neighbours.n_edges,
                                     query + batch_row * neighbours.n_functions * n_attention, n_attention, neighbours,
                                     row % neighbours.n_functions, i % n_attention);
  }
}

static inline void edges_key_gradient(fc_real_t *grad_key, const fc_real_t *dz, const fc_real_t *query,
                                      const fc_neighbours_t &neighbours, int64_t n_batch_rows, int32_t n_attention,
                                      fc_stream_t *stream) {
  const int64_t n_values = n_batch_rows * neighbours.n_functions * n_attention;
  if (n_values <= 0) return;
  FC_LAUNCH(edges_key_gradient_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_key, dz, query, neighbours,
            n_values, n_attention);
}

#endif
