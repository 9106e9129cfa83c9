/* plan.c - compiling and walking the tree of calls: see plan.h. */
#include "plan.h"

/* ---- compiling ---- */

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

/* *n_steps grows by the most steps the node can take in one workflow, `times` being how often its parent runs. */
static fc_status_t check_node(const fc_workflow_t *workflow, int32_t index, int32_t depth, double times,
                              int32_t *n_seen, double *n_steps, int32_t *n_leaves, fc_error_t *error) {
  if (index < 0 || index >= workflow->n_call_nodes)
    return fc_error_set(error, FC_EINVAL, "workflow %s: call node %d does not exist", workflow->name, (int)index);
  if (depth > PLAN_MAX_DEPTH)
    return fc_error_set(error, FC_EINVAL, "workflow %s: calls are nested deeper than %d", workflow->name,
                        PLAN_MAX_DEPTH);
  if (++*n_seen > workflow->n_call_nodes)
    return fc_error_set(error, FC_EINVAL, "workflow %s: its calls are not a tree", workflow->name);
  const fc_call_node_t *node = &workflow->call_nodes[index];
  const double repetitions = most_repetitions(&node->count);
  if (repetitions < 0)
    return fc_error_set(error, FC_EINVAL, "workflow %s: call node %d has a damaged count", workflow->name, (int)index);
  *n_steps += times;
  times *= repetitions;
  if (*n_steps + times > PLAN_MAX_STEPS)
    return fc_error_set(error, FC_EINVAL, "workflow %s: its counts multiply to more than %d calls in one workflow",
                        workflow->name, PLAN_MAX_STEPS);
  if (node->kind == FC_CALL_FUNCTION) {
    if (node->function < 0 || node->function >= workflow->n_functions || node->first_child >= 0)
      return fc_error_set(error, FC_EINVAL, "workflow %s: call node %d does not call one of its functions",
                          workflow->name, (int)index);
    *n_leaves += 1;
    return FC_OK;
  }
  for (int32_t child = node->first_child; child >= 0; child = workflow->call_nodes[child].next_sibling)
    FC_TRY(check_node(workflow, child, depth + 1, times, n_seen, n_steps, n_leaves, error));
  return FC_OK;
}

fc_status_t plan_check(const fc_workflow_t *workflow, int32_t *n_leaves, fc_error_t *error) {
  int32_t n_seen = 0;
  double n_steps = 0;
  *n_leaves = 0;
  FC_TRY(check_node(workflow, workflow->calls, 0, 1, &n_seen, &n_steps, n_leaves, error));
  if (workflow->call_nodes[workflow->calls].next_sibling >= 0)
    return fc_error_set(error, FC_EINVAL, "workflow %s: the root of its calls has a sibling", workflow->name);
  return FC_OK;
}

static void compile_node(const fc_workflow_t *workflow, int32_t index, int32_t parent, int32_t *n_leaves,
                         plan_node_t *nodes) {
  const fc_call_node_t *from = &workflow->call_nodes[index];
  plan_node_t *node = &nodes[index];
  const bool chosen = parent >= 0 && nodes[parent].kind == FC_CALL_CHOICE;
  const bool once = from->count.n_outcomes <= 0 || (from->count.n_outcomes == 1 && from->count.count[0] == 1);
  node->kind = from->kind;
  node->function = from->function;
  node->leaf = from->kind == FC_CALL_FUNCTION ? (*n_leaves)++ : -1;
  node->parent = parent;
  node->first_child = from->first_child;
  node->next_sibling = from->next_sibling;
  node->n_children = 0;
  node->probability = from->probability;
  node->plain = once && (chosen || from->probability >= 1);
  node->uses_previous_output = from->uses_previous_output;
  node->count = &from->count;
  for (int32_t child = from->first_child; child >= 0; child = workflow->call_nodes[child].next_sibling) {
    node->n_children += 1;
    compile_node(workflow, child, index, n_leaves, nodes);
  }
}

void plan_compile(const fc_workflow_t *workflow, plan_node_t *nodes) {
  int32_t n_leaves = 0;
  compile_node(workflow, workflow->calls, -1, &n_leaves, nodes);
}

/* ---- walking ---- */

static inline FC_HOST_DEVICE plan_progress_t *plan_at(simulator_t *simulator, int32_t user, int32_t index) {
  return &simulator->progress[(int64_t)user * simulator->n_nodes + index];
}

static inline FC_HOST_DEVICE spoiled_t join(spoiled_t a, spoiled_t b) {
  return a != SPOILED_NOT ? a : b;
}

static FC_HOST_DEVICE double decide(simulator_t *simulator, int32_t user) {
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, DRAW_PLAN, (uint32_t)user, simulator->users[user].n_decisions++, bits);
  return draw_uniform(bits[0]);
}

