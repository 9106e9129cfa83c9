/* image_resize.c - kind image-resize: a generated picture made smaller and larger again. */
#include "computations.h"
#include "faasconf/rng.h"
#include "work.h"

enum { CHANNELS = 3, LARGE = 256, SMALL = 192, ONE = 1 << 16, TILE = 8 };

/* Where a target pixel lies in the source: the two neighbours and the weight of the second, of ONE. */
typedef struct {
  int32_t first, second;
  int64_t weight;
} between_t;

static between_t between(int32_t index, int32_t from, int32_t to) {
  int64_t position = ((2 * (int64_t)index + 1) * from * ONE) / (2 * (int64_t)to) - ONE / 2;
  if (position < 0) position = 0;
  between_t result = {.first = (int32_t)(position / ONE), .weight = position % ONE};
  if (result.first > from - 1) result.first = from - 1;
  result.second = result.first + 1 < from ? result.first + 1 : from - 1;
  return result;
}

void image_resize(const picture_t *from, picture_t *to) {
  for (int32_t y = 0; y < to->height; ++y) {
    const between_t row = between(y, from->height, to->height);
    const uint8_t *upper = from->bytes + (int64_t)row.first * from->width * CHANNELS;
    const uint8_t *lower = from->bytes + (int64_t)row.second * from->width * CHANNELS;
    uint8_t *out = to->bytes + (int64_t)y * to->width * CHANNELS;
    for (int32_t x = 0; x < to->width; ++x) {
      const between_t column = between(x, from->width, to->width);
      for (int32_t c = 0; c < CHANNELS; ++c) {
        const int32_t left = column.first * CHANNELS + c, right = column.second * CHANNELS + c;
        const int64_t above = upper[left] * (ONE - column.weight) + upper[right] * column.weight;
        const int64_t below = lower[left] * (ONE - column.weight) + lower[right] * column.weight;
        const int64_t sum = above * (ONE - row.weight) + below * row.weight;
        out[x * CHANNELS + c] = (uint8_t)((sum + ((int64_t)ONE * ONE) / 2) / ((int64_t)ONE * ONE));
      }
    }
  }
}

/* ---- the kind ---- */

typedef struct {
  uint8_t large[LARGE * LARGE * CHANNELS], small[SMALL * SMALL * CHANNELS];
} scratch_t;

/* Tiles of one colour each, with a slope across the picture. */
static void prepare(void *memory, uint64_t number) {
  scratch_t *scratch = memory;
  fc_rng_t rng;
  fc_rng_init(&rng, number, 1);
  for (int32_t tile_y = 0; tile_y < LARGE; tile_y += TILE)
    for (int32_t tile_x = 0; tile_x < LARGE; tile_x += TILE) {
      const uint32_t colour = fc_rng_u32(&rng);
      for (int32_t y = tile_y; y < tile_y + TILE; ++y)
        for (int32_t x = tile_x; x < tile_x + TILE; ++x)
          for (int32_t c = 0; c < CHANNELS; ++c)
            scratch->large[(y * LARGE + x) * CHANNELS + c] = (uint8_t)((colour >> (8 * c)) + (uint32_t)(x + y) / 4);
    }
}

static fc_status_t repeat(void *memory, int32_t repetition, fc_error_t *error) {
  scratch_t *scratch = memory;
  picture_t large = {scratch->large, LARGE, LARGE}, small = {scratch->small, SMALL, SMALL - repetition % TILE};
  (void)error;
  image_resize(&large, &small);
  image_resize(&small, &large);
  return FC_OK;
}

static void hash_result(const void *memory, fc_sha256_t *hash) {
  const scratch_t *scratch = memory;
  fc_sha256_update(hash, scratch->large, sizeof scratch->large);
}

const work_kind_t work_image_resize = {.name = "image-resize",
                                       .summary = "bilinear resize of a generated 256 x 256 picture, down and up again",
                                       .scratch_bytes = sizeof(scratch_t),
                                       .prepare = prepare,
                                       .repeat = repeat,
                                       .hash = hash_result};
