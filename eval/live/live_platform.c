/* live_platform.c - see live_platform.h. */
#include "live_platform.h"

#include <string.h>

#include "local.h"

#ifdef FAASCONF_WITH_PLATFORM_SIM
#include "sim.h"

/* Draw numbers of one start of a simulated platform: the next start continues after them. */
static const int64_t SIM_WINDOWS_PER_EPOCH = 1000000;

static fc_status_t make_sim(const settings_t *settings, const fc_workflow_t *workflow, const folder_t *folder,
                            platform_t *platform, fc_error_t *error) {
  const fc_clock_t clock = fc_clock_system();
  const platform_sim_options_t options = {.users = settings->platform_users,
                                          .seed = settings->platform_seed,
                                          .semantics = settings->semantics,
                                          .first_window = (int64_t)(folder->epoch - 1) * SIM_WINDOWS_PER_EPOCH,
                                          .wall_start_us = clock.wall_us(clock.self)};
  if (settings->platform_connect[0] != '\0')
    return fc_error_set(error, FC_EINVAL, "platform.connect: the windows of a served simulation are its agents'");
  return platform_sim_new(workflow, &options, platform, error);
}
#endif

fc_status_t live_platform_new(const settings_t *settings, const fc_workflow_t *workflow, const folder_t *folder,
                              const fc_log_t *log, platform_t *platform, fc_error_t *error) {
  if (strcmp(settings->platform_kind, "local") == 0) {
    const platform_local_options_t options = {&settings->local, settings->agent, settings->state, log};
    return platform_local_new(workflow, &options, platform, error);
  }
#ifdef FAASCONF_WITH_PLATFORM_SIM
  if (strcmp(settings->platform_kind, "sim") == 0) return make_sim(settings, workflow, folder, platform, error);
#else
  (void)folder;
#endif
  return fc_error_set(error, FC_EINVAL, "platform %s is not in this build", settings->platform_kind);
}
