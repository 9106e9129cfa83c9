/* recording.h - windows of an existing system that were measured before, by whatever measures there: read from CSV or
 * from a folder of Prometheus answers, checked, and given out one by one as observations. The formats:
 * docs/backtest.md.
 *
 * A recording is a table: one row per window, one column per quantity that the data has. Nothing is filled in: a window
 * that lacks a quantity that is needed is counted as incomplete and not given out. One thread.
 */
#ifndef CLI_RECORDING_H
#define CLI_RECORDING_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Quantities: of the workflow, then of each function its knobs (order of fc_knob_t) and metrics. */
enum {
  QUANTITY_LATENCY_MEAN,
  QUANTITY_LATENCY_P95,
  QUANTITY_SUCCESSES,
  QUANTITY_FAILURES,
  QUANTITY_UNFINISHED,
  QUANTITY_REJECTED,
  QUANTITY_USERS,
  QUANTITY_ARRIVAL_RATE,
  QUANTITY_IN_FLIGHT,
  QUANTITIES_OF_WORKFLOW,
  QUANTITY_KNOBS = QUANTITIES_OF_WORKFLOW,
  QUANTITY_METRICS = QUANTITY_KNOBS + FC_KNOBS,
  QUANTITIES = QUANTITY_METRICS + FC_FUNCTION_METRIC_COUNT
};

typedef struct {
  int32_t quantity;
  int32_t function; /* -1: of the workflow */
} recording_column_t;

typedef struct {
  const fc_workflow_t *workflow; /* borrowed, as the texts */
  const char *path;              /* a CSV file, or a folder of Prometheus answers */
  const char *function_label;    /* Prometheus: which label names the function; NULL: the usual ones */
  fc_semantics_t semantics;      /* targets that are not judged under them need nothing */
  int32_t users;                 /* closed-loop users of all windows; 0: as the data says */
  uint32_t assumed_knobs;        /* bit 1 << fc_knob_t: where the data lacks it, the start's value in every window */
} recording_options_t;

typedef struct {
  recording_options_t options;
  bool is_prometheus;
  /* the table */
  int32_t n_columns;
  recording_column_t *columns; /* (n_columns) */
  int32_t *column_of;          /* (recording_slots) the column of a quantity, or -1 */
  int64_t n_rows;
  int64_t *time_ms;         /* (n_rows) ascending: the end of each window, since 1970 */
  double *values;           /* (n_rows, n_columns); NaN where absent */
  int64_t n_ignored_series; /* Prometheus: of functions that the workflow does not have */
  /* what recording_read found in it */
  bool closed_loop;
  uint32_t assumed_knobs; /* of those of the options, the ones that were */
  int64_t n_windows;
  int64_t *rows;                   /* (n_windows) the complete ones */
  int64_t n_incomplete, n_missing; /* rows that lack something; the holes between rows, in windows */
  int64_t *n_lacking;              /* (n_columns) incomplete rows that lack it */
} recording_t;

/* Reads and checks. FC_ENOTFOUND, FC_EIO or FC_EFORMAT with file and line or series; FC_EFORMAT, too, when the data as
 * a whole lacks something that is needed (which says all that is), when windows have another length than the
 * workflow's, and when none is complete; FC_ENOMEM. Caller frees with recording_clear, also after a failure. Blocks on
 * file I/O. */
fc_status_t recording_read(const recording_options_t *options, recording_t *recording, fc_error_t *error);
void recording_clear(recording_t *recording);

/* Complete window `window` (from 0) as an observation, initialised for N. */
void recording_window(const recording_t *recording, int64_t window, fc_observation_t *observation);

/* Its load: closed-loop users, or arrivals per second. */
double recording_load(const recording_t *recording, int64_t window);
/* The same as ensemble and simulator take it: users and 0, or 0 and the rate. */
int32_t recording_users(const recording_t *recording, int64_t window);
double recording_rate_per_s(const recording_t *recording, int64_t window);

/* An open loop in which nothing arrived, nothing ended and, where that is measured, nothing was in flight: it costs,
 * but there is nothing to judge or to learn. */
bool recording_is_idle(const recording_t *recording, const fc_observation_t *observation);

/* "successes", "rgb.cpu_millicores" into name[size]. */
void recording_column_name(const fc_workflow_t *workflow, recording_column_t column, char *name, size_t size);

#ifdef __cplusplus
}
#endif
#endif
