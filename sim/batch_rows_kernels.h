/* batch_rows_kernels.h - inside sim: what the kernels of batch_rows.cu read, and what they draw. */
#ifndef SIM_BATCH_ROWS_KERNELS_H
#define SIM_BATCH_ROWS_KERNELS_H

#include "batch_image.h"
#include "batch_rows.h"
#include "feature_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One function, as features and draws see it. */
typedef struct {
  fc_knob_range_t ranges[FC_KNOBS];
  double visits;
  int32_t depth, in_degree, out_degree;
} batch_function_t;

/* By value to every kernel; the two arrays are the device's. */
typedef struct {
  const feature_column_t *features;  /* (O) */
  const batch_function_t *functions; /* (N) */
  int32_t n_features, n_functions, n_qos_terms;
  int32_t least_users, most_users;
  fc_decode_t decode;
  fc_semantics_t semantics;
  fc_prices_t prices;
  double window_s, cost_ref_usd_h;
  uint8_t terminal;
  bool raw; /* features as they are, NaN where absent: what a normaliser is fitted to */
  uint64_t seed;
  fc_qos_term_t qos_terms[FC_MAX_QOS_TERMS];
} batch_rows_constants_t;

/* Four uniform words of (seed, window, entity): entity 0 is the series' users, 1 + f function f's configuration. */
static inline FC_HOST_DEVICE void batch_rows_words(uint64_t seed, int64_t window, uint32_t entity, uint32_t words[4]) {
  const uint32_t counter[4] = {(uint32_t)(uint64_t)window, (uint32_t)((uint64_t)window >> 32), entity, 0x726f7773u};
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  fc_philox(counter, key, words);
}

/* min to max, equally likely but for 2^-32 of their number. */
static inline FC_HOST_DEVICE int32_t batch_rows_pick(uint32_t word, int32_t min, int32_t max) {
  const uint64_t width = (uint64_t)((int64_t)max - min + 1);
  return min + (int32_t)(((uint64_t)word * width) >> 32);
}

/* Windows first .. first + n - 1: numbers, users, configurations. Only queues. */
void batch_rows_draw_windows(batch_arrays_t arrays, batch_rows_constants_t constants, int64_t first, int32_t n,
                             fc_stream_t *stream);
/* Rows of n_series series from what the windows gave. Only queues. */
void batch_rows_fill(batch_arrays_t arrays, batch_rows_constants_t constants, int32_t n_series, fc_row_memory_t to,
                     fc_stream_t *stream);

#ifdef __cplusplus
}
#endif
#endif
