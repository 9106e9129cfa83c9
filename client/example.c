/* example.c - a complete program over libfaasconf: asks a server what to run a workflow with.
 *
 *   faasconf-example tcp://127.0.0.1:7603 parallel
 *
 * Build your own against an installed libfaasconf:  cc -std=c17 example.c $(pkg-config --cflags --libs faasconf)
 */
#include <inttypes.h>
#include <stdio.h>

#include "faasconf/client.h"

static void print_decision(const fc_rpc_decide_response_t *decision) {
  printf("policy version %" PRId64 ", %.6f USD per hour\n", decision->policy_version, decision->cost_usd_h);
  for (int32_t i = 0; i < decision->n_functions; ++i) {
    const fc_function_configuration_t *c = &decision->configuration[i];
    printf("%-24s %5d m %6d MiB %3d replicas %3d concurrent\n", decision->functions[i], (int)c->cpu_millicores,
           (int)c->mem_mib, (int)c->replicas, (int)c->concurrency);
  }
  if (decision->has_bounds) {
    printf("safe price band %.6f to %.6f USD per hour\n", decision->lb_usd_h, decision->ub_usd_h);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: faasconf-example SERVER WORKFLOW   (such as tcp://127.0.0.1:7603 parallel)\n");
    return 2;
  }
  fc_error_t error = {0};
  fc_client_t *client = NULL;
  if (fc_client_new(argv[1], 5000, &client, &error) != FC_OK) {
    fprintf(stderr, "faasconf-example: %s\n", error.message);
    return 2;
  }
  fc_rpc_decide_request_t request = {0}; /* no observation: the server decides on the newest window it has */
  snprintf(request.workflow, sizeof request.workflow, "%s", argv[2]);
  fc_rpc_decide_response_t decision;
  const fc_status_t status = fc_client_decide(client, &request, &decision, &error);
  if (status == FC_OK) {
    print_decision(&decision);
    fc_rpc_decide_response_clear(&decision);
  } else {
    fprintf(stderr, "faasconf-example: %s: %s\n", fc_rpc_code_name(fc_client_last_code(client)), error.message);
  }
  fc_client_destroy(&client);
  return status == FC_OK ? 0 : 1;
}
