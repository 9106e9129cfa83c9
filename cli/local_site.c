/* local_site.c - see local_site.h. */
#include "local_site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faasconf/config.h"
#include "health.h"
#include "prometheus.h"

#define QUERY_TIMEOUT_S 5.0
enum { START_TIMEOUT_MS = 15000, STOP_TIMEOUT_MS = 10000, POLL_MS = 20, FIXED_PORTS = 4 };

/* ---- the machine ---------------------------------------------------------------------------------------------- */

/* Where the shell would find it, and where Debian puts what is for root. */
static bool find_program(const char *name, char *path, size_t size) {
  const char *search = getenv("PATH");
  char *folders = NULL;
  bool found = false;
  if (asprintf(&folders, "%s:/usr/sbin:/sbin", search != NULL ? search : "/usr/bin") < 0) return false;
  char *rest = NULL;
  for (const char *folder = strtok_r(folders, ":", &rest); folder != NULL && !found;
       folder = strtok_r(NULL, ":", &rest)) {
    const int n = snprintf(path, size, "%s/%s", folder, name);
    found = n > 0 && n < (int)size && access(path, X_OK) == 0;
  }
  free(folders);
  return found;
}

fc_status_t local_site_check_machine(fc_error_t *error) {
  static const char *const programs[] = {"haproxy", "prometheus"};
  char path[LOCAL_SITE_PATH_SIZE];
  if (geteuid() != 0)
    return fc_error_set(error, FC_EUNSAFE,
                        "platform local makes control groups: run it as root (sudo), on a machine for trying things");
  for (size_t i = 0; i < sizeof programs / sizeof programs[0]; ++i)
    if (!find_program(programs[i], path, sizeof path))
      return fc_error_set(error, FC_ENOTFOUND, "%s is not installed: apt-get install %s, or script/bootstrap run",
                          programs[i], programs[i]);
  return FC_OK;
}

/* ---- commands ------------------------------------------------------------------------------------------------- */

/* One word of a YAML list. A first word that is a program beside this one is named by its path. */
static fc_status_t print_word(FILE *out, const char *word, bool is_first, fc_error_t *error) {
  char sibling[LOCAL_SITE_PATH_SIZE];
  if (is_first && strchr(word, '/') == NULL && process_sibling(word, sibling, sizeof sibling, NULL) == FC_OK &&
      access(sibling, X_OK) == 0)
    word = sibling;
  if (strchr(word, '\'') != NULL)
    return fc_error_set(error, FC_EINVAL, "platform.functions: command: a word without ' is needed, found %s", word);
  fprintf(out, "%s'%s'", is_first ? "" : ", ", word);
  return FC_OK;
}

static fc_status_t read_command(const fc_config_node_t *list, char **text, fc_error_t *error) {
  size_t size = 0;
  fc_status_t status = FC_OK;
  FILE *out = open_memstream(text, &size);
  if (out == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a command");
  for (int32_t i = 0; i < fc_config_size(list) && status == FC_OK; ++i)
    status = print_word(out, fc_config_text(fc_config_at(list, i)), i == 0, error);
  if (fclose(out) != 0 && status == FC_OK) status = fc_error_set(error, FC_ENOMEM, "no memory for a command");
  return status;
}

/* The workflow file has been checked as a whole when the workflow was loaded. */
static fc_status_t read_commands(local_site_t *site, fc_error_t *error) {
  fc_config_t *config = NULL;
  FC_TRY(fc_config_load(site->workflow_path, &config, error));
  const fc_config_node_t *platform = fc_config_get(fc_config_root(config), "platform");
  const fc_config_node_t *functions = platform != NULL ? fc_config_get(platform, "functions") : NULL;
  fc_status_t status = FC_OK;
  for (int32_t f = 0; f < site->workflow->n_functions && status == FC_OK; ++f) {
    const char *name = site->workflow->functions[f].name;
    const fc_config_node_t *function = functions != NULL ? fc_config_get(functions, name) : NULL;
    const bool has_command = function != NULL && fc_config_is_map(function);
    status = has_command ? read_command(fc_config_get(function, "command"), &site->commands[f], error)
                         : fc_error_set(error, FC_EINVAL,
                                        "%s: no command for function %s: a section such as `platform: {kind: local, "
                                        "functions: {%s: {command: [my-function, --port, \"{port}\"]}}}` says what to "
                                        "run (docs/workflow-file.md; local-sequential has one)",
                                        site->workflow_path, name, name);
  }
  fc_config_destroy(&config);
  return status;
}

/* ---- ports ---------------------------------------------------------------------------------------------------- */

/* A free port; the socket keeps it from being chosen twice. */
static int take_port(int32_t *port) {
  *port = health_free_port(NULL, 0);
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int socket_descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_descriptor < 0) return -1;
  if (*port > 0 && bind(socket_descriptor, (const struct sockaddr *)&address, sizeof address) == 0)
    return socket_descriptor;
  (void)close(socket_descriptor);
  return -1;
}

