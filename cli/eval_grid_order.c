/* eval_grid_order.c - the order in which an experiment tells its cells: see eval_grid.h. */
#include <stdlib.h>
#include <string.h>

#include "eval_grid.h"

enum { KEYS = 6 };

typedef struct {
  int64_t keys[KEYS]; /* the first that differs decides */
  int32_t index;
} place_t;

static int32_t workflow_of(const cell_t *cell, const fc_workflow_t *const *workflows, int32_t n) {
  int32_t i = 0;
  while (i < n && strcmp(workflows[i]->name, cell->workflow) != 0) ++i;
  return i;
}

static int32_t contender_of(const cell_t *cell, const contenders_t *contenders) {
  int32_t i = 0;
  for (; i < contenders->n; ++i) {
    cell_t named = {0};
    contender_name(&contenders->items[i], &named);
    if (named.rails == cell->rails && strcmp(named.method, cell->method) == 0 &&
        strcmp(named.variant, cell->variant) == 0 && strcmp(named.safety, cell->safety) == 0)
      break;
  }
  return i;
}

static int32_t world_of(const cell_t *cell) {
  world_kind_t kind = WORLD_EXACT;
  return world_find(cell->world, &kind) ? (int32_t)kind : WORLD_KINDS;
}

static int compare(const void *a, const void *b) {
  const place_t *x = a, *y = b;
  for (int k = 0; k < KEYS; ++k)
    if (x->keys[k] != y->keys[k]) return x->keys[k] < y->keys[k] ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

static void order(eval_cells_t *cells, const contenders_t *contenders, const fc_workflow_t *const *workflows,
                  int32_t n_workflows, place_t *places, cell_t *ordered) {
  const size_t n = (size_t)cells->n;
  for (int32_t i = 0; i < cells->n; ++i) {
    const cell_t *cell = &cells->cells[i];
    places[i] = (place_t){{workflow_of(cell, workflows, n_workflows), contender_of(cell, contenders), world_of(cell),
                           cell->track[0], cell->seed, cell->users},
                          i};
  }
  qsort(places, n, sizeof *places, compare);
  for (size_t i = 0; i < n; ++i) ordered[i] = cells->cells[places[i].index];
  memcpy(cells->cells, ordered, n * sizeof *ordered);
}

fc_status_t eval_cells_order(eval_cells_t *cells, const contenders_t *contenders, const fc_workflow_t *const *workflows,
                             int32_t n_workflows, fc_error_t *error) {
  if (cells->n == 0) return FC_OK;
  place_t *places = calloc((size_t)cells->n, sizeof *places);
  cell_t *ordered = calloc((size_t)cells->n, sizeof *ordered);
  const bool has_memory = places != NULL && ordered != NULL;
  if (has_memory) order(cells, contenders, workflows, n_workflows, places, ordered);
  free(places);
  free(ordered);
  return has_memory ? FC_OK : fc_error_set(error, FC_ENOMEM, "no memory for %d cells", (int)cells->n);
}
