/* neighbours.c - filter a topology's edges, then sort them by column (counting sort, stable). */
#include "neighbours.h"

#include <stdlib.h>

fc_status_t neighbours_init(neighbours_t *neighbours, const fc_topology_t *topology, uint32_t edge_kinds) {
  const int32_t n = topology->n_functions;
  const size_t n_values = 2 * ((size_t)n + 1) + 3 * (size_t)topology->n_edges;
  int32_t *memory = calloc(n_values, sizeof *memory);
  *neighbours = (neighbours_t){.memory = memory};
  if (memory == NULL) return FC_ENOMEM;
  int32_t *row_start = memory;
  int32_t *incoming_start = row_start + n + 1;
  int32_t *column = incoming_start + n + 1;
  int32_t *row = column + topology->n_edges;
  int32_t *incoming = row + topology->n_edges;

  int32_t n_edges = 0;
  for (int32_t i = 0; i < n; ++i) {
    row_start[i] = n_edges;
    for (int32_t e = topology->row_start[i]; e < topology->row_start[i + 1]; ++e) {
      if ((topology->edge_kinds[e] & edge_kinds) == 0) continue;
      column[n_edges] = topology->column[e];
      row[n_edges] = i;
      n_edges += 1;
    }
  }
  row_start[n] = n_edges;

  for (int32_t e = 0; e < n_edges; ++e) incoming_start[column[e] + 1] += 1;
  for (int32_t j = 0; j < n; ++j) incoming_start[j + 1] += incoming_start[j];
  for (int32_t e = 0; e < n_edges; ++e) incoming[incoming_start[column[e]]++] = e;
  for (int32_t j = n; j > 0; --j) incoming_start[j] = incoming_start[j - 1]; /* the loop above moved every start on */
  incoming_start[0] = 0;

  neighbours->csr = (fc_neighbours_t){n, n_edges, row_start, column, row, incoming_start, incoming};
  return FC_OK;
}

void neighbours_clear(neighbours_t *neighbours) {
  free(neighbours->memory);
  *neighbours = (neighbours_t){0};
}
