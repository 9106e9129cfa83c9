/* registry.c - copy-on-write snapshots of reference-counted parts (registry.h). */
#include "registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A shared immutable part; `release` frees what it holds when the last snapshot lets go. */
typedef struct part {
  _Atomic int64_t holders;
  fc_workflow_t *workflow;
  registry_policy_t *policy;
  fc_safety_record_t *records;
  int32_t n_records;
} part_t;

typedef struct {
  registry_entry_t view; /* what readers see; points into the parts */
  part_t *workflow;
  part_t *policies[REGISTRY_KEPT_POLICIES];
  part_t *safety;
} entry_t;

struct registry_snapshot {
  _Atomic int64_t *holders; /* apart, so that a const snapshot can be retained */
  int32_t n;
  entry_t *entries;
};

struct registry {
  pthread_mutex_t mutex; /* of `current` */
  registry_snapshot_t *current;
  server_key_t key;
  int changed_fd;
};

/* ---- parts ---- */

static part_t *part_new(void) {
  part_t *part = calloc(1, sizeof *part);
  if (part != NULL) atomic_init(&part->holders, 1);
  return part;
}

static part_t *part_retain(part_t *part) {
  if (part != NULL) atomic_fetch_add_explicit(&part->holders, 1, memory_order_relaxed);
  return part;
}

static void records_destroy(fc_safety_record_t **records, int32_t n) {
  if (*records == NULL) return;
  for (int32_t i = 0; i < n; ++i) fc_safety_record_clear(&(*records)[i]);
  free(*records);
  *records = NULL;
}

static void part_release(part_t *part) {
  if (part == NULL || atomic_fetch_sub_explicit(&part->holders, 1, memory_order_acq_rel) != 1) return;
  fc_workflow_destroy(&part->workflow);
  registry_policy_destroy(&part->policy);
  records_destroy(&part->records, part->n_records);
  free(part);
}

/* ---- snapshots ---- */

static void entry_release(entry_t *entry) {
  part_release(entry->workflow);
  part_release(entry->safety);
  for (int i = 0; i < REGISTRY_KEPT_POLICIES; ++i) part_release(entry->policies[i]);
  memset(entry, 0, sizeof *entry);
}

static void snapshot_free(registry_snapshot_t *snapshot) {
  for (int32_t i = 0; i < snapshot->n; ++i) entry_release(&snapshot->entries[i]);
  free(snapshot->entries);
  free(snapshot->holders);
  free(snapshot);
}

/* A copy with room for one more entry; shares all parts. */
static registry_snapshot_t *snapshot_copy(const registry_snapshot_t *from) {
  const int32_t n = from == NULL ? 0 : from->n;
  registry_snapshot_t *copy = calloc(1, sizeof *copy);
  if (copy == NULL) return NULL;
  copy->holders = malloc(sizeof *copy->holders);
  copy->entries = calloc((size_t)n + 1, sizeof *copy->entries);
  if (copy->holders == NULL || copy->entries == NULL) {
    snapshot_free(copy);
    return NULL;
  }
  atomic_init(copy->holders, 1);
  copy->n = n;
  for (int32_t i = 0; i < n; ++i) {
    copy->entries[i] = from->entries[i];
    part_retain(copy->entries[i].workflow);
    part_retain(copy->entries[i].safety);
    for (int k = 0; k < REGISTRY_KEPT_POLICIES; ++k) part_retain(copy->entries[i].policies[k]);
  }
  return copy;
}

static entry_t *snapshot_find(registry_snapshot_t *snapshot, const char *workflow) {
  for (int32_t i = 0; i < snapshot->n; ++i) {
    if (strcmp(snapshot->entries[i].view.workflow->name, workflow) == 0) return &snapshot->entries[i];
  }
  return NULL;
}

