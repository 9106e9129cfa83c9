/* calls.c - see calls.h. */
#include "calls.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_BYTES = 512 * 1024 };

/* One request on its way; shared by the threads of its branches. */
typedef struct {
  const fc_workflow_t *workflow;
  fc_semantics_t semantics;
  const caller_t *caller;
  pthread_mutex_t lock;
  calls_outcome_t *outcome; /* under lock */
} run_t;

const char *call_result_name(call_result_t result) {
  static const char *const names[] = {"success", "rejected", "timeout", "failure"};
  return names[result];
}

fc_status_t calls_check(const fc_workflow_t *workflow, fc_error_t *error) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    if (workflow->functions[f].calls >= 0)
      return fc_error_set(error, FC_EINVAL,
                          "workflow %s: function %s makes calls of its own; here the orchestrator makes all of them: "
                          "move them to the workflow's `calls`",
                          workflow->name, workflow->functions[f].name);
  }
  return FC_OK;
}

/* ---- draws ---- */

/* A sequence of its own for a branch, so that threads do not share one. */
static fc_rng_t branch_rng(fc_rng_t *rng) {
  fc_rng_t own;
  const uint64_t high = fc_rng_u32(rng);
  fc_rng_init(&own, rng->seed, high << 32 | fc_rng_u32(rng));
  return own;
}

static int32_t draw_count(const fc_count_distribution_t *count, fc_rng_t *rng) {
  if (count->n_outcomes == 1) return count->count[0];
  double rest = fc_rng_uniform(rng);
  for (int32_t i = 0; i < count->n_outcomes - 1; ++i) {
    if (rest < count->probability[i]) return count->count[i];
    rest -= count->probability[i];
  }
  return count->count[count->n_outcomes - 1];
}

static int32_t draw_child(const fc_workflow_t *workflow, const fc_call_node_t *node, fc_rng_t *rng) {
  const fc_call_node_t *nodes = workflow->call_nodes;
  double rest = fc_rng_uniform(rng);
  int32_t child = node->first_child;
  while (nodes[child].next_sibling >= 0 && rest >= nodes[child].probability) {
    rest -= nodes[child].probability;
    child = nodes[child].next_sibling;
  }
  return child;
}

/* ---- one call ---- */

static void note_failure(run_t *run, int32_t function, call_result_t cause, const char *reason) {
  calls_outcome_t *outcome = run->outcome;
  if (outcome->result != CALL_SUCCEEDED) return;
  outcome->result = cause;
  outcome->function = function;
  memcpy(outcome->reason, reason, sizeof outcome->reason);
}

static void count_call(run_t *run, int32_t function, const call_answer_t *answer, call_result_t cause) {
  const fc_function_t *callee = &run->workflow->functions[function];
  pthread_mutex_lock(&run->lock);
  run->outcome->calls += 1;
  run->outcome->failed += answer->result != CALL_SUCCEEDED;
  run->outcome->rejected += answer->result == CALL_REJECTED;
  if (answer->result != CALL_SUCCEEDED &&
      (run->semantics == FC_SEMANTICS_STRICT || callee->on_failure == FC_ON_FAILURE_FAIL))
    note_failure(run, function, cause, answer->reason);
  pthread_mutex_unlock(&run->lock);
}

static void make_call(run_t *run, const fc_call_node_t *node, call_data_t *data) {
  const fc_on_failure_t on_failure = run->workflow->functions[node->function].on_failure;
  call_answer_t answer;
  call_data_t input = {.number = data->number};
  memset(&answer, 0, sizeof answer);
  if (node->uses_previous_output) input = *data;
  run->caller->call(run->caller->self, node->function, &input, &answer);
  /* What fails for garbage has the cause of the garbage. */
  const bool spoiled = answer.result != CALL_SUCCEEDED && input.garbage != CALL_SUCCEEDED;
  const call_result_t cause = spoiled ? input.garbage : answer.result;
  count_call(run, node->function, &answer, cause);
  if (on_failure == FC_ON_FAILURE_IGNORE) return;
  data->has_output = answer.result == CALL_SUCCEEDED;
  data->output = answer.checksum;
  data->garbage = on_failure == FC_ON_FAILURE_POISON ? cause : CALL_SUCCEEDED;
}

/* ---- the tree ---- */

static void run_node(run_t *run, int32_t index, bool chosen, fc_rng_t *rng, call_data_t *data);

