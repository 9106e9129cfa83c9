/* row_twin.c - see row_twin.h. */
#include "row_twin.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/clock.h"
#include "faasconf/rng.h"
#include "learned_cache.h"
#include "oracle_table.h"
#include "planned_load.h"
#include "twin.h"

enum { MOST_ROWS = 60, LEAST_ROWS = 20, STREAM_GUESS = 0x67756573, WINDOWS_PER_FALSE_ALARM = 500 };
static const double PRIOR_SIGMA = 0.6931471805599453; /* ln 2 */

/* Fewer where windows cost more. */
static int32_t rows_to_use(const tuner_setting_t *setting) {
  const double share = (double)oracle_budget(setting->workflow) / 26000;
  const int32_t wanted = (int32_t)fmax(LEAST_ROWS, MOST_ROWS * share);
  return wanted < setting->rows->n ? wanted : setting->rows->n;
}

static const fc_observation_t *row_at(const tuner_setting_t *setting, int32_t i, int32_t n) {
  return &setting->rows->windows[(int64_t)i * setting->rows->n / n];
}

/* Moves the workflow's parameters: functions (N) are the caller's. */
static fc_status_t guess(const tuner_setting_t *setting, fc_workflow_t *workflow, fc_function_simulator_t *functions,
                         fc_error_t *error) {
  unknown_t *list = malloc(UNKNOWNS_MAX * sizeof *list);
  double *theta = malloc(UNKNOWNS_MAX * sizeof *theta);
  if (list == NULL || theta == NULL) {
    free(list);
    free(theta);
    return fc_error_set(error, FC_ENOMEM, "no memory to guess");
  }
  fc_rng_t rng;
  fc_rng_init(&rng, setting->seed, STREAM_GUESS);
  const int32_t n = unknowns_list(setting->workflow, list);
  for (int32_t i = 0; i < n; ++i) theta[i] = ROW_TWIN_GUESS_SIGMA * fc_rng_normal(&rng);
  fc_simulator_parameters_t guessed = setting->workflow->simulator;
  guessed.functions = functions;
  unknowns_apply(setting->workflow, list, n, theta, &guessed);
  *workflow = *setting->workflow;
  workflow->simulator = guessed;
  free(list);
  free(theta);
  return FC_OK;
}

static fc_status_t observe(const tuner_setting_t *setting, twin_t *twin, fc_error_t *error) {
  const int32_t n = rows_to_use(setting);
  int32_t n_seen = 0;
  for (int32_t i = 0; i < n; ++i) {
    const fc_observation_t *row = row_at(setting, i, n);
    const int32_t users = planned_users(row);
    if (users == 0) continue;
    FC_TRY(twin_observe(twin, row, users, 0, error));
    n_seen += 1;
  }
  if (n_seen > 0) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "no offline row says how many requests were in flight");
}

static fc_status_t learn(const tuner_setting_t *setting, particles_t *particles, fc_error_t *error) {
  const fc_simulator_parameters_t *file = &setting->workflow->simulator;
  if (!file->present)
    return fc_error_set(error, FC_EINVAL, "workflow %s has no `simulator:` section: nothing to calibrate",
                        setting->workflow->name);
  fc_function_simulator_t *functions = malloc((size_t)setting->workflow->n_functions * sizeof *functions);
  if (functions == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a twin");
  fc_workflow_t workflow;
  twin_t *twin = NULL;
  fc_status_t status = guess(setting, &workflow, functions, error);
  if (status == FC_OK) {
    const twin_options_t options = {.ensemble = {.semantics = setting->semantics,
                                                 .balancer = file->balancer,
                                                 .overflow = file->overflow,
                                                 .n_worlds = twin_worlds(&workflow, ROW_TWIN_PARTICLES),
                                                 .n_windows = ENSEMBLE_MIN_WINDOWS,
                                                 .prior_sigma = PRIOR_SIGMA,
                                                 .uses_cpu = true,
                                                 .seed = setting->seed,
                                                 .jobs = 1},
                                    .structures = TWIN_STRUCTURE_OF_FILE,
                                    .windows_per_false_alarm = WINDOWS_PER_FALSE_ALARM};
    status = twin_new(&workflow, &options, &twin, error);
  }
  if (status == FC_OK) status = observe(setting, twin, error);
  if (status == FC_OK) status = twin_particles(twin, ROW_TWIN_PARTICLES, particles, error);
  twin_destroy(&twin);
  free(functions);
  return status;
}

static void name_of(const tuner_setting_t *setting, char name[FC_HEX_SIZE]) {
  const int32_t n_rows = rows_to_use(setting);
  char text[160], truth[ORACLE_TRUTH_SIZE];
  uint8_t digest[FC_DIGEST_SIZE];
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  const int n = snprintf(text, sizeof text, "row twin 2 seed %" PRIu64 " semantics %d rows %d", setting->seed,
                         (int)setting->semantics, (int)n_rows);
  fc_sha256_update(&hash, text, (size_t)n);
  oracle_truth_of(setting->workflow, &setting->workflow->simulator, truth);
  fc_sha256_update(&hash, truth, sizeof truth);
  for (int32_t i = 0; i < n_rows; ++i) learned_cache_add_window(&hash, row_at(setting, i, n_rows));
  fc_sha256_final(&hash, digest);
  fc_hex(digest, sizeof digest, name);
}

fc_status_t row_twin_learn(const tuner_setting_t *setting, particles_t *particles, fc_error_t *error) {
  char name[FC_HEX_SIZE], path[LEARNED_CACHE_PATH_SIZE];
  int lock = -1;
  fc_error_t unread = {0};
  memset(particles, 0, sizeof *particles);
  if (setting->rows == NULL || setting->rows->n == 0)
    return fc_error_set(error, FC_EINVAL, "a twin needs offline rows to learn from");
  if (setting->cache == NULL) return learn(setting, particles, error);
  name_of(setting, name);
  fc_status_t status = learned_cache_lock(setting->cache, name, path, &lock, error);
  if (status == FC_OK && particles_load(path, setting->workflow, particles, &unread) != FC_OK) {
    const fc_clock_t clock = fc_clock_system();
    const int64_t before_ns = clock.monotonic_ns(clock.self);
    status = learn(setting, particles, error);
    if (status == FC_OK) status = particles_save(particles, setting->workflow, path, error);
    learned_cache_keep_seconds(path, 1e-9 * (double)(clock.monotonic_ns(clock.self) - before_ns));
  }
  if (status == FC_OK) learned_cache_tell_seconds(setting, path);
  learned_cache_unlock(lock);
  if (status != FC_OK) particles_clear(particles);
  return status;
}
