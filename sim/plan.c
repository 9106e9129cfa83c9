/* plan.c - checking and compiling the tree of calls: see plan.h. The walk is in walk.c. */
#include "plan.h"

#include <string.h>

/* ---- checks ---- */

typedef struct {
  const fc_workflow_t *workflow;
  int32_t n_nodes, n_leaves;
  double n_steps; /* most steps of one workflow */
} check_t;

/* The most one execution of a node can repeat it; negative when the distribution is damaged. */
static double most_repetitions(const fc_count_distribution_t *count) {
  if (count->n_outcomes <= 0) return 1;
  if (count->n_outcomes > FC_MAX_COUNT_OUTCOMES) return -1;
  int32_t most = 0;
  for (int32_t i = 0; i < count->n_outcomes; ++i) {
    if (count->count[i] < 0) return -1;
    if (count->count[i] > most) most = count->count[i];
  }
  return most;
}

static fc_status_t check_node(check_t *check, int32_t index, int32_t depth, int32_t nested, double times,
                              fc_error_t *error);

static fc_status_t check_call(check_t *check, const fc_call_node_t *node, int32_t index, int32_t nested, double times,
                              fc_error_t *error) {
  const fc_workflow_t *workflow = check->workflow;
  if (node->function < 0 || node->function >= workflow->n_functions || node->first_child >= 0)
    return fc_error_set(error, FC_EINVAL, "workflow %s: call node %d does not call one of its functions",
                        workflow->name, (int)index);
  check->n_leaves += 1;
  const int32_t calls = workflow->functions[node->function].calls;
  if (calls < 0) return FC_OK;
  if (nested >= PLAN_MAX_NESTED)
    return fc_error_set(error, FC_EINVAL, "workflow %s: functions call each other deeper than %d", workflow->name,
                        PLAN_MAX_NESTED);
  return check_node(check, calls, 0, nested + 1, times, error);
}

/* n_steps grows by the most steps the node can take in one workflow, `times` being how often its parent runs. */
static fc_status_t check_node(check_t *check, int32_t index, int32_t depth, int32_t nested, double times,
                              fc_error_t *error) {
  const fc_workflow_t *workflow = check->workflow;
  if (index < 0 || index >= workflow->n_call_nodes)
    return fc_error_set(error, FC_EINVAL, "workflow %s: call node %d does not exist", workflow->name, (int)index);
  if (depth > PLAN_MAX_DEPTH)
    return fc_error_set(error, FC_EINVAL, "workflow %s: calls are nested deeper than %d", workflow->name,
                        PLAN_MAX_DEPTH);
  if (++check->n_nodes > PLAN_MAX_NODES)
    return fc_error_set(
        error, FC_EINVAL,
        "workflow %s: its calls are not a tree, or have more than %d nodes with the calls that functions "
        "make themselves",
        workflow->name, PLAN_MAX_NODES);
  const fc_call_node_t *node = &workflow->call_nodes[index];
  const double repetitions = most_repetitions(&node->count);
  if (repetitions < 0)
    return fc_error_set(error, FC_EINVAL, "workflow %s: call node %d has a damaged count", workflow->name, (int)index);
  check->n_steps += times;
  times *= repetitions;
  if (check->n_steps + times > PLAN_MAX_STEPS)
    return fc_error_set(error, FC_EINVAL, "workflow %s: its counts multiply to more than %d calls in one workflow",
                        workflow->name, PLAN_MAX_STEPS);
  if (node->kind == FC_CALL_FUNCTION) return check_call(check, node, index, nested, times, error);
  for (int32_t child = node->first_child; child >= 0; child = workflow->call_nodes[child].next_sibling)
    FC_TRY(check_node(check, child, depth + 1, nested, times, error));
  return FC_OK;
}

fc_status_t plan_check(const fc_workflow_t *workflow, int32_t *n_nodes, int32_t *n_leaves, fc_error_t *error) {
  check_t check = {workflow, 0, 0, 0};
  *n_nodes = *n_leaves = 0;
  FC_TRY(check_node(&check, workflow->calls, 0, 0, 1, error));
  if (workflow->call_nodes[workflow->calls].next_sibling >= 0)
    return fc_error_set(error, FC_EINVAL, "workflow %s: the root of its calls has a sibling", workflow->name);
  *n_nodes = check.n_nodes;
  *n_leaves = check.n_leaves;
  return FC_OK;
}

/* ---- compiling ---- */

typedef struct {
  const fc_workflow_t *workflow;
  plan_node_t *nodes;
  int32_t n_nodes, n_leaves;
} compile_t;

/* Where a node hangs. */
typedef struct {
  int32_t parent, owner, pause;
} place_t;

static int32_t compile_node(compile_t *compile, int32_t from_index, place_t place);

/* Children of `from`, or the one root of what the called function calls itself. */
static void compile_children(compile_t *compile, const fc_call_node_t *from, int32_t index, place_t below) {
  plan_node_t *nodes = compile->nodes;
  int32_t last = -1;
  int32_t child = from->first_child;
  if (from->kind == FC_CALL_FUNCTION) child = compile->workflow->functions[from->function].calls;
  while (child >= 0) {
    const int32_t compiled = compile_node(compile, child, below);
    if (last < 0) {
      nodes[index].first_child = compiled;
    } else {
      nodes[last].next_sibling = compiled;
    }
    last = compiled;
    nodes[index].n_children += 1;
    child = from->kind == FC_CALL_FUNCTION ? -1 : compile->workflow->call_nodes[child].next_sibling;
  }
}

static int32_t compile_node(compile_t *compile, int32_t from_index, place_t place) {
  const fc_call_node_t *from = &compile->workflow->call_nodes[from_index];
  const int32_t index = compile->n_nodes++;
  plan_node_t *node = &compile->nodes[index];
  const bool chosen = place.parent >= 0 && compile->nodes[place.parent].kind == FC_CALL_CHOICE;
  const bool once = from->count.n_outcomes <= 0 || (from->count.n_outcomes == 1 && from->count.count[0] == 1);
  memset(node, 0, sizeof *node);
  node->kind = from->kind;
  node->function = from->function;
  node->leaf = from->kind == FC_CALL_FUNCTION ? compile->n_leaves++ : -1;
  node->parent = place.parent;
  node->first_child = node->next_sibling = -1;
  node->owner = place.owner;
  node->pause = place.pause;
  node->probability = from->probability;
  node->plain = once && (chosen || from->probability >= 1);
  node->uses_previous_output = from->uses_previous_output;
  node->count = from->count;
  place_t below = {index, place.owner, place.pause};
  if (from->kind == FC_CALL_FUNCTION) {
    below.owner = index;
    below.pause = -1;
  } else if (from->kind == FC_CALL_PARALLEL && place.pause < 0) {
    below.pause = index;
  }
  compile_children(compile, from, index, below);
  compile->nodes[index].end = compile->n_nodes;
  return index;
}

void plan_compile(const fc_workflow_t *workflow, plan_node_t *nodes) {
  compile_t compile = {workflow, nodes, 0, 0};
  compile_node(&compile, workflow->calls, (place_t){-1, -1, -1});
}
