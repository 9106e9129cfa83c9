/* local_experiment.c - see local_experiment.h. */
#include "local_experiment.h"

#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "demo_train.h"
#include "jobs.h"
#include "workflow_file.h"

#define SETTLE_S 1.0
static const char MEASURING[] = "measuring", AGENT[] = "agent", EXPECTED[] = "\"ok\":true";
/* Prometheus scrapes each second: what was counted last is there two scrapes later. */
enum { LAST_SCRAPE_MS = 2000, N_PARTICLES = 256, CALIBRATION_WINDOWS = 3 };

/* ---- begin and end -------------------------------------------------------------------------------------------- */

fc_status_t local_experiment_begin(local_experiment_t *e, fc_error_t *error) {
  char path[LOCAL_SITE_PATH_SIZE + 32];
  const local_site_agent_t measuring = {.name = MEASURING, .seed = (uint64_t)e->seed};
  FC_TRY(local_site_check_machine(error));
  FC_TRY(fc_workflow_resolve(e->workflow_name, e->workflow_path, sizeof e->workflow_path, error));
  FC_TRY(fc_workflow_load(e->workflow_path, &e->workflow, error));
  FC_TRY(local_site_new(e->workflow, e->workflow_path, e->folder, &e->site, error));
  FC_TRY(local_site_start(&e->site, error));
  FC_TRY(local_site_write_agent(&e->site, &measuring, error));
  snprintf(path, sizeof path, "%s/%s.yaml", e->site.folder, MEASURING);
  e->has_settings = true;
  FC_TRY(settings_load(path, &e->settings, error));
  fprintf(e->out, "site      orchestrator at port %d, Prometheus at http://127.0.0.1:%d/, HAProxy's gateway at %d\n",
          (int)e->site.orchestrator_port, (int)e->site.prometheus_port, (int)e->site.gateway_port);
  return FC_OK;
}

void local_experiment_end(local_experiment_t *e) {
  load_process_counts_t ignored = {0};
  (void)load_process_stop(&e->load, &ignored, NULL);
  live_close(&e->live);
  demo_agent_stop(&e->agent);
  demo_server_stop(&e->server);
  local_site_stop(&e->site);
  demo_agent_clear(&e->agent);
  demo_history_clear(&e->history);
  profile_clear(&e->profile);
  particles_clear(&e->particles);
  calibrate_result_clear(&e->calibration);
  if (e->has_settings) settings_clear(&e->settings);
  fc_workflow_destroy(&e->workflow);
}

/* ---- load ----------------------------------------------------------------------------------------------------- */

static fc_status_t start_load(local_experiment_t *e, fc_error_t *error) {
  char url[64], name[32];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", (int)e->site.gateway_port);
  snprintf(name, sizeof name, "load-%d", (int)++e->n_loads);
  return load_process_start(&e->load, url, EXPECTED, (int32_t)e->users, e->workflow->window_s, e->site.folder, name,
                            error);
}

static fc_status_t stop_load(local_experiment_t *e, fc_error_t *error) {
  int64_t requests = 0;
  fc_error_t unknown = {FC_OK, ""};
  FC_TRY(load_process_stop(&e->load, &e->counts, error));
  (void)poll(NULL, 0, LAST_SCRAPE_MS);
  FC_TRY(local_site_check(&e->site, error));
  if (local_site_count_requests(&e->site, &requests, &unknown) == FC_OK) {
    e->prometheus_requests += requests;
  } else {
    e->prometheus_is_unknown = true;
    fprintf(e->out, "site      requests of this phase are unknown to Prometheus: %s\n", unknown.message);
  }
  return FC_OK;
}

fc_status_t local_experiment_open(local_experiment_t *e, fc_error_t *error) {
  const live_options_t options = {
      .settings = &e->settings, .workflow = e->workflow, .settle_s = SETTLE_S, .interrupted = e->interrupted};
  FC_TRY(local_site_check(&e->site, error));
  FC_TRY(live_open(&options, &e->live, error));
  return start_load(e, error);
}

