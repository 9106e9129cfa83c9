/* live.c - see live.h. */
#include "live.h"

#include <stdlib.h>

#include "configuration.h"
#include "live_state.h"
#include "observe.h"
#include "platform_choice.h"
#include "platform_limits.h"
#include "trial.h"

enum { POLL_MS = 50 };
static const int64_t NS_PER_MS = 1000000;

/* ---- making --------------------------------------------------------------------------------------------------- */

static bool allows_acting(void *self, const char **why) {
  return control_allows_acting(((live_t *)self)->control, why);
}

static void describe(void *self, fc_json_t *status) {
  fc_json_set_string(status, "state", "measuring");
  fc_json_set_int(status, "window", ((const live_t *)self)->n_windows);
}

static fc_status_t check_asked(const live_options_t *o, fc_error_t *error) {
  if (o->settings->mode != AGENT_MODE_AUTO)
    return fc_error_set(error, FC_EUNSAFE,
                        "mode %s of agent %s never writes, and measuring configurations does: set mode: auto for it",
                        agent_mode_name(o->settings->mode), o->settings->agent);
  if (o->settings->platform_connect[0] != '\0')
    return fc_error_set(error, FC_EINVAL, "platform.connect: the windows of a served simulation are its agents'");
  return FC_OK;
}

