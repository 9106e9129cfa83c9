/* clusters.h - pairs of cells by what they share: a workflow and a seed.
 *
 * A policy is trained once for all loads of a workflow and a seed, a plan comes from one search, and draws and windows
 * are shared between them, so that such cells are no independent measurements. One owner; nothing here blocks.
 */
#ifndef EVAL_CELLS_CLUSTERS_H
#define EVAL_CELLS_CLUSTERS_H

#include "cell.h"
#include "paired.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  paired_cluster_t *items; /* (n) */
  const cell_t **firsts;   /* (n) borrowed: one cell of each */
  int32_t n, capacity;
} clusters_t;

/* Room for `capacity` clusters. FC_ENOMEM. The caller frees with clusters_clear, also after a failure. */
fc_status_t clusters_init(clusters_t *clusters, int32_t capacity, fc_error_t *error);
void clusters_clear(clusters_t *clusters);

/* One pair: a was measured at `cell`, b beside it. No more clusters than there is room for. */
void clusters_add(clusters_t *clusters, const cell_t *cell, double a, double b);

/* paired_wilcoxon of the clusters' mean differences. FC_ENOMEM. */
fc_status_t clusters_wilcoxon(const clusters_t *clusters, double *p, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
