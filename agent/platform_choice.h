/* platform_choice.h - the platform that an agent.yaml names, with the metrics it asks for: the only file that knows
 * every platform.
 */
#ifndef AGENT_PLATFORM_CHOICE_H
#define AGENT_PLATFORM_CHOICE_H

#include "faasconf/log.h"
#include "folder.h"
#include "platform.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes it; starts nothing. names: room for settings->n_functions pointers; that and all others are borrowed until
 * platform_clear. log: or NULL. FC_EINVAL for a kind that this build does not have; errors of the platform. */
fc_status_t platform_choice_new(const settings_t *settings, const fc_workflow_t *workflow, const folder_t *folder,
                                const fc_log_t *log, const char **names, platform_t *platform, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
