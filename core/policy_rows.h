/* policy_rows.h - inside core: a layer for eight functions at once, of the kinds whose functions share an actor.
 *
 * Element i of row r lies at [i * 8 + r]: one instruction serves eight functions, and the sums of each run in the order
 * that policy_mlp.c has for one, so that the bits are the same. Rows that are not used cost nothing but time. Pure;
 * never allocates.
 */
#ifndef CORE_POLICY_ROWS_H
#define CORE_POLICY_ROWS_H

#include "policy_mlp.h"

enum { POLICY_ROWS = 8 };

/* to (width,8) = the first n_rows (at most 8 of them) of from (n_rows,width), the other rows 0; and back. */
void policy_rows_gather(const float *from, int64_t width, int32_t n_rows, float *to);
void policy_rows_scatter(const float *from, int64_t width, int32_t n_rows, float *to);

/* What an actor that looks at neighbours sees, for functions [first, first + 8) as far as there are: rows of x (2O,8)
 * are a function's features (N,O), then the mean of its neighbours' by the weights of its edges (E). */
void policy_rows_inputs(const fc_topology_t *csr, const float *weight, const float *features, int64_t n_features,
                        int32_t first, float *x);

/* y (n_out,8) = b + x (n_in,8) through W (n_in, n_out), of which the first n_rows are wanted; b may be NULL. Terms in
 * order of the input, per output. The other rows of y are finite if those of x are. */
void policy_rows_linear(const float *x, const float *w, const float *b, int64_t n_in, int64_t n_out, int32_t n_rows,
                        float *y);

/* policy_mlp_act for the first n_rows of eight: x (I,8) -> action (C,8); hidden: 2H * 8 floats of scratch. */
void policy_rows_act(const policy_mlp_t *mlp, const float *x, int32_t n_rows, float *hidden, float *action);

#endif
