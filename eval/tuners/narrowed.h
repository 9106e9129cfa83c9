/* narrowed.h - a workflow as a method sees it that leaves concurrency limits alone (ablation): their ranges are the
 * start's value alone. Without that ablation the setting's workflow as it is. */
#ifndef EVAL_TUNERS_NARROWED_H
#define EVAL_TUNERS_NARROWED_H

#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  fc_workflow_t workflow;   /* borrows all but its functions from the setting's */
  fc_function_t *functions; /* (N) of it */
} narrowed_t;

/* FC_ENOMEM. Stays where it is while `workflow` is in use; the caller frees with narrowed_clear, also after a failure.
 */
fc_status_t narrowed_init(narrowed_t *narrowed, const tuner_setting_t *setting, fc_error_t *error);
void narrowed_clear(narrowed_t *narrowed);

#ifdef __cplusplus
}
#endif
#endif
