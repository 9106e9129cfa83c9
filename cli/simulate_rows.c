/* simulate_rows.c - see simulate_rows.h. */
#include "simulate_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "faasconf/clock.h"
#include "jobs.h"
#include "published_rows.h"
#include "quantile.h"
#include "score.h"
#include "simulator.h"

/* Row by row: what was measured and what the windows came to. */
typedef struct {
  int64_t n, capacity;
  int32_t n_functions;
  fc_function_configuration_t *configuration; /* (n, N) */
  int32_t *users;                             /* (n) */
  double *measured_latency_s;                 /* (n) NaN without a success */
  double *measured_successes;                 /* (n) */
  double *latency_s, *latency_low_s, *latency_high_s, *successes, *successes_low, *successes_high; /* (n) */
  double *columns;                                                                                 /* their memory */
} rows_t;

typedef struct {
  const simulate_rows_options_t *options;
  rows_t *rows;
  simulator_t **simulators; /* (jobs), each for the users it was last used with */
  fc_observation_t *observations;
  double *windows; /* (jobs, 2, n_windows) */
  progress_t progress;
} run_t;

enum { ROW_COLUMNS = 8, MAX_USERS = 1 << 20 };

/* ---- reading ---- */

static void rows_clear(rows_t *rows) {
  free(rows->configuration);
  free(rows->users);
  free(rows->columns);
  memset(rows, 0, sizeof *rows);
}

