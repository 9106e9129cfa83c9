/* walk.c - walking the tree of calls: see plan.h. */
#include "plan.h"

static inline FC_HOST_DEVICE plan_progress_t *plan_at(simulator_t *simulator, int32_t user, int32_t index) {
  return &simulator->progress[(int64_t)user * simulator->n_nodes + index];
}

static inline FC_HOST_DEVICE spoiled_t join(spoiled_t a, spoiled_t b) {
  return a != SPOILED_NOT ? a : b;
}

/* ---- draws: keyed by node and by how often it was there, so that nobody's decisions shift another's, and by the
 * window in which the workflow started, so that steps counted ahead are those that are made ---- */

static FC_HOST_DEVICE void decide(const simulator_t *simulator, int32_t user, draw_kind_t kind, int32_t index,
                                  uint32_t time, uint32_t bits[4]) {
  const uint32_t ordinal = (uint32_t)index + (uint32_t)simulator->n_nodes * time;
  const user_t *u = &simulator->users[user];
  draw_block(simulator->seed, u->window, kind, u->stream, ordinal, bits);
}

/* How often the node runs at its visit number `visit`: 0 when its chance says no. */
static FC_HOST_DEVICE int32_t repetitions(const simulator_t *simulator, int32_t user, int32_t index, uint32_t visit) {
  const plan_node_t *node = &simulator->nodes[index];
  if (node->plain) return 1;
  const fc_count_distribution_t *count = &node->count;
  const bool chosen = node->parent >= 0 && simulator->nodes[node->parent].kind == FC_CALL_CHOICE;
  uint32_t bits[4];
  decide(simulator, user, DRAW_PLAN, index, visit, bits);
  if (!chosen && node->probability < 1 && draw_uniform(bits[0]) >= node->probability) return 0;
  if (count->n_outcomes <= 0) return 1;
  double rest = draw_uniform(bits[1]);
  for (int32_t i = 0; i < count->n_outcomes - 1; ++i) {
    if (rest < count->probability[i]) return count->count[i];
    rest -= count->probability[i];
  }
  return count->count[count->n_outcomes - 1];
}

/* The child that the group takes at its choice number `choice`. */
static FC_HOST_DEVICE int32_t choose(const simulator_t *simulator, int32_t user, int32_t index, uint32_t choice) {
  uint32_t bits[4];
  decide(simulator, user, DRAW_CHOICE, index, choice, bits);
  double rest = draw_uniform(bits[0]);
  int32_t child = simulator->nodes[index].first_child;
  while (simulator->nodes[child].next_sibling >= 0 && rest >= simulator->nodes[child].probability) {
    rest -= simulator->nodes[child].probability;
    child = simulator->nodes[child].next_sibling;
  }
  return child;
}

/* ---- counting ahead ---- */

static FC_HOST_DEVICE int32_t steps_of(simulator_t *simulator, int32_t user, int32_t index) {
  const plan_node_t *node = &simulator->nodes[index];
  plan_progress_t *progress = plan_at(simulator, user, index);
  const int32_t n_runs = repetitions(simulator, user, index, progress->ahead_visits++);
  if (node->kind == FC_CALL_FUNCTION) return n_runs;
  if (node->first_child < 0) return 0;
  if (node->kind == FC_CALL_PARALLEL) return n_runs;
  int32_t n_steps = 0;
  for (int32_t run = 0; run < n_runs; ++run) {
    if (node->kind == FC_CALL_CHOICE) {
      n_steps += steps_of(simulator, user, choose(simulator, user, index, progress->ahead_choices++));
      continue;
    }
    for (int32_t child = node->first_child; child >= 0; child = simulator->nodes[child].next_sibling)
      n_steps += steps_of(simulator, user, child);
  }
  return n_steps;
}

FC_HOST_DEVICE int32_t plan_steps(simulator_t *simulator, int32_t user, int32_t owner) {
  const plan_node_t *node = &simulator->nodes[owner];
  for (int32_t index = owner + 1; index < node->end; ++index) {
    plan_progress_t *progress = plan_at(simulator, user, index);
    progress->ahead_visits = progress->n_visits;
    progress->ahead_choices = progress->n_choices;
  }
  return steps_of(simulator, user, node->first_child);
}