/* A branch of a group in parallel. */
typedef struct {
  run_t *run;
  int32_t node;
  fc_rng_t rng;
  call_data_t data;
  pthread_t thread;
  bool started;
} branch_t;

static void *run_branch(void *argument) {
  branch_t *branch = argument;
  run_node(branch->run, branch->node, false, &branch->rng, &branch->data);
  return NULL;
}

static void join_output(call_data_t *joined, const call_data_t *branch) {
  joined->has_output = joined->has_output || branch->has_output;
  joined->output ^= branch->has_output ? branch->output : 0;
  if (joined->garbage == CALL_SUCCEEDED) joined->garbage = branch->garbage;
}

static void start_branch(branch_t *branch) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  branch->started = pthread_create(&branch->thread, &attributes, run_branch, branch) == 0;
  pthread_attr_destroy(&attributes);
}

/* The first branch, and each for which there is no thread, runs on this one. */
static void run_branches(branch_t *branches, int32_t n, call_data_t *data) {
  call_data_t joined = {.number = data->number};
  for (int32_t i = 1; i < n; ++i) start_branch(&branches[i]);
  for (int32_t i = 0; i < n; ++i)
    if (!branches[i].started) run_branch(&branches[i]);
  for (int32_t i = 0; i < n; ++i) {
    if (branches[i].started) pthread_join(branches[i].thread, NULL);
    join_output(&joined, &branches[i].data);
  }
  *data = joined;
}

static void run_parallel(run_t *run, const fc_call_node_t *node, fc_rng_t *rng, call_data_t *data) {
  const fc_call_node_t *nodes = run->workflow->call_nodes;
  int32_t n = 0;
  for (int32_t child = node->first_child; child >= 0; child = nodes[child].next_sibling) n += 1;
  FC_ASSERT(n > 0);
  branch_t *branches = calloc((size_t)n, sizeof *branches);
  FC_ASSERT(branches != NULL);
  n = 0;
  for (int32_t child = node->first_child; child >= 0; child = nodes[child].next_sibling)
    branches[n++] = (branch_t){.run = run, .node = child, .rng = branch_rng(rng), .data = *data};
  run_branches(branches, n, data);
  free(branches);
}

static void run_once(run_t *run, const fc_call_node_t *node, fc_rng_t *rng, call_data_t *data) {
  const fc_call_node_t *nodes = run->workflow->call_nodes;
  switch (node->kind) {
    case FC_CALL_FUNCTION:
      make_call(run, node, data);
      return;
    case FC_CALL_SEQUENCE:
      for (int32_t child = node->first_child; child >= 0; child = nodes[child].next_sibling)
        run_node(run, child, false, rng, data);
      return;
    case FC_CALL_PARALLEL:
      run_parallel(run, node, rng, data);
      return;
    case FC_CALL_CHOICE:
      run_node(run, draw_child(run->workflow, node, rng), true, rng, data);
      return;
  }
}

/* chosen: the probability was its parent's business. */
static void run_node(run_t *run, int32_t index, bool chosen, fc_rng_t *rng, call_data_t *data) {
  const fc_call_node_t *node = &run->workflow->call_nodes[index];
  if (!chosen && node->probability < 1 && fc_rng_uniform(rng) >= node->probability) return;
  const int32_t n = draw_count(&node->count, rng);
  for (int32_t i = 0; i < n; ++i) run_once(run, node, rng, data);
}

void calls_run(const fc_workflow_t *workflow, fc_semantics_t semantics, const caller_t *caller, uint64_t seed,
               uint64_t serial, uint64_t number, calls_outcome_t *outcome) {
  run_t run = {.workflow = workflow, .semantics = semantics, .caller = caller, .outcome = outcome};
  call_data_t data = {.number = number};
  fc_rng_t rng;
  memset(outcome, 0, sizeof *outcome);
  outcome->function = -1;
  pthread_mutex_init(&run.lock, NULL);
  fc_rng_init(&rng, seed, serial);
  run_node(&run, workflow->calls, false, &rng, &data);
  pthread_mutex_destroy(&run.lock);
  outcome->checksum = data.has_output ? data.output : 0;
  if (data.garbage == CALL_SUCCEEDED || outcome->result != CALL_SUCCEEDED) return;
  outcome->result = data.garbage;
  snprintf(outcome->reason, sizeof outcome->reason, "the workflow's output is that of a failed call");
}
