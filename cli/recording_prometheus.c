/* recording_prometheus.c - a recording in a folder of Prometheus answers: QUANTITY.json is what /api/v1/query_range
 * said to the query for one quantity. See docs/backtest.md. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/json.h"
#include "file.h"
#include "recording_series.h"
#include "recording_table.h"
#include "timestamp.h"

enum { LARGEST_FILE = 1 << 28, PATH_SIZE = 4096 };

static const char *const usual_labels[] = {"function", "function_name", "faas_function", "container", "deployment"};
enum { USUAL_LABELS = sizeof usual_labels / sizeof usual_labels[0] };

typedef struct {
  recording_t *recording;
  series_t *series;            /* (columns of the recording) */
  int32_t file;                /* that is being read, from 1 */
  int32_t empty[QUANTITIES];   /* the last file of a quantity without a series that is of use, or 0 */
  char stranger[FC_NAME_SIZE]; /* a function that the workflow does not have */
} folder_t;

/* ---- one series ---- */

/* Counts are extrapolated, cores and bytes converted: they are rounded. A number of replicas that is not whole changed
 * within the window, so that there is no one configuration: absent. */
static double round_value(int32_t quantity, double value) {
  if (quantity_is_count(quantity)) return round(value);
  if (quantity == QUANTITY_KNOBS + FC_KNOB_CPU || quantity == QUANTITY_KNOBS + FC_KNOB_MEM) return round(value);
  const bool whole = quantity == QUANTITY_USERS || quantity == QUANTITY_KNOBS + FC_KNOB_REPLICAS ||
                     quantity == QUANTITY_KNOBS + FC_KNOB_CONCURRENCY;
  if (!whole) return value;
  return fabs(value - round(value)) < 1e-6 ? round(value) : NAN;
}

static fc_status_t read_value(int32_t quantity, const char *text, double *out, fc_error_t *error) {
  *out = NAN;
  if (text == NULL) return fc_error_set(error, FC_EFORMAT, "expected a value in quotes, as Prometheus writes them");
  if (strcmp(text, "NaN") == 0 || strcmp(text, "+Inf") == 0 || strcmp(text, "-Inf") == 0) return FC_OK;
  if (!number_parse(text, out)) return fc_error_set(error, FC_EFORMAT, "expected a number, found '%.40s'", text);
  *out = round_value(quantity, *out);
  return isnan(*out) ? FC_OK : quantity_check(quantity, *out, error);
}

static fc_status_t read_point(int32_t quantity, const fc_json_t *json, point_t *point, fc_error_t *error) {
  double seconds = 0;
  const bool is_pair = fc_json_is_array(json) && fc_json_size(json) == 2;
  if (!is_pair || !fc_json_double(fc_json_at(json, 0), &seconds) || !timestamp_of_seconds(seconds, &point->time_ms))
    return fc_error_set(error, FC_EFORMAT, "expected [seconds since 1970, \"value\"]");
  return read_value(quantity, fc_json_string(fc_json_at(json, 1)), &point->value, error);
}

