/* sizes.h - inside sim: how much room a simulator takes. simulator_new's sizes serve everything; a batch of thousands
 * on a device wants what one fresh window needs and no more.
 */
#ifndef SIM_SIZES_H
#define SIM_SIZES_H

#include "simulator.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t spare_replicas;   /* per function that are always possible, whatever the ranges say; at least 1 */
  bool stretches;           /* room for old and new replicas of a change */
  int32_t samples_per_user; /* kept of latencies and durations, within these bounds; even */
  int32_t min_samples, max_samples;
} simulator_sizes_t;

/* simulator_new with other sizes. */
fc_status_t simulator_new_sized(const fc_workflow_t *workflow, const simulator_options_t *options,
                                const simulator_sizes_t *sizes, simulator_t **out, fc_error_t *error);

/* FC_EINVAL names the function whose configuration (N) is not positive or has more replicas than there is room for. */
fc_status_t simulator_check_configuration(const simulator_t *simulator,
                                          const fc_function_configuration_t *configuration, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
