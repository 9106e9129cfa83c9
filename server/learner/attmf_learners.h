/* attmf_learners.h - inside server/learner: L AttMF learners of one workflow side by side, and their update as ops.
 *
 * One set of equations for all backends and for any L: attmf.c has one learner on the host, cohort.c many on a
 * device. Each learner has its own weights and its own batch; nothing is shared but the dims and the step. Memory is
 * bound to an arena of the owner (arena.h), which may be a device's; what the host may touch says so. An update only
 * queues ops: where they are done when it returns is the backend's business. One thread.
 */
#ifndef SERVER_LEARNER_ATTMF_LEARNERS_H
#define SERVER_LEARNER_ATTMF_LEARNERS_H

#include "algorithm.h"
#include "attmf_net.h"
#include "weights.h"

typedef struct {
  attmf_net_t net;
  weights_t weights;
  float *statistics, *target_statistics; /* (L,4H) running, of batch normalisation only */
  attmf_pass_t pass;
  attmf_workspace_t workspace;
} attmf_half_t;

typedef struct {
  algorithm_options_t options;
  const fc_ops_t *ops;
  fc_stream_t *stream;
  int32_t n_learners, n_functions, n_features; /* L, N, O */
  int32_t n_batch;                             /* rows of the batch that these ops see: B, or a member's share */
  attmf_half_t actor, critic;
  float *target_q;    /* (L,B,N) y */
  float *grad_q;      /* (L,B,N) */
  float *grad_action; /* (L,B,N,A) */
  /* of the last update: losses, and squared norms of the gradients */
  float *critic_loss, *actor_loss, *critic_squares, *actor_squares; /* (L) */
  int64_t *step;                                                    /* (1) updates done */
} attmf_learners_t;

/* Batches of all learners together, in memory of the backend. */
typedef struct {
  const float *features, *next_features; /* (L,B,N,O) */
  const float *action;                   /* (L,B,N,A) */
  const float *reward;                   /* (L,B) */
  const uint8_t *terminal;               /* (L,B) */
} attmf_batches_t;

/* Attention and norm of "attmf" in a variant, or of "mean_field" (repaired only); false for any other algorithm. */
bool attmf_learners_kind(const char *algorithm, algorithm_variant_t variant, attention_t *attention, norm_t *norm);

/* Borrows ops, stream and the arrays of neighbours (memory of the backend) for as long as the learners are used. */
void attmf_learners_init(attmf_learners_t *learners, const fc_ops_t *ops, fc_stream_t *stream,
                         const algorithm_options_t *options, attention_t attention, norm_t norm, int32_t n_learners,
                         int32_t n_features, fc_neighbours_t neighbours);
/* Every array, for options.n_batch rows a learner: count with base NULL first, zeroed memory then. */
void attmf_learners_bind(attmf_learners_t *learners, arena_t *arena);

/* A member of a team (kernels/team.h) for rows [first_row, first_row + n_rows) of `whole`'s batches: ops and stream are
 * the member's; weights, targets, moments, statistics and step are whole's, gradients and all else its own. Bind it
 * with attmf_learners_bind_member; its losses and squares are its share of them. */
void attmf_learners_init_member(attmf_learners_t *member, const attmf_learners_t *whole, const fc_ops_t *ops,
                                fc_stream_t *stream, int32_t n_rows);
void attmf_learners_bind_member(attmf_learners_t *member, const attmf_learners_t *whole, arena_t *arena);

/* Critic step, actor step, soft update, of every learner. */
void attmf_learners_update(attmf_learners_t *learners, const attmf_batches_t *batches);

/* Every array that the next update depends on besides the step, in the order of algorithm.h's state; each is (L, n /
 * L). Returns how many. */
int32_t attmf_learners_states(attmf_learners_t *learners, algorithm_state_t *blocks);

#endif