static fc_status_t choose_ports(local_site_t *site, fc_error_t *error) {
  int32_t *const fixed[FIXED_PORTS] = {&site->gateway_port, &site->orchestrator_port, &site->metrics_port,
                                       &site->prometheus_port};
  const int32_t n = FIXED_PORTS + site->workflow->n_functions;
  int *held = calloc((size_t)n, sizeof *held);
  fc_status_t status = FC_OK;
  if (held == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for ports");
  int32_t n_held = 0;
  for (int32_t i = 0; i < n && status == FC_OK; ++i) {
    held[i] = take_port(i < FIXED_PORTS ? fixed[i] : &site->ports[i - FIXED_PORTS]);
    if (held[i] < 0)
      status = fc_error_set(error, FC_EIO, "no free port on 127.0.0.1: %s", strerror(errno));
    else
      n_held = i + 1;
  }
  for (int32_t i = 0; i < n_held; ++i) (void)close(held[i]);
  free(held);
  return status;
}

bool local_site_listens(int32_t port) {
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int socket_descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_descriptor < 0) return false;
  const bool connected = connect(socket_descriptor, (const struct sockaddr *)&address, sizeof address) == 0;
  (void)close(socket_descriptor);
  return connected;
}

/* ---- site ----------------------------------------------------------------------------------------------------- */

