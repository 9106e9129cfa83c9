/* plan.h - what a workflow does next: a walk over the tree of calls.
 *
 * The tree is the workflow's `calls:` with the calls that functions make themselves hung below each call of such a
 * function. A node is active at most once per user, so its state lies at (user, node). The orchestrator walks its part
 * at once; a function walks its own calls one step at a time, between stretches of its own work (engine.c).
 *
 * Data flow along the walk as one spoiled_t: what the next call that uses the previous output will be given. A call
 * that fails passes on what its function's on_failure says: `poison` garbage, `ignore` its own input (the answer is not
 * used), `fail` nothing new but the workflow is failed. Parallel children all start from the group's input, and the
 * group's output is spoiled when one of theirs is. Garbage that reaches the end of the workflow fails it; garbage that
 * reaches the end of a function's own calls fails that function's request.
 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PLAN_MAX_DEPTH = 64, PLAN_MAX_NESTED = 64, PLAN_MAX_STEPS = 1000000, PLAN_MAX_NODES = 1 << 16 };

/* Nodes of `workflow`'s plan and calls to functions among them, those that functions make themselves included; checks
 * the tree. FC_EINVAL names what is wrong. */
fc_status_t plan_check(const fc_workflow_t *workflow, int32_t *n_nodes, int32_t *n_leaves, fc_error_t *error);

/* Fills nodes[n_nodes] from a workflow that passed plan_check; the root is node 0 and parents come before children. */
void plan_compile(const fc_workflow_t *workflow, plan_node_t *nodes);

/* ---- the orchestrator ---- */

/* Starts the plan of `user` at `now_s`. True when it is already through (nothing was to be called); *data is updated.
 */
FC_HOST_DEVICE bool plan_start(simulator_t *simulator, int32_t user, double now_s, spoiled_t *data);

/* The orchestrator's call at `node` was answered with *data. True when the whole plan is through. */
FC_HOST_DEVICE bool plan_answered(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t *data);

/* ---- a function's own calls; `owner` is the node at which it was called ---- */

/* How many calls it will make one after the other, a group in parallel counted as one. */
FC_HOST_DEVICE int32_t plan_steps(simulator_t *simulator, int32_t user, int32_t owner);

/* Makes the first of them; true when there is none. */
FC_HOST_DEVICE bool plan_enter(simulator_t *simulator, int32_t user, int32_t owner, double now_s, spoiled_t *data);

/* The call at `node` was answered with *data. True when the owner may go on, with plan_resume from *resume; false while
 * others of its group in parallel run, which go on by themselves. */
FC_HOST_DEVICE bool plan_join(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t *data,
                              int32_t *resume);

/* Makes the next of them; true when there is none left. */
FC_HOST_DEVICE bool plan_resume(simulator_t *simulator, int32_t user, int32_t owner, int32_t resume, double now_s,
                                spoiled_t *data);

/* Issues the call of a leaf: implemented by the engine. */
FC_HOST_DEVICE void engine_call(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t data);

#ifdef __cplusplus
}
#endif
#endif