static fc_status_t read_points(int32_t quantity, const fc_json_t *list, series_t *series, fc_error_t *error) {
  if (!fc_json_is_array(list)) return fc_error_set(error, FC_EFORMAT, "a result has no list `values`");
  const size_t n = fc_json_size(list);
  point_t *points = realloc(series->points, ((size_t)series->n + n + 1) * sizeof *points);
  if (points == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %zu points", n);
  series->points = points;
  for (size_t i = 0; i < n; ++i) {
    point_t *point = &points[series->n];
    if (read_point(quantity, fc_json_at(list, i), point, error) != FC_OK)
      return fc_error_prefix(error, "point %zu", i + 1);
    if (i > 0 && point->time_ms <= points[series->n - 1].time_ms)
      return fc_error_set(error, FC_EFORMAT, "point %zu: its time is not after the one before", i + 1);
    series->n += 1;
  }
  return FC_OK;
}

static fc_status_t read_series(folder_t *folder, recording_column_t column, const fc_json_t *result,
                               fc_error_t *error) {
  recording_t *recording = folder->recording;
  if (recording_column(recording, column) < 0) FC_TRY(recording_add_column(recording, column, error));
  series_t *series = &folder->series[recording_column(recording, column)];
  const char *function =
      column.function >= 0 ? recording->options.workflow->functions[column.function].name : "the workflow";
  if (series->file == folder->file)
    return fc_error_set(error, FC_EFORMAT, "has more than one series of function %s: make them one in the query",
                        function);
  series->file = folder->file;
  if (read_points(column.quantity, fc_json_get(result, "values"), series, error) == FC_OK) return FC_OK;
  return fc_error_prefix(error, "series of %s", function);
}

/* ---- which function ---- */

static const char *label_of(const folder_t *folder, const fc_json_t *result) {
  const fc_json_t *labels = fc_json_get(result, "metric");
  const char *asked = folder->recording->options.function_label;
  if (asked != NULL) return fc_json_string(fc_json_get(labels, asked));
  for (int i = 0; i < USUAL_LABELS; ++i) {
    const char *text = fc_json_string(fc_json_get(labels, usual_labels[i]));
    if (text != NULL) return text;
  }
  return NULL;
}

static bool is_called(const fc_function_t *function, const char *text, size_t size) {
  return (strlen(function->platform_name) == size && strncmp(function->platform_name, text, size) == 0) ||
         (strlen(function->name) == size && strncmp(function->name, text, size) == 0);
}

/* By its name on the platform or in the workflow, with or without OpenFaaS's ".namespace"; -1. */
static int32_t find_function(const fc_workflow_t *workflow, const char *text) {
  const char *dot = strrchr(text, '.');
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    if (is_called(&workflow->functions[f], text, strlen(text))) return f;
  for (int32_t f = 0; dot != NULL && f < workflow->n_functions; ++f)
    if (is_called(&workflow->functions[f], text, (size_t)(dot - text))) return f;
  return -1;
}

static fc_status_t read_functions(folder_t *folder, int32_t quantity, const fc_json_t *results, fc_error_t *error) {
  const fc_workflow_t *workflow = folder->recording->options.workflow;
  bool found = false;
  for (size_t i = 0; i < fc_json_size(results); ++i) {
    const fc_json_t *result = fc_json_at(results, i);
    const char *label = label_of(folder, result);
    if (label == NULL)
      return fc_error_set(error, FC_EFORMAT,
                          "series %zu has no label %s: say which names the function with --function-label", i + 1,
                          folder->recording->options.function_label != NULL
                              ? folder->recording->options.function_label
                              : "function, function_name, faas_function, container or deployment");
    const int32_t f = find_function(workflow, label);
    if (f < 0) {
      snprintf(folder->stranger, sizeof folder->stranger, "%s", label);
      folder->recording->n_ignored_series += 1;
      continue;
    }
    found = true;
    FC_TRY(read_series(folder, (recording_column_t){quantity, f}, result, error));
  }
  if (!found) folder->empty[quantity] = folder->file;
  return FC_OK;
}

/* ---- one file ---- */

static fc_status_t results_of(const fc_json_t *answer, const fc_json_t **results, fc_error_t *error) {
  const char *status = fc_json_string(fc_json_get(answer, "status"));
  const fc_json_t *data = fc_json_get(answer, "data");
  if (status != NULL && strcmp(status, "error") == 0) {
    const char *kind = fc_json_string(fc_json_get(answer, "errorType"));
    const char *text = fc_json_string(fc_json_get(answer, "error"));
    return fc_error_set(error, FC_EFORMAT, "Prometheus refused the query: %.40s: %.200s", kind != NULL ? kind : "error",
                        text != NULL ? text : "it does not say why");
  }
  const char *type = fc_json_string(fc_json_get(data, "resultType"));
  *results = fc_json_get(data, "result");
  if (status == NULL || strcmp(status, "success") != 0 || type == NULL || !fc_json_is_array(*results))
    return fc_error_set(error, FC_EFORMAT, "is not an answer of Prometheus's /api/v1/query_range");
  if (strcmp(type, "matrix") == 0) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "has a %.20s, not a matrix: ask /api/v1/query_range, not /api/v1/query", type);
}

static fc_status_t read_answer(folder_t *folder, int32_t quantity, const fc_json_t *answer, fc_error_t *error) {
  const fc_json_t *results = NULL;
  FC_TRY(results_of(answer, &results, error));
  if (quantity >= QUANTITIES_OF_WORKFLOW) return read_functions(folder, quantity, results, error);
  if (fc_json_size(results) > 1)
    return fc_error_set(error, FC_EFORMAT, "has %zu series, a quantity of the workflow has one: sum them in the query",
                        fc_json_size(results));
  if (fc_json_size(results) == 0) {
    folder->empty[quantity] = folder->file;
    return FC_OK;
  }
  return read_series(folder, (recording_column_t){quantity, -1}, fc_json_at(results, 0), error);
}

