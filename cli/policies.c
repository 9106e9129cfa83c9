/* policies.c - `faasconf policies`: the policy versions of a running server and what became of each. */
#include <inttypes.h>
#include <math.h>

#include "ask.h"

static void print_json(const fc_rpc_list_response_t *list) {
  fc_json_t *out = fc_json_object();
  fc_json_t *policies = fc_json_array();
  for (int32_t i = 0; i < list->n_policies; ++i) {
    const fc_rpc_policy_entry_t *entry = &list->policies[i];
    char digest[FC_HEX_SIZE];
    fc_json_t *one = fc_json_object();
    fc_hex(entry->digest, sizeof entry->digest, digest);
    fc_json_set_string(one, "workflow", entry->workflow);
    fc_json_set_int(one, "version", entry->version);
    fc_json_set_string(one, "state", entry->state);
    fc_json_set_string(one, "kind", entry->kind);
    fc_json_set_string(one, "variant", entry->variant);
    fc_json_set_string(one, "digest", digest);
    fc_json_set_int(one, "created_us", entry->created_us);
    fc_json_set_int(one, "updates", entry->updates);
    fc_json_set_double(one, "heldout_r2", entry->heldout_r2); /* NaN is written as null */
    fc_json_append(policies, &one);
  }
  fc_json_set(out, "policies", &policies);
  json_print(&out);
}

static void print_text(const fc_rpc_list_response_t *list) {
  if (list->n_policies == 0) {
    printf("no policies yet\n");
    return;
  }
  printf("%-20s %8s %-10s %-16s %10s %12s\n", "workflow", "version", "state", "kind", "updates", "held-out R2");
  for (int32_t i = 0; i < list->n_policies; ++i) {
    const fc_rpc_policy_entry_t *entry = &list->policies[i];
    char kind[2 * FC_NAME_SIZE];
    snprintf(kind, sizeof kind, "%s%s%s", entry->kind, entry->variant[0] != '\0' ? " " : "", entry->variant);
    printf("%-20s %8" PRId64 " %-10s %-16s %10" PRId64, entry->workflow, entry->version, entry->state, kind,
           entry->updates);
    if (isnan(entry->heldout_r2)) {
      printf(" %12s\n", "-");
    } else {
      printf(" %12.4f\n", entry->heldout_r2);
    }
  }
}

static int policies_run(int argc, char **argv) {
  const char *server = ASK_DEFAULT_SERVER, *workflow = "";
  int64_t timeout_ms = ASK_DEFAULT_TIMEOUT_MS;
  bool json = false;
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &workflow, "NAME", "only this workflow's (default: all)", false, 0, 0},
      ASK_ARGUMENTS(&server, &timeout_ms, &json)};
  const arguments_t arguments = {.command = "policies",
                                 .description = "Lists the policy versions a running server keeps, newest first.",
                                 .examples = "  faasconf policies --workflow parallel\n  faasconf policies --json",
                                 .arguments = options,
                                 .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_client_t *client = NULL;
  code = ask_connect("policies", server, timeout_ms, &client);
  if (code != CLI_DONE) return code;
  fc_error_t error = {0};
  fc_rpc_list_response_t list = {0};
  if (fc_client_list(client, workflow, &list, &error) != FC_OK) {
    code = ask_failed("policies", client, &error);
  } else if (json) {
    print_json(&list);
  } else {
    print_text(&list);
  }
  fc_rpc_list_response_clear(&list);
  fc_client_destroy(&client);
  return code;
}

const cli_command_t cli_policies = {"policies", "list a server's policy versions", policies_run};
