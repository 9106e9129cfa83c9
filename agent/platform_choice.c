/* platform_choice.c - see platform_choice.h. */
#include "platform_choice.h"

#include <string.h>

#include "local.h"
#include "prometheus_metrics.h"

#ifdef FAASCONF_WITH_PLATFORM_SIM
#include "sim.h"
#include "sim_served.h"

enum { PLATFORM_TIMEOUT_S = 10, PLATFORM_REJOIN_S = 30 };
/* Draw numbers of one start of a simulated platform: the next start continues after them. */
static const int64_t SIM_WINDOWS_PER_EPOCH = 1000000;
#endif

#ifdef FAASCONF_WITH_PLATFORM_SIM
static fc_status_t make_served(const settings_t *settings, const fc_workflow_t *workflow, const char **names,
                               platform_t *platform, fc_error_t *error) {
  for (int32_t i = 0; i < settings->n_functions; ++i) names[i] = settings->functions[i].name;
  const platform_sim_served_options_t options = {.endpoint = settings->platform_connect,
                                                 .agent = settings->agent,
                                                 .functions = names,
                                                 .n_functions = settings->n_functions,
                                                 .timeout_s = PLATFORM_TIMEOUT_S,
                                                 .rejoin_timeout_s = PLATFORM_REJOIN_S,
                                                 .clock = fc_clock_system()};
  return platform_sim_served_new(workflow, &options, platform, error);
}
#endif

/* What is tuned, with metrics of its own. */
static fc_status_t make_tuned(const settings_t *settings, const fc_workflow_t *workflow, const folder_t *folder,
                              const fc_log_t *log, const char **names, platform_t *platform, fc_error_t *error) {
  if (strcmp(settings->platform_kind, "local") == 0) {
    const platform_local_options_t options = {&settings->local, settings->agent, settings->state, log};
    return platform_local_new(workflow, &options, platform, error);
  }
#ifdef FAASCONF_WITH_PLATFORM_SIM
  if (settings->platform_connect[0] != '\0') return make_served(settings, workflow, names, platform, error);
  if (strcmp(settings->platform_kind, "sim") == 0) {
    const fc_clock_t clock = fc_clock_system();
    const platform_sim_options_t options = {.users = settings->platform_users,
                                            .seed = settings->platform_seed,
                                            .semantics = settings->semantics,
                                            .first_window = (int64_t)(folder->epoch - 1) * SIM_WINDOWS_PER_EPOCH,
                                            .wall_start_us = clock.wall_us(clock.self)};
    return platform_sim_new(workflow, &options, platform, error);
  }
#else
  (void)folder;
  (void)names;
#endif
  return fc_error_set(error, FC_EINVAL, "platform %s is not in this build", settings->platform_kind);
}

fc_status_t platform_choice_new(const settings_t *settings, const fc_workflow_t *workflow, const folder_t *folder,
                                const fc_log_t *log, const char **names, platform_t *platform, fc_error_t *error) {
  if (settings->metrics.source == SETTINGS_METRICS_PLATFORM)
    return make_tuned(settings, workflow, folder, log, names, platform, error);
  platform_t tuned = {0};
  FC_TRY(make_tuned(settings, workflow, folder, log, names, &tuned, error));
  const fc_status_t status = prometheus_metrics_new(workflow, &settings->metrics, log, &tuned, platform, error);
  platform_clear(&tuned); /* the new one's now, unless it failed */
  return status;
}
