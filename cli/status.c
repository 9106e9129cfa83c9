/* status.c - `faasconf status`: how is a running server? */
#include <inttypes.h>
#include <time.h>

#include "ask.h"

static void print_json(const fc_rpc_status_response_t *status) {
  fc_json_t *out = fc_json_object();
  fc_json_t *workflows = fc_json_array();
  fc_json_set_string(out, "program_version", status->program_version);
  fc_json_set_string(out, "store", status->store);
  fc_json_set_int(out, "started_us", status->started_us);
  fc_json_set_bool(out, "degraded", status->degraded);
  fc_json_set_string(out, "problem", status->problem);
  for (int32_t i = 0; i < status->n_workflows; ++i) {
    fc_json_t *one = fc_json_object();
    fc_json_set_string(one, "workflow", status->workflows[i]);
    fc_json_set_int(one, "live_version", status->live_versions[i]);
    fc_json_append(workflows, &one);
  }
  fc_json_set(out, "workflows", &workflows);
#define COUNTER_JSON(name) fc_json_set_int(out, #name, (int64_t)status->name);
  FC_SERVER_COUNTERS(COUNTER_JSON)
#undef COUNTER_JSON
  json_print(&out);
}

static void print_text(const fc_rpc_status_response_t *status) {
  char started[32] = "?";
  const time_t seconds = (time_t)(status->started_us / 1000000);
  struct tm parts;
  if (gmtime_r(&seconds, &parts) != NULL) strftime(started, sizeof started, "%Y-%m-%d %H:%M:%S UTC", &parts);
  printf("faasconfd %s, running since %s, store %s\n", status->program_version, started, status->store);
  if (status->degraded) printf("DEGRADED: %s\n", status->problem);
  for (int32_t i = 0; i < status->n_workflows; ++i) {
    printf("workflow %s: ", status->workflows[i]);
    if (status->live_versions[i] > 0) {
      printf("policy version %" PRId64 " is live\n", status->live_versions[i]);
    } else {
      printf("no policy yet\n");
    }
  }
#define COUNTER_PRINT(name) printf("%-24s %" PRIu64 "\n", #name, status->name);
  FC_SERVER_COUNTERS(COUNTER_PRINT)
#undef COUNTER_PRINT
}

static int status_run(int argc, char **argv) {
  const char *server = ASK_DEFAULT_SERVER;
  int64_t timeout_ms = ASK_DEFAULT_TIMEOUT_MS;
  bool json = false;
  const argument_t options[] = {ASK_ARGUMENTS(&server, &timeout_ms, &json)};
  const arguments_t arguments = {.command = "status",
                                 .description = "Shows how a running server is: workflows, live policies, counters.",
                                 .examples = "  faasconf status --server tcp://127.0.0.1:7603 --json",
                                 .arguments = options,
                                 .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_client_t *client = NULL;
  code = ask_connect("status", server, timeout_ms, &client);
  if (code != CLI_DONE) return code;
  fc_error_t error = {0};
  fc_rpc_status_response_t status = {0};
  if (fc_client_status(client, &status, &error) != FC_OK) {
    code = ask_failed("status", client, &error);
  } else if (json) {
    print_json(&status);
  } else {
    print_text(&status);
  }
  fc_rpc_status_response_clear(&status);
  fc_client_destroy(&client);
  return code;
}

const cli_command_t cli_status = {"status", "show how a server is", status_run};
