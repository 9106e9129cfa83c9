/* eval_reference.h - the oracles that an experiment is compared with. */
#ifndef CLI_EVAL_REFERENCE_H
#define CLI_EVAL_REFERENCE_H

#include "known_world.h"
#include "trace_run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  oracle_table_t table;
  known_world_t **told; /* (n_told) what methods were told; each at a place of its own */
  int32_t n_told, capacity;
} eval_reference_t;

/* The rows of one file, or (path NULL) the committed ones, of which there may be none. Errors as oracle_table_read. The
 * caller frees with eval_reference_close, also after a failure. */
fc_status_t eval_reference_open(eval_reference_t *oracles, const char *path, fc_error_t *error);
void eval_reference_close(eval_reference_t *oracles);

/* Fills the three ratios of a cell; NaN where there is no oracle. */
void eval_reference_compare(const eval_reference_t *oracles, const trial_t *trial, cell_t *cell);

/* The same for a trace: against the mean over its minutes of the oracles of their users, linear between the numbers of
 * users in the table. */
void eval_reference_compare_trace(const eval_reference_t *oracles, const trial_t *trial, const trace_t *trace,
                                  cell_t *cell);

/* What methods that know the world are told (known_world.h); NULL without oracles of it, or without memory. Valid until
 * eval_reference_close. */
const void *eval_reference_of(eval_reference_t *oracles, const trial_t *trial);

#ifdef __cplusplus
}
#endif
#endif
