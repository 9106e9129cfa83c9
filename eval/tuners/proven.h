/* proven.h - configurations that met QoS, and up to which load: what methods without a model go by.
 *
 * A configuration that met QoS at a load counts as good up to that load (fewer requests in flight are no harder); one
 * violation at a load takes it out from there on. One owner.
 */
#ifndef EVAL_TUNERS_PROVEN_H
#define EVAL_TUNERS_PROVEN_H

#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  fc_function_configuration_t *configuration; /* (N) */
  double cost_usd_h;
  double good_up_to; /* largest mean in flight at which it met QoS */
  double bad_from;   /* least one at which it did not; INFINITY */
} proven_item_t;

typedef struct {
  const fc_workflow_t *workflow;
  int32_t n, capacity;
  proven_item_t *items; /* (n) cheapest first */
} proven_t;

void proven_clear(proven_t *proven);

/* One window measured with its configuration. Begun by {.workflow = ...}. FC_ENOMEM. */
fc_status_t proven_add(proven_t *proven, const fc_observation_t *window, fc_qos_verdict_t verdict);

/* Did it meet QoS at this load, as far as measured, and never violate it? */
bool proven_is_good(const proven_item_t *item, double load);

/* The cheapest that is good at this load; or NULL. */
const proven_item_t *proven_cheapest(const proven_t *proven, double load);

#ifdef __cplusplus
}
#endif
#endif
