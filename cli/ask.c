/* ask.c - see ask.h. */
#include "ask.h"

int ask_connect(const char *command, const char *server, int64_t timeout_ms, fc_client_t **out) {
  fc_error_t error = {0};
  const fc_status_t status = fc_client_new(server, (int32_t)timeout_ms, out, &error);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail(command, &error);
  return status == FC_EINVAL ? CLI_USAGE : CLI_FAILED;
}

int ask_failed(const char *command, const fc_client_t *client, const fc_error_t *error) {
  fprintf(stderr, "faasconf %s: %s: %s\n", command, fc_rpc_code_name(fc_client_last_code(client)), error->message);
  return CLI_FAILED;
}
