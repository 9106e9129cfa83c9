/* replay.h - step 4 of the flow: transitions of one workflow -> batches (B, N, ...).
 *
 * A ring of rows over one allocation; inserting into a full ring overwrites the oldest row. Rows hold raw features
 * (before normalisation), so that the normaliser can be frozen later; sampling gathers and normalises into the caller's
 * batch. One thread. insert and sample never allocate and never block: the ratio of samples to inserts slows the
 * learner (trainer.h), never an agent.
 *
 *   row i: | features (N,O) | action (N,A) | reward | next_features (N,O) | terminal | window id | held-out |
 *   ring:  [ oldest ... newest | free ... ]  ->  head moves right, wraps at capacity
 */
#ifndef SERVER_REPLAY_REPLAY_H
#define SERVER_REPLAY_REPLAY_H

#include "faasconf/policy.h"
#include "faasconf/rng.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct replay replay_t;

typedef struct {
  int32_t capacity; /* rows; 65536 */
  fc_ranges_t ranges;
  fc_decode_t decode;
  const char *const *feature_names; /* (O) borrowed until replay_new returns */
  int32_t n_features;               /* O */
  bool every_row_terminal;          /* published rows are not an episode */
  double cost_ref_usd_h;            /* cost of the start configuration */
} replay_options_t;

/* Caller owns the result and destroys it with replay_destroy. Borrows workflow until replay_destroy. */
fc_status_t replay_new(const fc_workflow_t *workflow, const replay_options_t *options, replay_t **out,
                       fc_error_t *error);
void replay_destroy(replay_t **replay);

/* Adds one transition (with FC_TRANSITION_HAS_BEFORE; others answer FC_EINVAL). heldout rows are kept apart: never
 * sampled, read by replay_heldout. Load for the QoS targets is the measured one of `after`. */
fc_status_t replay_insert(replay_t *replay, const fc_transition_t *transition, bool heldout);

int32_t replay_size(const replay_t *replay); /* rows that can be sampled */
int32_t replay_heldout_size(const replay_t *replay);

/* The reward of one window: -cost/cost_ref - 20 * sum over QoS terms of min(ln 10, max(0, ln v)) (architecture section
 * 5). FC_ENOTFOUND when a term cannot be judged. */
fc_status_t replay_reward(const fc_workflow_t *workflow, const fc_transition_t *transition, double cost_ref_usd_h,
                          double *reward);

/* Freezes the normaliser from all rows present: features[o].mean / .scale over rows and functions (absent metrics
 * skipped; scale 1 where constant). */
void replay_fit_normaliser(const replay_t *replay, fc_feature_t *features);
/* Sets the normaliser that sampling applies; (O). */
void replay_set_normaliser(replay_t *replay, const fc_feature_t *features);

/* Uniform sample with replacement of B rows into caller's arrays: features, next_features (B,N,O), action (B,N,A),
 * reward (B), terminal (B). Needs replay_size() > 0. Draws from *rng only. */
void replay_sample(const replay_t *replay, fc_rng_t *rng, int32_t n_batch, float *features, float *action,
                   float *reward, float *next_features, uint8_t *terminal);

/* Held-out rows [first, first + n) in insertion order, normalised. */
void replay_heldout(const replay_t *replay, int32_t first, int32_t n, float *features, float *action, float *reward);

/* Rows ever inserted to be sampled (not held out), those of a loaded state included. */
int64_t replay_inserted(const replay_t *replay);
/* Where in the ring the row lies that was inserted k rows before the newest, 0 <= k < replay_size(). */
int32_t replay_position(const replay_t *replay, int32_t k);
/* Rows at the ring's positions [first, first + n) of those that are filled, normalised; as replay_sample's arrays. */
void replay_rows_copy(const replay_t *replay, int32_t first, int32_t n, float *features, float *action, float *reward,
                      float *next_features, uint8_t *terminal);

/* All rows as bytes, for checkpoints: save fills replay_state_size() bytes; load takes exactly such bytes of a replay
 * with the same options, FC_EFORMAT or FC_EMISMATCH otherwise (the replay is then empty or partly filled: destroy it).
 */
size_t replay_state_size(const replay_t *replay);
void replay_save_state(const replay_t *replay, uint8_t *bytes);
fc_status_t replay_load_state(replay_t *replay, const uint8_t *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif
