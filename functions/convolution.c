/* convolution.c - kind convolution: layers of a small convolutional net over generated feature maps. */
#include <string.h>

#include "computations.h"
#include "faasconf/rng.h"
#include "work.h"

enum { KERNEL = 3, CHANNELS = 8, SIDE = 48, LAYERS = 3, SHIFT = 7, MAP = SIDE * SIDE };

/* Adds one input channel, moved by (dy, dx) and times the weight, to a map of sums. */
static void add_moved(const uint8_t *from, int32_t width, int32_t height, int32_t dy, int32_t dx, int32_t weight,
                      int32_t *sums) {
  const int32_t first_y = dy < 0 ? -dy : 0, last_y = dy > 0 ? height - dy : height;
  const int32_t first_x = dx < 0 ? -dx : 0, last_x = dx > 0 ? width - dx : width;
  for (int32_t y = first_y; y < last_y; ++y) {
    const uint8_t *in = from + (int64_t)(y + dy) * width + dx;
    int32_t *out = sums + (int64_t)y * width;
    for (int32_t x = first_x; x < last_x; ++x) out[x] += weight * in[x];
  }
}

static void one_channel(const convolution_t *layer, const uint8_t *from, const int8_t *weights, int32_t *sums) {
  const int64_t map = (int64_t)layer->width * layer->height;
  memset(sums, 0, (size_t)map * sizeof *sums);
  for (int32_t in = 0; in < layer->channels; ++in)
    for (int32_t k = 0; k < KERNEL * KERNEL; ++k)
      add_moved(from + in * map, layer->width, layer->height, k / KERNEL - 1, k % KERNEL - 1,
                weights[in * KERNEL * KERNEL + k], sums);
}

void convolution_forward(const convolution_t *layer, const uint8_t *from, uint8_t *to) {
  int32_t sums[MAP];
  const int32_t map = layer->width * layer->height;
  FC_ASSERT(map <= MAP);
  for (int32_t out = 0; out < layer->channels; ++out) {
    one_channel(layer, from, layer->weights + (int64_t)out * layer->channels * KERNEL * KERNEL, sums);
    dense_activate(sums, map, layer->shift, to + (int64_t)out * map);
  }
}

/* ---- the kind ---- */

enum { WEIGHTS = CHANNELS * CHANNELS * KERNEL * KERNEL };

typedef struct {
  int8_t weights[LAYERS][WEIGHTS];
  uint8_t maps[CHANNELS * MAP], next[CHANNELS * MAP];
} scratch_t;

static void prepare(void *memory, uint64_t number) {
  scratch_t *scratch = memory;
  fc_rng_t model, data;
  fc_rng_init(&model, 2, 2); /* the same net for every request */
  fc_rng_init(&data, number, 3);
  for (int32_t layer = 0; layer < LAYERS; ++layer)
    for (int32_t i = 0; i < WEIGHTS; ++i) scratch->weights[layer][i] = (int8_t)((int32_t)fc_rng_below(&model, 64) - 30);
  for (int32_t i = 0; i < CHANNELS * MAP; ++i) scratch->maps[i] = (uint8_t)fc_rng_u32(&data);
}

/* A residual block: the maps become the mean of themselves and the layer's output. */
static fc_status_t repeat(void *memory, int32_t repetition, fc_error_t *error) {
  scratch_t *scratch = memory;
  const convolution_t layer = {CHANNELS, SIDE, SIDE, scratch->weights[repetition % LAYERS], SHIFT};
  (void)error;
  convolution_forward(&layer, scratch->maps, scratch->next);
  for (int32_t i = 0; i < CHANNELS * MAP; ++i)
    scratch->maps[i] = (uint8_t)((scratch->maps[i] + scratch->next[i] + 1) / 2);
  return FC_OK;
}

static void hash_result(const void *memory, fc_sha256_t *hash) {
  const scratch_t *scratch = memory;
  fc_sha256_update(hash, scratch->maps, sizeof scratch->maps);
}

const work_kind_t work_convolution = {.name = "convolution",
                                      .summary = "3 x 3 convolution layers over 8 feature maps of 48 x 48",
                                      .scratch_bytes = sizeof(scratch_t),
                                      .prepare = prepare,
                                      .repeat = repeat,
                                      .hash = hash_result};
