/* team.h - several threads that work through the same list of ops, each on its own rows of the batch.
 *
 * Threads that share out single ops would meet dozens of times per update; members of a team each run the whole list
 * and meet only where an op needs all rows: batch normalisation's statistics, and the step of the optimiser. Who has
 * waited for some 20 microseconds is parked by the operating system, between and within runs.
 *
 *   member 0 (the caller):  forward | meet | backward | meet | Adam on slice 0 | meet | ...
 *   member 1:               forward | meet | backward | meet | Adam on slice 1 | meet | ...
 *
 * fc_team_ops is the table of this machine's CPU with the ops replaced that need all rows; every member calls the same
 * ops in the same order, each with its own stream:
 *   batchnorm_train_*          statistics and sums are those of all members' rows; member 0 blends the running ones
 *   sum_squares(grad)          adds up all members' gradients and writes the squares of the member's own slice
 *   adam(grad), soft_update    the member's own slice of the shared parameters; grad is what sum_squares was given
 *   advance                    member 0 does it
 * All others act on the member's rows as they are. One learner (L = 1). Sums over members have a fixed order: the same
 * number of members gives the same bytes.
 */
#ifndef KERNELS_TEAM_H
#define KERNELS_TEAM_H

#include "faasconf/ops.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FC_TEAM_MAX_MEMBERS = 64 };

typedef struct fc_team fc_team_t;

/* What a member does in one run; `stream` is for the ops of fc_team_ops. */
typedef void (*fc_team_work_t)(void *context, int32_t member, fc_stream_t *stream);

/* n_members - 1 threads, parked until fc_team_run; n_columns: the widest batch normalisation. Caller owns *out and
 * destroys it. FC_EINVAL for fewer than 1 or more than FC_TEAM_MAX_MEMBERS, FC_ENOMEM. */
fc_status_t fc_team_new(int32_t n_members, int32_t n_columns, fc_team_t **out, fc_error_t *error);
void fc_team_destroy(fc_team_t **team);

int32_t fc_team_members(const fc_team_t *team);
/* A member's stream. The team's. */
fc_stream_t *fc_team_stream(fc_team_t *team, int32_t member);
const fc_ops_t *fc_team_ops(const fc_team_t *team);

/* All members work at once, member 0 on the calling thread; returns when all have. One caller at a time. */
void fc_team_run(fc_team_t *team, fc_team_work_t work, void *context);

#ifdef __cplusplus
}
#endif
#endif
