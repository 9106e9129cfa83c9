/* workflow_calls.c - the call plans of a workflow file: lists of steps become trees of call nodes.
 *
 *   - starter                        a call
 *   - call: resnet                   the same with options: probability, count, input
 *   - parallel: [[a, b], [c]]        branches at once
 *   - choice: [{probability: .4, calls: [...]}, ...]     exactly one
 *   - repeat: {1: .9, 2: .1}         calls several times over
 *     calls: [...]
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workflow_parse.h"

typedef struct {
  fc_workflow_t *workflow;
  int32_t capacity;
  fc_error_t *error;
} plan_t;

static fc_status_t node_new(plan_t *plan, const fc_config_node_t *at, fc_call_kind_t kind, int32_t *index) {
  fc_workflow_t *w = plan->workflow;
  if (w->n_call_nodes >= FC_MAX_CALL_NODES)
    return fc_config_error(at, plan->error, "calls: more than %d steps", FC_MAX_CALL_NODES);
  if (w->n_call_nodes == plan->capacity) {
    const int32_t capacity = plan->capacity > 0 ? 2 * plan->capacity : 32;
    fc_call_node_t *nodes = realloc(w->call_nodes, (size_t)capacity * sizeof *nodes);
    if (nodes == NULL) return fc_error_set(plan->error, FC_ENOMEM, "no memory for the call plan");
    w->call_nodes = nodes;
    plan->capacity = capacity;
  }
  fc_call_node_t *node = &w->call_nodes[w->n_call_nodes];
  memset(node, 0, sizeof *node);
  node->kind = kind;
  node->function = -1;
  node->first_child = -1;
  node->next_sibling = -1;
  node->probability = 1.0;
  node->count.n_outcomes = 1;
  node->count.count[0] = 1;
  node->count.probability[0] = 1.0;
  node->uses_previous_output = true;
  *index = w->n_call_nodes++;
  return FC_OK;
}

/* A count is a number, or a map count -> probability that sums to 1. */
static fc_status_t parse_count(const fc_config_node_t *node, fc_count_distribution_t *count, fc_error_t *error) {
  int64_t value = 0;
  double sum = 0.0;
  if (node == NULL) return FC_OK;
  if (fc_config_is_scalar(node)) {
    FC_TRY(fc_config_as_int(node, 1, 1000, &value, error));
    count->count[0] = (int32_t)value;
    return FC_OK;
  }
  const int32_t n = fc_config_size(node);
  if (!fc_config_is_map(node) || n < 1 || n > FC_MAX_COUNT_OUTCOMES)
    return fc_config_error(node, error, "expected a count, or a map of 1 to %d counts to probabilities",
                           FC_MAX_COUNT_OUTCOMES);
  count->n_outcomes = n;
  for (int32_t i = 0; i < n; ++i) {
    char *end = NULL;
    const char *key = fc_config_key_at(node, i);
    const long number = strtol(key, &end, 10);
    if (*key == '\0' || *end != '\0' || number < 0 || number > 1000)
      return fc_config_error(fc_config_value_at(node, i), error, "expected a count from 0 to 1000, found %.32s", key);
    count->count[i] = (int32_t)number;
    FC_TRY(fc_config_as_double(fc_config_value_at(node, i), 0.0, 1.0, &count->probability[i], error));
    sum += count->probability[i];
  }
  if (fabs(sum - 1.0) > 1e-6) return fc_config_error(node, error, "the probabilities sum to %.9g, not to 1", sum);
  return FC_OK;
}

static fc_status_t parse_steps(plan_t *plan, const fc_config_node_t *list, int32_t *index);

static fc_status_t parse_callee(plan_t *plan, const fc_config_node_t *node, int32_t index) {
  char name[FC_NAME_SIZE];
  FC_TRY(fc_config_as_text(node, name, sizeof name, plan->error));
  const int32_t function = fc_workflow_find(plan->workflow, name);
  if (function < 0) return fc_config_error(node, plan->error, "call: there is no function %s in `functions`", name);
  plan->workflow->call_nodes[index].function = function;
  return FC_OK;
}

