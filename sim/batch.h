/* batch.h - thousands of fresh windows of one workflow at once on a CUDA device.
 *
 * The same step function as simulator.h's (engine.c and its parts, compiled for the device), one thread per window,
 * each with a state that is as small as a fresh window allows. Draws are those of the CPU, so that a window is the
 * CPU's window but for the last digits of exp and log: counts are equal except where two events fall together. Windows
 * are independent: any numbers, any configurations, any number of users up to the batch's.
 *
 *   windows (n), users (n), configurations (n,N)  ->  one launch per `capacity` of them  ->  load, outcome, metrics
 *
 * One thread; the device is the batch's while it works.
 */
#ifndef SIM_BATCH_H
#define SIM_BATCH_H

#include "faasconf/device.h"
#include "simulator.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct batch batch_t;

/* What came of n windows; each array the caller's, or NULL when it is not wanted. */
typedef struct {
  fc_load_t *load;                /* (n) */
  fc_outcome_t *outcome;          /* (n) */
  fc_function_metrics_t *metrics; /* (n,N) */
} batch_results_t;

/* Room for `capacity` windows at a time of a closed loop of options->users (or an open loop). with_latencies: the
 * functions' latency percentiles too, for which every window's answers that are out at its end are waited for. Borrows
 * workflow and device until batch_destroy; caller owns *out. FC_EINVAL as simulator_new, and for a device that is no
 * CUDA device; FC_ENOMEM; FC_ECUDA. */
fc_status_t batch_new(const fc_workflow_t *workflow, const simulator_options_t *options, bool with_latencies,
                      int32_t capacity, fc_device_t *device, batch_t **out, fc_error_t *error);
void batch_destroy(batch_t **batch);

/* From the next call on: another world's parameters, as simulator_set_parameters. */
fc_status_t batch_set_parameters(batch_t *batch, const fc_simulator_parameters_t *parameters, fc_error_t *error);

/* n windows, any n. users (n) or NULL: the options' for all. Blocks until the results are there. FC_EINVAL names the
 * window whose configuration or users are not possible; nothing has run then. */
fc_status_t batch_run(batch_t *batch, int64_t n, const int64_t *windows, const int32_t *users,
                      const fc_function_configuration_t *configurations, const batch_results_t *results,
                      fc_error_t *error);

/* Bytes of device memory per window. */
size_t batch_window_bytes(const batch_t *batch);

#ifdef __cplusplus
}
#endif
#endif
