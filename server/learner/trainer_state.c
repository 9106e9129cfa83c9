/* trainer_state.c - a trainer as a checkpoint, and back: everything the next update depends on. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "faasconf/digest.h"
#include "safetensors.h"
#include "trainer_private.h"

static const char *const state_file = "state.safetensors";
static const char *const replay_file = "replay.bin";

/* ---- facts: what is not an array ----------------------------------------------------------------------------- */

/* 64-bit counters as text: JSON integers are signed. */
static void set_u64(fc_json_t *object, const char *key, uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64, value);
  fc_json_set_string(object, key, text);
}

static bool get_u64(const fc_json_t *object, const char *key, uint64_t *value) {
  char *end = NULL;
  const char *text = fc_json_string(fc_json_get(object, key));
  if (text == NULL || *text == '\0') return false;
  *value = strtoull(text, &end, 10);
  return *end == '\0';
}

static fc_json_t *rng_facts(const fc_rng_t *rng) {
  fc_json_t *object = fc_json_object(), *spare = fc_json_array();
  set_u64(object, "seed", rng->seed);
  set_u64(object, "stream", rng->stream);
  set_u64(object, "step", rng->step);
  for (int i = 0; i < 4; ++i) fc_json_append_int(spare, rng->spare[i]);
  fc_json_set(object, "spare", &spare);
  fc_json_set_int(object, "n_spare", rng->n_spare);
  return object;
}

static bool read_rng(const fc_json_t *object, fc_rng_t *rng) {
  int64_t n_spare = -1, number = 0;
  const fc_json_t *spare = fc_json_get(object, "spare");
  if (!get_u64(object, "seed", &rng->seed) || !get_u64(object, "stream", &rng->stream) ||
      !get_u64(object, "step", &rng->step) || !fc_json_int(fc_json_get(object, "n_spare"), &n_spare) || n_spare < 0 ||
      n_spare > 4 || !fc_json_is_array(spare) || fc_json_size(spare) != 4)
    return false;
  for (size_t i = 0; i < 4; ++i) {
    if (!fc_json_int(fc_json_at(spare, i), &number) || number < 0 || number > UINT32_MAX) return false;
    rng->spare[i] = (uint32_t)number;
  }
  rng->n_spare = (uint32_t)n_spare;
  rng->reserved = 0;
  return true;
}

/* What must be equal for a resumption to be the same training. */
static void identity_text(const trainer_t *t, char *text, size_t size) {
  const algorithm_options_t *l = &t->options.learning;
  char digest[FC_HEX_SIZE];
  fc_hex(t->workflow->digest, FC_DIGEST_SIZE, digest);
  snprintf(text, size,
           "%s variant %d batch %d hidden %d attention %d rate %.9g tau %.9g gamma %.9g seed %" PRIu64
           " capacity %d ranges %d decode %d semantics %d workflow %s",
           t->algorithm->name, (int)l->variant, l->n_batch, l->n_hidden, l->n_attention, (double)l->learning_rate,
           (double)l->soft_update, (double)l->discount, l->seed, t->options.replay_capacity, (int)t->options.ranges,
           (int)t->options.decode, (int)t->options.semantics, digest);
}

static fc_json_t *make_facts(const trainer_t *t, int64_t step, const fc_rng_t *own_rng) {
  char identity[512];
  fc_json_t *facts = fc_json_object(), *features = fc_json_array();
  fc_json_t *sampling = rng_facts(&t->rng), *own = rng_facts(own_rng);
  identity_text(t, identity, sizeof identity);
  fc_json_set_string(facts, "training", identity);
  fc_json_set_int(facts, "updates", t->updates);
  fc_json_set_int(facts, "inserts", t->inserts);
  fc_json_set_int(facts, "position", t->position);
  fc_json_set_int(facts, "step", step);
  fc_json_set_bool(facts, "frozen", t->frozen);
  for (int32_t o = 0; o < t->n_features; ++o) {
    fc_json_append_double(features, (double)t->normaliser[o].mean);
    fc_json_append_double(features, (double)t->normaliser[o].scale);
  }
  fc_json_set(facts, "normaliser", &features);
  fc_json_set(facts, "sampling_rng", &sampling);
  fc_json_set(facts, "algorithm_rng", &own);
  return facts;
}

/* ---- saving -------------------------------------------------------------------------------------------------- */

static int32_t list_tensors(const trainer_t *t, fc_tensor_t tensors[ALGORITHM_MAX_STATES], int64_t **step,
                            fc_rng_t **rng) {
  algorithm_state_t blocks[ALGORITHM_MAX_STATES];
  const int32_t n = t->algorithm->state(t->self, blocks, step, rng);
  FC_ASSERT(n <= ALGORITHM_MAX_STATES);
  for (int32_t i = 0; i < n; ++i) {
    memset(&tensors[i], 0, sizeof tensors[i]);
    memcpy(tensors[i].name, blocks[i].name, sizeof tensors[i].name);
    tensors[i].n_dims = 1;
    tensors[i].shape[0] = blocks[i].n;
    tensors[i].data = blocks[i].data;
  }
  return n;
}

