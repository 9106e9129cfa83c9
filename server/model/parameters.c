/* parameters.c - layout and initial values of a net's block. */
#include "parameters.h"

#include <string.h>

#include "arena.h"
#include "faasconf/status.h"

static int64_t count(const parameter_t *p) {
  return p->n_dims == 1 ? p->shape[0] : (int64_t)p->shape[0] * p->shape[1];
}

int64_t parameters_add(parameters_t *parameters, const char *name, int32_t n_rows, int32_t n_columns, double bound,
                       double value) {
  FC_ASSERT(parameters->n_items < PARAMETERS_MAX);
  parameter_t *p = &parameters->items[parameters->n_items++];
  *p = (parameter_t){.name = name, .n_dims = n_rows == 0 ? 1 : 2, .bound = bound, .value = value};
  p->shape[0] = n_rows == 0 ? n_columns : n_rows;
  p->shape[1] = n_rows == 0 ? 1 : n_columns;
  arena_t layout = {NULL, parameters->n_values};
  p->offset = layout.n_values;
  arena_take(&layout, count(p));
  parameters->n_values = layout.n_values;
  return p->offset;
}

void parameters_draw(const parameters_t *parameters, fc_rng_t *rng, fc_real_t *block) {
  memset(block, 0, (size_t)parameters->n_values * sizeof *block);
  for (int32_t i = 0; i < parameters->n_items; ++i) {
    const parameter_t *p = &parameters->items[i];
    for (int64_t k = 0; k < count(p); ++k) {
      const double spread = p->bound == 0 ? 0 : p->bound * (2 * fc_rng_uniform(rng) - 1);
      block[p->offset + k] = (fc_real_t)(p->value + spread);
    }
  }
}

const parameter_t *parameters_find(const parameters_t *parameters, const char *name) {
  for (int32_t i = 0; i < parameters->n_items; ++i) {
    if (strcmp(parameters->items[i].name, name) == 0) return &parameters->items[i];
  }
  return NULL;
}
