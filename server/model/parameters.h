/* parameters.h - the tensors of a net as one flat block: a table of names, shapes and offsets.
 *
 * Weights, gradients, both Adam moments and targets all have this layout, so that an optimiser step, a soft update, a
 * checkpoint or a norm is one pass over one block:
 *
 *   | w1 (I,H) | b1 (H) | norm1.scale (H) | ... | attention.query (O,D) | attention.key (O,D) |   (L blocks)
 *
 * Tensors start on 16-value boundaries; the padding is zero in every block and stays zero. Pure; any thread.
 */
#ifndef SERVER_MODEL_PARAMETERS_H
#define SERVER_MODEL_PARAMETERS_H

#include "faasconf/dims.h"
#include "faasconf/ops.h"
#include "faasconf/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PARAMETERS_MAX = 16 };

typedef struct {
  const char *name; /* "w1"; static */
  int32_t n_dims;   /* 1 or 2 */
  int32_t shape[2];
  int64_t offset; /* of its first value in the block */
  double bound;   /* initial values: uniform in [-bound, bound] ... */
  double value;   /* ... around this */
} parameter_t;

typedef struct {
  parameter_t items[PARAMETERS_MAX];
  int32_t n_items;
  int64_t n_values; /* of one learner's block, padding included: the parameter stride */
} parameters_t;

/* Adds a tensor (n_rows, n_columns), or (n_columns) when n_rows is 0; returns its offset. */
int64_t parameters_add(parameters_t *parameters, const char *name, int32_t n_rows, int32_t n_columns, double bound,
                       double value);

/* Draws the initial values of one learner's block, tensors in the order of the table. */
void parameters_draw(const parameters_t *parameters, fc_rng_t *rng, fc_real_t *block);

/* Entry by name, or NULL. */
const parameter_t *parameters_find(const parameters_t *parameters, const char *name);

#ifdef __cplusplus
}
#endif
#endif