/* Points the view at the parts held. */
static void entry_refresh(entry_t *entry) {
  entry->view = (registry_entry_t){.workflow = entry->workflow->workflow};
  for (int i = 0; i < REGISTRY_KEPT_POLICIES && entry->policies[i] != NULL; ++i) {
    entry->view.policies[entry->view.n_policies++] = entry->policies[i]->policy;
  }
}

static void entry_set_safety_view(entry_t *entry, int64_t version) {
  entry->view.safety_version = version;
  entry->view.records = entry->safety == NULL ? NULL : entry->safety->records;
  entry->view.n_records = entry->safety == NULL ? 0 : entry->safety->n_records;
}

static void replace(registry_t *registry, registry_snapshot_t *snapshot) {
  pthread_mutex_lock(&registry->mutex);
  const registry_snapshot_t *old = registry->current;
  registry->current = snapshot;
  pthread_mutex_unlock(&registry->mutex);
  if (old != NULL) registry_release(&old);
  const uint64_t one = 1;
  const ssize_t written = write(registry->changed_fd, &one, sizeof one);
  FC_ASSERT(written == (ssize_t)sizeof one || errno == EAGAIN);
}

/* ---- registry ---- */

fc_status_t registry_new(const server_key_t *key, registry_t **out, fc_error_t *error) {
  registry_t *registry = calloc(1, sizeof *registry);
  registry_snapshot_t *empty = snapshot_copy(NULL);
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (registry == NULL || empty == NULL || fd < 0) {
    if (fd >= 0) close(fd);
    if (empty != NULL) snapshot_free(empty);
    free(registry);
    return fc_error_set(error, fd < 0 ? FC_EIO : FC_ENOMEM, "cannot make the registry: no memory or file descriptor");
  }
  FC_ASSERT_EQ(pthread_mutex_init(&registry->mutex, NULL), 0);
  registry->current = empty;
  registry->key = *key;
  registry->changed_fd = fd;
  *out = registry;
  return FC_OK;
}

void registry_destroy(registry_t **registry) {
  if (registry == NULL || *registry == NULL) return;
  const registry_snapshot_t *last = (*registry)->current;
  FC_ASSERT_EQ(atomic_load(last->holders), 1);
  registry_release(&last);
  pthread_mutex_destroy(&(*registry)->mutex);
  close((*registry)->changed_fd);
  server_key_clear(&(*registry)->key);
  free(*registry);
  *registry = NULL;
}

const registry_snapshot_t *registry_acquire(registry_t *registry) {
  pthread_mutex_lock(&registry->mutex);
  const registry_snapshot_t *snapshot = registry_retain(registry->current);
  pthread_mutex_unlock(&registry->mutex);
  return snapshot;
}

const registry_snapshot_t *registry_retain(const registry_snapshot_t *snapshot) {
  atomic_fetch_add_explicit(snapshot->holders, 1, memory_order_relaxed);
  return snapshot;
}

void registry_release(const registry_snapshot_t **snapshot) {
  if (snapshot == NULL || *snapshot == NULL) return;
  if (atomic_fetch_sub_explicit((*snapshot)->holders, 1, memory_order_acq_rel) == 1) {
    snapshot_free((registry_snapshot_t *)*snapshot);
  }
  *snapshot = NULL;
}

int32_t registry_count(const registry_snapshot_t *snapshot) {
  return snapshot->n;
}

const registry_entry_t *registry_at(const registry_snapshot_t *snapshot, int32_t index) {
  return &snapshot->entries[index].view;
}

const registry_entry_t *registry_find(const registry_snapshot_t *snapshot, const char *workflow) {
  const entry_t *entry = snapshot_find((registry_snapshot_t *)snapshot, workflow);
  return entry == NULL ? NULL : &entry->view;
}

int64_t registry_live_version(const registry_snapshot_t *snapshot, const char *workflow) {
  const registry_entry_t *entry = registry_find(snapshot, workflow);
  return entry == NULL || entry->n_policies == 0 ? 0 : entry->policies[0]->hint.version;
}

