/* published_rows.h - one line of a published measurement file -> transition.
 *
 * The format of the FaaSConf authors' public data (wiluen/FaaSConf, data/parallel_10.csv), for a workflow of N
 * functions in its file's order: 4N actions (CPU, memory, replicas, concurrency of each function, over the paper's
 * box), then per function its name, millicores, MiB, replicas, CPU %, throttled periods, memory %, received B/s, 75th
 * and 95th percentile latency in s; then mean latency, its 95th percentile, successes, requests, price, users: 14N + 6
 * columns. The concurrency limit stands in the actions only. The load generator is a closed loop without think time, so
 * that the users are the mean in flight. Rows were measured under as-published semantics.
 *
 * The file is one sequence of windows: s is the row before, s' the row itself, every transition terminal. The first
 * row, and a row after one that was refused, has no s. One thread.
 */
#ifndef CLI_PUBLISHED_ROWS_H
#define CLI_PUBLISHED_ROWS_H

#include "faasconf/digest.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow;  /* borrowed */
  fc_transition_t transition;     /* of the last line read; `after` is the next line's `before` */
  uint8_t digest[FC_DIGEST_SIZE]; /* SHA-256 of the canonical row: its fields without blanks around, joined by commas */
  bool has_before;
  char *fields; /* the line, cut into fields */
  char **field; /* (n_columns) */
  int32_t n_columns;
} published_rows_t;

/* published_rows_clear frees what init took, also after a failure. FC_ENOMEM. */
fc_status_t published_rows_init(published_rows_t *rows, const fc_workflow_t *workflow, fc_error_t *error);
void published_rows_clear(published_rows_t *rows);

/* True for a line that names columns: its first field is no number. */
bool published_rows_is_header(const char *line);

/* Row `number` (from 1) of the file: fills transition and digest. FC_EFORMAT says which column is wrong and why; the
 * row after it then has no s. */
fc_status_t published_rows_read(published_rows_t *rows, const char *line, int64_t number, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
