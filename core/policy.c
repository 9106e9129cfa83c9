/* policy.c - loading, checking, saving and running policies of any kind. */
#include "faasconf/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faasconf/digest.h"
#include "file.h"
#include "policy_kind.h"
#include "policy_manifest.h"
#include "policy_mlp.h"
#include "safetensors.h"

enum { PATH_SIZE = 1024, MAX_FILE_BYTES = 64 << 20 };

static const policy_kind_t *const kinds[] = {&policy_kind_attmf, &policy_kind_configuration, &policy_kind_mean_field,
                                             &policy_kind_firm,  &policy_kind_maddpg,        &policy_kind_ddpg};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

struct fc_policy {
  fc_policy_manifest_t manifest;
  feature_column_t columns[FC_MAX_FEATURES]; /* of the manifest's features */
  const policy_kind_t *kind;
  uint8_t digest[FC_DIGEST_SIZE];
  uint8_t *weights; /* owned; tensors point into it */
  int32_t n_tensors;
  fc_tensor_t tensors[FC_MAX_POLICY_TENSORS];
  policy_parts_t parts; /* of tensors */
};

const policy_parts_t *policy_parts(const fc_policy_t *policy) {
  return &policy->parts;
}

/* ---- from bytes ---------------------------------------------------------------------------------------------- */

static const policy_kind_t *find_kind(const char *name) {
  for (int i = 0; i < N_KINDS; ++i)
    if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
  return NULL;
}

fc_status_t policy_require(const fc_policy_t *policy, const char *name, int32_t n_dims, int64_t rows, int64_t columns,
                           fc_error_t *error) {
  const fc_tensor_t *tensor = fc_policy_tensor(policy, name);
  if (tensor == NULL) return fc_error_set(error, FC_EFORMAT, "the policy has no tensor %s", name);
  if (tensor->n_dims != n_dims || tensor->shape[0] != rows || (n_dims == 2 && tensor->shape[1] != columns))
    return fc_error_set(error, FC_EFORMAT, "tensor %s: expected shape (%lld, %lld)", name, (long long)rows,
                        (long long)columns);
  return FC_OK;
}

static fc_status_t check_finite(const fc_policy_t *policy, fc_error_t *error) {
  for (int32_t t = 0; t < policy->n_tensors; ++t) {
    const fc_tensor_t *tensor = &policy->tensors[t];
    const int64_t n = safetensors_elements(tensor);
    for (int64_t i = 0; i < n; ++i)
      if (!isfinite(tensor->data[i]))
        return fc_error_set(error, FC_EFORMAT, "tensor %s has a value that is not finite", tensor->name);
  }
  return FC_OK;
}