const registry_policy_t *registry_policy(const registry_entry_t *entry, int64_t version) {
  for (int32_t i = 0; i < entry->n_policies; ++i) {
    if (version == 0 || entry->policies[i]->hint.version == version) return entry->policies[i];
  }
  return NULL;
}

int registry_changed_fd(const registry_t *registry) {
  return registry->changed_fd;
}

void registry_watched(const registry_t *registry) {
  uint64_t count;
  const ssize_t got = read(registry->changed_fd, &count, sizeof count);
  FC_ASSERT(got == (ssize_t)sizeof count || errno == EAGAIN);
}

void registry_public_key(const registry_t *registry, uint8_t public_key[FC_PUBLIC_KEY_SIZE]) {
  memcpy(public_key, registry->key.public_key, FC_PUBLIC_KEY_SIZE);
}

/* ---- policies ---- */

static void sign_hint(const server_key_t *key, fc_wire_hint_t *hint) {
  char text[FC_NAME_SIZE + 128];
  uint8_t key_digest[FC_DIGEST_SIZE];
  const size_t size = fc_wire_hint_signed_bytes(hint, text, sizeof text);
  fc_sha256(key->public_key, FC_PUBLIC_KEY_SIZE, key_digest);
  memcpy(hint->signature.key_id, key_digest, sizeof hint->signature.key_id);
  fc_sign(text, size, key->secret_key, hint->signature.signature);
  hint->signature.present = true;
}

fc_status_t registry_policy_new(const registry_t *registry, char **manifest, size_t manifest_size, uint8_t **weights,
                                size_t weights_size, registry_policy_t **out, fc_error_t *error) {
  registry_policy_t *policy = calloc(1, sizeof *policy);
  if (policy == NULL) {
    free(*manifest);
    free(*weights);
    *manifest = NULL;
    *weights = NULL;
    return fc_error_set(error, FC_ENOMEM, "no memory for a policy");
  }
  policy->manifest = *manifest;
  policy->manifest_size = manifest_size;
  policy->weights = *weights;
  policy->weights_size = weights_size;
  *manifest = NULL;
  *weights = NULL;
  const fc_status_t status =
      fc_policy_from_bytes(policy->manifest, manifest_size, policy->weights, weights_size, &policy->policy, error);
  if (status != FC_OK) {
    registry_policy_destroy(&policy);
    return status;
  }
  const fc_policy_manifest_t *about = fc_policy_manifest(policy->policy);
  memcpy(policy->hint.workflow, about->workflow, sizeof policy->hint.workflow);
  policy->hint.version = about->version;
  fc_policy_digest(policy->policy, policy->hint.digest);
  policy->hint.manifest_bytes = manifest_size;
  policy->hint.weights_bytes = weights_size;
  sign_hint(&registry->key, &policy->hint);
  *out = policy;
  return FC_OK;
}

void registry_policy_destroy(registry_policy_t **policy) {
  if (policy == NULL || *policy == NULL) return;
  fc_policy_destroy(&(*policy)->policy);
  free((*policy)->manifest);
  free((*policy)->weights);
  free(*policy);
  *policy = NULL;
}

/* ---- replacing parts ---- */

/* A new part and a new snapshot to put it into; on failure neither. */
static fc_status_t prepare(registry_t *registry, part_t **part, registry_snapshot_t **snapshot, fc_error_t *error) {
  *part = part_new();
  *snapshot = snapshot_copy(registry->current); /* only this thread replaces `current` */
  if (*part != NULL && *snapshot != NULL) return FC_OK;
  free(*part);
  if (*snapshot != NULL) snapshot_free(*snapshot);
  fc_error_set(error, FC_ENOMEM, "no memory for the registry");
  return FC_ENOMEM;
}

