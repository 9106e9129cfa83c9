/* demo_server.c - see demo_server.h. */
#include "demo_server.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faasconf/client.h"
#include "faasconf/json.h"

enum { START_TIMEOUT_MS = 20000, STOP_TIMEOUT_MS = 15000, STATUS_TIMEOUT_MS = 5000, MAX_RESTARTS = 5, POLL_MS = 20 };

static void path_of(const demo_server_t *server, const char *name, char path[DEMO_PATH_SIZE + 64]) {
  snprintf(path, DEMO_PATH_SIZE + 64, "%s/%s", server->folder, name);
}

static fc_status_t write_configuration(const demo_server_t *server, fc_error_t *error) {
  char path[DEMO_PATH_SIZE + 64];
  const char *any = "tcp://127.0.0.1:*";
  path_of(server, "server.yaml", path);
  FILE *file = fopen(path, "w");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: cannot write", path);
  fprintf(file,
          "# written by `faasconf demo`\n"
          "store: '%s/store'\n"
          "listen:\n  ingest: \"%s\"\n  hints: \"%s\"\n  rpc: \"%s\"\n"
          "security:\n  insecure_loopback: true\n"
          "learner:\n  algorithm: attmf\n  variant: repaired\n  seed: %" PRIu64 "\n",
          server->folder, server->ingest[0] ? server->ingest : any, server->hints[0] ? server->hints : any,
          server->rpc[0] ? server->rpc : any, server->seed);
  if (fclose(file) != 0) return fc_error_set(error, FC_EIO, "%s: cannot write", path);
  return FC_OK;
}

/* True once endpoints.json is there and whole. */
static bool read_endpoints(demo_server_t *server) {
  char path[DEMO_PATH_SIZE + 64], text[4096];
  path_of(server, "store/endpoints.json", path);
  FILE *file = fopen(path, "r");
  if (file == NULL) return false;
  const size_t size = fread(text, 1, sizeof text, file);
  (void)fclose(file);
  fc_json_t *json = NULL;
  if (fc_json_parse(text, size, &json, NULL) != FC_OK) return false;
  const char *ingest = fc_json_string(fc_json_get(json, "ingest"));
  const char *hints = fc_json_string(fc_json_get(json, "hints"));
  const char *rpc = fc_json_string(fc_json_get(json, "rpc"));
  const bool whole = ingest != NULL && hints != NULL && rpc != NULL;
  if (whole) {
    snprintf(server->ingest, sizeof server->ingest, "%s", ingest);
    snprintf(server->hints, sizeof server->hints, "%s", hints);
    snprintf(server->rpc, sizeof server->rpc, "%s", rpc);
  }
  fc_json_destroy(&json);
  return whole;
}

static void write_pid(const demo_server_t *server) {
  char path[DEMO_PATH_SIZE + 64];
  path_of(server, "server.pid", path);
  FILE *file = fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%d\n", server->process.pid);
  (void)fclose(file);
}

fc_status_t demo_server_start(demo_server_t *server, fc_error_t *error) {
  char config[DEMO_PATH_SIZE + 64], out[DEMO_PATH_SIZE + 64], err[DEMO_PATH_SIZE + 64], old[DEMO_PATH_SIZE + 64];
  FC_TRY(write_configuration(server, error));
  path_of(server, "server.yaml", config);
  path_of(server, "server.out", out);
  path_of(server, "server.log", err);
  path_of(server, "store/endpoints.json", old);
  (void)unlink(old);
  const char *argv[] = {server->program, "--config", config, NULL};
  FC_TRY(process_start(&server->process, argv, out, err, error));
  write_pid(server);
  for (int waited_ms = 0; waited_ms < START_TIMEOUT_MS; waited_ms += POLL_MS) {
    if (read_endpoints(server)) return FC_OK;
    if (!process_running(&server->process))
      return fc_error_set(error, FC_EIO, "faasconfd ended with code %d while starting; its log: %s",
                          server->process.exit_code, err);
    poll(NULL, 0, POLL_MS);
  }
  process_stop(&server->process, STOP_TIMEOUT_MS);
  return fc_error_set(error, FC_ETIMEOUT, "faasconfd was not ready within %d s; its log: %s", START_TIMEOUT_MS / 1000,
                      err);
}

fc_status_t demo_server_supervise(demo_server_t *server, fc_error_t *error) {
  if (process_running(&server->process)) return FC_OK;
  if (server->n_restarts >= MAX_RESTARTS)
    return fc_error_set(error, FC_EIO, "faasconfd ended %d times; its log: %s/server.log", MAX_RESTARTS + 1,
                        server->folder);
  server->n_restarts += 1;
  return demo_server_start(server, error);
}

fc_status_t demo_server_policy_version(const demo_server_t *server, const char *workflow, int64_t *version,
                                       fc_error_t *error) {
  fc_client_t *client = NULL;
  fc_rpc_status_response_t status = {0};
  FC_TRY(fc_client_new(server->rpc, STATUS_TIMEOUT_MS, &client, error));
  const fc_status_t result = fc_client_status(client, &status, error);
  fc_client_destroy(&client);
  if (result != FC_OK) return result;
  for (int32_t i = 0; i < status.n_workflows; ++i)
    if (strcmp(status.workflows[i], workflow) == 0) *version = status.live_versions[i];
  fc_rpc_status_response_clear(&status);
  return FC_OK;
}

void demo_server_stop(demo_server_t *server) {
  process_stop(&server->process, STOP_TIMEOUT_MS);
}

fc_status_t demo_server_end(demo_server_t *server, fc_error_t *error) {
  demo_server_stop(server);
  if (server->process.exit_code == 0) return FC_OK;
  return fc_error_set(error, FC_EIO, "faasconfd ended with code %d when asked to stop; its log: %s/server.log",
                      server->process.exit_code, server->folder);
}