static fc_status_t fill(fc_policy_t *policy, const char *manifest_json, size_t manifest_size, const uint8_t *weights,
                        size_t weights_size, fc_error_t *error) {
  uint8_t digest[FC_DIGEST_SIZE];
  FC_TRY(policy_manifest_decode(manifest_json, manifest_size, &policy->manifest, error));
  if (!policy_feature_columns(&policy->manifest, policy->columns))
    return fc_error_set(error, FC_EFORMAT, "the manifest names a feature that is unknown here; update this program");
  fc_sha256(weights, weights_size, digest);
  if (memcmp(digest, policy->manifest.weights_digest, sizeof digest) != 0)
    return fc_error_set(error, FC_EMISMATCH, "the weights do not match the manifest's weights_digest");
  policy->kind = find_kind(policy->manifest.kind);
  if (policy->kind == NULL)
    return fc_error_set(error, FC_EFORMAT, "policies of kind %s are unknown here; update this program",
                        policy->manifest.kind);
  policy->weights = malloc(weights_size + 1);
  if (policy->weights == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %zu bytes", weights_size);
  if (weights_size > 0) memcpy(policy->weights, weights, weights_size);
  FC_TRY(safetensors_decode(policy->weights, weights_size, policy->tensors, FC_MAX_POLICY_TENSORS, &policy->n_tensors,
                            error));
#define POLICY_FIND_PART(member, name) policy->parts.member = fc_policy_tensor(policy, name);
  POLICY_PARTS(POLICY_FIND_PART)
#undef POLICY_FIND_PART
  FC_TRY(check_finite(policy, error));
  FC_TRY(policy->kind->check(policy, error));
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  fc_sha256_update(&hash, manifest_json, manifest_size);
  fc_sha256_update(&hash, weights, weights_size);
  fc_sha256_final(&hash, policy->digest);
  return FC_OK;
}

fc_status_t fc_policy_from_bytes(const char *manifest_json, size_t manifest_size, const uint8_t *weights,
                                 size_t weights_size, fc_policy_t **out, fc_error_t *error) {
  *out = NULL;
  fc_policy_t *policy = calloc(1, sizeof *policy);
  if (policy == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a policy");
  const fc_status_t status = fill(policy, manifest_json, manifest_size, weights, weights_size, error);
  if (status != FC_OK) fc_policy_destroy(&policy);
  *out = policy;
  return status;
}

void fc_policy_destroy(fc_policy_t **policy) {
  if (policy == NULL || *policy == NULL) return;
  free((*policy)->weights);
  free(*policy);
  *policy = NULL;
}

const fc_policy_manifest_t *fc_policy_manifest(const fc_policy_t *policy) {
  return &policy->manifest;
}

const fc_tensor_t *fc_policy_tensor(const fc_policy_t *policy, const char *name) {
  for (int32_t i = 0; i < policy->n_tensors; ++i)
    if (strcmp(policy->tensors[i].name, name) == 0) return &policy->tensors[i];
  return NULL;
}

void fc_policy_digest(const fc_policy_t *policy, uint8_t digest[FC_DIGEST_SIZE]) {
  memcpy(digest, policy->digest, FC_DIGEST_SIZE);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static fc_status_t read_file(const char *directory, const char *name, uint8_t **bytes, size_t *size,
                             fc_error_t *error) {
  char path[PATH_SIZE];
  *bytes = NULL;
  if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
    return fc_error_set(error, FC_EINVAL, "the path of the policy is too long");
  return file_read(path, MAX_FILE_BYTES, bytes, size, error);
}

fc_status_t fc_policy_load(const char *directory, fc_policy_t **out, fc_error_t *error) {
  uint8_t *manifest = NULL, *weights = NULL;
  size_t manifest_size = 0, weights_size = 0;
  *out = NULL;
  fc_status_t status = read_file(directory, "manifest.json", &manifest, &manifest_size, error);
  if (status == FC_OK) status = read_file(directory, "weights.safetensors", &weights, &weights_size, error);
  if (status == FC_OK) {
    status = fc_policy_from_bytes((const char *)manifest, manifest_size, weights, weights_size, out, error);
    if (status != FC_OK) (void)fc_error_prefix(error, "policy %s", directory);
  }
  free(manifest);
  free(weights);
  return status;
}

static fc_status_t write_file(const char *directory, const char *name, const void *bytes, size_t size,
                              fc_error_t *error) {
  char path[PATH_SIZE];
  if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
    return fc_error_set(error, FC_EINVAL, "the path of the policy is too long");
  return file_replace(path, bytes, size, error);
}

static fc_status_t sync_folder(const char *directory, fc_error_t *error) {
  const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool good = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) (void)close(fd);
  return good ? FC_OK : fc_error_set(error, FC_EIO, "%s: %s", directory, strerror(errno));
}

fc_status_t fc_policy_save(const char *directory, const char *manifest_json, size_t manifest_size,
                           const uint8_t *weights, size_t weights_size, fc_error_t *error) {
  if (mkdir(directory, 0755) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "%s: %s", directory, strerror(errno));
  FC_TRY(write_file(directory, "weights.safetensors", weights, weights_size, error));
  FC_TRY(sync_folder(directory, error));
  FC_TRY(write_file(directory, "manifest.json", manifest_json, manifest_size, error));
  return sync_folder(directory, error);
}

fc_status_t fc_policy_encode(fc_policy_manifest_t *manifest, const fc_tensor_t *tensors, int32_t n_tensors,
                             char **manifest_json, size_t *manifest_size, uint8_t **weights, size_t *weights_size,
                             fc_error_t *error) {
  FC_TRY(safetensors_encode(tensors, n_tensors, weights, weights_size, error));
  fc_sha256(*weights, *weights_size, manifest->weights_digest);
  policy_feature_digest(manifest, manifest->feature_digest);
  *manifest_json = policy_manifest_encode(manifest);
  *manifest_size = strlen(*manifest_json);
  return FC_OK;
}

/* ---- deciding ------------------------------------------------------------------------------------------------ */

fc_status_t fc_policy_check(const fc_policy_t *policy, const fc_workflow_t *workflow, fc_error_t *error) {
  const fc_policy_manifest_t *m = &policy->manifest;
  if (strcmp(m->workflow, workflow->name) != 0)
    return fc_error_set(error, FC_EMISMATCH, "the policy is for workflow %s, not %s", m->workflow, workflow->name);
  if (m->n_functions != workflow->n_functions)
    return fc_error_set(error, FC_EMISMATCH, "the policy is for %d functions, workflow %s has %d", m->n_functions,
                        workflow->name, workflow->n_functions);
  if (memcmp(m->workflow_digest, workflow->digest, FC_DIGEST_SIZE) != 0)
    return fc_error_set(error, FC_EMISMATCH, "the policy was trained on another content of workflow %s; train again",
                        workflow->name);
  return FC_OK;
}

size_t fc_policy_scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  const size_t n = (size_t)workflow->n_functions;
  return n * (size_t)policy->manifest.n_features + policy->kind->scratch_floats(policy, workflow);
}

fc_status_t fc_policy_decide(const fc_policy_t *policy, const fc_workflow_t *workflow,
                             const fc_observation_t *observation, float *scratch, float *action, float *attention) {
  const size_t n = (size_t)workflow->n_functions;
  float *features = scratch, *rest = features + n * (size_t)policy->manifest.n_features;
  features_fill(policy->columns, policy->manifest.n_features, workflow, policy->manifest.ranges,
                policy->manifest.decode, observation, features);
  policy->kind->decide(policy, workflow, features, rest, action, attention);
  for (size_t i = 0; i < n * FC_KNOBS; ++i)
    if (!isfinite(action[i])) return FC_EUNSAFE;
  return FC_OK;
}
