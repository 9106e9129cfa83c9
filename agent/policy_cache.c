/* policy_cache.c - trusted policies: see policy_cache.h. */
#include "policy_cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char TRUST_FILE[] = "trust.json";
enum { TRUST_MAX_BYTES = 4096, SIGNED_BYTES_SIZE = FC_NAME_SIZE + 128 };

static fc_status_t save_trust(const policy_cache_t *cache, fc_error_t *error) {
  char hex[FC_HEX_SIZE];
  fc_json_t *root = fc_json_object();
  fc_json_set_string(root, "workflow", cache->workflow->name);
  fc_json_set_int(root, "high_water", cache->high_water);
  fc_json_set_int(root, "held", cache->held);
  if (cache->has_digest) {
    fc_hex(cache->digest, FC_DIGEST_SIZE, hex);
    fc_json_set_string(root, "digest", hex);
  }
  if (cache->has_key) {
    fc_hex(cache->key, FC_PUBLIC_KEY_SIZE, hex);
    fc_json_set_string(root, "server_key", hex);
  }
  const fc_status_t status = folder_write_json(cache->folder, TRUST_FILE, root, error);
  fc_json_destroy(&root);
  return status;
}

static fc_status_t read_trust(policy_cache_t *cache, const fc_json_t *root, fc_error_t *error) {
  const char *workflow = fc_json_string(fc_json_get(root, "workflow"));
  const char *key = fc_json_string(fc_json_get(root, "server_key"));
  if (!workflow || strcmp(workflow, cache->workflow->name) != 0)
    return fc_error_set(error, FC_EMISMATCH,
                        "%s/%s: this state folder served workflow %s, not %s: give each workflow its own folder",
                        cache->folder->path, TRUST_FILE, workflow ? workflow : "?", cache->workflow->name);
  if (!fc_json_int(fc_json_get(root, "high_water"), &cache->high_water) || cache->high_water < 0 ||
      !fc_json_int(fc_json_get(root, "held"), &cache->held) || cache->held < 0)
    return fc_error_set(error, FC_EFORMAT, "%s/%s: expected high_water and held", cache->folder->path, TRUST_FILE);
  const char *digest = fc_json_string(fc_json_get(root, "digest"));
  if (digest) {
    if (!fc_unhex(digest, cache->digest, FC_DIGEST_SIZE))
      return fc_error_set(error, FC_EFORMAT, "%s/%s: digest is not a digest", cache->folder->path, TRUST_FILE);
    cache->has_digest = true;
  }
  if (key) {
    if (!fc_unhex(key, cache->key, FC_PUBLIC_KEY_SIZE))
      return fc_error_set(error, FC_EFORMAT, "%s/%s: server_key is not a key", cache->folder->path, TRUST_FILE);
    cache->has_key = true;
  }
  return FC_OK;
}

fc_status_t policy_cache_open(const folder_t *folder, const fc_workflow_t *workflow, const uint8_t *settings_key,
                              policy_cache_t *cache, fc_error_t *error) {
  memset(cache, 0, sizeof *cache);
  cache->folder = folder;
  cache->workflow = workflow;
  fc_json_t *root = NULL;
  fc_status_t status = folder_read_json(folder, TRUST_FILE, TRUST_MAX_BYTES, &root, error);
  if (status == FC_OK) {
    status = read_trust(cache, root, error);
    fc_json_destroy(&root);
  } else if (status == FC_ENOTFOUND) {
    status = FC_OK;
  }
  FC_TRY(status);
  if (!settings_key) return FC_OK;
  if (cache->has_key && memcmp(cache->key, settings_key, FC_PUBLIC_KEY_SIZE) != 0)
    return fc_error_set(
        error, FC_EMISMATCH,
        "server.public_key is not the key this agent trusted before (%s/%s): when the server really has "
        "a new key, remove that file",
        folder->path, TRUST_FILE);
  memcpy(cache->key, settings_key, FC_PUBLIC_KEY_SIZE);
  cache->has_key = cache->key_from_settings = true;
  return FC_OK;
}

fc_status_t policy_cache_check_key(policy_cache_t *cache, const uint8_t key[FC_PUBLIC_KEY_SIZE], fc_error_t *error) {
  if (cache->has_key) {
    if (memcmp(cache->key, key, FC_PUBLIC_KEY_SIZE) == 0) return FC_OK;
    char hex[FC_HEX_SIZE];
    fc_hex(key, FC_PUBLIC_KEY_SIZE, hex);
    return fc_error_set(
        error, FC_EUNSAFE,
        "the server signs with another key (%s) than the one this agent trusts: nothing is accepted from "
        "it; when the server really has a new key, correct server.public_key or remove %s/%s",
        hex, cache->folder->path, TRUST_FILE);
  }
  memcpy(cache->key, key, FC_PUBLIC_KEY_SIZE);
  cache->has_key = true;
  const fc_status_t status = save_trust(cache, error);
  if (status != FC_OK) cache->has_key = false;
  return status;
}