static fc_status_t make_arrays(live_t *live, fc_error_t *error) {
  const size_t n = (size_t)live->options.workflow->n_functions;
  live->before = calloc(5 * n, sizeof *live->before);
  live->names = calloc((size_t)live->options.settings->n_functions + 1, sizeof *live->names);
  if (live->before == NULL || live->names == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for configurations");
  live->current = live->before + n;
  live->good = live->before + 2 * n;
  live->wanted = live->before + 3 * n;
  live->found = live->before + 4 * n;
  return FC_OK;
}

/* What an earlier run left half done. */
static fc_status_t recover(live_t *live, fc_error_t *error) {
  const live_options_t *o = &live->options;
  bool settled = false;
  FC_TRY(act_recover(live->act, &settled, error));
  if (settled) FC_LOG_W(o->log, "live", "an interrupted change of an earlier run was settled");
  FC_TRY(trial_settle(&live->folder, o->workflow, live->act, &settled, error));
  if (settled) FC_LOG_W(o->log, "live", "an earlier profile was killed: the configuration of before it is back");
  return FC_OK;
}

/* platform: or NULL for the one of the settings. */
static fc_status_t make(live_t *live, platform_t *platform, fc_error_t *error) {
  const live_options_t *o = &live->options;
  FC_TRY(check_asked(o, error));
  FC_TRY(make_arrays(live, error));
  FC_TRY(ownership_init(o->settings, o->workflow, &live->ownership, error));
  FC_TRY(folder_open(o->settings->state, &live->folder, error));
  live->has_folder = true;
  if (platform == NULL)
    FC_TRY(platform_choice_new(o->settings, o->workflow, &live->folder, o->log, live->names, &live->platform, error));
  FC_TRY(control_new(&live->folder, false, (control_status_t){live, describe}, &live->control, error));
  FC_TRY(platform_limits_find(o->settings, o->workflow, &live->platform, &live->capabilities, &live->limits, error));
  FC_TRY(act_new(o->workflow, &live->platform, &live->folder, o->settings->mode,
                 (act_permission_t){live, allows_acting}, &live->ownership, &live->act, error));
  FC_TRY(recover(live, error));
  FC_TRY(act_read_back(live->act, live->before, error));
  configuration_copy(o->workflow, live->current, live->before);
  configuration_copy(o->workflow, live->good, live->before);
  live->is_known = true;
  return FC_OK;
}

fc_status_t live_open_on(const live_options_t *options, platform_t *platform, live_t **out, fc_error_t *error) {
  *out = NULL;
  live_t *live = calloc(1, sizeof *live);
  if (live == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to measure");
  live->options = *options;
  live->began_ns = -1;
  live->previous_start_us = INT64_MIN;
  if (platform != NULL) {
    live->platform = *platform;
    *platform = (platform_t){0};
  }
  const fc_status_t status = make(live, platform, error);
  if (status != FC_OK) live_close(&live);
  *out = live;
  return status;
}

fc_status_t live_open(const live_options_t *options, live_t **out, fc_error_t *error) {
  return live_open_on(options, NULL, out, error);
}

void live_close(live_t **live_pointer) {
  live_t *live = *live_pointer;
  if (live == NULL) return;
  act_destroy(&live->act);
  control_destroy(&live->control);
  platform_clear(&live->platform);
  if (live->has_folder) folder_close(&live->folder);
  fc_limits_clear(&live->limits);
  ownership_clear(&live->ownership);
  free(live->names);
  free(live->before);
  free(live);
  *live_pointer = NULL;
}

const fc_function_configuration_t *live_before(const live_t *live) {
  return live->before;
}

const fc_limits_t *live_limits(const live_t *live) {
  return &live->limits;
}

/* ---- measuring ------------------------------------------------------------------------------------------------ */

int64_t live_now_ns(const live_t *live) {
  const fc_clock_t clock = live->platform.clock(live->platform.self);
  return clock.monotonic_ns(clock.self);
}

/* Until the platform's clock says so; the agent's words are answered meanwhile. */
static fc_status_t wait_until(live_t *live, int64_t until_ns, fc_error_t *error) {
  const fc_clock_t clock = live->platform.clock(live->platform.self);
  const bool is_virtual = (live->capabilities & PLATFORM_VIRTUAL_TIME) != 0;
  for (;;) {
    control_poll(live->control);
    if ((live->options.interrupted != NULL && *live->options.interrupted) || control_must_end(live->control))
      return fc_error_set(error, FC_ECLOSED, "interrupted");
    const int64_t left_ns = until_ns - clock.monotonic_ns(clock.self);
    if (left_ns <= 0) return FC_OK;
    const int64_t slice_ns = is_virtual || left_ns < POLL_MS * NS_PER_MS ? left_ns : POLL_MS * NS_PER_MS;
    clock.sleep_until_ns(clock.self, until_ns - left_ns + slice_ns);
  }
}

/* Of what this agent writes. */
static fc_status_t check_limits(const live_t *live, const fc_function_configuration_t *configuration,
                                fc_error_t *error) {
  const fc_workflow_t *workflow = live->options.workflow;
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    for (int k = 0; k < FC_KNOBS && ownership_has(&live->ownership, f); ++k) {
      const fc_knob_range_t *range = &live->limits.knobs[f * FC_KNOBS + k];
      const int32_t value = fc_knob_get(&configuration[f], (fc_knob_t)k);
      if (value < range->min || value > range->max)
        return fc_error_set(error, FC_EUNSAFE, "%s of function %s: %d is outside the limits [%d, %d]",
                            fc_knob_name((fc_knob_t)k), workflow->functions[f].name, (int)value, (int)range->min,
                            (int)range->max);
    }
  return FC_OK;
}

/* What the platform has measured since the last window is nobody's: it is read and thrown away. */
static fc_status_t begin_window(live_t *live, fc_observation_t *observation, fc_error_t *error) {
  const bool is_virtual = (live->capabilities & PLATFORM_VIRTUAL_TIME) != 0;
  if (!is_virtual) {
    FC_TRY(wait_until(live, live_now_ns(live) + (int64_t)(live->options.settle_s * 1e9), error));
    const fc_status_t status = live->platform.read(live->platform.self, live->n_windows, observation, error);
    if (status == FC_ECLOSED) return status;
  }
  live->began_ns = live_now_ns(live);
  return FC_OK;
}

/* Of what is in force. */
static fc_status_t measure(live_t *live, fc_observation_t *observation, fc_error_t *error) {
  const fc_workflow_t *workflow = live->options.workflow;
  const int64_t window_ns = (int64_t)(workflow->window_s * 1e9);
  observe_result_t result;
  /* A window that follows the one before without a gap is as good as any; one that the caller left running is not. */
  if (live->began_ns < 0 || live_now_ns(live) - live->began_ns > window_ns / 10)
    FC_TRY(begin_window(live, observation, error));
  FC_TRY(wait_until(live, live->began_ns + window_ns, error));
  observe_window(&live->platform, workflow, live->options.settings->semantics, live->n_windows, live->previous_start_us,
                 observation, &result);
  live->began_ns = live_now_ns(live);
  if (result.ended) return fc_error_set(error, FC_ECLOSED, "the platform is over: %s", result.why);
  if (result.lost) return fc_error_set(error, FC_ESTATE, "nothing can be measured: %s", result.why);
  if (!result.measured) return fc_error_set(error, FC_EIO, "nothing was measured: %s", result.why);
  live->previous_start_us = observation->start_us;
  live->n_windows += 1;
  return FC_OK;
}

fc_status_t live_window(live_t *live, const fc_function_configuration_t *configuration, fc_observation_t *observation,
                        fc_error_t *error) {
  fc_error_t own = {FC_OK, ""}, *why = error != NULL ? error : &own;
  fc_status_t status = FC_OK;
  control_poll(live->control);
  configuration_copy(live->options.workflow, live->wanted, configuration);
  live_keep_others(live, live->wanted);
  if (!live->is_known || !live_is_same(live, live->current, live->wanted)) {
    FC_TRY(check_limits(live, live->wanted, error));
    FC_TRY(live->platform.validate(live->platform.self, live->wanted, error));
    FC_TRY(live_check(live, error));
    status = live_change(live, live->wanted, false, why);
  }
  if (status == FC_OK) status = measure(live, observation, why);
  if (status == FC_ECLOSED || status == FC_ENOMEM) return status;
  if (status != FC_OK) return live_take_back(live, live->wanted, why);
  if (observation->outcome.successes > 0) configuration_copy(live->options.workflow, live->good, live->wanted);
  return FC_OK;
}
