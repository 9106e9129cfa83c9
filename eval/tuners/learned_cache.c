/* learned_cache.c - see learned_cache.h. */
#include "learned_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum { MAX_SECONDS_TEXT = 64 };

/* Field by field: structs have padding. */
static void add_values(fc_sha256_t *hash, const double *values, size_t n) {
  fc_sha256_update(hash, values, n * sizeof *values);
}

void learned_cache_add_window(fc_sha256_t *hash, const fc_observation_t *window) {
  const fc_outcome_t *o = &window->outcome;
  const uint32_t present[] = {window->load.present, o->present};
  const double values[] = {window->duration_s,
                           window->load.arrival_rate_per_s,
                           window->load.mean_in_flight,
                           o->latency_mean_s,
                           o->latency_p95_s,
                           o->execution_s};
  const int64_t counts[] = {o->successes, o->failures, o->unfinished, o->rejected};
  fc_sha256_update(hash, present, sizeof present);
  add_values(hash, values, sizeof values / sizeof values[0]);
  fc_sha256_update(hash, counts, sizeof counts);
  for (int32_t f = 0; f < window->n_functions; ++f) {
    const fc_function_metrics_t *m = &window->metrics[f];
    fc_sha256_update(hash, &window->configuration[f], sizeof window->configuration[f]);
    fc_sha256_update(hash, &m->present, sizeof m->present);
#define ADD_METRIC(name, field, unit) add_values(hash, &m->field, 1);
    FC_FUNCTION_METRICS(ADD_METRIC)
#undef ADD_METRIC
  }
}

void learned_cache_name(const tuner_setting_t *setting, const trainer_options_t *options, int64_t updates,
                        char name[FC_HEX_SIZE]) {
  const tuner_rows_t *rows = setting->rows;
  const algorithm_options_t *l = &options->learning;
  uint8_t digest[FC_DIGEST_SIZE];
  char text[512];
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  const int n =
      snprintf(text, sizeof text,
               "learned 1 %s variant %d batch %d hidden %d attention %d rate %.9g tau %.9g gamma %.9g seed "
               "%" PRIu64 " ranges %d decode %d semantics %d updates %" PRId64 " rows %d capacity %d",
               options->algorithm, (int)l->variant, l->n_batch, l->n_hidden, l->n_attention, (double)l->learning_rate,
               (double)l->soft_update, (double)l->discount, l->seed, (int)options->ranges, (int)options->decode,
               (int)options->semantics, updates, rows->n, options->replay_capacity);
  fc_sha256_update(&hash, text, (size_t)n);
  fc_sha256_update(&hash, setting->workflow->digest, FC_DIGEST_SIZE);
  if (setting->concurrency_is_fixed) fc_sha256_update(&hash, "fixed concurrency", sizeof "fixed concurrency");
  for (int32_t i = 0; i < rows->n; ++i) learned_cache_add_window(&hash, &rows->windows[i]);
  fc_sha256_final(&hash, digest);
  fc_hex(digest, sizeof digest, name);
}

fc_status_t learned_cache_lock(const char *folder, const char *name, char path[LEARNED_CACHE_PATH_SIZE], int *lock,
                               fc_error_t *error) {
  *lock = -1;
  if (snprintf(path, LEARNED_CACHE_PATH_SIZE, "%s/%s.lock", folder, name) >= LEARNED_CACHE_PATH_SIZE)
    return fc_error_set(error, FC_EINVAL, "%s: the path of the cache is too long", folder);
  if (mkdir(folder, 0755) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "%s: %s", folder, strerror(errno));
  *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  int failed = *lock < 0 ? -1 : flock(*lock, LOCK_EX);
  while (failed != 0 && *lock >= 0 && errno == EINTR) failed = flock(*lock, LOCK_EX);
  if (failed != 0) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  path[strlen(path) - strlen(".lock")] = '\0';
  return FC_OK;
}

void learned_cache_unlock(int lock) {
  if (lock >= 0) (void)close(lock);
}

static bool name_seconds(const char *path, char file[LEARNED_CACHE_PATH_SIZE]) {
  return snprintf(file, LEARNED_CACHE_PATH_SIZE, "%s.seconds", path) < LEARNED_CACHE_PATH_SIZE;
}

void learned_cache_keep_seconds(const char *path, double seconds) {
  char file[LEARNED_CACHE_PATH_SIZE], text[32];
  const int n = snprintf(text, sizeof text, "%.6g\n", seconds);
  if (name_seconds(path, file)) (void)file_replace(file, text, (size_t)n, NULL);
}

void learned_cache_tell_seconds(const tuner_setting_t *setting, const char *path) {
  char file[LEARNED_CACHE_PATH_SIZE];
  uint8_t *text = NULL;
  size_t size = 0;
  double seconds = NAN;
  if (setting->prepared_s == NULL) return;
  if (name_seconds(path, file) && file_read(file, MAX_SECONDS_TEXT, &text, &size, NULL) == FC_OK && size > 0) {
    char *end = NULL;
    text[size] = '\0';
    const double read = strtod((const char *)text, &end);
    if (end != (const char *)text && *end == '\n') seconds = read;
  }
  free(text);
  *setting->prepared_s += seconds;
}
