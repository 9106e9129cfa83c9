/* unknowns.h - what calibration looks for: how much a world differs from the workflow file, as a plain vector.
 *
 * Each unknown is the logarithm of a factor on one parameter (or on the odds of a share): 0 is the file's value. Before
 * any window they are independent normal with mean 0 and the given standard deviation. In this order: work of each
 * function, memory per request of each function that has one, then what the whole workflow shares: the orchestrator's
 * start-up, answer and gateway delays together, contention, throttling loss (odds), warm-up. A parameter that is 0 in
 * the file stays 0 and has no unknown.
 */
#ifndef SIM_CALIBRATION_UNKNOWNS_H
#define SIM_CALIBRATION_UNKNOWNS_H

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  UNKNOWN_WORK = 0,
  UNKNOWN_MEMORY,
  UNKNOWN_ORCHESTRATOR,
  UNKNOWN_DELAYS,
  UNKNOWN_CONTENTION,
  UNKNOWN_THROTTLING,
  UNKNOWN_WARMUP
} unknown_kind_t;

typedef struct {
  unknown_kind_t kind;
  int32_t function; /* UNKNOWN_WORK, UNKNOWN_MEMORY; else -1 */
} unknown_t;

enum { UNKNOWNS_MAX = 2 * 1024 + 8 };

/* Fills list[UNKNOWNS_MAX], unless it is NULL; their number (0 without a `simulator:` section). */
int32_t unknowns_list(const fc_workflow_t *workflow, unknown_t *list);

/* *world gets the file's parameters changed by theta (n); world->functions (N) is the caller's. Values are kept within
 * what the simulator takes. */
void unknowns_apply(const fc_workflow_t *workflow, const unknown_t *list, int32_t n, const double *theta,
                    fc_simulator_parameters_t *world);

/* "work of resnet", "orchestrator's start-up": into name[size]. */
void unknowns_name(const fc_workflow_t *workflow, unknown_t unknown, char *name, size_t size);

#ifdef __cplusplus
}
#endif
#endif
