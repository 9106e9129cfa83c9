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
} local_methods_task_t;

/* Random search and library on windows of their own, then all: start, random, library, plan, attmf. What the library
 * picks from are the windows of the profile. Blocks for all windows. */
fc_status_t local_methods_judge(const local_methods_task_t *task, demo_methods_t *methods, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
