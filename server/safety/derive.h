/* derive.h - SES records of a workflow, derived from the windows in the store.
 *
 * The server's user of core/bounds.c (the agent's is agent/filter.c). Windows are grouped by measured load: each record
 * covers the loads within load_tolerance of its own, and together they cover every load at which QoS was met often
 * enough. Only the newest DERIVE_WINDOWS windows count, so that bounds follow a workflow that drifts and the work stays
 * bounded. One thread; blocks on the store; allocates.
 */
#ifndef SERVER_SAFETY_DERIVE_H
#define SERVER_SAFETY_DERIVE_H

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DERIVE_WINDOWS = 20000, DERIVE_MAX_RECORDS = 64 };

/* Windows of other semantics, without a verdict or without a measured load are left out. *records: (*n), ascending by
 * load, malloc'd; each record is the caller's to clear, then free the array. *n is 0 (and *records NULL) when no load
 * has min_rows windows that met QoS, at more than one price. FC_ENOMEM, and what store_each_transition answers. */
fc_status_t derive_records(store_t *store, const fc_workflow_t *workflow, fc_semantics_t semantics,
                           const fc_bounds_options_t *bounds, fc_safety_record_t **records, int32_t *n,
                           fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
