/* batch_rows.h - simulated windows become rows of a learner's replay without leaving the device.
 *
 *   draw users and configurations -> windows (batch.h) -> features, action, reward, next features -> rows
 *
 * Windows come in series of BATCH_SERIES with the same users and one random configuration after the other, as in the
 * published measurements: a row is a window and the one before it in its series, which gives BATCH_SERIES - 1 rows. All
 * of it is queued on the device's stream; the host only says how many. Features and reward are those of the replay
 * (server/replay), operation by operation.
 *
 * One thread; the device is theirs while they work.
 */
#ifndef SIM_BATCH_ROWS_H
#define SIM_BATCH_ROWS_H

#include "batch.h"
#include "faasconf/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BATCH_SERIES = 32 };

typedef struct batch_rows batch_rows_t;

typedef struct {
  int32_t n_features;           /* O */
  const fc_feature_t *features; /* (O) names and the frozen normaliser; borrowed by batch_rows_new only */
  fc_ranges_t ranges;           /* configurations are drawn uniformly from these */
  fc_decode_t decode;
  fc_semantics_t semantics; /* the batch's */
  double cost_ref_usd_h;
  bool every_row_terminal;
  int32_t least_users, most_users; /* of a closed loop: each series draws one of these; of an open loop both 0 */
  uint64_t seed;
} batch_rows_options_t;

/* Borrows workflow, batch and device until batch_rows_destroy. The batch has latencies where a feature reads them.
 * Caller owns *out. FC_EINVAL names what does not fit; FC_ENOTFOUND an unknown feature; FC_ENOMEM; FC_ECUDA. */
fc_status_t batch_rows_new(const fc_workflow_t *workflow, const batch_rows_options_t *options, batch_t *batch,
                           fc_device_t *device, batch_rows_t **out, fc_error_t *error);
void batch_rows_destroy(batch_rows_t **rows);

/* Draws the rows of windows [first_window, ...) once, into `to`, and takes mean and scale of their features (before the
 * action, over rows and functions, absent ones left out; scale 1 where one does not vary) as the normaliser from then
 * on; features (O) get them, too. Blocks. FC_ENOMEM, FC_ECUDA. */
fc_status_t batch_rows_fit_normaliser(batch_rows_t *rows, int64_t first_window, fc_row_memory_t to,
                                      fc_feature_t *features, fc_error_t *error);

/* How many rows one draw gives: those of as many whole series as the batch has room for. */
int32_t batch_rows_count(const batch_rows_t *rows);

/* Queues the rows of windows [first_window, ...) into `to`, memory of the device with room for batch_rows_count() rows.
 * The same seed and first_window give the same rows. Does not wait. FC_ECUDA. */
fc_status_t batch_rows_draw(batch_rows_t *rows, int64_t first_window, fc_row_memory_t to, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
