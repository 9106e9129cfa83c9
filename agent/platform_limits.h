/* platform_limits.h - what may be written to a platform at all: the workflow's ranges, narrowed by agent.yaml, narrowed
 * by what the platform can do. Discovers the platform on the way.
 */
#ifndef AGENT_PLATFORM_LIMITS_H
#define AGENT_PLATFORM_LIMITS_H

#include "platform.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *capabilities gets PLATFORM_* bits; *limits is initialised here, the caller frees it with fc_limits_clear, also after
 * a failure. FC_EINVAL names a knob that is left no value; errors of discover; FC_ENOMEM. Blocks as discover does. */
fc_status_t platform_limits_find(const settings_t *settings, const fc_workflow_t *workflow, const platform_t *platform,
                                 uint32_t *capabilities, fc_limits_t *limits, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
