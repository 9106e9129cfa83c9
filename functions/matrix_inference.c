/* matrix_inference.c - kind matrix-inference: a quantised net of dense layers classifies generated samples. */
#include "computations.h"
#include "faasconf/rng.h"
#include "work.h"

enum { IN = 256, HIDDEN = 256, CLASSES = 10, SHIFT = 9, SAMPLES = 16 };

void dense_forward(const int8_t *weights, const uint8_t *x, int32_t n_in, int32_t n_out, int32_t *y) {
  for (int32_t out = 0; out < n_out; ++out) {
    const int8_t *row = weights + (int64_t)out * n_in;
    int32_t sum = 0;
    for (int32_t in = 0; in < n_in; ++in) sum += row[in] * x[in];
    y[out] = sum;
  }
}

void dense_activate(const int32_t *from, int32_t n, int32_t shift, uint8_t *to) {
  for (int32_t i = 0; i < n; ++i) {
    const int32_t value = (from[i] > 0 ? from[i] : 0) >> shift;
    to[i] = (uint8_t)(value < 255 ? value : 255);
  }
}

/* ---- the kind ---- */

typedef struct {
  int8_t first[HIDDEN * IN], second[HIDDEN * HIDDEN], third[CLASSES * HIDDEN];
  fc_rng_t samples;
  int32_t n_of_class[CLASSES];
  int64_t logits[CLASSES]; /* sums over all samples */
} scratch_t;

static void draw_weights(fc_rng_t *rng, int8_t *weights, int32_t n) {
  for (int32_t i = 0; i < n; i += 4) {
    const uint32_t bits = fc_rng_u32(rng);
    for (int32_t k = 0; k < 4 && i + k < n; ++k) weights[i + k] = (int8_t)((int32_t)(bits >> (8 * k) & 0xff) - 128);
  }
}

static void prepare(void *memory, uint64_t number) {
  scratch_t *scratch = memory;
  fc_rng_t model;
  fc_rng_init(&model, 4, 4); /* the same net for every request */
  draw_weights(&model, scratch->first, HIDDEN * IN);
  draw_weights(&model, scratch->second, HIDDEN * HIDDEN);
  draw_weights(&model, scratch->third, CLASSES * HIDDEN);
  fc_rng_init(&scratch->samples, number, 5);
  for (int32_t c = 0; c < CLASSES; ++c) {
    scratch->n_of_class[c] = 0;
    scratch->logits[c] = 0;
  }
}

static void classify(scratch_t *scratch) {
  uint8_t x[IN], hidden[HIDDEN];
  int32_t sums[HIDDEN], best = 0;
  for (int32_t i = 0; i < IN; ++i) x[i] = (uint8_t)(fc_rng_u32(&scratch->samples) >> 24);
  dense_forward(scratch->first, x, IN, HIDDEN, sums);
  dense_activate(sums, HIDDEN, SHIFT, hidden);
  dense_forward(scratch->second, hidden, HIDDEN, HIDDEN, sums);
  dense_activate(sums, HIDDEN, SHIFT, hidden);
  dense_forward(scratch->third, hidden, HIDDEN, CLASSES, sums);
  for (int32_t c = 0; c < CLASSES; ++c) {
    scratch->logits[c] += sums[c];
    if (sums[c] > sums[best]) best = c;
  }
  scratch->n_of_class[best] += 1;
}

static fc_status_t repeat(void *memory, int32_t repetition, fc_error_t *error) {
  (void)repetition;
  (void)error;
  for (int32_t i = 0; i < SAMPLES; ++i) classify(memory);
  return FC_OK;
}

static void hash_result(const void *memory, fc_sha256_t *hash) {
  const scratch_t *scratch = memory;
  fc_sha256_update(hash, scratch->n_of_class, sizeof scratch->n_of_class);
  fc_sha256_update(hash, scratch->logits, sizeof scratch->logits);
}

const work_kind_t work_matrix_inference = {
    .name = "matrix-inference",
    .summary = "dense layers 256-256-256-10 in 8 bits classify 16 generated samples",
    .scratch_bytes = sizeof(scratch_t),
    .prepare = prepare,
    .repeat = repeat,
    .hash = hash_result};
