/* simulate_rows.h - `faasconf simulate --rows`: every configuration of a measured table simulated, and the simulator
 * scored against what was measured.
 *
 * A row is compared with the mean over its simulated windows; the interval is the central 80 % of them. Rows without a
 * success have no latency: they count with their successes only. Window w of row r is window r * windows + w of the
 * seed, so that the numbers do not depend on the number of threads. Blocks; the threads live for one call.
 */
#ifndef CLI_SIMULATE_ROWS_H
#define CLI_SIMULATE_ROWS_H

#include "command.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow; /* borrowed */
  const char *path;              /* of the table */
  const char *out_path;          /* CSV of measured and simulated values, or NULL */
  fc_semantics_t semantics;
  int64_t users; /* 0: those of each row */
  int64_t n_windows, seed, jobs;
} simulate_rows_options_t;

/* NaN where a score is not defined. */
typedef struct {
  int64_t n_rows, n_without_success;
  double r2_log_latency, r2_success, spearman_latency, spearman_success, mape_latency;
  double coverage80_latency, coverage80_success;
  double seconds;
} simulate_rows_scores_t;

/* Reads, simulates with progress on a terminal, scores. FC_EFORMAT names file and line of a bad row; FC_EIO. */
fc_status_t simulate_rows(const simulate_rows_options_t *options, simulate_rows_scores_t *scores, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
