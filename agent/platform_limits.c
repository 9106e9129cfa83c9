/* platform_limits.c - see platform_limits.h. */
#include "platform_limits.h"

#include <stdlib.h>

fc_status_t platform_limits_find(const settings_t *settings, const fc_workflow_t *workflow, const platform_t *platform,
                                 uint32_t *capabilities, fc_limits_t *limits, fc_error_t *error) {
  const fc_status_t made = fc_limits_init(limits, workflow, settings->ranges);
  if (made != FC_OK) return fc_error_set(error, made, "limits: out of memory");
  FC_TRY(settings_apply_limits(settings, workflow, limits, error));
  fc_knob_range_t *caps = calloc((size_t)workflow->n_functions * FC_KNOBS, sizeof *caps);
  if (!caps) return fc_error_set(error, FC_ENOMEM, "limits: out of memory");
  fc_status_t status = platform->discover(platform->self, capabilities, caps, error);
  if (status == FC_OK) status = settings_narrow_limits(platform->kind, workflow, caps, limits, error);
  free(caps);
  return status;
}
