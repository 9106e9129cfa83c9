/* local_experiment.h - the steps that `faasconf demo --platform local` and `faasconf eval local` are made of.
 *
 * A workflow of real processes on this machine is profiled, a twin is calibrated on what was measured, a policy is
 * trained on the twin, an agent tunes with it, and what methods chose is judged on fresh windows. All in one folder; a
 * step needs those before it in this file. While windows are measured, users in a closed loop ask the gateway; each
 * phase has its own load, which ends before the platform does, so that no request is left without an answer. One
 * thread; every step blocks for its windows and ends with FC_ECLOSED soon after *interrupted.
 */
#ifndef CLI_LOCAL_EXPERIMENT_H
#define CLI_LOCAL_EXPERIMENT_H

#include "calibrate_store.h"
#include "demo_agent.h"
#include "demo_history.h"
#include "demo_methods.h"
#include "load_process.h"
#include "local_site.h"
#include "profile.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  /* what is asked */
  const char *workflow_name;
  const char *folder; /* exists */
  int64_t users, budget_windows, profile_windows, history_rows, updates, seed;
  FILE *out; /* where a person reads along */
  const volatile sig_atomic_t *interrupted;

  /* what there is */
  fc_workflow_t *workflow;
  char workflow_path[LOCAL_SITE_PATH_SIZE];
  local_site_t site;
  settings_t settings; /* of the measuring that is not an agent's */
  bool has_settings;
  live_t *live;
  load_process_t load;
  int32_t n_loads;
  load_process_counts_t counts; /* of all loads so far */
  int64_t prometheus_requests;  /* that Prometheus saw at the gateway meanwhile */
  bool prometheus_is_unknown;   /* in one phase it could not say */
  profile_t profile;
  calibrate_result_t calibration;
  particles_t particles; /* of the twin */
  demo_history_t history;
  demo_server_t server;
  demo_agent_t agent;
  int64_t policy_version;
} local_experiment_t;

/* Checks machine and workflow, starts orchestrator and Prometheus. */
fc_status_t local_experiment_begin(local_experiment_t *experiment, fc_error_t *error);

/* Opens and closes the platform with users on it. Open before windows are measured. */
fc_status_t local_experiment_open(local_experiment_t *experiment, fc_error_t *error);
fc_status_t local_experiment_close(local_experiment_t *experiment, fc_error_t *error);

/* Why did a window fail? When load, orchestrator or Prometheus have ended, that is the reason, with the place of its
 * log; else `status` and *error stay as they are. FC_OK stays FC_OK unless one of them has ended. */
fc_status_t local_experiment_reason(local_experiment_t *experiment, fc_status_t status, fc_error_t *error);

/* profile_windows configurations, one window each, into folder/store. */
fc_status_t local_experiment_profile(local_experiment_t *experiment, fc_error_t *error);

/* The twin of the store's windows. */
fc_status_t local_experiment_calibrate(local_experiment_t *experiment, fc_error_t *error);

/* history_rows windows of the twin into the store, and AttMF trained on all of it. */
fc_status_t local_experiment_train(local_experiment_t *experiment, fc_error_t *error);

/* Server and agent; budget_windows of tuning. */
fc_status_t local_experiment_tune(local_experiment_t *experiment, fc_error_t *error);

/* What its users asked of it: object.requests, ... (load_process.h) and .requests_prometheus, null when unknown. */
void local_experiment_set_requests(const local_experiment_t *experiment, fc_json_t *object);

/* Stops and frees all; safe after a failure anywhere. */
void local_experiment_end(local_experiment_t *experiment);

#ifdef __cplusplus
}
#endif
#endif
