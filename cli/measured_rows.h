/* measured_rows.h - windows that a command measured itself, as transitions of a store: what calibrate learns from.
 *
 * Each window is a transition from the one before; all are terminal, because their configurations were not decided by a
 * policy. Durable after each window. One thread; blocks on the disk.
 */
#ifndef CLI_MEASURED_ROWS_H
#define CLI_MEASURED_ROWS_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct measured_rows measured_rows_t;

/* Opens or makes the store `directory` and registers the workflow file. `agent` is the transitions' agent. Errors of
 * the store. Caller owns *out and destroys it with measured_rows_destroy. */
fc_status_t measured_rows_open(const char *directory, const char *workflow_path, const char *agent,
                               measured_rows_t **out, fc_error_t *error);
void measured_rows_destroy(measured_rows_t **rows);

/* One more window. as_published: it was measured under those semantics. */
fc_status_t measured_rows_add(measured_rows_t *rows, const fc_observation_t *observation, bool as_published,
                              fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