static fc_status_t absolute(const char *path, char *out, fc_error_t *error) {
  char *whole = realpath(path, NULL);
  if (whole == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", path, strerror(errno));
  const bool fits = strlen(whole) < LOCAL_SITE_PATH_SIZE && strchr(whole, '\'') == NULL;
  if (fits) memcpy(out, whole, strlen(whole) + 1);
  free(whole);
  return fits ? FC_OK : fc_error_set(error, FC_EINVAL, "%s: a shorter path without ' is needed", path);
}

fc_status_t local_site_new(const fc_workflow_t *workflow, const char *workflow_path, const char *folder,
                           local_site_t *site, fc_error_t *error) {
  *site = (local_site_t){.workflow = workflow};
  site->ports = calloc((size_t)workflow->n_functions, sizeof *site->ports);
  site->commands = calloc((size_t)workflow->n_functions, sizeof *site->commands);
  if (site->ports == NULL || site->commands == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a site");
  FC_TRY(absolute(workflow_path, site->workflow_path, error));
  FC_TRY(absolute(folder, site->folder, error));
  FC_TRY(read_commands(site, error));
  return choose_ports(site, error);
}

static fc_status_t wait_until_listening(local_site_t *site, process_t *process, const char *what, int32_t port,
                                        fc_error_t *error) {
  for (int waited_ms = 0; waited_ms < START_TIMEOUT_MS; waited_ms += POLL_MS) {
    const bool listens = local_site_listens(port);
    if (listens) (void)poll(NULL, 0, POLL_MS); /* somebody else's port? Then the process has just ended */
    if (listens && process_running(process)) return FC_OK;
    if (!process_running(process))
      return fc_error_set(error, FC_EIO, "%s ended with code %d while starting; its log: %s/%s.log", what,
                          process->exit_code, site->folder, what);
    poll(NULL, 0, POLL_MS);
  }
  return fc_error_set(error, FC_ETIMEOUT, "%s does not listen after %d s; its log: %s/%s.log", what,
                      START_TIMEOUT_MS / 1000, site->folder, what);
}

static fc_status_t start_process(local_site_t *site, process_t *process, const char *what, const char *const *argv,
                                 int32_t port, fc_error_t *error) {
  char log[LOCAL_SITE_PATH_SIZE + 32];
  snprintf(log, sizeof log, "%s/%s.log", site->folder, what);
  FC_TRY(process_start(process, argv, log, log, error));
  return wait_until_listening(site, process, what, port, error);
}

static fc_status_t start_orchestrator(local_site_t *site, fc_error_t *error) {
  char program[LOCAL_SITE_PATH_SIZE], port[16], *endpoints = NULL;
  size_t size = 0;
  FC_TRY(process_sibling("faasconf-orchestrator", program, sizeof program, error));
  snprintf(port, sizeof port, "%d", (int)site->orchestrator_port);
  FILE *out = open_memstream(&endpoints, &size);
  if (out == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for endpoints");
  for (int32_t f = 0; f < site->workflow->n_functions; ++f)
    fprintf(out, "%s%s=http://127.0.0.1:%d", f > 0 ? "," : "", site->workflow->functions[f].name, (int)site->ports[f]);
  if (fclose(out) != 0) {
    free(endpoints);
    return fc_error_set(error, FC_ENOMEM, "no memory for endpoints");
  }
  const char *argv[] = {program, "--workflow", site->workflow_path, "--port", port, "--endpoints", endpoints, NULL};
  const fc_status_t status =
      start_process(site, &site->orchestrator, "orchestrator", argv, site->orchestrator_port, error);
  free(endpoints);
  return status;
}

static fc_status_t start_prometheus(local_site_t *site, fc_error_t *error) {
  char program[LOCAL_SITE_PATH_SIZE], path[LOCAL_SITE_PATH_SIZE + 32], config[LOCAL_SITE_PATH_SIZE + 64],
      data[LOCAL_SITE_PATH_SIZE + 64], address[64];
  if (!find_program("prometheus", program, sizeof program))
    return fc_error_set(error, FC_ENOTFOUND, "prometheus is not installed: apt-get install prometheus");
  snprintf(path, sizeof path, "%s/prometheus.yaml", site->folder);
  snprintf(config, sizeof config, "--config.file=%s", path);
  snprintf(data, sizeof data, "--storage.tsdb.path=%s/prometheus", site->folder);
  snprintf(address, sizeof address, "--web.listen-address=127.0.0.1:%d", (int)site->prometheus_port);
  FILE *file = fopen(path, "w");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  fprintf(file,
          "# HAProxy's own exporter, once a second\n"
          "global: {scrape_interval: 1s, scrape_timeout: 900ms}\n"
          "scrape_configs:\n"
          "  - job_name: haproxy\n"
          "    static_configs: [{targets: ['127.0.0.1:%d']}]\n",
          (int)site->metrics_port);
  if (fclose(file) != 0) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  const char *argv[] = {program, config, data, address, "--log.level=warn", NULL};
  return start_process(site, &site->prometheus, "prometheus", argv, site->prometheus_port, error);
}

fc_status_t local_site_start(local_site_t *site, fc_error_t *error) {
  FC_TRY(start_orchestrator(site, error));
  return start_prometheus(site, error);
}

fc_status_t local_site_count_requests(const local_site_t *site, int64_t *requests, fc_error_t *error) {
  char url[64];
  prometheus_t *client = NULL;
  prometheus_answer_t answer = {0};
  snprintf(url, sizeof url, "http://127.0.0.1:%d", (int)site->prometheus_port);
  FC_TRY(prometheus_new(url, QUERY_TIMEOUT_S, &client, error));
  fc_status_t status =
      prometheus_query(client, "haproxy_frontend_http_requests_total{proxy=\"gateway\"}[10s]", NAN, &answer, error);
  prometheus_destroy(&client);
  double last = NAN;
  if (status == FC_OK && answer.n_series == 1 && answer.series[0].n_samples > 0)
    last = answer.series[0].samples[answer.series[0].n_samples - 1].value;
  if (status == FC_OK && !isfinite(last))
    status = fc_error_set(error, FC_ESTATE, "Prometheus at %s has no sample of HAProxy's gateway", url);
  if (status == FC_OK) *requests = (int64_t)llround(last);
  prometheus_answer_clear(&answer);
  return status;
}

fc_status_t local_site_check(local_site_t *site, fc_error_t *error) {
  if (!process_running(&site->orchestrator))
    return fc_error_set(error, FC_EIO, "the orchestrator ended with code %d; its log: %s/orchestrator.log",
                        site->orchestrator.exit_code, site->folder);
  if (!process_running(&site->prometheus))
    return fc_error_set(error, FC_EIO, "Prometheus ended with code %d; its log: %s/prometheus.log",
                        site->prometheus.exit_code, site->folder);
  return FC_OK;
}

fc_status_t local_site_write_agent(const local_site_t *site, const local_site_agent_t *agent, fc_error_t *error) {
  char path[LOCAL_SITE_PATH_SIZE + 80];
  snprintf(path, sizeof path, "%s/%s.yaml", site->folder, agent->name);
  FILE *file = fopen(path, "w");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  fprintf(file,
          "# written by `faasconf`\n"
          "agent: %s-%d\nworkflow: '%s'\nsemantics: strict\nstate: '%s/%s'\nmode: auto\n",
          agent->name, (int)site->gateway_port, site->workflow_path, site->folder, agent->name);
  if (agent->ingest != NULL)
    fprintf(file, "server:\n  ingest: \"%s\"\n  hints: \"%s\"\nsecurity:\n  insecure_loopback: true\n", agent->ingest,
            agent->hints);
  fprintf(file,
          "platform:\n  kind: local\n  gateway: {port: %d, orchestrator_port: %d}\n  metrics_port: %d\n  functions:\n",
          (int)site->gateway_port, (int)site->orchestrator_port, (int)site->metrics_port);
  for (int32_t f = 0; f < site->workflow->n_functions; ++f)
    fprintf(file, "    %s: {port: %d, command: [%s]}\n", site->workflow->functions[f].name, (int)site->ports[f],
            site->commands[f]);
  fprintf(file, "safety: {strategy: ses_paper, rails: tuning}\nsession: {windows: %d, seed: %" PRIu64 "}\n",
          (int)agent->session_windows, agent->seed);
  return fclose(file) == 0 ? FC_OK : fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
}

void local_site_stop(local_site_t *site) {
  process_stop(&site->orchestrator, STOP_TIMEOUT_MS);
  process_stop(&site->prometheus, STOP_TIMEOUT_MS);
  for (int32_t f = 0; site->commands != NULL && f < site->workflow->n_functions; ++f) free(site->commands[f]);
  free(site->commands);
  free(site->ports);
  site->commands = NULL;
  site->ports = NULL;
}
