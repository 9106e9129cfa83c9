/* draw_rows.cu - which rows of the replay each learner's next batch has, ops.h: advance, draw_rows. */
#include "cuda.cuh"
#include "faasconf/rng.h"

static __global__ void advance_kernel(int64_t *step) {
  *step += 1;
}

static __global__ void draw_rows_kernel(int32_t *index, const uint64_t *seed, const int64_t *step,
                                        const int32_t *n_rows, int64_t n_values, int32_t n_batch) {
  const uint64_t at = static_cast<uint64_t>(*step);
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const uint64_t s = seed[i / n_batch];
    const uint32_t key[2] = {static_cast<uint32_t>(s), static_cast<uint32_t>(s >> 32)};
    const uint32_t counter[4] = {static_cast<uint32_t>(i % n_batch), 0, static_cast<uint32_t>(at),
                                 static_cast<uint32_t>(at >> 32)};
    uint32_t bits[4];
    fc_philox(counter, key, bits);
    index[i] = static_cast<int32_t>((static_cast<uint64_t>(bits[0]) * static_cast<uint32_t>(*n_rows)) >> 32);
  }
}

void FC_CUDA(advance)(int64_t *step, fc_stream_t *stream) {
  FC_LAUNCH(advance_kernel, 1, 1, stream, step);
}

void FC_CUDA(draw_rows)(int32_t *index, const uint64_t *seed, const int64_t *step, const int32_t *n_rows,
                        int32_t n_learners, int32_t n_batch, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_batch;
  if (n_values <= 0) return;
  FC_LAUNCH(draw_rows_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, index, seed, step, n_rows, n_values, n_batch);
}
