/* neighbours.h - from a workflow's topology to the neighbourhoods the ops gather over.
 *
 * Keeps the edges of chosen kinds and adds the order by column that the backward passes need. Host memory.
 */
#ifndef SERVER_MODEL_NEIGHBOURS_H
#define SERVER_MODEL_NEIGHBOURS_H

#include "faasconf/ops.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  fc_neighbours_t csr; /* views into memory */
  int32_t *memory;
} neighbours_t;

/* Edges that have one of edge_kinds (FC_EDGE_*). Borrows topology until the call returns; release with
 * neighbours_clear. FC_ENOMEM. */
fc_status_t neighbours_init(neighbours_t *neighbours, const fc_topology_t *topology, uint32_t edge_kinds);
void neighbours_clear(neighbours_t *neighbours);

#ifdef __cplusplus
}
#endif
#endif