fc_status_t local_experiment_close(local_experiment_t *e, fc_error_t *error) {
  FC_TRY(load_process_check(&e->load, error));
  FC_TRY(stop_load(e, error));
  live_close(&e->live);
  return local_site_check(&e->site, error);
}

fc_status_t local_experiment_reason(local_experiment_t *e, fc_status_t status, fc_error_t *error) {
  fc_error_t reason = {FC_OK, ""};
  if (status == FC_ECLOSED) return status; /* somebody asked for it: everything is ending */
  fc_status_t found = local_site_check(&e->site, &reason);
  if (found == FC_OK && e->load.process.pid != 0) found = load_process_check(&e->load, &reason);
  if (found == FC_OK) return status;
  if (error != NULL) *error = reason;
  return found;
}

void local_experiment_set_requests(const local_experiment_t *e, fc_json_t *object) {
  load_process_set_counts(object, &e->counts);
  if (e->prometheus_is_unknown) {
    fc_json_set_null(object, "requests_prometheus");
  } else {
    fc_json_set_int(object, "requests_prometheus", e->prometheus_requests);
  }
}

/* ---- profile and twin ----------------------------------------------------------------------------------------- */

static fc_status_t check_all_live(void *self, fc_error_t *error) {
  return local_experiment_reason(self, FC_OK, error);
}

static fc_status_t measure_profile(local_experiment_t *e, measured_rows_t *rows, fc_error_t *error) {
  const profile_options_t options = {.live = e->live,
                                     .workflow = e->workflow,
                                     .semantics = FC_SEMANTICS_STRICT,
                                     .users = (int32_t)e->users,
                                     .windows_per_point = 1,
                                     .rows = rows,
                                     .out = e->out,
                                     .tend = check_all_live,
                                     .tend_self = e};
  FC_TRY(profile_sweep(e->workflow, live_limits(e->live), live_before(e->live), (int32_t)e->profile_windows,
                       (uint64_t)e->seed, &e->profile, error));
  return profile_measure(&options, &e->profile, error);
}

fc_status_t local_experiment_profile(local_experiment_t *e, fc_error_t *error) {
  char directory[LOCAL_SITE_PATH_SIZE + 16];
  measured_rows_t *rows = NULL;
  snprintf(directory, sizeof directory, "%s/store", e->site.folder);
  fprintf(e->out, "profile   %d configurations of %s, a window of %g s each, %d users\n", (int)e->profile_windows,
          e->workflow->name, e->workflow->window_s, (int)e->users);
  FC_TRY(measured_rows_open(directory, e->workflow_path, MEASURING, &rows, error));
  fc_status_t status = local_experiment_open(e, error);
  if (status == FC_OK) status = measure_profile(e, rows, error);
  measured_rows_destroy(&rows);
  return status == FC_OK ? local_experiment_close(e, error) : status;
}

fc_status_t local_experiment_calibrate(local_experiment_t *e, fc_error_t *error) {
  char directory[LOCAL_SITE_PATH_SIZE + 16], path[LOCAL_SITE_PATH_SIZE + 16];
  twin_t *twin = NULL;
  snprintf(directory, sizeof directory, "%s/store", e->site.folder);
  snprintf(path, sizeof path, "%s/twin.json", e->site.folder);
  const calibrate_options_t options = {.workflow = e->workflow,
                                       .store = directory,
                                       .users = e->users,
                                       .n_particles = N_PARTICLES,
                                       .n_windows = CALIBRATION_WINDOWS,
                                       .seed = e->seed,
                                       .jobs = jobs_default_workers(),
                                       .prior_sigma = log(2),
                                       .windows_per_false_alarm = 500,
                                       .structures = TWIN_BALANCERS,
                                       .learns_all = true};
  FC_TRY(calibrate_store(&options, &twin, &e->calibration, error));
  fc_status_t status = twin_particles(twin, N_PARTICLES, &e->particles, error);
  twin_destroy(&twin);
  if (status == FC_OK) status = particles_save(&e->particles, e->workflow, path, error);
  if (status != FC_OK) return status;
  fprintf(e->out, "twin      calibrated on %" PRId64 " measured windows in %.1f s: %d worlds\n",
          e->calibration.n_learned, e->calibration.seconds, (int)e->particles.n);
  return FC_OK;
}

