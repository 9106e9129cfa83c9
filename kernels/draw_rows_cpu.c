/* draw_rows_cpu.c - which rows of the replay each learner's next batch has, ops.h: advance, draw_rows. */
#include "cpu.h"
#include "faasconf/rng.h"

void FC_CPU(advance)(int64_t *step, fc_stream_t *stream) {
  (void)stream;
  *step += 1;
}

void FC_CPU(draw_rows)(int32_t *index, const uint64_t *seed, const int64_t *step, const int32_t *n_rows,
                       int32_t n_learners, int32_t n_batch, fc_stream_t *stream) {
  (void)stream;
  const uint64_t at = (uint64_t)*step;
  for (int32_t l = 0; l < n_learners; ++l) {
    const uint32_t key[2] = {(uint32_t)seed[l], (uint32_t)(seed[l] >> 32)};
    for (int32_t b = 0; b < n_batch; ++b) {
      const uint32_t counter[4] = {(uint32_t)b, 0, (uint32_t)at, (uint32_t)(at >> 32)};
      uint32_t bits[4];
      fc_philox(counter, key, bits);
      index[(int64_t)l * n_batch + b] = (int32_t)(((uint64_t)bits[0] * (uint32_t)*n_rows) >> 32);
    }
  }
}
