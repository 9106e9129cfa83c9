/* recording_series.c - see recording_series.h. */
#include "recording_series.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "timestamp.h"

static int compare_times(const void *a, const void *b) {
  const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

static int compare_points(const void *a, const void *b) {
  return compare_times(&((const point_t *)a)->time_ms, &((const point_t *)b)->time_ms);
}

static bool is_same(double a, double b) {
  return a == b || (isnan(a) && isnan(b));
}

/* Parts may share a time at their ends, when they say the same. */
static fc_status_t sort_points(const recording_t *recording, int32_t column, series_t *series, fc_error_t *error) {
  int64_t n = 0;
  if (series->n == 0) return FC_OK;
  qsort(series->points, (size_t)series->n, sizeof *series->points, compare_points);
  for (int64_t i = 0; i < series->n; ++i) {
    const point_t *point = &series->points[i];
    if (n == 0 || point->time_ms != series->points[n - 1].time_ms) {
      series->points[n++] = *point;
    } else if (!is_same(point->value, series->points[n - 1].value)) {
      char name[2 * FC_NAME_SIZE], when[32];
      recording_column_name(recording->options.workflow, recording->columns[column], name, sizeof name);
      timestamp_format(point->time_ms, when, sizeof when);
      return fc_error_set(error, FC_EFORMAT, "%s: two files say different things about %s at %s",
                          recording->options.path, name, when);
    }
  }
  series->n = n;
  return FC_OK;
}

/* All times of all series, each once. */
static fc_status_t join_times(const series_t *series, recording_t *recording, fc_error_t *error) {
  int64_t total = 0, n = 0;
  for (int32_t c = 0; c < recording->n_columns; ++c) total += series[c].n;
  recording->time_ms = calloc((size_t)total + 1, sizeof *recording->time_ms);
  if (recording->time_ms == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %" PRId64 " points", total);
  for (int32_t c = 0; c < recording->n_columns; ++c)
    for (int64_t i = 0; i < series[c].n; ++i) recording->time_ms[n++] = series[c].points[i].time_ms;
  qsort(recording->time_ms, (size_t)n, sizeof *recording->time_ms, compare_times);
  for (int64_t i = 0; i < n; ++i)
    if (recording->n_rows == 0 || recording->time_ms[i] != recording->time_ms[recording->n_rows - 1])
      recording->time_ms[recording->n_rows++] = recording->time_ms[i];
  return FC_OK;
}

static void fill_column(const series_t *series, recording_t *recording, int32_t column) {
  int64_t i = 0;
  for (int64_t r = 0; r < recording->n_rows; ++r) {
    const bool found = i < series->n && series->points[i].time_ms == recording->time_ms[r];
    recording->values[r * recording->n_columns + column] = found ? series->points[i].value : NAN;
    i += found;
  }
}

fc_status_t series_join(series_t *series, recording_t *recording, fc_error_t *error) {
  for (int32_t c = 0; c < recording->n_columns; ++c) FC_TRY(sort_points(recording, c, &series[c], error));
  FC_TRY(join_times(series, recording, error));
  recording->values = calloc((size_t)recording->n_rows * (size_t)recording->n_columns + 1, sizeof *recording->values);
  if (recording->values == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %" PRId64 " windows", recording->n_rows);
  for (int32_t c = 0; c < recording->n_columns; ++c) fill_column(&series[c], recording, c);
  return FC_OK;
}
