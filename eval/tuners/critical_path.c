/* critical_path.c - see critical_path.h: one walk for the lengths, one along the longest branches. */
#include "critical_path.h"

#include <string.h>

typedef struct {
  const fc_workflow_t *workflow;
  const fc_observation_t *window;
} source_t;

static double function_s(const source_t *source, int32_t function) {
  const fc_function_metrics_t *metrics = &source->window->metrics[function];
  return metrics->present & FC_METRIC_BIT(LATENCY_P75) ? metrics->latency_p75_s : 0.0;
}

static double repetitions(const fc_call_node_t *node) {
  double mean = 0.0;
  for (int32_t i = 0; i < node->count.n_outcomes; ++i) mean += node->count.count[i] * node->count.probability[i];
  return mean;
}

/* Expected seconds of a node. Within a choice `probability` is the branch's weight, elsewhere the chance that the node
 * runs: a factor of its share in both. */
static double node_s(const source_t *source, int32_t index) {
  const fc_call_node_t *node = &source->workflow->call_nodes[index];
  double once = node->kind == FC_CALL_FUNCTION ? function_s(source, node->function) : 0.0;
  for (int32_t child = node->first_child; child >= 0; child = source->workflow->call_nodes[child].next_sibling) {
    const double s = node_s(source, child);
    if (node->kind == FC_CALL_PARALLEL)
      once = s > once ? s : once;
    else
      once += s;
  }
  return once * node->probability * repetitions(node);
}

static void mark(const source_t *source, int32_t index, bool *on_path);

/* The child that takes longest, or -1. */
static int32_t slowest_child(const source_t *source, const fc_call_node_t *node) {
  int32_t slowest = -1;
  double longest = 0.0;
  for (int32_t child = node->first_child; child >= 0; child = source->workflow->call_nodes[child].next_sibling) {
    const double s = node_s(source, child);
    if (s > longest) {
      longest = s;
      slowest = child;
    }
  }
  return slowest;
}

static void mark_function(const source_t *source, int32_t function, bool *on_path) {
  const int32_t own_calls = source->workflow->functions[function].calls;
  if (on_path[function]) return; /* called twice */
  on_path[function] = true;
  if (own_calls >= 0) mark(source, own_calls, on_path);
}

static void mark(const source_t *source, int32_t index, bool *on_path) {
  const fc_call_node_t *node = &source->workflow->call_nodes[index];
  if (node_s(source, index) <= 0.0) return;
  if (node->kind == FC_CALL_FUNCTION) mark_function(source, node->function, on_path);
  if (node->kind == FC_CALL_PARALLEL) {
    const int32_t child = slowest_child(source, node);
    if (child >= 0) mark(source, child, on_path);
    return;
  }
  for (int32_t child = node->first_child; child >= 0; child = source->workflow->call_nodes[child].next_sibling)
    mark(source, child, on_path);
}

double critical_path(const fc_workflow_t *workflow, const fc_observation_t *window, bool *on_path) {
  const source_t source = {workflow, window};
  memset(on_path, 0, (size_t)workflow->n_functions * sizeof *on_path);
  if (workflow->calls < 0) return 0.0;
  mark(&source, workflow->calls, on_path);
  return node_s(&source, workflow->calls);
}
