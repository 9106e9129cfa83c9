/* jobs.h - independent pieces of work on several threads, with the same result however many there are.
 *
 * Windows of a simulator depend on (seed, window, configuration) alone, so that a thousand of them are a thousand
 * pieces. A piece writes to its own slot of the caller's arrays; what belongs to a thread (a simulator, an observation)
 * is found by the worker's number. The threads live for one call: a call should be worth milliseconds.
 */
#ifndef SIM_JOBS_H
#define SIM_JOBS_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { JOBS_MAX_WORKERS = 256 };

/* One piece, 0 <= piece < n_pieces, by worker 0 <= worker < n_workers. */
typedef fc_status_t (*jobs_piece_t)(void *context, int32_t worker, int64_t piece, fc_error_t *error);

/* Called on the calling thread now and then while the pieces are worked on, and once at the end; may be NULL. */
typedef void (*jobs_progress_t)(void *context, int64_t n_done);

/* Runs every piece once, in any order, on n_workers threads (the caller's is one of them). After a piece has failed no
 * further one is started; the failure of the lowest piece among those that failed is returned. FC_EINVAL for fewer than
 * 1 or more than JOBS_MAX_WORKERS workers; FC_ENOMEM. Blocks until all threads are done. */
fc_status_t jobs_run(int32_t n_workers, int64_t n_pieces, jobs_piece_t piece, jobs_progress_t progress, void *context,
                     fc_error_t *error);

/* The processors this process may run on, 1 to JOBS_MAX_WORKERS: the default of `--jobs`. */
int32_t jobs_default_workers(void);

#ifdef __cplusplus
}
#endif
#endif
