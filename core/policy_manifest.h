/* policy_manifest.h - inside core: the manifest of a policy as JSON, written and checked. */
#ifndef CORE_POLICY_MANIFEST_H
#define CORE_POLICY_MANIFEST_H

#include "faasconf/policy.h"
#include "feature_values.h"

/* Same manifest, same text. Caller frees with free(). */
char *policy_manifest_encode(const fc_policy_manifest_t *manifest);

/* FC_EFORMAT names the key that is missing or wrong. */
fc_status_t policy_manifest_decode(const char *json, size_t size, fc_policy_manifest_t *manifest, fc_error_t *error);

/* Is there a feature of this name (features.c)? */
bool policy_feature_known(const char *name);

/* The manifest's features, looked up (O); false when there is none of some name. */
bool policy_feature_columns(const fc_policy_manifest_t *manifest, feature_column_t *columns);

/* SHA-256 of the feature names in order, each with its NUL. */
void policy_feature_digest(const fc_policy_manifest_t *manifest, uint8_t digest[FC_DIGEST_SIZE]);

#endif