static fc_status_t read_file(folder_t *folder, const char *path, int32_t quantity, fc_error_t *error) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  fc_json_t *answer = NULL;
  FC_TRY(file_read(path, LARGEST_FILE, &bytes, &size, error));
  bytes[size] = '\0';
  const char *text = (const char *)bytes;
  fc_status_t status = FC_OK;
  if (text[strspn(text, " \t\r\n")] == '<') {
    status = fc_error_set(error, FC_EFORMAT, "is HTML: a proxy's page, not Prometheus's answer");
  } else {
    status = fc_json_parse(text, size, &answer, error);
  }
  free(bytes);
  if (status == FC_OK) status = read_answer(folder, quantity, answer, error);
  fc_json_destroy(&answer);
  return status == FC_OK ? FC_OK : fc_error_prefix(error, "%s", path);
}

/* ---- the folder ---- */

/* [function.]QUANTITY[.PART].json, PART a number; -1. */
static int32_t quantity_of_file(const char *name) {
  static const char of_function[] = "function.";
  char quantity[FC_NAME_SIZE];
  const size_t skip = strncmp(name, of_function, strlen(of_function)) == 0 ? strlen(of_function) : 0;
  const size_t length = strcspn(name + skip, ".");
  const char *part = name + skip + length + 1;
  if (length >= sizeof quantity || name[skip + length] != '.') return -1;
  memcpy(quantity, name + skip, length);
  quantity[length] = '\0';
  if (strcmp(part, "json") != 0) {
    const size_t digits = strspn(part, "0123456789");
    if (digits == 0 || strcmp(part + digits, ".json") != 0) return -1;
  }
  const int32_t of_workflow = skip == 0 ? quantity_find(quantity, false) : -1;
  return of_workflow >= 0 ? of_workflow : quantity_find(quantity, true);
}

static int is_answer(const struct dirent *entry) {
  const size_t n = strlen(entry->d_name);
  return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* A part of the time may have nothing of a quantity; all of it may not. */
static fc_status_t check_empty(const folder_t *folder, struct dirent **entries, fc_error_t *error) {
  const char *path = folder->recording->options.path;
  bool found[QUANTITIES] = {false};
  for (int32_t c = 0; c < folder->recording->n_columns; ++c) found[folder->recording->columns[c].quantity] = true;
  for (int32_t q = 0; q < QUANTITIES; ++q) {
    if (folder->empty[q] == 0 || found[q]) continue;
    const char *name = entries[folder->empty[q] - 1]->d_name;
    if (q < QUANTITIES_OF_WORKFLOW || folder->stranger[0] == '\0')
      return fc_error_set(error, FC_EFORMAT, "%s/%s: has no series: the query found nothing in this period", path,
                          name);
    return fc_error_set(error, FC_EFORMAT, "%s/%s: no series is of a function of workflow %s: one is of '%s'", path,
                        name, folder->recording->options.workflow->name, folder->stranger);
  }
  return FC_OK;
}

static fc_status_t read_files(folder_t *folder, struct dirent **entries, int n, fc_error_t *error) {
  char path[PATH_SIZE];
  for (int i = 0; i < n; ++i) {
    const char *name = entries[i]->d_name;
    const int32_t quantity = quantity_of_file(name);
    const int size = snprintf(path, sizeof path, "%s/%s", folder->recording->options.path, name);
    if (size < 0 || size >= (int)sizeof path) return fc_error_set(error, FC_EINVAL, "%s: the path is too long", name);
    if (quantity < 0)
      return fc_error_set(error, FC_EFORMAT,
                          "%s: there is no such quantity: expected QUANTITY.json, or function.QUANTITY.json for what "
                          "the workflow has, too (docs/backtest.md lists them)",
                          path);
    folder->file = i + 1;
    FC_TRY(read_file(folder, path, quantity, error));
  }
  return FC_OK;
}

fc_status_t recording_read_prometheus(recording_t *recording, fc_error_t *error) {
  folder_t folder = {.recording = recording};
  struct dirent **entries = NULL;
  const char *path = recording->options.path;
  const int32_t slots = recording_slots(recording->options.workflow);
  folder.series = calloc((size_t)slots, sizeof *folder.series);
  if (folder.series == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d series", (int)slots);
  fc_status_t status = FC_OK;
  const int n = scandir(path, &entries, is_answer, alphasort);
  if (n < 0) status = fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  if (n == 0) status = fc_error_set(error, FC_ENOTFOUND, "%s: has no Prometheus answer (QUANTITY.json)", path);
  if (status == FC_OK) status = read_files(&folder, entries, n, error);
  if (status == FC_OK) status = check_empty(&folder, entries, error);
  if (status == FC_OK) status = series_join(folder.series, recording, error);
  for (int i = 0; i < n; ++i) free(entries[i]);
  free(entries);
  for (int32_t c = 0; c < slots; ++c) free(folder.series[c].points);
  free(folder.series);
  return status;
}
