/* policy_manifest.c - see policy_manifest.h. */
#include "policy_manifest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/digest.h"
#include "faasconf/json.h"

static const char *const format_name = "faasconf-policy-1";
static const char *const range_names[] = {"measured", "full"};
static const char *const decode_names[] = {"uniform", "authors"};

void policy_feature_digest(const fc_policy_manifest_t *manifest, uint8_t digest[FC_DIGEST_SIZE]) {
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  for (int32_t i = 0; i < manifest->n_features; ++i)
    fc_sha256_update(&hash, manifest->features[i].name, strlen(manifest->features[i].name) + 1);
  fc_sha256_final(&hash, digest);
}

static void set_digest(fc_json_t *object, const char *key, const uint8_t digest[FC_DIGEST_SIZE]) {
  char text[FC_HEX_SIZE];
  fc_hex(digest, FC_DIGEST_SIZE, text);
  fc_json_set_string(object, key, text);
}

char *policy_manifest_encode(const fc_policy_manifest_t *m) {
  fc_json_t *json = fc_json_object(), *features = fc_json_array();
  fc_json_set_string(json, "format", format_name);
  fc_json_set_string(json, "kind", m->kind);
  fc_json_set_string(json, "variant", m->variant);
  fc_json_set_int(json, "version", m->version);
  fc_json_set_string(json, "workflow", m->workflow);
  set_digest(json, "workflow_digest", m->workflow_digest);
  fc_json_set_string(json, "ranges", range_names[m->ranges]);
  fc_json_set_string(json, "decode", decode_names[m->decode]);
  fc_json_set_string(json, "semantics", fc_semantics_name(m->semantics));
  fc_json_set_int(json, "n_functions", m->n_functions);
  for (int32_t i = 0; i < m->n_features; ++i) {
    fc_json_t *feature = fc_json_object();
    fc_json_set_string(feature, "name", m->features[i].name);
    fc_json_set_double(feature, "mean", (double)m->features[i].mean);
    fc_json_set_double(feature, "scale", (double)m->features[i].scale);
    fc_json_append(features, &feature);
  }
  fc_json_set(json, "features", &features);
  set_digest(json, "feature_digest", m->feature_digest);
  set_digest(json, "weights_digest", m->weights_digest);
  fc_json_set_int(json, "seed", (int64_t)m->seed);
  fc_json_set_int(json, "updates", m->updates);
  fc_json_set_double(json, "heldout_r2", m->heldout_r2);
  fc_json_set_double(json, "heldout_error", m->heldout_error);
  char *text = fc_json_dump(json, 1);
  fc_json_destroy(&json);
  return text;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

typedef struct {
  const fc_json_t *json;
  fc_error_t *error;
} reader_t;

static fc_status_t wrong(const reader_t *r, const char *key, const char *expected) {
  return fc_error_set(r->error, FC_EFORMAT, "manifest: %s: expected %s", key, expected);
}

static fc_status_t read_text(const reader_t *r, const char *key, char out[FC_NAME_SIZE]) {
  const char *text = fc_json_string(fc_json_get(r->json, key));
  if (text == NULL || strlen(text) >= FC_NAME_SIZE) return wrong(r, key, "a text of at most 63 bytes");
  memcpy(out, text, strlen(text) + 1);
  return FC_OK;
}

static fc_status_t read_int(const reader_t *r, const char *key, int64_t minimum, int64_t maximum, int64_t *out) {
  if (!fc_json_int(fc_json_get(r->json, key), out) || *out < minimum || *out > maximum)
    return wrong(r, key, "a whole number in its range");
  return FC_OK;
}

static fc_status_t read_digest(const reader_t *r, const char *key, uint8_t out[FC_DIGEST_SIZE]) {
  const char *text = fc_json_string(fc_json_get(r->json, key));
  return text != NULL && fc_unhex(text, out, FC_DIGEST_SIZE) ? FC_OK : wrong(r, key, "64 hex digits");
}

static fc_status_t read_choice(const reader_t *r, const char *key, const char *const names[2], int *out) {
  const char *text = fc_json_string(fc_json_get(r->json, key));
  for (int i = 0; text != NULL && i < 2; ++i) {
    if (strcmp(text, names[i]) == 0) {
      *out = i;
      return FC_OK;
    }
  }
  return fc_error_set(r->error, FC_EFORMAT, "manifest: %s: expected %s or %s", key, names[0], names[1]);
}

/* null stands for "none". */
static double read_optional(const reader_t *r, const char *key) {
  double value = NAN;
  return fc_json_double(fc_json_get(r->json, key), &value) && isfinite(value) ? value : NAN;
}

static fc_status_t read_feature(const fc_json_t *json, fc_feature_t *feature, fc_error_t *error) {
  const reader_t r = {json, error};
  double mean = NAN, scale = NAN;
  FC_TRY(read_text(&r, "name", feature->name));
  if (!policy_feature_known(feature->name))
    return fc_error_set(error, FC_EFORMAT, "manifest: feature %s is unknown here; update this program", feature->name);
  (void)fc_json_double(fc_json_get(json, "mean"), &mean);
  (void)fc_json_double(fc_json_get(json, "scale"), &scale);
  feature->mean = (float)mean;
  feature->scale = (float)scale;
  if (!isfinite(feature->mean) || !isfinite(feature->scale) || !(feature->scale > 0.0f))
    return fc_error_set(error, FC_EFORMAT, "manifest: feature %s: expected a finite mean and a scale above 0",
                        feature->name);
  return FC_OK;
}

static fc_status_t read_features(const reader_t *r, fc_policy_manifest_t *m) {
  const fc_json_t *list = fc_json_get(r->json, "features");
  if (!fc_json_is_array(list) || fc_json_size(list) > FC_MAX_FEATURES)
    return wrong(r, "features", "a list of at most 64 features");
  m->n_features = (int32_t)fc_json_size(list);
  for (int32_t i = 0; i < m->n_features; ++i)
    FC_TRY(read_feature(fc_json_at(list, (size_t)i), &m->features[i], r->error));
  return FC_OK;
}

static fc_status_t read_all(const reader_t *r, fc_policy_manifest_t *m) {
  static const char *const semantics_names[] = {"strict", "as-published"};
  char format[FC_NAME_SIZE];
  int64_t number = 0;
  int choice = 0;
  FC_TRY(read_text(r, "format", format));
  if (strcmp(format, format_name) != 0) return wrong(r, "format", format_name);
  FC_TRY(read_text(r, "kind", m->kind));
  FC_TRY(read_text(r, "variant", m->variant));
  FC_TRY(read_int(r, "version", 0, INT64_MAX, &m->version));
  FC_TRY(read_text(r, "workflow", m->workflow));
  FC_TRY(read_digest(r, "workflow_digest", m->workflow_digest));
  FC_TRY(read_choice(r, "ranges", range_names, &choice));
  m->ranges = (fc_ranges_t)choice;
  FC_TRY(read_choice(r, "decode", decode_names, &choice));
  m->decode = (fc_decode_t)choice;
  FC_TRY(read_choice(r, "semantics", semantics_names, &choice));
  m->semantics = (fc_semantics_t)choice;
  FC_TRY(read_int(r, "n_functions", 1, FC_MAX_FUNCTIONS, &number));
  m->n_functions = (int32_t)number;
  FC_TRY(read_features(r, m));
  FC_TRY(read_digest(r, "feature_digest", m->feature_digest));
  FC_TRY(read_digest(r, "weights_digest", m->weights_digest));
  FC_TRY(read_int(r, "seed", INT64_MIN, INT64_MAX, &number));
  m->seed = (uint64_t)number;
  FC_TRY(read_int(r, "updates", 0, INT64_MAX, &m->updates));
  m->heldout_r2 = read_optional(r, "heldout_r2");
  m->heldout_error = read_optional(r, "heldout_error");
  return FC_OK;
}

fc_status_t policy_manifest_decode(const char *text, size_t size, fc_policy_manifest_t *manifest, fc_error_t *error) {
  fc_json_t *json = NULL;
  uint8_t digest[FC_DIGEST_SIZE];
  memset(manifest, 0, sizeof *manifest);
  fc_status_t status = fc_json_parse(text, size, &json, error);
  if (status != FC_OK) {
    (void)fc_error_prefix(error, "manifest");
    return status;
  }
  const reader_t reader = {json, error};
  status = read_all(&reader, manifest);
  fc_json_destroy(&json);
  FC_TRY(status);
  policy_feature_digest(manifest, digest);
  if (memcmp(digest, manifest->feature_digest, sizeof digest) != 0)
    return fc_error_set(error, FC_EMISMATCH, "manifest: feature_digest does not match the features");
  return FC_OK;
}
