/* trial.h - configurations being tried, on disk: what the next start puts back when who tried them was killed.
 *
 * One small file, trial.json: what was in force before the first of them, the one in force now, and the one being
 * written; durable before each write, removed when what was in force before is back. The journal (journal.h) is about
 * one change, this about all of them. One thread; blocks on file I/O and the platform.
 */
#ifndef AGENT_TRIAL_H
#define AGENT_TRIAL_H

#include "act.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All (N). Durable when it returns FC_OK. */
fc_status_t trial_write(const folder_t *folder, const fc_workflow_t *workflow,
                        const fc_function_configuration_t *before, const fc_function_configuration_t *current,
                        const fc_function_configuration_t *tried, fc_error_t *error);
fc_status_t trial_remove(const folder_t *folder, fc_error_t *error);

/* After act_recover: puts back what was in force before a trial that was interrupted, and removes the file. A function
 * that has neither of the tried configurations was set by somebody else since, and stays. *settled: something was put
 * back. Nothing to do: FC_OK. FC_EUNSAFE when nothing may be written now: the file stays. FC_EFORMAT, FC_EMISMATCH: not
 * one of this workflow. Errors of act_apply. */
fc_status_t trial_settle(const folder_t *folder, const fc_workflow_t *workflow, act_t *act, bool *settled,
                         fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