static fc_status_t grow(rows_t *rows, fc_error_t *error) {
  const size_t capacity = rows->capacity > 0 ? 2 * (size_t)rows->capacity : 256, n = (size_t)rows->n_functions;
  fc_function_configuration_t *configuration = realloc(rows->configuration, capacity * n * sizeof *rows->configuration);
  if (configuration != NULL) rows->configuration = configuration;
  int32_t *users = realloc(rows->users, capacity * sizeof *rows->users);
  if (users != NULL) rows->users = users;
  double *columns = realloc(rows->columns, 2 * capacity * sizeof *rows->columns);
  if (columns != NULL) rows->columns = columns; /* while reading: pairs of latency and successes */
  if (configuration == NULL || users == NULL || columns == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %zu rows", capacity);
  rows->capacity = (int64_t)capacity;
  return FC_OK;
}

static fc_status_t keep_row(rows_t *rows, const fc_observation_t *o, int64_t users, fc_error_t *error) {
  if (rows->n == rows->capacity) FC_TRY(grow(rows, error));
  FC_ASSERT(rows->configuration != NULL && rows->users != NULL && rows->columns != NULL);
  const size_t n = (size_t)rows->n_functions;
  memcpy(rows->configuration + (size_t)rows->n * n, o->configuration, n * sizeof *o->configuration);
  const double measured_users = o->load.mean_in_flight;
  if (users == 0 && !(measured_users >= 1 && measured_users <= MAX_USERS && measured_users == floor(measured_users)))
    return fc_error_set(error, FC_EFORMAT,
                        "%.15g users: expected a whole number from 1 to %d, or say how many with --users",
                        measured_users, (int)MAX_USERS);
  rows->users[rows->n] = users > 0 ? (int32_t)users : (int32_t)measured_users;
  const bool success = (o->outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0 && o->outcome.successes > 0;
  rows->columns[2 * rows->n] = success ? o->outcome.latency_mean_s : NAN;
  rows->columns[2 * rows->n + 1] = (double)o->outcome.successes;
  rows->n += 1;
  return FC_OK;
}

static fc_status_t read_lines(FILE *file, const simulate_rows_options_t *options, published_rows_t *reader,
                              rows_t *rows, fc_error_t *error) {
  char *line = NULL;
  size_t size = 0;
  int64_t number = 0;
  fc_status_t status = FC_OK;
  while (status == FC_OK && getline(&line, &size, file) >= 0) {
    number += 1;
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '\0' || (number == 1 && published_rows_is_header(line))) continue;
    status = published_rows_read(reader, line, number, error);
    if (status == FC_OK) status = keep_row(rows, &reader->transition.after, options->users, error);
    if (status != FC_OK) status = fc_error_prefix(error, "%s:%" PRId64, options->path, number);
  }
  if (status == FC_OK && ferror(file)) status = fc_error_set(error, FC_EIO, "%s: %s", options->path, strerror(errno));
  free(line);
  return status;
}

/* From pairs to columns, with room for what is simulated. */
static fc_status_t lay_out(rows_t *rows, fc_error_t *error) {
  const size_t n = (size_t)rows->n;
  double *pairs = rows->columns, *columns = calloc(n * ROW_COLUMNS, sizeof *columns);
  if (columns == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %zu rows", n);
  double **const column[ROW_COLUMNS] = {&rows->measured_latency_s, &rows->measured_successes, &rows->latency_s,
                                        &rows->latency_low_s,      &rows->latency_high_s,     &rows->successes,
                                        &rows->successes_low,      &rows->successes_high};
  for (size_t c = 0; c < ROW_COLUMNS; ++c) *column[c] = columns + c * n;
  for (size_t i = 0; i < n; ++i) {
    rows->measured_latency_s[i] = pairs[2 * i];
    rows->measured_successes[i] = pairs[2 * i + 1];
  }
  free(pairs);
  rows->columns = columns;
  return FC_OK;
}

static fc_status_t read_rows(const simulate_rows_options_t *options, rows_t *rows, fc_error_t *error) {
  FILE *file = fopen(options->path, "r");
  if (file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", options->path, strerror(errno));
  published_rows_t reader;
  rows->n_functions = options->workflow->n_functions;
  fc_status_t status = published_rows_init(&reader, options->workflow, error);
  if (status == FC_OK) status = read_lines(file, options, &reader, rows, error);
  published_rows_clear(&reader);
  fclose(file);
  if (status != FC_OK) return status;
  if (rows->n == 0) return fc_error_set(error, FC_EFORMAT, "%s: has no rows", options->path);
  return lay_out(rows, error);
}

/* ---- simulating ---- */

/* Mean of n values and the ends of their central 80 %; sorts them. */
static void spread_of(double *values, int64_t n, double *mean, double *low, double *high) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += values[i];
  quantile_sort(values, n);
  *mean = sum / (double)n;
  *low = quantile_of_sorted(values, n, 0.1);
  *high = quantile_of_sorted(values, n, 0.9);
}

/* One row by one worker. */
static fc_status_t simulate_row(void *context, int32_t worker, int64_t row, fc_error_t *error) {
  run_t *run = context;
  rows_t *rows = run->rows;
  const int64_t n_windows = run->options->n_windows;
  double *latency_s = run->windows + 2 * worker * n_windows, *successes = latency_s + n_windows;
  fc_observation_t *o = &run->observations[worker];
  const simulator_options_t options = {
      .seed = (uint64_t)run->options->seed, .semantics = run->options->semantics, .users = rows->users[row]};
  FC_TRY(simulator_renew(run->options->workflow, &options, &run->simulators[worker], error));
  for (int64_t w = 0; w < n_windows; ++w) {
    FC_TRY(simulator_window(run->simulators[worker], row * n_windows + w, rows->configuration + row * rows->n_functions,
                            o, error));
    latency_s[w] = o->outcome.successes > 0 ? o->outcome.latency_mean_s : o->duration_s;
    successes[w] = (double)o->outcome.successes;
  }
  spread_of(latency_s, n_windows, &rows->latency_s[row], &rows->latency_low_s[row], &rows->latency_high_s[row]);
  spread_of(successes, n_windows, &rows->successes[row], &rows->successes_low[row], &rows->successes_high[row]);
  return FC_OK;
}

static void show_progress(void *context, int64_t n_done) {
  run_t *run = context;
  progress_update(&run->progress, n_done, run->rows->n, "rows");
}

static fc_status_t simulate_all(const simulate_rows_options_t *options, rows_t *rows, fc_error_t *error) {
  const size_t jobs = (size_t)options->jobs;
  run_t run = {.options = options, .rows = rows};
  run.simulators = calloc(jobs, sizeof *run.simulators);
  run.observations = calloc(jobs, sizeof *run.observations);
  run.windows = calloc(jobs * 2 * (size_t)options->n_windows, sizeof *run.windows);
  fc_status_t status = FC_OK;
  if (run.simulators == NULL || run.observations == NULL || run.windows == NULL)
    status = fc_error_set(error, FC_ENOMEM, "no memory for %zu threads", jobs);
  for (size_t j = 0; status == FC_OK && j < jobs; ++j)
    if (fc_observation_init(&run.observations[j], rows->n_functions) != FC_OK)
      status = fc_error_set(error, FC_ENOMEM, "no memory for %zu threads", jobs);
  if (status == FC_OK) {
    progress_start(&run.progress, "simulating");
    status = jobs_run((int32_t)options->jobs, rows->n, simulate_row, show_progress, &run, error);
    progress_end(&run.progress);
  }
  for (size_t j = 0; j < jobs; ++j) {
    if (run.simulators != NULL) simulator_destroy(&run.simulators[j]);
    if (run.observations != NULL) fc_observation_clear(&run.observations[j]);
  }
  free(run.simulators);
  free(run.observations);
  free(run.windows);
  return status;
}

/* ---- scoring ---- */

/* Before hours of simulation rather than after: can it be written, and is it not what is read? */
static fc_status_t check_out(const simulate_rows_options_t *options, fc_error_t *error) {
  const char *path = options->out_path;
  struct stat in, out;
  if (stat(path, &out) == 0 && stat(options->path, &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
    return fc_error_set(error, FC_EINVAL, "%s: is the table of measurements itself; name another file with --out",
                        path);
  FILE *file = fopen(path, "a");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  (void)fclose(file);
  return FC_OK;
}

static fc_status_t write_rows(const rows_t *rows, const char *path, fc_error_t *error) {
  FILE *file = fopen(path, "w");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  fputs(
      "row,users,measured_latency_s,latency_s,latency_low80_s,latency_high80_s,measured_successes,successes,"
      "successes_low80,successes_high80\n",
      file);
  for (int64_t i = 0; i < rows->n; ++i) {
    fprintf(file, "%" PRId64 ",%d,", i + 1, (int)rows->users[i]);
    if (!isnan(rows->measured_latency_s[i])) fprintf(file, "%.6g", rows->measured_latency_s[i]);
    fprintf(file, ",%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g\n", rows->latency_s[i], rows->latency_low_s[i],
            rows->latency_high_s[i], rows->measured_successes[i], rows->successes[i], rows->successes_low[i],
            rows->successes_high[i]);
  }
  const bool failed = ferror(file) != 0;
  if (fclose(file) != 0 || failed) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  return FC_OK;
}

/* Moves the rows with a latency to the front of the latency columns; their number. */
static int64_t with_latency(rows_t *rows) {
  int64_t n = 0;
  for (int64_t i = 0; i < rows->n; ++i) {
    if (isnan(rows->measured_latency_s[i])) continue;
    rows->measured_latency_s[n] = rows->measured_latency_s[i];
    rows->latency_s[n] = rows->latency_s[i];
    rows->latency_low_s[n] = rows->latency_low_s[i];
    rows->latency_high_s[n] = rows->latency_high_s[i];
    n += 1;
  }
  return n;
}

static fc_status_t score_rows(rows_t *rows, simulate_rows_scores_t *scores, fc_error_t *error) {
  const int64_t n = with_latency(rows);
  scores->n_rows = rows->n;
  scores->n_without_success = rows->n - n;
  scores->r2_log_latency = score_r2_log(rows->measured_latency_s, rows->latency_s, n);
  scores->mape_latency = score_mape(rows->measured_latency_s, rows->latency_s, n);
  scores->coverage80_latency = score_coverage(rows->measured_latency_s, rows->latency_low_s, rows->latency_high_s, n);
  scores->r2_success = score_r2(rows->measured_successes, rows->successes, rows->n);
  scores->coverage80_success =
      score_coverage(rows->measured_successes, rows->successes_low, rows->successes_high, rows->n);
  FC_TRY(score_spearman(rows->measured_latency_s, rows->latency_s, n, &scores->spearman_latency, error));
  return score_spearman(rows->measured_successes, rows->successes, rows->n, &scores->spearman_success, error);
}

fc_status_t simulate_rows(const simulate_rows_options_t *options, simulate_rows_scores_t *scores, fc_error_t *error) {
  fc_clock_t clock = fc_clock_system();
  const int64_t started_ns = clock.monotonic_ns(clock.self);
  rows_t rows = {0};
  *scores = (simulate_rows_scores_t){0};
  fc_status_t status = read_rows(options, &rows, error);
  if (status == FC_OK && options->out_path != NULL) status = check_out(options, error);
  if (status == FC_OK) status = simulate_all(options, &rows, error);
  if (status == FC_OK && options->out_path != NULL) status = write_rows(&rows, options->out_path, error);
  if (status == FC_OK) status = score_rows(&rows, scores, error);
  scores->seconds = (double)(clock.monotonic_ns(clock.self) - started_ns) * 1e-9;
  rows_clear(&rows);
  return status;
}