fc_status_t trainer_save(trainer_t *t, const char *directory, fc_error_t *error) {
  fc_tensor_t tensors[ALGORITHM_MAX_STATES];
  int64_t *step = NULL;
  fc_rng_t *rng = NULL;
  uint8_t *state = NULL;
  size_t state_size = 0;
  FC_TRY(trainer_device_bring_back(t, error));
  const int32_t n = list_tensors(t, tensors, &step, &rng);
  FC_TRY(safetensors_encode(tensors, n, &state, &state_size, error));
  const size_t replay_size_bytes = replay_state_size(t->replay);
  uint8_t *rows = malloc(replay_size_bytes + 1);
  fc_status_t status = rows != NULL ? FC_OK : fc_error_set(error, FC_ENOMEM, "no memory to save the replay");
  if (status == FC_OK) {
    replay_save_state(t->replay, rows);
    const checkpoint_file_t files[] = {{state_file, state, state_size}, {replay_file, rows, replay_size_bytes}};
    fc_json_t *facts = make_facts(t, *step, rng);
    status = checkpoint_write(directory, &facts, files, 2, error);
  }
  free(state);
  free(rows);
  return status;
}

/* ---- resuming ------------------------------------------------------------------------------------------------ */

static fc_status_t damaged(const char *directory, const char *what, fc_error_t *error) {
  return fc_error_set(error, FC_EFORMAT, "%s: the checkpoint's %s is not what this training expects", directory, what);
}

static fc_status_t restore_blocks(trainer_t *t, const checkpoint_t *checkpoint, const char *directory,
                                  fc_error_t *error) {
  algorithm_state_t blocks[ALGORITHM_MAX_STATES];
  fc_tensor_t tensors[ALGORITHM_MAX_STATES];
  int64_t *step = NULL;
  fc_rng_t *rng = NULL;
  int32_t n_tensors = 0;
  const int32_t file = checkpoint_find(checkpoint, state_file);
  const int32_t n = t->algorithm->state(t->self, blocks, &step, &rng);
  if (file < 0) return damaged(directory, state_file, error);
  FC_TRY(safetensors_decode(checkpoint->bytes[file], checkpoint->sizes[file], tensors, ALGORITHM_MAX_STATES, &n_tensors,
                            error));
  if (n_tensors != n) return damaged(directory, state_file, error);
  for (int32_t i = 0; i < n; ++i)
    if (strcmp(tensors[i].name, blocks[i].name) != 0 || safetensors_elements(&tensors[i]) != blocks[i].n)
      return damaged(directory, tensors[i].name, error);
  t->device_is_behind = true;
  t->host_is_behind = false;
  for (int32_t i = 0; i < n; ++i) memcpy(blocks[i].data, tensors[i].data, (size_t)blocks[i].n * sizeof(float));
  if (!fc_json_int(fc_json_get(checkpoint->facts, "step"), step) ||
      !read_rng(fc_json_get(checkpoint->facts, "algorithm_rng"), rng))
    return damaged(directory, "random state", error);
  return FC_OK;
}

static fc_status_t restore_normaliser(trainer_t *t, const checkpoint_t *checkpoint, const char *directory,
                                      fc_error_t *error) {
  const fc_json_t *list = fc_json_get(checkpoint->facts, "normaliser");
  if (!fc_json_is_array(list) || fc_json_size(list) != 2 * (size_t)t->n_features ||
      !fc_json_bool(fc_json_get(checkpoint->facts, "frozen"), &t->frozen))
    return damaged(directory, "normaliser", error);
  for (int32_t o = 0; o < t->n_features; ++o) {
    double mean = NAN, scale = NAN;
    (void)fc_json_double(fc_json_at(list, 2 * (size_t)o), &mean);
    (void)fc_json_double(fc_json_at(list, 2 * (size_t)o + 1), &scale);
    if (!isfinite(mean) || !(scale > 0.0)) return damaged(directory, "normaliser", error);
    t->normaliser[o].mean = (float)mean;
    t->normaliser[o].scale = (float)scale;
  }
  replay_set_normaliser(t->replay, t->normaliser);
  t->rows_there = -1;
  return FC_OK;
}

static fc_status_t restore(trainer_t *t, const checkpoint_t *checkpoint, const char *directory, fc_error_t *error) {
  char identity[512];
  const char *saved = fc_json_string(fc_json_get(checkpoint->facts, "training"));
  const int32_t rows = checkpoint_find(checkpoint, replay_file);
  identity_text(t, identity, sizeof identity);
  if (saved == NULL || strcmp(saved, identity) != 0)
    return fc_error_set(
        error, FC_EMISMATCH,
        "%s: the checkpoint is of another training (%.120s); name its settings, or start anew elsewhere", directory,
        saved != NULL ? saved : "unknown");
  if (rows < 0 || replay_load_state(t->replay, checkpoint->bytes[rows], checkpoint->sizes[rows]) != FC_OK)
    return damaged(directory, replay_file, error);
  FC_TRY(restore_normaliser(t, checkpoint, directory, error));
  FC_TRY(restore_blocks(t, checkpoint, directory, error));
  if (!fc_json_int(fc_json_get(checkpoint->facts, "updates"), &t->updates) ||
      !fc_json_int(fc_json_get(checkpoint->facts, "inserts"), &t->inserts) ||
      !fc_json_int(fc_json_get(checkpoint->facts, "position"), &t->position) ||
      !read_rng(fc_json_get(checkpoint->facts, "sampling_rng"), &t->rng))
    return damaged(directory, "counters", error);
  t->inserts_base = t->inserts;
  t->updates_base = t->updates;
  return FC_OK;
}

fc_status_t trainer_resume(trainer_t *t, const char *directory, fc_error_t *error) {
  checkpoint_t checkpoint;
  FC_TRY(checkpoint_read(directory, &checkpoint, NULL, error));
  const fc_status_t status = restore(t, &checkpoint, directory, error);
  checkpoint_clear(&checkpoint);
  return status;
}
