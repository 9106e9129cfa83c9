/* faasconf/dims.h - the letters of every shape in this project, and the hard limits.
 *
 * Shapes are row-major, last index fastest, and use only these letters:
 *   L learners   independent learners side by side (seeds, workflow sets); 1 in most programs
 *   B batch      transitions in a batch
 *   N functions  functions of the workflow (the paper's agents)
 *   E edges      directed neighbour pairs in CSR (row = who looks, column = whom it looks at)
 *   O features   observation features per function, fixed by the policy
 *   A knobs      action components per function (4: CPU, memory, replicas, concurrency)
 *   H hidden     width of the hidden layers
 *   D attention  width of the query and key projections (d_k)
 *   K heads      attention heads
 */
#ifndef FAASCONF_DIMS_H
#define FAASCONF_DIMS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  FC_KNOBS = 4,            /* A */
  FC_MAX_FUNCTIONS = 1024, /* N of the largest workflow accepted from outside */
  FC_NAME_SIZE = 64,       /* names of workflows, functions, agents: bytes with the NUL */
  FC_DIGEST_SIZE = 32      /* SHA-256 */
};

typedef struct {
  int32_t n_learners;  /* L */
  int32_t n_batch;     /* B */
  int32_t n_functions; /* N */
  int32_t n_edges;     /* E */
  int32_t n_features;  /* O */
  int32_t n_knobs;     /* A */
  int32_t n_hidden;    /* H */
  int32_t n_attention; /* D */
  int32_t n_heads;     /* K */
} fc_dims_t;

#ifdef __cplusplus
}
#endif
#endif