/* ---- training and tuning -------------------------------------------------------------------------------------- */

static fc_status_t make_history(local_experiment_t *e, fc_error_t *error) {
  char directory[LOCAL_SITE_PATH_SIZE + 16];
  store_t *store = NULL;
  snprintf(directory, sizeof directory, "%s/store", e->site.folder);
  FC_TRY(store_open(directory, STORE_EXISTING, "", &store, error));
  const fc_status_t status = demo_history_make(store, e->workflow, &e->particles, (int32_t)e->users,
                                               (int32_t)e->history_rows, (uint64_t)e->seed, &e->history, error);
  store_destroy(&store);
  if (status == FC_OK)
    fprintf(e->out, "history   %d windows of random configurations on the twin, %d met QoS\n", (int)e->history.rows.n,
            (int)e->history.n_met);
  return status;
}

fc_status_t local_experiment_train(local_experiment_t *e, fc_error_t *error) {
  const demo_train_options_t options = {.folder = e->site.folder,
                                        .workflow_path = e->workflow_path,
                                        .updates = e->updates,
                                        .seed = e->seed,
                                        .out = e->out,
                                        .interrupted = e->interrupted};
  FC_TRY(make_history(e, error));
  return demo_train(&options, error);
}

/* Users come as soon as the agent's HAProxy listens. */
static fc_status_t tend_load(void *self, fc_error_t *error) {
  local_experiment_t *e = self;
  FC_TRY(local_site_check(&e->site, error));
  if (e->load.process.pid != 0) return load_process_check(&e->load, error);
  return local_site_listens(e->site.gateway_port) ? start_load(e, error) : FC_OK;
}

static fc_status_t end_load(void *self, fc_error_t *error) {
  return stop_load(self, error);
}

static fc_status_t run_agent(local_experiment_t *e, fc_error_t *error) {
  char config[LOCAL_SITE_PATH_SIZE + 16];
  const local_site_agent_t agent = {.name = AGENT,
                                    .ingest = e->server.ingest,
                                    .hints = e->server.hints,
                                    .session_windows = (int32_t)e->budget_windows,
                                    .seed = (uint64_t)e->seed};
  FC_TRY(local_site_write_agent(&e->site, &agent, error));
  snprintf(config, sizeof config, "%s/%s.yaml", e->site.folder, AGENT);
  const demo_agent_real_t real = {config, e, tend_load, end_load};
  const demo_agent_options_t options = {.workflow = e->workflow,
                                        .workflow_path = e->workflow_path,
                                        .folder = e->site.folder,
                                        .users = (int32_t)e->users,
                                        .windows = (int32_t)e->budget_windows,
                                        .seed = (uint64_t)e->seed,
                                        .server = &e->server,
                                        .out = e->out,
                                        .interrupted = e->interrupted,
                                        .real = &real};
  return demo_agent_run(&options, &e->agent, error);
}

fc_status_t local_experiment_tune(local_experiment_t *e, fc_error_t *error) {
  FC_TRY(process_sibling("faasconfd", e->server.program, sizeof e->server.program, error));
  if (snprintf(e->server.folder, sizeof e->server.folder, "%s", e->site.folder) >= (int)sizeof e->server.folder)
    return fc_error_set(error, FC_EINVAL, "%s: a shorter path is needed", e->site.folder);
  e->server.seed = (uint64_t)e->seed;
  FC_TRY(demo_server_start(&e->server, error));
  fprintf(e->out, "server    faasconfd answers at %s\n", e->server.rpc);
  FC_TRY(run_agent(e, error));
  FC_TRY(demo_server_policy_version(&e->server, e->workflow->name, &e->policy_version, error));
  return demo_server_end(&e->server, error);
}