static fc_status_t parse_call(plan_t *plan, const fc_config_node_t *map, int32_t *index) {
  static const char *const keys[] = {"call", "probability", "count", "input"};
  char input[16] = "previous";
  FC_TRY(fc_config_reject_unknown(map, keys, 4, plan->error));
  FC_TRY(node_new(plan, map, FC_CALL_FUNCTION, index));
  FC_TRY(parse_callee(plan, fc_config_get(map, "call"), *index));
  fc_call_node_t *node = &plan->workflow->call_nodes[*index];
  FC_TRY(fc_config_double(map, "probability", 0.0, 1.0, &node->probability, plan->error));
  FC_TRY(parse_count(fc_config_get(map, "count"), &node->count, plan->error));
  FC_TRY(fc_config_string(map, "input", input, sizeof input, plan->error));
  if (strcmp(input, "previous") != 0 && strcmp(input, "workflow") != 0)
    return fc_config_error(fc_config_get(map, "input"), plan->error,
                           "input: expected previous (the output before) or workflow (the workflow's own), found %s",
                           input);
  node->uses_previous_output = strcmp(input, "previous") == 0;
  return FC_OK;
}

/* Appends child to parent's list; *last is the child before. */
static void link_child(fc_workflow_t *workflow, int32_t parent, int32_t *last, int32_t child) {
  if (*last < 0)
    workflow->call_nodes[parent].first_child = child;
  else
    workflow->call_nodes[*last].next_sibling = child;
  *last = child;
}

static fc_status_t parse_parallel(plan_t *plan, const fc_config_node_t *map, int32_t *index) {
  static const char *const keys[] = {"parallel"};
  const fc_config_node_t *branches = fc_config_get(map, "parallel");
  int32_t last = -1;
  FC_TRY(fc_config_reject_unknown(map, keys, 1, plan->error));
  if (!fc_config_is_list(branches) || fc_config_size(branches) < 2)
    return fc_config_error(branches, plan->error, "parallel: expected a list of two or more branches");
  FC_TRY(node_new(plan, map, FC_CALL_PARALLEL, index));
  for (int32_t i = 0; i < fc_config_size(branches); ++i) {
    int32_t child = -1;
    FC_TRY(parse_steps(plan, fc_config_at(branches, i), &child));
    link_child(plan->workflow, *index, &last, child);
  }
  return FC_OK;
}

static fc_status_t parse_choice(plan_t *plan, const fc_config_node_t *map, int32_t *index) {
  static const char *const keys[] = {"choice"}, *const branch_keys[] = {"probability", "calls"};
  const fc_config_node_t *branches = fc_config_get(map, "choice");
  int32_t last = -1;
  double sum = 0.0;
  FC_TRY(fc_config_reject_unknown(map, keys, 1, plan->error));
  if (!fc_config_is_list(branches) || fc_config_size(branches) < 2)
    return fc_config_error(branches, plan->error, "choice: expected a list of two or more {probability, calls}");
  FC_TRY(node_new(plan, map, FC_CALL_CHOICE, index));
  for (int32_t i = 0; i < fc_config_size(branches); ++i) {
    const fc_config_node_t *branch = fc_config_at(branches, i), *calls = NULL, *node = NULL;
    int32_t child = -1;
    double probability = 0.0;
    FC_TRY(fc_config_require(branch, "probability", &node, plan->error));
    FC_TRY(fc_config_as_double(node, 0.0, 1.0, &probability, plan->error));
    FC_TRY(fc_config_require(branch, "calls", &calls, plan->error));
    FC_TRY(fc_config_reject_unknown(branch, branch_keys, 2, plan->error));
    FC_TRY(parse_steps(plan, calls, &child));
    plan->workflow->call_nodes[child].probability = probability;
    sum += probability;
    link_child(plan->workflow, *index, &last, child);
  }
  if (fabs(sum - 1.0) > 1e-6)
    return fc_config_error(branches, plan->error, "choice: the probabilities sum to %.9g, not to 1", sum);
  return FC_OK;
}

static fc_status_t parse_repeat(plan_t *plan, const fc_config_node_t *map, int32_t *index) {
  static const char *const keys[] = {"repeat", "calls", "probability"};
  const fc_config_node_t *calls = NULL;
  FC_TRY(fc_config_reject_unknown(map, keys, 3, plan->error));
  FC_TRY(fc_config_require(map, "calls", &calls, plan->error));
  FC_TRY(parse_steps(plan, calls, index));
  fc_call_node_t *node = &plan->workflow->call_nodes[*index];
  FC_TRY(fc_config_double(map, "probability", 0.0, 1.0, &node->probability, plan->error));
  return parse_count(fc_config_get(map, "repeat"), &node->count, plan->error);
}

