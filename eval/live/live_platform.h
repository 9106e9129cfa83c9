/* live_platform.h - inside eval/live: the platform that an agent.yaml names, as faasconf-agent would make it. */
#ifndef EVAL_LIVE_LIVE_PLATFORM_H
#define EVAL_LIVE_LIVE_PLATFORM_H

#include "folder.h"
#include "platform.h"
#include "settings.h"

/* FC_EINVAL for a kind that this build does not have, and for a served simulation, whose windows are not ours. Borrows
 * all until platform_clear. */
fc_status_t live_platform_new(const settings_t *settings, const fc_workflow_t *workflow, const folder_t *folder,
                              const fc_log_t *log, platform_t *platform, fc_error_t *error);

#endif
