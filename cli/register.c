/* register.c - `faasconf register`: tells a running server about a workflow, so that its agents may connect. */
#include <stdlib.h>

#include "ask.h"
#include "workflow_file.h"

static void print_result(const fc_rpc_register_response_t *response, bool json) {
  char digest[FC_HEX_SIZE];
  fc_hex(response->digest, sizeof response->digest, digest);
  if (!json) {
    printf("workflow %s %s\n", response->workflow, response->created ? "registered" : "was registered already");
    return;
  }
  fc_json_t *out = fc_json_object();
  fc_json_set_string(out, "workflow", response->workflow);
  fc_json_set_string(out, "digest", digest);
  fc_json_set_bool(out, "created", response->created);
  json_print(&out);
}

static int register_file(const char *server, int64_t timeout_ms, const char *text, size_t size, bool json) {
  fc_client_t *client = NULL;
  int code = ask_connect("register", server, timeout_ms, &client);
  if (code != CLI_DONE) return code;
  fc_error_t error = {0};
  fc_rpc_register_response_t response = {0};
  if (fc_client_register(client, text, size, &response, &error) != FC_OK)
    code = ask_failed("register", client, &error);
  else
    print_result(&response, json);
  fc_rpc_register_response_clear(&response);
  fc_client_destroy(&client);
  return code;
}

static int register_run(int argc, char **argv) {
  const char *server = ASK_DEFAULT_SERVER, *name = NULL;
  int64_t timeout_ms = ASK_DEFAULT_TIMEOUT_MS;
  bool json = false;
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &name, "NAME|PATH", "a shipped workflow or the path of a file", true, 0, 0},
      ASK_ARGUMENTS(&server, &timeout_ms, &json)};
  const arguments_t arguments = {
      .command = "register",
      .description =
          "Registers a workflow file with a running server: once per file, before its first agent connects.\n"
          "A file with other content under the same name becomes the one in use.",
      .examples =
          "  faasconf register --workflow parallel\n"
          "  faasconf register --server tcp://127.0.0.1:7603 --workflow mine.yaml --json",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_error_t error = {0};
  fc_workflow_t *workflow = NULL;
  char *text = NULL;
  size_t size = 0;
  if (workflow_file_read(name, &workflow, &text, &size, &error) != FC_OK) return cli_fail("register", &error);
  fc_workflow_destroy(&workflow);
  code = register_file(server, timeout_ms, text, size, json);
  free(text);
  return code;
}

const cli_command_t cli_register = {"register", "tell a server about a workflow", register_run};