static fc_status_t parse_step(plan_t *plan, const fc_config_node_t *step, int32_t *index) {
  if (fc_config_is_scalar(step)) {
    FC_TRY(node_new(plan, step, FC_CALL_FUNCTION, index));
    return parse_callee(plan, step, *index);
  }
  if (fc_config_get(step, "call") != NULL) return parse_call(plan, step, index);
  if (fc_config_get(step, "parallel") != NULL) return parse_parallel(plan, step, index);
  if (fc_config_get(step, "choice") != NULL) return parse_choice(plan, step, index);
  if (fc_config_get(step, "repeat") != NULL) return parse_repeat(plan, step, index);
  return fc_config_error(step, plan->error,
                         "calls: expected a function, or a map with call, parallel, choice or repeat");
}

static fc_status_t parse_steps(plan_t *plan, const fc_config_node_t *list, int32_t *index) {
  int32_t last = -1;
  if (!fc_config_is_list(list) || fc_config_size(list) < 1)
    return fc_config_error(list, plan->error, "calls: expected a list of steps");
  FC_TRY(node_new(plan, list, FC_CALL_SEQUENCE, index));
  for (int32_t i = 0; i < fc_config_size(list); ++i) {
    int32_t child = -1;
    FC_TRY(parse_step(plan, fc_config_at(list, i), &child));
    link_child(plan->workflow, *index, &last, child);
  }
  return FC_OK;
}

/* ---- recursion ----------------------------------------------------------------------------------------------- */

enum { UNSEEN = 0, OPEN = -1, MAX_CALL_DEPTH = 64 };

/* height[f]: how many functions deep the calls of f nest, itself included; UNSEEN and OPEN on the way. */
typedef struct {
  const fc_workflow_t *workflow;
  int32_t *height; /* (N) */
  int32_t culprit; /* the function to complain about, or -1 */
} nesting_t;

static int32_t function_height(nesting_t *nesting, int32_t function, int depth);

/* The highest function called by the plan `index` and its siblings. */
static int32_t plan_height(nesting_t *nesting, int32_t index, int depth) {
  int32_t highest = 0;
  for (; index >= 0 && nesting->culprit < 0; index = nesting->workflow->call_nodes[index].next_sibling) {
    const fc_call_node_t *node = &nesting->workflow->call_nodes[index];
    const int32_t height = node->function >= 0 ? function_height(nesting, node->function, depth + 1)
                                               : plan_height(nesting, node->first_child, depth);
    if (height > highest) highest = height;
  }
  return highest;
}

static int32_t function_height(nesting_t *nesting, int32_t function, int depth) {
  int32_t *height = &nesting->height[function];
  if (*height > UNSEEN) return *height;
  const bool open = *height == OPEN;
  *height = OPEN;
  const int32_t calls = nesting->workflow->functions[function].calls;
  const int32_t below = open || depth >= MAX_CALL_DEPTH ? MAX_CALL_DEPTH : plan_height(nesting, calls, depth);
  *height = below + 1;
  if (*height > MAX_CALL_DEPTH && nesting->culprit < 0) nesting->culprit = function;
  return *height;
}

static fc_status_t refuse_recursion(const fc_config_node_t *functions, const fc_workflow_t *workflow,
                                    fc_error_t *error) {
  FC_ASSERT(workflow->n_functions > 0);
  nesting_t nesting = {.workflow = workflow, .culprit = -1};
  nesting.height = calloc((size_t)workflow->n_functions, sizeof *nesting.height);
  if (nesting.height == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to check the calls");
  for (int32_t f = 0; f < workflow->n_functions && nesting.culprit < 0; ++f) (void)function_height(&nesting, f, 0);
  free(nesting.height);
  if (nesting.culprit < 0) return FC_OK;
  return fc_config_error(fc_config_at(functions, nesting.culprit), error,
                         "function %s calls itself, directly or through others (or calls nest deeper than %d)",
                         workflow->functions[nesting.culprit].name, MAX_CALL_DEPTH);
}

fc_status_t workflow_parse_calls(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error) {
  plan_t plan = {.workflow = workflow, .error = error};
  const fc_config_node_t *functions = fc_config_get(root, "functions"), *calls = NULL;
  FC_TRY(fc_config_require(root, "calls", &calls, error));
  FC_TRY(parse_steps(&plan, calls, &workflow->calls));
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_config_node_t *own = fc_config_get(fc_config_at(functions, f), "calls");
    if (own != NULL) FC_TRY(parse_steps(&plan, own, &workflow->functions[f].calls));
  }
  return refuse_recursion(functions, workflow, error);
}
