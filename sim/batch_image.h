/* batch_image.h - inside sim: one window's state as one block of bytes, and the kernels that work on n of them.
 *
 *   | simulator | functions | replicas | ready | calls | progress | users | free_next | heap | position | samples |
 *
 * The host makes one image of a fresh simulator; the device copies it n times and sets each copy's pointers. What no
 * window changes (plan, quantiles) is there once.
 */
#ifndef SIM_BATCH_IMAGE_H
#define SIM_BATCH_IMAGE_H

#include "batch.h"
#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Offsets of the arrays within an image, multiples of 16; `bytes` is the whole. */
typedef struct {
  size_t functions, replicas, ready, calls, progress, users, free_next, heap, position, samples, bytes;
  bool open_loop;
} batch_layout_t;

/* Arrays of a launch, all on the device. */
typedef struct {
  uint8_t *images;                             /* (capacity, layout.bytes) */
  int64_t *windows;                            /* (n) */
  int32_t *users;                              /* (n) */
  fc_function_configuration_t *configurations; /* (n,N) */
  fc_load_t *load;                             /* (n) */
  fc_outcome_t *outcome;                       /* (n) */
  fc_function_metrics_t *metrics;              /* (n,N) */
} batch_arrays_t;

/* For who fills and reads a batch's arrays on the device (batch_rows.c): queues n <= capacity windows, whose numbers,
 * users and configurations are in `arrays`; FC_ECUDA. The arrays are the batch's. */
fc_status_t batch_queue(batch_t *batch, int32_t n, fc_error_t *error);
batch_arrays_t batch_arrays(const batch_t *batch);
int32_t batch_capacity(const batch_t *batch);
/* FC_EINVAL when a window could not have this configuration (N) and so many users. */
fc_status_t batch_check(const batch_t *batch, const fc_function_configuration_t *configuration, int32_t users,
                        fc_error_t *error);
bool batch_has_latencies(const batch_t *batch);

/* Copies `image` to each of n places and sets pointers; plan and quantiles are shared. Only queues. */
void batch_place(const uint8_t *image, uint8_t *images, int32_t n, batch_layout_t layout, plan_node_t *nodes,
                 normal_table_t *normal, fc_stream_t *stream);
/* n windows, one per image. Only queues. */
void batch_launch(batch_arrays_t arrays, int32_t n, batch_layout_t layout, fc_stream_t *stream);

#ifdef __cplusplus
}
#endif
#endif
