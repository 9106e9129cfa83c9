/* live_change.c - configurations into force and back again: see live_state.h and live.h. */
#include "configuration.h"
#include "live_state.h"
#include "trial.h"

enum { PAUSE_MS = 500 };
static const int64_t NS_PER_MS = 1000000;
/* A replica that was killed is started again by its platform within 10 s (local) or a few more. */
static const double BACK_S = 30;

bool live_is_same(const live_t *live, const fc_function_configuration_t *a, const fc_function_configuration_t *b) {
  for (int32_t f = 0; f < live->options.workflow->n_functions; ++f)
    if (ownership_has(&live->ownership, f) && !platform_same(&a[f], &b[f])) return false;
  return true;
}

fc_status_t live_check(live_t *live, fc_error_t *error) {
  const char *why = "";
  control_poll(live->control);
  if (control_allows_acting(live->control, &why)) return FC_OK;
  return fc_error_set(error, FC_ESTATE, "nothing is written: %s", why);
}

void live_keep_others(const live_t *live, fc_function_configuration_t *configuration) {
  ownership_keep_others(&live->ownership, live->current, configuration);
}

static fc_status_t read_all(live_t *live, fc_error_t *error) {
  FC_TRY(act_read_back(live->act, live->found, error));
  configuration_copy(live->options.workflow, live->current, live->found);
  live->is_known = true;
  return FC_OK;
}

fc_status_t live_change(live_t *live, const fc_function_configuration_t *configuration, bool completes,
                        fc_error_t *error) {
  live->is_known = false;
  live->began_ns = -1;
  FC_TRY(live_check(live, error));
  FC_TRY(trial_write(&live->folder, live->options.workflow, live->before, live->current, configuration, error));
  live->has_trial = true;
  const fc_status_t status = act_apply(live->act, live->n_windows, configuration, completes, error);
  /* Between the two looks a person may have stopped it. */
  if (status == FC_EUNSAFE) FC_TRY(live_check(live, error));
  FC_TRY(status);
  FC_TRY(read_all(live, error));
  if (live_is_same(live, live->current, configuration)) return FC_OK;
  live->is_known = false;
  return fc_error_set(error, FC_EIO, "what was written is no longer in force");
}

/* Again and again until the deadline: what is broken now may be started again meanwhile. Ctrl-C does not end it. */
static fc_status_t put_back(live_t *live, const fc_function_configuration_t *configuration, fc_error_t *error) {
  const fc_clock_t clock = live->platform.clock(live->platform.self);
  const int64_t until_ns = live_now_ns(live) + (int64_t)(BACK_S * 1e9);
  for (;;) {
    const fc_status_t status = live_change(live, configuration, true, error);
    if (status == FC_OK) return FC_OK;
    fc_error_t stopped = {FC_OK, ""};
    if (live_check(live, &stopped) != FC_OK) {
      if (read_all(live, NULL) == FC_OK && live_is_same(live, live->current, configuration)) return FC_OK;
      if (error != NULL) *error = stopped;
      return stopped.status;
    }
    if (live_now_ns(live) >= until_ns) return status;
    clock.sleep_until_ns(clock.self, live_now_ns(live) + PAUSE_MS * NS_PER_MS);
  }
}

fc_status_t live_take_back(live_t *live, const fc_function_configuration_t *tried, fc_error_t *error) {
  const fc_workflow_t *workflow = live->options.workflow;
  fc_error_t first = error != NULL ? *error : (fc_error_t){FC_EIO, ""}, second = {FC_OK, ""};
  live->began_ns = -1;
  if (live_is_same(live, live->good, tried)) configuration_copy(workflow, live->good, live->before);
  if (live_is_same(live, live->good, tried)) return first.status; /* the one of before itself: nothing to go back to */
  fc_status_t status = put_back(live, live->good, &second);
  if (status != FC_OK && !live_is_same(live, live->good, live->before) && live_check(live, NULL) == FC_OK) {
    configuration_copy(workflow, live->good, live->before);
    status = put_back(live, live->good, &second);
  }
  if (status == FC_OK) return fc_error_set(error, FC_EUNSAFE, "it could not be kept: %s", first.message);
  if (live_check(live, error) != FC_OK) return FC_ESTATE;
  return fc_error_set(error, FC_EIO, "%.230s; and what was in force before does not come back: %.230s", first.message,
                      second.message);
}

fc_status_t live_restore(live_t *live, fc_error_t *error) {
  if (!live->is_known || !live_is_same(live, live->current, live->before)) FC_TRY(put_back(live, live->before, error));
  if (live->has_trial) FC_TRY(trial_remove(&live->folder, error));
  live->has_trial = false;
  return FC_OK;
}