static void drop_unfitting_policies(entry_t *entry) {
  if (entry->policies[0] == NULL) return;
  if (fc_policy_check(entry->policies[0]->policy->policy, entry->workflow->workflow, NULL) == FC_OK) return;
  for (int i = 0; i < REGISTRY_KEPT_POLICIES; ++i) {
    part_release(entry->policies[i]);
    entry->policies[i] = NULL;
  }
}

fc_status_t registry_put_workflow(registry_t *registry, fc_workflow_t **workflow, fc_error_t *error) {
  part_t *part;
  registry_snapshot_t *snapshot;
  const fc_status_t status = prepare(registry, &part, &snapshot, error);
  if (status != FC_OK) {
    fc_workflow_destroy(workflow);
    return status;
  }
  part->workflow = *workflow;
  *workflow = NULL;
  entry_t *entry = snapshot_find(snapshot, part->workflow->name);
  if (entry == NULL) {
    entry = &snapshot->entries[snapshot->n++];
  } else if (memcmp(entry->view.workflow->digest, part->workflow->digest, FC_DIGEST_SIZE) == 0) {
    snapshot_free(snapshot); /* the same content: keep what readers have */
    part_release(part);
    return FC_OK;
  }
  const bool same_functions =
      entry->workflow != NULL && entry->view.workflow->n_functions == part->workflow->n_functions;
  const int64_t safety_version = entry->view.safety_version;
  part_release(entry->workflow);
  entry->workflow = part;
  drop_unfitting_policies(entry);
  if (!same_functions) { /* records hold configurations per function */
    part_release(entry->safety);
    entry->safety = NULL;
  }
  entry_refresh(entry);
  entry_set_safety_view(entry, entry->safety == NULL ? 0 : safety_version);
  replace(registry, snapshot);
  return FC_OK;
}

fc_status_t registry_put_policy(registry_t *registry, registry_policy_t **policy, fc_error_t *error) {
  part_t *part;
  registry_snapshot_t *snapshot;
  fc_status_t status = prepare(registry, &part, &snapshot, error);
  if (status != FC_OK) {
    registry_policy_destroy(policy);
    return status;
  }
  part->policy = *policy;
  *policy = NULL;
  entry_t *entry = snapshot_find(snapshot, part->policy->hint.workflow);
  if (entry == NULL) {
    status = FC_ENOTFOUND;
    fc_error_set(error, status, "workflow `%s` of the policy is not registered", part->policy->hint.workflow);
  } else {
    status = fc_policy_check(part->policy->policy, entry->workflow->workflow, error);
  }
  if (status != FC_OK) {
    snapshot_free(snapshot);
    part_release(part);
    return status;
  }
  part_release(entry->policies[REGISTRY_KEPT_POLICIES - 1]);
  memmove(&entry->policies[1], &entry->policies[0], (REGISTRY_KEPT_POLICIES - 1) * sizeof entry->policies[0]);
  entry->policies[0] = part;
  const int64_t safety_version = entry->view.safety_version;
  entry_refresh(entry);
  entry_set_safety_view(entry, safety_version);
  replace(registry, snapshot);
  return FC_OK;
}

fc_status_t registry_put_safety(registry_t *registry, const char *workflow, int64_t version,
                                fc_safety_record_t **records, int32_t n, fc_error_t *error) {
  part_t *part;
  registry_snapshot_t *snapshot;
  fc_status_t status = prepare(registry, &part, &snapshot, error);
  if (status != FC_OK) {
    records_destroy(records, n);
    return status;
  }
  part->records = *records;
  part->n_records = n;
  *records = NULL;
  entry_t *entry = snapshot_find(snapshot, workflow);
  if (entry == NULL) {
    snapshot_free(snapshot);
    part_release(part);
    return fc_error_set(error, FC_ENOTFOUND, "workflow `%s` is not registered", workflow);
  }
  part_release(entry->safety);
  entry->safety = part;
  entry_set_safety_view(entry, version);
  replace(registry, snapshot);
  return FC_OK;
}
