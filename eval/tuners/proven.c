/* proven.c - see proven.h. */
#include "proven.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "rows.h"

/* Measured loads of one scenario differ from window to window. */
static const double LOAD_TOLERANCE = 0.1;

void proven_clear(proven_t *proven) {
  for (int32_t i = 0; i < proven->n; ++i) free(proven->items[i].configuration);
  free(proven->items);
  *proven = (proven_t){0};
}

static size_t configuration_bytes(const proven_t *proven) {
  return (size_t)proven->workflow->n_functions * sizeof(fc_function_configuration_t);
}

/* The first item that costs no less; n: none. */
static int32_t place_of(const proven_t *proven, double cost_usd_h) {
  int32_t low = 0, high = proven->n;
  while (low < high) {
    const int32_t middle = low + (high - low) / 2;
    if (proven->items[middle].cost_usd_h < cost_usd_h)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static proven_item_t *find(const proven_t *proven, const fc_function_configuration_t *configuration,
                           double cost_usd_h) {
  for (int32_t i = place_of(proven, cost_usd_h); i < proven->n && proven->items[i].cost_usd_h <= cost_usd_h; ++i)
    if (memcmp(proven->items[i].configuration, configuration, configuration_bytes(proven)) == 0)
      return &proven->items[i];
  return NULL;
}

static fc_status_t make_room(proven_t *proven) {
  if (proven->n < proven->capacity) return FC_OK;
  const int32_t capacity = proven->capacity > 0 ? 2 * proven->capacity : 64;
  proven_item_t *grown = realloc(proven->items, (size_t)capacity * sizeof *grown);
  if (grown == NULL) return FC_ENOMEM;
  proven->items = grown;
  proven->capacity = capacity;
  return FC_OK;
}

/* A new one in its place by cost, after those that cost the same. */
static proven_item_t *insert(proven_t *proven, const fc_function_configuration_t *configuration, double cost_usd_h) {
  fc_function_configuration_t *copy = malloc(configuration_bytes(proven));
  if (copy == NULL || make_room(proven) != FC_OK) {
    free(copy);
    return NULL;
  }
  memcpy(copy, configuration, configuration_bytes(proven));
  int32_t at = place_of(proven, cost_usd_h);
  while (at < proven->n && proven->items[at].cost_usd_h <= cost_usd_h) ++at;
  memmove(&proven->items[at + 1], &proven->items[at], (size_t)(proven->n - at) * sizeof *proven->items);
  proven->n += 1;
  proven->items[at] =
      (proven_item_t){.configuration = copy, .cost_usd_h = cost_usd_h, .good_up_to = -1, .bad_from = INFINITY};
  return &proven->items[at];
}

fc_status_t proven_add(proven_t *proven, const fc_observation_t *window, fc_qos_verdict_t verdict) {
  const double load = tuner_load_of(window, 0);
  if (verdict == FC_QOS_UNKNOWN) return FC_OK;
  const double cost_usd_h = fc_cost_reserved_usd_h(proven->workflow, window->configuration);
  proven_item_t *item = find(proven, window->configuration, cost_usd_h);
  if (item == NULL) item = insert(proven, window->configuration, cost_usd_h);
  if (item == NULL) return FC_ENOMEM;
  if (verdict == FC_QOS_MET)
    item->good_up_to = fmax(item->good_up_to, load);
  else
    item->bad_from = fmin(item->bad_from, load);
  return FC_OK;
}

bool proven_is_good(const proven_item_t *item, double load) {
  return item->good_up_to >= load * (1 - LOAD_TOLERANCE) && item->bad_from > load * (1 + LOAD_TOLERANCE);
}

const proven_item_t *proven_cheapest(const proven_t *proven, double load) {
  for (int32_t i = 0; i < proven->n; ++i)
    if (proven_is_good(&proven->items[i], load)) return &proven->items[i];
  return NULL;
}
