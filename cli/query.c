/* query.c - `faasconf query`: what should this workflow run with, according to a running server? */
#include <inttypes.h>
#include <string.h>

#include "ask.h"
#include "faasconf/knobs.h"

/* ---- as JSON ---- */

static fc_json_t *configuration_json(const fc_rpc_decide_response_t *decision) {
  fc_json_t *all = fc_json_object();
  for (int32_t i = 0; i < decision->n_functions; ++i) {
    fc_json_t *one = fc_json_object();
    json_set_knobs(one, &decision->configuration[i]);
    fc_json_set(all, decision->functions[i], &one);
  }
  return all;
}

static fc_json_t *attention_json(const fc_rpc_decide_response_t *decision) {
  fc_json_t *edges = fc_json_array();
  for (int32_t e = 0; e < decision->n_edges; ++e) {
    fc_json_t *edge = fc_json_object();
    fc_json_set_string(edge, "from", decision->functions[decision->edge_row[e]]);
    fc_json_set_string(edge, "to", decision->functions[decision->edge_column[e]]);
    fc_json_set_double(edge, "weight", (double)decision->attention[e]);
    fc_json_append(edges, &edge);
  }
  return edges;
}

static fc_json_t *decision_json(const char *workflow, const fc_rpc_decide_response_t *decision) {
  fc_json_t *out = fc_json_object();
  fc_json_t *configuration = configuration_json(decision);
  fc_json_t *attention = attention_json(decision);
  fc_json_set_string(out, "workflow", workflow);
  fc_json_set(out, "configuration", &configuration);
  fc_json_set_double(out, "cost", decision->cost_usd_h);
  if (decision->has_bounds) {
    fc_json_t *bounds = fc_json_object();
    fc_json_set_double(bounds, "lb", decision->lb_usd_h);
    fc_json_set_double(bounds, "ub", decision->ub_usd_h);
    fc_json_set_double(bounds, "in_flight", decision->bounds_in_flight);
    fc_json_set(out, "bounds", &bounds);
  } else {
    fc_json_set_null(out, "bounds");
  }
  fc_json_set_int(out, "policy_version", decision->policy_version);
  fc_json_set_int(out, "observed_window_us", decision->observed_window_us);
  fc_json_set(out, "attention", &attention);
  return out;
}

static void add_explanation(fc_json_t *out, const fc_rpc_explain_response_t *why) {
  fc_json_t *explanation = fc_json_object();
  fc_json_set_double(explanation, "cost_now", why->cost_now_usd_h);
  if (why->has_q) {
    fc_json_set_double(explanation, "q_now", why->q_now);
    fc_json_set_double(explanation, "q_decided", why->q_decided);
  } else {
    fc_json_set_null(explanation, "q_now");
    fc_json_set_null(explanation, "q_decided");
  }
  fc_json_set_bool(explanation, "inside_bounds", why->inside_bounds);
  fc_json_set_string(explanation, "text", why->text);
  fc_json_set(out, "explanation", &explanation);
}

/* ---- as text ---- */

static void print_decision(const char *workflow, const fc_rpc_decide_response_t *decision) {
  printf("%s: policy version %" PRId64 ", %.6f USD per hour%s\n", workflow, decision->policy_version,
         decision->cost_usd_h, decision->observed_window_us == 0 ? " (no window seen yet: from the start)" : "");
  printf("%-28s %8s %8s %9s %12s\n", "function", "CPU m", "MiB", "replicas", "concurrency");
  for (int32_t i = 0; i < decision->n_functions; ++i) {
    const fc_function_configuration_t *c = &decision->configuration[i];
    printf("%-28s %8d %8d %9d %12d\n", decision->functions[i], (int)c->cpu_millicores, (int)c->mem_mib,
           (int)c->replicas, (int)c->concurrency);
  }
  if (decision->has_bounds) {
    printf("safe price band %.6f to %.6f USD per hour at %.3g requests in flight\n", decision->lb_usd_h,
           decision->ub_usd_h, decision->bounds_in_flight);
  } else {
    printf("no safe price band known yet\n");
  }
}

static void print_explanation(const fc_rpc_explain_response_t *why) {
  printf("now %.6f USD per hour", why->cost_now_usd_h);
  if (why->has_q) printf("; predicted value %.4g, now %.4g", why->q_decided, why->q_now);
  printf("\n%s\n", why->text);
}

/* ---- the command ---- */

static int query_run(int argc, char **argv) {
  const char *server = ASK_DEFAULT_SERVER, *workflow = NULL;
  int64_t timeout_ms = ASK_DEFAULT_TIMEOUT_MS, version = 0;
  bool json = false, explain = false;
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &workflow, "NAME", "a workflow the server knows", true, 0, 0},
      {"policy-version", ARGUMENT_INT, &version, "V", "decide with this version (default: the live one)", false, 0,
       9007199254740992.0},
      {"explain", ARGUMENT_FLAG, &explain, NULL, "also say why: predicted value and cost, compared with now", false, 0,
       0},
      ASK_ARGUMENTS(&server, &timeout_ms, &json)};
  const arguments_t arguments = {
      .command = "query",
      .description = "Asks a running server what a workflow should run with, given the newest window it has seen.",
      .examples =
          "  faasconf query --workflow parallel\n"
          "  faasconf query --server tcp://127.0.0.1:7603 --workflow parallel --explain --json",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_rpc_decide_request_t request = {.policy_version = version};
  if (strlen(workflow) >= sizeof request.workflow) {
    fprintf(stderr, "faasconf query: --workflow: a name of at most %d bytes was expected\n", FC_NAME_SIZE - 1);
    return CLI_USAGE;
  }
  snprintf(request.workflow, sizeof request.workflow, "%s", workflow);
  fc_client_t *client = NULL;
  code = ask_connect("query", server, timeout_ms, &client);
  if (code != CLI_DONE) return code;
  fc_error_t error = {0};
  fc_rpc_explain_response_t why = {0};
  const fc_status_t status = explain ? fc_client_explain(client, &request, &why, &error)
                                     : fc_client_decide(client, &request, &why.decision, &error);
  if (status != FC_OK) {
    code = ask_failed("query", client, &error);
  } else if (json) {
    fc_json_t *out = decision_json(workflow, &why.decision);
    if (explain) add_explanation(out, &why);
    json_print(&out);
  } else {
    print_decision(workflow, &why.decision);
    if (explain) print_explanation(&why);
  }
  fc_rpc_explain_response_clear(&why);
  fc_client_destroy(&client);
  return code;
}

const cli_command_t cli_query = {"query", "ask a server what a workflow should run with", query_run};
