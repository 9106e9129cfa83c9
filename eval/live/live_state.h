/* live_state.h - what live.c and live_change.c share; nobody else includes it. */
#ifndef EVAL_LIVE_LIVE_STATE_H
#define EVAL_LIVE_LIVE_STATE_H

#include "act.h"
#include "control.h"
#include "live.h"

struct live {
  live_options_t options;
  folder_t folder;
  bool has_folder;
  platform_t platform;
  const char **names; /* that the platform borrows */
  uint32_t capabilities;
  ownership_t ownership;
  fc_limits_t limits;
  control_t *control;
  act_t *act;
  fc_function_configuration_t *before;         /* (N) in force at live_open */
  fc_function_configuration_t *current;        /* (N) the last one that was read back whole */
  fc_function_configuration_t *good;           /* (N) of the last window with a success: what is gone back to */
  fc_function_configuration_t *wanted, *found; /* (N) scratch */
  bool is_known;                               /* current is in force, as far as anybody can tell */
  bool has_trial;                              /* trial.json is there */
  int64_t n_windows, previous_start_us;
  int64_t began_ns; /* where the platform's window began; -1: no longer known */
};

int64_t live_now_ns(const live_t *live);

/* Of the functions that this agent owns. */
bool live_is_same(const live_t *live, const fc_function_configuration_t *a, const fc_function_configuration_t *b);

/* Brings configuration (N) into force, verified; notes it in trial.json first. FC_ESTATE: live_check says no.
 * After any failure is_known is false. */
fc_status_t live_change(live_t *live, const fc_function_configuration_t *configuration, bool completes,
                        fc_error_t *error);

/* `tried` (N) failed with *error: goes back to the last good one, else to that of live_open. FC_EUNSAFE: it is in
 * force; else what live_window returns. Blocks up to twice 30 s of the platform's clock. */
fc_status_t live_take_back(live_t *live, const fc_function_configuration_t *tried, fc_error_t *error);

#endif