/* How often the node runs this time: 0 when its chance says no. */
static FC_HOST_DEVICE int32_t repetitions(simulator_t *simulator, int32_t user, const plan_node_t *node) {
  const bool chosen = node->parent >= 0 && simulator->nodes[node->parent].kind == FC_CALL_CHOICE;
  if (!chosen && node->probability < 1 && decide(simulator, user) >= node->probability) return 0;
  const fc_count_distribution_t *count = node->count;
  if (count->n_outcomes <= 0) return 1;
  if (count->n_outcomes == 1) return count->count[0];
  double rest = decide(simulator, user);
  for (int32_t i = 0; i < count->n_outcomes - 1; ++i) {
    if (rest < count->probability[i]) return count->count[i];
    rest -= count->probability[i];
  }
  return count->count[count->n_outcomes - 1];
}

static FC_HOST_DEVICE int32_t choose(simulator_t *simulator, int32_t user, const plan_node_t *node) {
  double rest = decide(simulator, user);
  int32_t child = node->first_child;
  while (simulator->nodes[child].next_sibling >= 0 && rest >= simulator->nodes[child].probability) {
    rest -= simulator->nodes[child].probability;
    child = simulator->nodes[child].next_sibling;
  }
  return child;
}

static FC_HOST_DEVICE bool run_node(simulator_t *simulator, int32_t user, int32_t index, double now_s, spoiled_t *data);

static FC_HOST_DEVICE bool run_parallel(simulator_t *simulator, int32_t user, const plan_node_t *node,
                                        plan_progress_t *progress, double now_s, spoiled_t *data) {
  progress->pending = node->n_children;
  progress->joined = SPOILED_NOT;
  for (int32_t child = node->first_child; child >= 0; child = simulator->nodes[child].next_sibling) {
    spoiled_t own = *data;
    if (!run_node(simulator, user, child, now_s, &own)) continue;
    progress->joined = (uint8_t)join((spoiled_t)progress->joined, own);
    progress->pending -= 1;
  }
  if (progress->pending > 0) return false;
  if (node->n_children > 0) *data = (spoiled_t)progress->joined;
  return true;
}

/* Once through the node; true when nothing is left running in it. */
static FC_HOST_DEVICE bool run_once(simulator_t *simulator, int32_t user, int32_t index, double now_s,
                                    spoiled_t *data) {
  const plan_node_t *node = &simulator->nodes[index];
  switch (node->kind) {
    case FC_CALL_FUNCTION:
      engine_call(simulator, user, index, now_s, *data);
      return false;
    case FC_CALL_SEQUENCE:
      for (int32_t child = node->first_child; child >= 0; child = simulator->nodes[child].next_sibling)
        if (!run_node(simulator, user, child, now_s, data)) return false;
      return true;
    case FC_CALL_PARALLEL:
      return run_parallel(simulator, user, node, plan_at(simulator, user, index), now_s, data);
    case FC_CALL_CHOICE:
      return node->first_child < 0 || run_node(simulator, user, choose(simulator, user, node), now_s, data);
  }
  return true;
}

/* All repetitions of the node, as far as they end at once. */
static FC_HOST_DEVICE bool run_node(simulator_t *simulator, int32_t user, int32_t index, double now_s,
                                    spoiled_t *data) {
  const plan_node_t *node = &simulator->nodes[index];
  plan_progress_t *progress = plan_at(simulator, user, index);
  progress->repetitions = node->plain ? 1 : repetitions(simulator, user, node);
  while (progress->repetitions-- > 0)
    if (!run_once(simulator, user, index, now_s, data)) return false;
  return true;
}

FC_HOST_DEVICE bool plan_start(simulator_t *simulator, int32_t user, double now_s, spoiled_t *data) {
  return run_node(simulator, user, simulator->root, now_s, data);
}

FC_HOST_DEVICE bool plan_answered(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t *data) {
  int32_t index = node;
  for (;;) {
    plan_progress_t *progress = plan_at(simulator, user, index);
    while (progress->repetitions-- > 0)
      if (!run_once(simulator, user, index, now_s, data)) return false;
    const int32_t parent = simulator->nodes[index].parent;
    if (parent < 0) return true;
    if (simulator->nodes[parent].kind == FC_CALL_SEQUENCE) {
      for (int32_t next = simulator->nodes[index].next_sibling; next >= 0; next = simulator->nodes[next].next_sibling)
        if (!run_node(simulator, user, next, now_s, data)) return false;
    } else if (simulator->nodes[parent].kind == FC_CALL_PARALLEL) {
      plan_progress_t *group = plan_at(simulator, user, parent);
      group->joined = (uint8_t)join((spoiled_t)group->joined, *data);
      if (--group->pending > 0) return false;
      *data = (spoiled_t)group->joined;
    }
    index = parent;
  }
}
