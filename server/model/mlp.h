/* mlp.h - linear, relu, norm, linear, relu, norm, linear: the net of every actor and critic, composed of ops.
 *
 *   h1 = relu(x w1 + b1), n1 = norm1(h1), h2 = relu(n1 w2 + b2), n2 = norm2(h2), y = n2 w3 + b3
 *
 * The layout says where each tensor lies in the parameter block; a pass holds the activations of one forward for the
 * backward that follows. Rows go through the layers tile by tile, from one norm over all rows to the next, so that what
 * one op writes is still in the cache when the next reads it. Never allocates after binding. One thread per pass.
 */
#ifndef SERVER_MODEL_MLP_H
#define SERVER_MODEL_MLP_H

#include "arena.h"
#include "parameters.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { NORM_LAYER = 0, NORM_BATCH = 1 } norm_t;
typedef enum { MODE_TRAIN = 0, MODE_EVAL = 1 } net_mode_t; /* differs for NORM_BATCH only */

typedef struct {
  const fc_ops_t *ops;
  fc_stream_t *stream; /* for ops; NULL after init, the owner sets it */
  norm_t norm;
  int32_t n_learners;                                             /* L */
  int32_t n_in, n_hidden, n_out;                                  /* I, H, C */
  int64_t w1, b1, scale1, shift1, w2, b2, scale2, shift2, w3, b3; /* offsets */
  int64_t parameter_stride;
  int32_t tile_rows; /* 0: all rows at once, as a device wants them; 0 after init, the owner sets it */
} mlp_t;

/* Rows of a tile on the CPU: of 64 hidden values in single precision 128 KiB a matrix. Nets with less than
 * MLP_LEAST_TILES of them take their rows at once: their matrices lie in the cache anyway. */
enum { MLP_TILE_ROWS = 512, MLP_LEAST_TILES = 3 };

/* Running statistics of NORM_BATCH, per learner: mean1, variance1, mean2, variance2, H each. */
static inline int64_t mlp_statistics_values(const mlp_t *mlp) {
  return 4 * (int64_t)mlp->n_hidden;
}
/* mean 0, variance 1, for every learner: (L, 4H). */
void mlp_statistics_reset(const mlp_t *mlp, fc_real_t *statistics);

typedef struct {
  fc_real_t *x;                             /* (L,R,I) filled by the owner before forward */
  fc_real_t *h1, *n1, *h2, *n2;             /* (L,R,H) */
  fc_real_t *mean1, *rstd1, *mean2, *rstd2; /* (L,R) layer norm, (L,H) batch norm */
  fc_real_t *y;                             /* (L,R,C) */
} mlp_pass_t;

/* What a backward needs besides a pass; may be shared by nets that never run at once. */
typedef struct {
  fc_real_t *scratch; /* for ops */
  fc_real_t *grad_n;  /* (L,R,H) */
  fc_real_t *grad_h;  /* (L,R,H) */
} mlp_workspace_t;

/* Adds the tensors w1, b1, norm1.scale, ... to parameters and remembers their offsets. parameter_stride is set by the
 * owner once its block is complete. */
void mlp_init(mlp_t *mlp, const fc_ops_t *ops, norm_t norm, int32_t n_learners, int32_t n_in, int32_t n_hidden,
              int32_t n_out, parameters_t *parameters);
void mlp_pass_bind(const mlp_t *mlp, int32_t n_rows, mlp_pass_t *pass, arena_t *arena);
void mlp_workspace_bind(const mlp_t *mlp, int32_t n_rows, mlp_workspace_t *workspace, arena_t *arena);

/* pass->x -> pass->y. statistics (L,4H) is read in MODE_EVAL, blended in MODE_TRAIN, unread by NORM_LAYER. */
void mlp_forward(const mlp_t *mlp, const fc_real_t *parameters, fc_real_t *statistics, net_mode_t mode, int32_t n_rows,
                 mlp_pass_t *pass, mlp_workspace_t *workspace);

/* grad_y (L,R,C) -> grad_x (L,R,I) written, unless NULL; gradients (L, block) accumulated, unless NULL. */
void mlp_backward(const mlp_t *mlp, const fc_real_t *parameters, const fc_real_t *statistics, net_mode_t mode,
                  int32_t n_rows, const mlp_pass_t *pass, const fc_real_t *grad_y, fc_real_t *grad_x,
                  fc_real_t *gradients, mlp_workspace_t *workspace);

#ifdef __cplusplus
}
#endif
#endif
