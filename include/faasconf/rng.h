/* faasconf/rng.h - counter-based random numbers (Philox4x32-10).
 *
 * A draw is a pure function of (seed, stream, counter), so that CPU and CUDA, one thread or many, a run and its
 * resumption all draw the same numbers, and two consumers never disturb each other. The state is 48 bytes of plain
 * data: copy it, store it in a checkpoint, compare it.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC '11. The known-answer vectors
 * of that paper are a test. Inline and free of library calls beyond maths, so that it also compiles as CUDA C++.
 */
#ifndef FAASCONF_RNG_H
#define FAASCONF_RNG_H

#include <math.h>
#include <stdint.h>

#if defined(__CUDACC__)
#define FC_HOST_DEVICE __host__ __device__
#else
#define FC_HOST_DEVICE
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uint64_t seed;   /* key */
  uint64_t stream; /* who draws: upper half of the counter */
  uint64_t step;   /* how many blocks of four were drawn: lower half of the counter */
  uint32_t spare[4];
  uint32_t n_spare; /* unread numbers left in spare[] */
  uint32_t reserved;
} fc_rng_t;

/* One Philox4x32-10 block: out[4] from counter[4] and key[2]. */
static inline FC_HOST_DEVICE void fc_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
    const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
    const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    const uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/* Starts the sequence (seed, stream). Different streams of one seed are independent. */
static inline FC_HOST_DEVICE void fc_rng_init(fc_rng_t *rng, uint64_t seed, uint64_t stream) {
  rng->seed = seed;
  rng->stream = stream;
  rng->step = 0;
  rng->n_spare = 0;
  rng->reserved = 0;
  for (int i = 0; i < 4; ++i) rng->spare[i] = 0;
}

/* 32 uniform bits. */
static inline FC_HOST_DEVICE uint32_t fc_rng_u32(fc_rng_t *rng) {
  if (rng->n_spare == 0) {
    const uint32_t counter[4] = {(uint32_t)rng->step, (uint32_t)(rng->step >> 32), (uint32_t)rng->stream,
                                 (uint32_t)(rng->stream >> 32)};
    const uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
    fc_philox(counter, key, rng->spare);
    rng->step += 1;
    rng->n_spare = 4;
  }
  return rng->spare[4 - rng->n_spare--];
}

/* Uniform in [0, 1), 32 bits of resolution (53 would cost a second draw and no consumer needs it). */
static inline FC_HOST_DEVICE double fc_rng_uniform(fc_rng_t *rng) {
  return (double)fc_rng_u32(rng) * (1.0 / 4294967296.0);
}

/* Uniform integer in [0, n), n >= 1 (multiply-shift; bias below n / 2^32). */
static inline FC_HOST_DEVICE uint32_t fc_rng_below(fc_rng_t *rng, uint32_t n) {
  return (uint32_t)(((uint64_t)fc_rng_u32(rng) * n) >> 32);
}

/* Standard normal by Box-Muller; two draws, one result. */
static inline FC_HOST_DEVICE double fc_rng_normal(fc_rng_t *rng) {
  const double u = ((double)fc_rng_u32(rng) + 0.5) * (1.0 / 4294967296.0);
  const double v = fc_rng_uniform(rng);
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

#ifdef __cplusplus
}
#endif
#endif
