/* local_methods.h - methods compared on a real system: each chooses with the same budget of windows, all are judged on
 * fresh ones, in turns, so that what changes on the machine meanwhile hits all alike. */
#ifndef CLI_LOCAL_METHODS_H
#define CLI_LOCAL_METHODS_H

#include "local_experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  local_experiment_t *experiment;             /* open (local_experiment_open) */
  int32_t main_windows, other_windows;        /* that judge start and the last method; the others */
  const fc_function_configuration_t *planned; /* (N) of method `plan`, or NULL: without it */
  const char *methods;                        /* comma-separated (local_methods_check), or NULL: random,library */
} local_methods_task_t;

/* Whether methods can choose on a real system: FC_EINVAL for one that is unknown, named twice, needs to know the world,
 * or takes part anyway (`attmf` is the agent, `twin_search` the plan). */
fc_status_t local_methods_check(const char *methods, fc_error_t *error);

/* Each of the methods on windows of its own, then all: start, these, plan, attmf. Random search knows nothing, the
 * library the windows of the profile; the others what attmf was trained on, the twin's. Blocks for all windows. */
fc_status_t local_methods_judge(const local_methods_task_t *task, demo_methods_t *methods, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
