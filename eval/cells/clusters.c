/* clusters.c - see clusters.h. */
#include "clusters.h"

#include <stdlib.h>
#include <string.h>

fc_status_t clusters_init(clusters_t *clusters, int32_t capacity, fc_error_t *error) {
  const size_t room = capacity > 0 ? (size_t)capacity : 1;
  *clusters = (clusters_t){.items = calloc(room, sizeof *clusters->items),
                           .firsts = calloc(room, sizeof *clusters->firsts),
                           .capacity = capacity};
  if (clusters->items != NULL && clusters->firsts != NULL) return FC_OK;
  return fc_error_set(error, FC_ENOMEM, "no memory to pair %d cells", (int)capacity);
}

void clusters_clear(clusters_t *clusters) {
  free(clusters->items);
  free(clusters->firsts);
  *clusters = (clusters_t){0};
}

void clusters_add(clusters_t *clusters, const cell_t *cell, double a, double b) {
  int32_t at = 0;
  while (at < clusters->n &&
         (clusters->firsts[at]->seed != cell->seed || strcmp(clusters->firsts[at]->workflow, cell->workflow) != 0))
    ++at;
  if (at == clusters->n) {
    FC_ASSERT(clusters->n < clusters->capacity);
    clusters->firsts[clusters->n++] = cell;
  }
  clusters->items[at].sum_a += a;
  clusters->items[at].sum_b += b;
  clusters->items[at].n += 1;
}

fc_status_t clusters_wilcoxon(const clusters_t *clusters, double *p, fc_error_t *error) {
  double w = 0, *differences = calloc((size_t)clusters->n + 1, sizeof *differences);
  if (differences == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d differences", (int)clusters->n);
  for (int32_t i = 0; i < clusters->n; ++i)
    differences[i] = (clusters->items[i].sum_a - clusters->items[i].sum_b) / (double)clusters->items[i].n;
  const fc_status_t status = paired_wilcoxon(differences, clusters->n, &w, p, error);
  free(differences);
  return status;
}