fc_status_t policy_cache_check_hint(policy_cache_t *cache, const fc_wire_hint_t *hint, fc_error_t *error) {
  char text[SIGNED_BYTES_SIZE];
  if (strcmp(hint->workflow, cache->workflow->name) != 0)
    return fc_error_set(error, FC_EUNSAFE, "a policy of workflow %s, this is %s", hint->workflow,
                        cache->workflow->name);
  if (!cache->has_key) return fc_error_set(error, FC_EUNSAFE, "no server key is pinned yet");
  if (!hint->signature.present) return fc_error_set(error, FC_EUNSAFE, "the policy is not signed");
  const size_t size = fc_wire_hint_signed_bytes(hint, text, sizeof text);
  if (!fc_verify(text, size, cache->key, hint->signature.signature))
    return fc_error_set(error, FC_EUNSAFE, "the signature of policy version %lld is wrong", (long long)hint->version);
  /* The newest, but no longer held: its copy on disk was lost, and the same bytes may come again. */
  const bool was_lost = hint->version == cache->high_water && cache->held != cache->high_water && cache->has_digest &&
                        memcmp(hint->digest, cache->digest, FC_DIGEST_SIZE) == 0;
  if (hint->version < 1 || (hint->version <= cache->high_water && !was_lost))
    return fc_error_set(error, FC_EEXISTS, "policy version %lld is not above %lld, the highest accepted before",
                        (long long)hint->version, (long long)cache->high_water);
  return FC_OK;
}

static fc_status_t check_policy(const policy_cache_t *cache, const fc_wire_hint_t *hint, const fc_policy_t *policy,
                                fc_error_t *error) {
  uint8_t digest[FC_DIGEST_SIZE];
  fc_policy_digest(policy, digest);
  if (memcmp(digest, hint->digest, FC_DIGEST_SIZE) != 0)
    return fc_error_set(error, FC_EUNSAFE, "policy version %lld does not have the signed digest",
                        (long long)hint->version);
  FC_TRY(fc_policy_check(policy, cache->workflow, error));
  const int64_t version = fc_policy_manifest(policy)->version;
  if (version != 0 && version != hint->version)
    return fc_error_set(error, FC_EMISMATCH, "the policy says version %lld, its hint %lld", (long long)version,
                        (long long)hint->version);
  return FC_OK;
}

/* One sub-folder per version: the trust file names the one that counts, so that a crash leaves the old or the new. */
static void version_folder(const policy_cache_t *cache, int64_t version, char *path) {
  char name[64];
  snprintf(name, sizeof name, "policy/%" PRId64, version);
  folder_path(cache->folder, name, path);
}

static void remove_version(const policy_cache_t *cache, int64_t version) {
  char path[FOLDER_PATH_SIZE], file[FOLDER_PATH_SIZE + 32];
  version_folder(cache, version, path);
  static const char *const names[] = {"manifest.json", "weights.safetensors"};
  for (int i = 0; i < 2; ++i) {
    snprintf(file, sizeof file, "%s/%s", path, names[i]);
    unlink(file);
  }
  rmdir(path);
}

static fc_status_t keep(policy_cache_t *cache, const fc_wire_hint_t *hint, const uint8_t *manifest,
                        const uint8_t *weights, fc_error_t *error) {
  char path[FOLDER_PATH_SIZE];
  folder_path(cache->folder, "policy", path);
  if (mkdir(path, 0700) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "%s: cannot make the folder: %s", path, strerror(errno));
  version_folder(cache, hint->version, path);
  FC_TRY(fc_policy_save(path, (const char *)manifest, (size_t)hint->manifest_bytes, weights,
                        (size_t)hint->weights_bytes, error));
  const policy_cache_t before = *cache;
  cache->held = cache->high_water = hint->version;
  cache->has_digest = true;
  memcpy(cache->digest, hint->digest, FC_DIGEST_SIZE);
  const fc_status_t status = save_trust(cache, error);
  if (status != FC_OK) {
    *cache = before;
    return status;
  }
  if (before.held > 0 && before.held != cache->held) remove_version(cache, before.held);
  return FC_OK;
}

fc_status_t policy_cache_accept(policy_cache_t *cache, const fc_wire_hint_t *hint, const uint8_t *manifest,
                                const uint8_t *weights, fc_policy_t **out, fc_error_t *error) {
  *out = NULL;
  fc_policy_t *policy = NULL;
  fc_status_t status = policy_cache_check_hint(cache, hint, error);
  if (status == FC_OK)
    status = fc_policy_from_bytes((const char *)manifest, (size_t)hint->manifest_bytes, weights,
                                  (size_t)hint->weights_bytes, &policy, error);
  if (status == FC_OK) status = check_policy(cache, hint, policy, error);
  if (status == FC_OK) status = keep(cache, hint, manifest, weights, error);
  if (status != FC_OK) {
    fc_policy_destroy(&policy);
    cache->rejected += 1;
    return status;
  }
  *out = policy;
  return FC_OK;
}

fc_status_t policy_cache_load(policy_cache_t *cache, fc_policy_t **out, fc_error_t *error) {
  *out = NULL;
  if (cache->held == 0) return fc_error_set(error, FC_ENOTFOUND, "no policy was accepted yet");
  char path[FOLDER_PATH_SIZE];
  version_folder(cache, cache->held, path);
  fc_status_t status = fc_policy_load(path, out, error);
  uint8_t digest[FC_DIGEST_SIZE] = {0};
  if (status == FC_OK) fc_policy_digest(*out, digest);
  if (status == FC_OK && (!cache->has_digest || memcmp(digest, cache->digest, FC_DIGEST_SIZE) != 0))
    status = fc_error_set(error, FC_EFORMAT, "%s: not the policy that was accepted as version %lld", path,
                          (long long)cache->held);
  if (status == FC_OK) status = fc_policy_check(*out, cache->workflow, error);
  if (status == FC_OK) return FC_OK;
  fc_policy_destroy(out);
  cache->held = 0;
  return status;
}