/* ---- running ---- */

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
  plan_progress_t *progress = plan_at(simulator, user, index);
  switch (node->kind) {
    case FC_CALL_FUNCTION:
      engine_call(simulator, user, index, now_s, *data);
      return false;
    case FC_CALL_SEQUENCE:
      for (int32_t child = node->first_child; child >= 0; child = simulator->nodes[child].next_sibling)
        if (!run_node(simulator, user, child, now_s, data)) return false;
      return true;
    case FC_CALL_PARALLEL:
      return run_parallel(simulator, user, node, progress, now_s, data);
    case FC_CALL_CHOICE:
      return node->first_child < 0 ||
             run_node(simulator, user, choose(simulator, user, index, progress->n_choices++), now_s, data);
  }
  return true;
}

/* The repetitions that are left, as far as they end at once. */
static FC_HOST_DEVICE bool repeat(simulator_t *simulator, int32_t user, int32_t index, double now_s, spoiled_t *data) {
  plan_progress_t *progress = plan_at(simulator, user, index);
  while (progress->repetitions-- > 0)
    if (!run_once(simulator, user, index, now_s, data)) return false;
  return true;
}

static FC_HOST_DEVICE bool run_node(simulator_t *simulator, int32_t user, int32_t index, double now_s,
                                    spoiled_t *data) {
  plan_progress_t *progress = plan_at(simulator, user, index);
  progress->repetitions = repetitions(simulator, user, index, progress->n_visits++);
  return repeat(simulator, user, index, now_s, data);
}

/* `*index` was through once. Runs whatever follows it below `stop`, that included: true when all of it is through. Also
 * true, with *index = pause, as soon as the group `pause` has joined; its further repetitions are still to come. */
static FC_HOST_DEVICE bool climb(simulator_t *simulator, int32_t user, int32_t *index, int32_t stop, int32_t pause,
                                 double now_s, spoiled_t *data) {
  for (;;) {
    if (!repeat(simulator, user, *index, now_s, data)) return false;
    if (*index == stop) return true;
    const int32_t parent = simulator->nodes[*index].parent;
    if (simulator->nodes[parent].kind == FC_CALL_SEQUENCE) {
      for (int32_t next = simulator->nodes[*index].next_sibling; next >= 0; next = simulator->nodes[next].next_sibling)
        if (!run_node(simulator, user, next, now_s, data)) return false;
    } else if (simulator->nodes[parent].kind == FC_CALL_PARALLEL) {
      plan_progress_t *group = plan_at(simulator, user, parent);
      group->joined = (uint8_t)join((spoiled_t)group->joined, *data);
      if (--group->pending > 0) return false;
      *data = (spoiled_t)group->joined;
    }
    *index = parent;
    if (parent == pause) return true;
  }
}

FC_HOST_DEVICE bool plan_start(simulator_t *simulator, int32_t user, double now_s, spoiled_t *data) {
  return run_node(simulator, user, 0, now_s, data);
}

FC_HOST_DEVICE bool plan_answered(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t *data) {
  return climb(simulator, user, &node, 0, -1, now_s, data);
}

FC_HOST_DEVICE bool plan_enter(simulator_t *simulator, int32_t user, int32_t owner, double now_s, spoiled_t *data) {
  return run_node(simulator, user, simulator->nodes[owner].first_child, now_s, data);
}

FC_HOST_DEVICE bool plan_join(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t *data,
                              int32_t *resume) {
  const int32_t pause = simulator->nodes[node].pause;
  *resume = node;
  if (pause < 0) return true;
  return climb(simulator, user, resume, pause, pause, now_s, data);
}

FC_HOST_DEVICE bool plan_resume(simulator_t *simulator, int32_t user, int32_t owner, int32_t resume, double now_s,
                                spoiled_t *data) {
  return climb(simulator, user, &resume, simulator->nodes[owner].first_child, -1, now_s, data);
}
