/* attention_softmax.cu - attention of each function over its neighbours (Eq. 9), ops.h: attention_softmax_*. What the
 * masks mean: attention_softmax_cpu.c. */
#include "edges.cuh"

static __global__ void forward_kernel(fc_real_t *weight, const fc_real_t *query, const fc_real_t *key,
                                      const fc_real_t *edge_mask, fc_neighbours_t neighbours, fc_real_t factor,
                                      int64_t n_batch_rows, int32_t n_attention) {
  edges_place_t place;
  if (!edges_place(neighbours, n_batch_rows, &place)) return;
  const int64_t functions = place.batch_row * neighbours.n_functions;
  fc_real_t *w = weight + place.batch_row * neighbours.n_edges;
  fc_real_t largest = -INFINITY, sum = 0;
  for (int32_t e = place.first; e < place.end; ++e) {
    const fc_real_t mask = edge_mask == nullptr ? 1 : edge_mask[e];
    const fc_real_t z = edges_dot(query + (functions + place.function) * n_attention,
                                  key + (functions + neighbours.column[e]) * n_attention, n_attention) *
                        factor * mask;
    largest = fmaxf(largest, z);
    if (cuda_lane() == 0) w[e] = z;
  }
  __syncwarp();
  for (int32_t e = place.first + cuda_lane(); e < place.end; e += CUDA_WARP) {
    w[e] = expf(w[e] - largest);
    sum += w[e];
  }
  sum = cuda_warp_sum(sum);
  for (int32_t e = place.first + cuda_lane(); e < place.end; e += CUDA_WARP) w[e] /= sum;
}

static __global__ void backward_kernel(fc_real_t *grad_query, fc_real_t *dz, const fc_real_t *grad_weight,
                                       const fc_real_t *weight, const fc_real_t *key, const fc_real_t *edge_mask,
                                       fc_neighbours_t neighbours, fc_real_t factor, int64_t n_batch_rows,
                                       int32_t n_attention) {
  edges_place_t place;
  if (!edges_place(neighbours, n_batch_rows, &place)) return;
  const int64_t functions = place.batch_row * neighbours.n_functions;
  const int64_t edges = place.batch_row * neighbours.n_edges;
  const fc_real_t *w = weight + edges, *gw = grad_weight + edges;
  fc_real_t mean = 0;
  for (int32_t e = place.first + cuda_lane(); e < place.end; e += CUDA_WARP) mean += w[e] * gw[e];
  mean = cuda_warp_sum(mean);
  for (int32_t e = place.first + cuda_lane(); e < place.end; e += CUDA_WARP)
    dz[edges + e] = w[e] * (gw[e] - mean) * factor * (edge_mask == nullptr ? 1 : edge_mask[e]);
  __syncwarp();
  edges_query_gradient(grad_query + functions * n_attention, dz + edges, key + functions * n_attention, neighbours,
                       place, n_attention);
}

void FC_CUDA(attention_softmax_forward)(fc_real_t *weight, const fc_real_t *query, const fc_real_t *key,
                                        const fc_real_t *edge_mask, fc_neighbours_t neighbours, double scale,
                                        int32_t n_learners, int32_t n_batch, int32_t n_attention, fc_stream_t *stream) {
  const int64_t n_batch_rows = static_cast<int64_t>(n_learners) * n_batch;
  FC_LAUNCH(forward_kernel, edges_blocks(neighbours, n_batch_rows), CUDA_BLOCK, stream, weight, query, key, edge_mask,
            neighbours, static_cast<fc_real_t>(scale), n_batch_rows, n_attention);
}

void FC_CUDA(attention_softmax_backward)(fc_real_t *grad_query, fc_real_t *grad_key, const fc_real_t *grad_weight,
                                         const fc_real_t *weight, const fc_real_t *query, const fc_real_t *key,
                                         const fc_real_t *edge_mask, fc_neighbours_t neighbours, double scale,
                                         int32_t n_learners, int32_t n_batch, int32_t n_attention, fc_real_t *scratch,
                                         fc_stream_t *stream) {
  const int64_t n_batch_rows = static_cast<int64_t>(n_learners) * n_batch;
  FC_LAUNCH(backward_kernel, edges_blocks(neighbours, n_batch_rows), CUDA_BLOCK, stream, grad_query, scratch,
            grad_weight, weight, key, edge_mask, neighbours, static_cast<fc_real_t>(scale), n_batch_rows, n_attention);
  if (grad_key != nullptr) edges_key_gradient(grad_key, scratch, query, neighbours, n_batch_rows, n_attention, stream);
}
