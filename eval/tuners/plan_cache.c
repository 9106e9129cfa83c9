/* plan_cache.c - see plan_cache.h. */
#include "plan_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configuration_text.h"
#include "faasconf/clock.h"
#include "file.h"
#include "learned_cache.h"
#include "oracle_table.h"

enum { MAX_TEXT = 1 << 16 };

static void add_particles(fc_sha256_t *hash, const plan_options_t *options) {
  char truth[ORACLE_TRUTH_SIZE], weight[32];
  if (options->particles == NULL) {
    oracle_truth_of(options->workflow, &options->workflow->simulator, truth);
    fc_sha256_update(hash, truth, sizeof truth);
    return;
  }
  for (int32_t i = 0; i < options->particles->n; ++i) {
    oracle_truth_of(options->workflow, &options->particles->parameters[i], truth);
    fc_sha256_update(hash, truth, sizeof truth);
    const int n = snprintf(weight, sizeof weight, "%.9g", options->particles->weights[i]);
    fc_sha256_update(hash, weight, (size_t)n + 1);
  }
}

/* The workflow's digest has its ranges as the file has them: those that count here are added. */
static void name_of(const plan_options_t *o, char name[FC_HEX_SIZE]) {
  char text[256];
  uint8_t digest[FC_DIGEST_SIZE];
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  const int n = snprintf(text, sizeof text,
                         "plan 5 users %d rate %.9g level %.9g budget %" PRId64 " seed %" PRIu64 " semantics %d",
                         (int)o->users, o->rate_per_s, o->level, o->budget, o->seed, (int)o->semantics);
  fc_sha256_update(&hash, text, (size_t)n);
  fc_sha256_update(&hash, o->workflow->digest, FC_DIGEST_SIZE);
  for (int32_t f = 0; f < o->workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t range = fc_workflow_range(o->workflow, f, (fc_knob_t)k, o->ranges);
      fc_sha256_update(&hash, &range, sizeof range);
    }
  }
  if (o->from != NULL) fc_sha256_update(&hash, o->from, (size_t)o->workflow->n_functions * sizeof *o->from);
  add_particles(&hash, o);
  fc_sha256_final(&hash, digest);
  fc_hex(digest, sizeof digest, name);
}

static bool read_number(const char **at, double *out) {
  char *end = NULL;
  *out = strtod(*at, &end);
  const bool whole = end != *at && (*end == ' ' || *end == '\n');
  *at = whole ? end + 1 : *at;
  return whole;
}

static bool parse_plan(const char *at, int32_t n_functions, plan_t *plan) {
  double numbers[4];
  for (int i = 0; i < 4; ++i)
    if (!read_number(&at, &numbers[i])) return false;
  plan->cost_usd_h = numbers[0];
  plan->n_met = (int32_t)numbers[1];
  plan->confirmed = numbers[2] > 0;
  plan->n_windows = (int64_t)numbers[3];
  for (int32_t f = 0; f < n_functions; ++f)
    if (!configuration_text_read(&at, &plan->configuration[f]) || *at++ != '\n') return false;
  return true;
}

/* What is damaged is searched anew. */
static bool read_plan(const char *path, int32_t n_functions, plan_t *plan) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  fc_error_t error = {0};
  if (file_read(path, MAX_TEXT, &bytes, &size, &error) != FC_OK) return false;
  bytes[size] = '\0';
  const bool whole = parse_plan((const char *)bytes, n_functions, plan);
  free(bytes);
  return whole;
}

static fc_status_t write_plan(const char *path, int32_t n_functions, const plan_t *plan, fc_error_t *error) {
  char *text = malloc(MAX_TEXT);
  if (text == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a plan");
  size_t used = (size_t)snprintf(text, MAX_TEXT, "%.17g %d %d %" PRId64 "\n", plan->cost_usd_h, (int)plan->n_met,
                                 (int)plan->confirmed, plan->n_windows);
  used += configuration_text_print(text + used, MAX_TEXT - used, plan->configuration, n_functions, '\n');
  if (used < MAX_TEXT) text[used++] = '\n';
  const fc_status_t status = used < MAX_TEXT ? file_replace(path, text, used, error) : FC_OK; /* too long: not kept */
  free(text);
  return status;
}

static fc_status_t make_plan(const plan_options_t *options, plan_t *plan, fc_error_t *error) {
  if (options->budget > 0) return plan_search(options, plan, error);
  return plan_scale(options, options->from, plan, error);
}

fc_status_t plan_cache_search(const tuner_setting_t *setting, const plan_options_t *options, plan_t *plan,
                              bool *was_kept, fc_error_t *error) {
  const int32_t n = options->workflow->n_functions;
  char name[FC_HEX_SIZE], path[LEARNED_CACHE_PATH_SIZE];
  int lock = -1;
  if (was_kept != NULL) *was_kept = false;
  const fc_clock_t clock = fc_clock_system();
  const int64_t before_ns = clock.monotonic_ns(clock.self);
  if (setting->cache == NULL) {
    const fc_status_t status = make_plan(options, plan, error);
    if (setting->prepared_s != NULL)
      *setting->prepared_s += 1e-9 * (double)(clock.monotonic_ns(clock.self) - before_ns);
    return status;
  }
  name_of(options, name);
  fc_status_t status = learned_cache_lock(setting->cache, name, path, &lock, error);
  const bool kept = status == FC_OK && read_plan(path, n, plan);
  if (status == FC_OK && !kept) {
    const int64_t locked_ns = clock.monotonic_ns(clock.self);
    status = make_plan(options, plan, error);
    if (status == FC_OK) status = write_plan(path, n, plan, error);
    learned_cache_keep_seconds(path, 1e-9 * (double)(clock.monotonic_ns(clock.self) - locked_ns));
  }
  if (status == FC_OK) learned_cache_tell_seconds(setting, path);
  if (was_kept != NULL) *was_kept = kept;
  learned_cache_unlock(lock);
  return status;
}
