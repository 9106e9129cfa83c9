/* series.c - see series.h. */
#include "series.h"

#include <stddef.h>
#include <string.h>

#define TEXT(member) RECORD_FIELD(series_point_t, RECORD_TEXT, member)
#define REAL(member) RECORD_FIELD(series_point_t, RECORD_DOUBLE, member)
#define COUNT(member) RECORD_FIELD(series_point_t, RECORD_INT32, member)
#define TRUTH(member) RECORD_FIELD(series_point_t, RECORD_BOOL, member)

static const record_field_t fields[] = {
    TEXT(workflow),   TEXT(world),     TEXT(track),     TEXT(method),
    TEXT(variant),    TEXT(safety),    TRUTH(rails),    RECORD_FIELD(series_point_t, RECORD_INT64, seed),
    COUNT(minute),    COUNT(users),    REAL(latency_s), REAL(latency_target_s),
    REAL(cost_usd_h), REAL(successes), TRUTH(violated),
};

const record_table_t series_table = {"minute of a series", fields, sizeof fields / sizeof fields[0],
                                     sizeof(series_point_t)};

bool series_is_of(const series_point_t *point, const cell_t *cell) {
  return point->rails == cell->rails && point->seed == cell->seed && strcmp(point->workflow, cell->workflow) == 0 &&
         strcmp(point->world, cell->world) == 0 && strcmp(point->track, cell->track) == 0 &&
         strcmp(point->method, cell->method) == 0 && strcmp(point->variant, cell->variant) == 0 &&
         strcmp(point->safety, cell->safety) == 0;
}

fc_status_t series_read(const char *path, series_point_t **points, int32_t *n, bool *torn, fc_error_t *error) {
  void *records = NULL;
  const fc_status_t status = record_read(&series_table, path, &records, n, torn, error);
  *points = records;
  return status;
}

fc_status_t series_write(const char *path, const series_point_t *points, int32_t n, fc_error_t *error) {
  return record_replace(&series_table, path, points, n, error);
}
