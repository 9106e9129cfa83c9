/* batch_none.c - a build without CUDA: no device is ever a CUDA device, so that batch_new has refused it before. */
#include "batch_rows_kernels.h"

void batch_place(const uint8_t *image, uint8_t *images, int32_t n, batch_layout_t layout, plan_node_t *nodes,
                 normal_table_t *normal, fc_stream_t *stream) {
  (void)image;
  (void)images;
  (void)n;
  (void)layout;
  (void)nodes;
  (void)normal;
  (void)stream;
  FC_ASSERT(false);
}

void batch_rows_draw_windows(batch_arrays_t arrays, batch_rows_constants_t constants, int64_t first, int32_t n,
                             fc_stream_t *stream) {
  (void)arrays;
  (void)constants;
  (void)first;
  (void)n;
  (void)stream;
  FC_ASSERT(false);
}

void batch_rows_fill(batch_arrays_t arrays, batch_rows_constants_t constants, int32_t n_series, fc_row_memory_t to,
                     fc_stream_t *stream) {
  (void)arrays;
  (void)constants;
  (void)n_series;
  (void)to;
  (void)stream;
  FC_ASSERT(false);
}

void batch_launch(batch_arrays_t arrays, int32_t n, batch_layout_t layout, fc_stream_t *stream) {
  (void)arrays;
  (void)n;
  (void)layout;
  (void)stream;
  FC_ASSERT(false);
}
