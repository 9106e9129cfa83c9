/* series.h - a dynamic experiment minute by minute: one line per (method, seed, minute). Plain data; CSV as record.h.
 */
#ifndef EVAL_CELLS_SERIES_H
#define EVAL_CELLS_SERIES_H

#include "cell.h"
#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NaN: not measured. */
typedef struct {
  char workflow[FC_NAME_SIZE];
  char world[24];
  char track[16]; /* what the method knew before: "rows", "simulator" */
  char method[24];
  char variant[24];
  char safety[16];
  bool rails;
  int64_t seed;
  int32_t minute; /* of the trace, from 0 */
  int32_t users;
  double latency_s;        /* mean of the minute's windows */
  double latency_target_s; /* of the QoS at that load; NaN: no term on the mean latency */
  double cost_usd_h;       /* reserved */
  double successes;        /* per window, mean of the minute's */
  bool violated;           /* at least one of the minute's windows violated QoS */
} series_point_t;

extern const record_table_t series_table;

/* Whether the minute belongs to the run of this cell. */
bool series_is_of(const series_point_t *point, const cell_t *cell);

/* As record_read. Caller frees *points with free(). */
fc_status_t series_read(const char *path, series_point_t **points, int32_t *n, bool *torn, fc_error_t *error);

/* The whole file at once, replacing what was there. FC_EIO, FC_EINVAL. */
fc_status_t series_write(const char *path, const series_point_t *points, int32_t n, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
