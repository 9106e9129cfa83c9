/* attention_field.h - step 5 of the flow: features + neighbourhoods -> weight of every neighbour (L,B,E).
 *
 *   q = s Wq, k = s Wk, weight = softmax or squared scores over each function's neighbours (ops.h: attention_*)
 *   scores q_j.k_k are taken as (s_j Wq Wk').s_k: a third of the work where features are few and D is wide
 *   uniform: weight = 1 / number of neighbours, whatever the features; it has no parameters
 *
 * The mean field itself is ops->mean_field_forward with these weights. One thread per pass; never allocates after
 * binding.
 */
#ifndef SERVER_MODEL_ATTENTION_FIELD_H
#define SERVER_MODEL_ATTENTION_FIELD_H

#include "arena.h"
#include "parameters.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ATTENTION_SOFTMAX = 0, ATTENTION_SQUARE = 1, ATTENTION_UNIFORM = 2 } attention_t;

typedef struct {
  const fc_ops_t *ops;
  fc_stream_t *stream; /* for ops; NULL after init, the owner sets it */
  attention_t attention;
  int32_t n_learners, n_features, n_attention; /* L, O, D; D = 0 when uniform */
  fc_neighbours_t neighbours;
  const fc_real_t *edge_mask; /* (E) multiplies scores before the softmax; NULL = none */
  int64_t query, key;         /* offsets of Wq, Wk (O,D) */
  int64_t parameter_stride;
} attention_field_t;

typedef struct {
  fc_real_t *fold;   /* (L,O,O) Wq Wk', for softmax over sqrt(D) */
  fc_real_t *query;  /* (L,B,N,O) s fold, whose products with s are the scores */
  fc_real_t *weight; /* (L,B,E) */
} attention_field_pass_t;

typedef struct {
  fc_real_t *grad_query;  /* (L,B,N,O) */
  fc_real_t *grad_fold;   /* (L,O,O) */
  fc_real_t *grad_weight; /* (L,B,E) zeroed by the owner, accumulated by mean_field_backward */
  fc_real_t *scratch;
} attention_field_workspace_t;

/* Adds attention.query and attention.key to parameters, unless attention is uniform. */
void attention_field_init(attention_field_t *field, const fc_ops_t *ops, attention_t attention, int32_t n_learners,
                          int32_t n_features, int32_t n_attention, fc_neighbours_t neighbours,
                          parameters_t *parameters);
void attention_field_pass_bind(const attention_field_t *field, int32_t n_batch, attention_field_pass_t *pass,
                               arena_t *arena);
void attention_field_workspace_bind(const attention_field_t *field, int32_t n_batch,
                                    attention_field_workspace_t *workspace, arena_t *arena);

/* features (L,B,N,O) -> pass->weight. */
void attention_field_forward(const attention_field_t *field, const fc_real_t *parameters, int32_t n_batch,
                             const fc_real_t *features, attention_field_pass_t *pass,
                             attention_field_workspace_t *workspace);

/* workspace->grad_weight -> gradients of Wq and Wk, accumulated. */
void attention_field_backward(const attention_field_t *field, const fc_real_t *parameters, int32_t n_batch,
                              const fc_real_t *features, const attention_field_pass_t *pass, fc_real_t *gradients,
                              attention_field_workspace_t *workspace);

#ifdef __cplusplus
}
#endif
#endif
