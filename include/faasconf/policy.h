/* faasconf/policy.h - everything an agent needs to decide, versioned: manifest plus named tensors.
 *
 * On disk a policy is a folder with `manifest.json` and `weights.safetensors`; on the wire the same two byte strings.
 * The manifest names the `kind`, and inference is a table of kinds (one file per kind in core/), so that a new
 * algorithm needs no new protocol. A loaded policy is immutable: any number of threads may decide with it, each with
 * its own scratch.
 *
 * Decisions are bit-identical on every machine: one fixed order of operations in float32 with explicit fma, and our own
 * exp, whatever the instruction set.
 */
#ifndef FAASCONF_POLICY_H
#define FAASCONF_POLICY_H

#include "faasconf/knobs.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FC_MAX_FEATURES = 64, FC_MAX_POLICY_TENSORS = 256 };

/* One row-major float32 tensor. Borrows data from whoever filled it. */
typedef struct {
  char name[FC_NAME_SIZE];
  int32_t n_dims;
  int64_t shape[4];
  const float *data;
} fc_tensor_t;

/* How a raw metric becomes a feature; fixed domain transforms first, then (x - mean) / scale frozen into the policy,
 * per feature and never per function. */
typedef struct {
  char name[FC_NAME_SIZE]; /* of core/features.c's table, e.g. "log1p_latency_p75" */
  float mean;
  float scale; /* > 0 */
} fc_feature_t;

typedef struct {
  char kind[FC_NAME_SIZE];    /* "attmf", "configuration", ... */
  char variant[FC_NAME_SIZE]; /* "repaired", "faithful" or "" */
  int64_t version;            /* 0 until the registry numbers it */
  char workflow[FC_NAME_SIZE];
  uint8_t workflow_digest[FC_DIGEST_SIZE];
  fc_ranges_t ranges;
  fc_decode_t decode;
  fc_semantics_t semantics; /* of the data it was trained on */
  int32_t n_functions;
  int32_t n_features; /* O */
  fc_feature_t features[FC_MAX_FEATURES];
  uint8_t feature_digest[FC_DIGEST_SIZE]; /* SHA-256 of the feature names in order */
  uint8_t weights_digest[FC_DIGEST_SIZE]; /* SHA-256 of weights.safetensors */
  uint64_t seed;
  int64_t updates;      /* learner updates behind it */
  double heldout_r2;    /* NaN when there is none */
  double heldout_error; /* mean squared error of Q on held-out rows; NaN when there is none */
} fc_policy_manifest_t;

typedef struct fc_policy fc_policy_t;

/* Reads and checks `directory`. Caller owns the result and destroys it with fc_policy_destroy. Errors: FC_ENOTFOUND,
 * FC_EFORMAT (what is wrong in which file), FC_EMISMATCH (digest). Blocks on file I/O. */
fc_status_t fc_policy_load(const char *directory, fc_policy_t **out, fc_error_t *error);

/* The same from memory (copies what it needs). Rejects non-finite weights and unknown kinds. */
fc_status_t fc_policy_from_bytes(const char *manifest_json, size_t manifest_size, const uint8_t *weights,
                                 size_t weights_size, fc_policy_t **out, fc_error_t *error);

/* Serialises: same manifest and tensors, same bytes. Caller owns both buffers and frees them with free().
 * weights_digest and feature_digest of *manifest are computed and filled in. */
fc_status_t fc_policy_encode(fc_policy_manifest_t *manifest, const fc_tensor_t *tensors, int32_t n_tensors,
                             char **manifest_json, size_t *manifest_size, uint8_t **weights, size_t *weights_size,
                             fc_error_t *error);

/* Writes both files atomically (temporary names, fsync, rename, fsync of the folder; manifest last). */
fc_status_t fc_policy_save(const char *directory, const char *manifest_json, size_t manifest_size,
                           const uint8_t *weights, size_t weights_size, fc_error_t *error);

void fc_policy_destroy(fc_policy_t **policy);
const fc_policy_manifest_t *fc_policy_manifest(const fc_policy_t *policy);
/* Tensor by name, or NULL. Borrowed from the policy. */
const fc_tensor_t *fc_policy_tensor(const fc_policy_t *policy, const char *name);
/* SHA-256 over manifest bytes then weights bytes: what a decision and a hint cite. */
void fc_policy_digest(const fc_policy_t *policy, uint8_t digest[FC_DIGEST_SIZE]);

/* Does the policy fit this workflow (name, digest, N, knobs)? FC_EMISMATCH names the difference. */
fc_status_t fc_policy_check(const fc_policy_t *policy, const fc_workflow_t *workflow, fc_error_t *error);

/* Floats of scratch fc_policy_decide needs for this workflow. */
size_t fc_policy_scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow);

/* Step 8: observation -> action (N, A) in [0,1]; attention (E) gets the actor's weight of every edge of
 * workflow->neighbours (uniform where the kind has none) and may be NULL. Absent metrics become the frozen mean. Never
 * allocates. FC_EUNSAFE when the result is not finite (the caller holds). */
fc_status_t fc_policy_decide(const fc_policy_t *policy, const fc_workflow_t *workflow,
                             const fc_observation_t *observation, float *scratch, float *action, float *attention);

/* ---- features ----------------------------------------------------------------------------------------------- */

/* Feature `name` of every function from one observation, before (x - mean) / scale; out (N), NaN where the metric is
 * absent. FC_ENOTFOUND for an unknown name. */
fc_status_t fc_feature_compute(const char *name, const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode,
                               const fc_observation_t *observation, float *out);

/* The feature lists of the two AttMF variants (algorithms sections 1 and 3; architecture section 5); returns how many
 * names were written into names[FC_MAX_FEATURES]. */
int32_t fc_features_repaired(const char **names);
int32_t fc_features_faithful(const char **names);

/* All features of the manifest, normalised: out (N, O), absent -> 0. FC_ENOTFOUND for an unknown name. */
fc_status_t fc_features_compute(const fc_policy_manifest_t *manifest, const fc_workflow_t *workflow,
                                const fc_observation_t *observation, float *out);

#ifdef __cplusplus
}
#endif
#endif
