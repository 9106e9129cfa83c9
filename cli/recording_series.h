/* recording_series.h - points of a recording's columns, collected one by one and then joined on their times. One
 * thread.
 */
#ifndef CLI_RECORDING_SERIES_H
#define CLI_RECORDING_SERIES_H

#include "recording.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t time_ms;
  double value; /* NaN where absent */
} point_t;

/* The points of one column, from one or several files; the caller frees `points`. */
typedef struct {
  int64_t n;
  point_t *points; /* (n) */
  int32_t file;    /* the last one with points of it, from 1 */
} series_t;

/* Fills time_ms, n_rows and values of a recording from the series of its columns, (n_columns), which it sorts. Points
 * of the same time must say the same: FC_EFORMAT names column and time. FC_ENOMEM. */
fc_status_t series_join(series_t *series, recording_t *recording, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
