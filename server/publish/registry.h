/* registry.h - what is in force: workflows, live policies, safety records, as immutable snapshots.
 *
 * The writer thread (and main, before any thread runs) replaces parts; everybody else acquires a snapshot, reads it for
 * as long as needed, and releases it. A snapshot never changes; replacing a part makes a new snapshot that shares the
 * rest. Acquiring takes one short lock. Durability is not decided here: the writer publishes only what is committed.
 *
 *   snapshot --> entry per workflow --> workflow | live policies, newest first | safety records
 */
#ifndef SERVER_PUBLISH_REGISTRY_H
#define SERVER_PUBLISH_REGISTRY_H

#include "faasconf/policy.h"
#include "faasconf/safety.h"
#include "faasconf/wire.h"
#include "server_key.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct registry registry_t;
typedef struct registry_snapshot registry_snapshot_t;

/* The live policy and the ones live before it, so that a pull in progress can end. */
enum { REGISTRY_KEPT_POLICIES = 4 };

/* A policy as published: bytes, their parsed form, and the signed hint. Immutable. */
typedef struct {
  fc_policy_t *policy;
  char *manifest;
  size_t manifest_size;
  uint8_t *weights;
  size_t weights_size;
  fc_wire_hint_t hint;
} registry_policy_t;

/* One workflow of a snapshot; everything is borrowed from the snapshot. */
typedef struct {
  const fc_workflow_t *workflow;
  int32_t n_policies;                                        /* 0: no policy is live */
  const registry_policy_t *policies[REGISTRY_KEPT_POLICIES]; /* [0] is live */
  int64_t safety_version;                                    /* 0: none */
  int32_t n_records;
  const fc_safety_record_t *records;
} registry_entry_t;

/* Copies the key. Caller owns the result and destroys it with registry_destroy, once every snapshot is released. */
fc_status_t registry_new(const server_key_t *key, registry_t **out, fc_error_t *error);
void registry_destroy(registry_t **registry);

/* ---- readers: any thread ---- */
const registry_snapshot_t *registry_acquire(registry_t *registry);
/* One more holder of the same snapshot. */
const registry_snapshot_t *registry_retain(const registry_snapshot_t *snapshot);
void registry_release(const registry_snapshot_t **snapshot);
int32_t registry_count(const registry_snapshot_t *snapshot);
const registry_entry_t *registry_at(const registry_snapshot_t *snapshot, int32_t index);
/* NULL when there is no such workflow. */
const registry_entry_t *registry_find(const registry_snapshot_t *snapshot, const char *workflow);
/* Live version, or 0. */
int64_t registry_live_version(const registry_snapshot_t *snapshot, const char *workflow);
/* version 0 = live; NULL when not kept. */
const registry_policy_t *registry_policy(const registry_entry_t *entry, int64_t version);
/* Becomes readable when a snapshot was replaced; the one watcher lowers it with registry_watched. */
int registry_changed_fd(const registry_t *registry);
void registry_watched(const registry_t *registry);
/* The key agents verify with. */
void registry_public_key(const registry_t *registry, uint8_t public_key[FC_PUBLIC_KEY_SIZE]);

/* ---- writer: one thread ---- */

/* Takes ownership of *workflow and sets it to NULL. Replaces the workflow of the same name; live policies that do not
 * fit the new one are dropped. */
fc_status_t registry_put_workflow(registry_t *registry, fc_workflow_t **workflow, fc_error_t *error);

/* Parses the bytes and signs the hint. Takes ownership of *manifest and *weights and sets them to NULL, also on
 * failure. Caller owns the result and destroys it with registry_policy_destroy. Any thread. */
fc_status_t registry_policy_new(const registry_t *registry, char **manifest, size_t manifest_size, uint8_t **weights,
                                size_t weights_size, registry_policy_t **out, fc_error_t *error);
void registry_policy_destroy(registry_policy_t **policy);

/* Makes it the live one of its workflow. Takes ownership of *policy and sets it to NULL, also on failure. FC_ENOTFOUND:
 * unknown workflow; FC_EMISMATCH: does not fit it. */
fc_status_t registry_put_policy(registry_t *registry, registry_policy_t **policy, fc_error_t *error);

/* Replaces the records of a workflow. Takes ownership of *records (malloc'd array, and what each owns) and sets it to
 * NULL, also on failure. */
fc_status_t registry_put_safety(registry_t *registry, const char *workflow, int64_t version,
                                fc_safety_record_t **records, int32_t n, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
