/* drawn_workflow_file.c - a drawn workflow as YAML: see drawn_workflow.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "drawn_workflow.h"

static const char *const failure_names[] = {"fail", "ignore", "poison"};

static void print_head(FILE *out, const drawn_workflow_t *drawn) {
  const drawn_workflow_options_t *o = &drawn->options;
  fprintf(out, "# Drawn at random: faasconf generate workflow --functions %d --shape %s --seed %" PRIu64,
          (int)o->n_functions, workflow_shape_name(o->shape), o->seed);
  if (o->name_is_given) fprintf(out, " --name %s", o->name);
  fprintf(
      out,
      "\n# Nothing in it was measured: profiles around the fitted ones of the Parallel workflow. QoS targets: what\n"
      "# the start configuration meets with %d closed-loop users in %d simulated windows (docs/cli.md, generate).\n",
      DRAWN_USERS, (int)drawn->n_windows);
  fprintf(out,
          "faasconf: 1\nworkflow: \"%s\"\norchestrator: outside\nwindow_s: %g\n"
          "prices: {version: faasconf-paper-2024, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}\n"
          "ranges:\n  cpu_millicores: [600, 2000]\n  mem_mib: [614, 2048]\n  replicas: [2, 8]\n  concurrency: [2, 10]\n"
          "full_ranges:\n  cpu_millicores: [250, 2000]\n  mem_mib: [256, 2048]\n  replicas: [1, 8]\n"
          "  concurrency: [1, 10]\n"
          "start: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}\n",
          o->name, drawn->window_s);
}

/* ---- calls ---- */

static void print_steps(FILE *out, const drawn_workflow_t *drawn, int32_t sequence, int indent, bool on_line);

static void print_call(FILE *out, const fc_call_node_t *node) {
  const bool once = node->count.n_outcomes == 1 && node->count.count[0] == 1;
  if (once && node->probability >= 1 && node->uses_previous_output) {
    fprintf(out, "f%03d\n", (int)node->function + 1);
    return;
  }
  fprintf(out, "{call: f%03d", (int)node->function + 1);
  if (!node->uses_previous_output) fputs(", input: workflow", out);
  if (node->probability < 1) fprintf(out, ", probability: %.2f", node->probability);
  if (node->count.n_outcomes > 1) {
    fputs(", count: {", out);
    for (int32_t i = 0; i < node->count.n_outcomes; ++i)
      fprintf(out, "%s%d: %.2f", i > 0 ? ", " : "", (int)node->count.count[i], node->count.probability[i]);
    fputs("}", out);
  } else if (!once) {
    fprintf(out, ", count: %d", (int)node->count.count[0]);
  }
  fputs("}\n", out);
}

/* Branches are sequences. */
static void print_group(FILE *out, const drawn_workflow_t *drawn, const fc_call_node_t *group, int indent) {
  const bool choice = group->kind == FC_CALL_CHOICE;
  fputs(choice ? "choice:\n" : "parallel:\n", out);
  for (int32_t branch = group->first_child; branch >= 0; branch = drawn->nodes[branch].next_sibling) {
    if (choice) {
      fprintf(out, "%*s- probability: %.2f\n%*scalls:\n", indent + 2, "", drawn->nodes[branch].probability, indent + 4,
              "");
      print_steps(out, drawn, branch, indent + 6, false);
    } else {
      fprintf(out, "%*s- ", indent + 2, "");
      print_steps(out, drawn, branch, indent + 4, true);
    }
  }
}

/* on_line: the first step goes on where the line is. */
static void print_steps(FILE *out, const drawn_workflow_t *drawn, int32_t sequence, int indent, bool on_line) {
  for (int32_t step = drawn->nodes[sequence].first_child; step >= 0; step = drawn->nodes[step].next_sibling) {
    const fc_call_node_t *node = &drawn->nodes[step];
    fprintf(out, "%*s- ", on_line ? 0 : indent, "");
    on_line = false;
    if (node->kind == FC_CALL_FUNCTION)
      print_call(out, node);
    else
      print_group(out, drawn, node, indent + 2);
  }
}

/* ---- parameters ---- */

static void print_simulator(FILE *out, const drawn_workflow_t *drawn) {
  fputs(
      "simulator:\n  mark: assumed\n"
      "  orchestrator_startup_s: 0.8919\n  orchestrator_startup_sigma: 0.3\n  orchestrator_finish_s: 0.03844\n"
      "  gateway_delay_s: 0.03\n  throttling_loss: 0.5259\n  warmup_share: 0.1372\n"
      "  sigma_window: 0.02632\n  sigma_function: 0.03697\n  sigma_replica: 0.1219\n"
      "  mem_idle_mib: 20\n  mem_waiting_share: 0.3\n  spawn_rate_per_s: 10\n"
      "  cold_start_median_s: 2.5\n  cold_start_sigma: 0.3\n  functions:\n",
      out);
  for (int32_t f = 0; f < drawn->options.n_functions; ++f) {
    const fc_function_simulator_t *p = &drawn->functions[f];
    fprintf(out,
            "    f%03d: {work_cpu_s: %.4g, startup_share: %.4g, parallelism: %.4g, mem_mib_per_request: %.4g,\n"
            "           contention: %.4g, answer_delay_s: %.4g, net_bytes_per_call: %.0f, work_sigma: %.4g}\n",
            (int)f + 1, p->work_cpu_s, p->startup_share, p->parallelism, p->mem_mib_per_request, p->contention,
            p->answer_delay_s, p->net_bytes_per_call, p->work_sigma);
  }
}

fc_status_t drawn_workflow_write(const drawn_workflow_t *drawn, char **text, size_t *size, fc_error_t *error) {
  size_t length = 0;
  *text = NULL;
  FILE *out = open_memstream(text, &length);
  if (out == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the workflow file");
  print_head(out, drawn);
  fputs("functions:\n", out);
  for (int32_t f = 0; f < drawn->options.n_functions; ++f)
    fprintf(out, "  - {name: f%03d, mode: fork, on_failure: %s}\n", (int)f + 1, failure_names[drawn->on_failure[f]]);
  fputs("calls:\n", out);
  print_steps(out, drawn, 0, 2, false);
  fprintf(out, "qos:\n  - latency_mean_s: %.6g\n  - {success_ratio: %.2f, of: completed, semantics: strict}\n",
          drawn->latency_target_s, drawn->success_target);
  print_simulator(out, drawn);
  const bool failed = ferror(out) != 0;
  if (fclose(out) != 0 || failed) {
    free(*text);
    *text = NULL;
    return fc_error_set(error, FC_ENOMEM, "no memory for the workflow file");
  }
  if (size != NULL) *size = length;
  return FC_OK;
}
