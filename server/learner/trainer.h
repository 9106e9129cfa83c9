/* trainer.h - one workflow in training: replay, normaliser, algorithm, schedule, checkpoints.
 *
 * Used by `faasconf train` (many updates over the stored history) and by the server's learner thread (a few updates
 * whenever transitions arrive). Same rows in the same order, same seed: same bytes, also across save and resume. One
 * thread.
 */
#ifndef SERVER_LEARNER_TRAINER_H
#define SERVER_LEARNER_TRAINER_H

#include "algorithm.h"
#include "faasconf/device.h"
#include "replay.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct trainer trainer_t;

typedef struct {
  const char *algorithm; /* "attmf" */
  algorithm_options_t learning;
  int32_t replay_capacity;
  fc_ranges_t ranges;
  fc_decode_t decode;
  fc_semantics_t semantics;  /* rows of the other semantics are refused by trainer_insert with FC_EMISMATCH */
  double samples_per_insert; /* 64 */
  const char *backend;       /* "cpu", "cuda" or "auto" (static); elsewhere than on the cpu: attmf and mean_field */
  fc_device_t *device;       /* instead of backend, borrowed; NULL: the trainer opens one */
} trainer_options_t;
trainer_options_t trainer_options_default(algorithm_variant_t variant);

/* FC_ENOTFOUND for an unknown algorithm and for backend cuda where there is none, FC_EINVAL for one that the backend
 * cannot train. Borrows workflow until trainer_destroy. Caller owns the result and destroys it with trainer_destroy. */
fc_status_t trainer_new(const fc_workflow_t *workflow, const trainer_options_t *options, trainer_t **out,
                        fc_error_t *error);
void trainer_destroy(trainer_t **trainer);

/* Adds a transition. Rows without s are ignored with FC_OK. */
fc_status_t trainer_insert(trainer_t *trainer, const fc_transition_t *transition, bool heldout);
int32_t trainer_rows(const trainer_t *trainer);

/* Freezes the normaliser on the rows present; done by the first update when not before. */
void trainer_freeze_normaliser(trainer_t *trainer);
/* n updates, n >= 1; *report is of the last one. Elsewhere than on the CPU they are only queued, and *report is of the
 * call before, whose updates are done (of this call's the first time and after trainer_resume). FC_ESTATE when there is
 * no row to sample; FC_ECUDA when the device is lost: what was learned since the last call that read weights (q, act,
 * export, save) is lost with it. */
fc_status_t trainer_update(trainer_t *trainer, int64_t n, algorithm_report_t *report, fc_error_t *error);
/* How many updates a call should make at most, so that the caller hears from it a few times a second: 1 on the CPU,
 * where every update's report is of use and costs nothing. */
int64_t trainer_round(const trainer_t *trainer);
/* Where it trains: "cpu avx512", the name of a GPU. The trainer's. */
const char *trainer_device(const trainer_t *trainer);
/* Updates due by samples_per_insert since creation or resumption: floor(inserts * ratio / B) - done. */
int64_t trainer_updates_due(const trainer_t *trainer);
int64_t trainer_updates_done(const trainer_t *trainer);

/* Q against observed reward on the held-out rows: R2 and mean squared error. FC_ENOTFOUND when there are fewer than two
 * rows or gamma > 0 (faithful). */
fc_status_t trainer_heldout(trainer_t *trainer, double *r2, double *error);

/* Q of one decision, for explanations: mean over functions. FC_ESTATE before the normaliser is frozen. */
fc_status_t trainer_q(trainer_t *trainer, const fc_observation_t *before,
                      const fc_function_configuration_t *configuration, double *q);

/* What the algorithm of now decides after `before`: action (N, A) in [0,1], without exploration. FC_ESTATE before the
 * normaliser is frozen, FC_EUNSAFE when it is not finite. */
fc_status_t trainer_action(trainer_t *trainer, const fc_observation_t *before, float *action);
/* The same as a configuration (N) within the trainer's ranges. */
fc_status_t trainer_act(trainer_t *trainer, const fc_observation_t *before, fc_function_configuration_t *configuration);

/* The policy of now as bytes (policy.h); version goes into the manifest. Buffers are the caller's to free(). */
fc_status_t trainer_export(trainer_t *trainer, int64_t version, char **manifest, size_t *manifest_size,
                           uint8_t **weights, size_t *weights_size, fc_error_t *error);

/* The store's id of the last row inserted (store_each_transition's `id`; the caller sets it after trainer_insert; 0 at
 * creation). It is part of the checkpoint, so that whoever resumes reads on from there and inserts no row twice. */
void trainer_set_position(trainer_t *trainer, int64_t id);
int64_t trainer_position(const trainer_t *trainer);

/* Checkpoint folder: manifest.json (sha256 per file, written last), state.safetensors, replay.bin; atomic rename, the
 * two newest kept. Resume refuses a corrupt one (message says which file) and takes the previous; FC_ENOTFOUND when
 * there is none. */
fc_status_t trainer_save(trainer_t *trainer, const char *directory, fc_error_t *error);
fc_status_t trainer_resume(trainer_t *trainer, const char *directory, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
