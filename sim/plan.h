/* plan.h - what a workflow does next: a walk over the tree of calls.
 *
 * A node is active at most once per user, so its state lies at (user, node). Data flow along the walk as one spoiled_t:
 * what the next call that uses the previous output will be given. A call that fails passes on what its function's
 * on_failure says: `poison` garbage, `ignore` its own input (the answer is not used), `fail` nothing new but the
 * workflow is failed. Parallel children all start from the group's input, and the group's output is spoiled when one of
 * theirs is. Garbage that reaches the end of the workflow fails it.
 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PLAN_MAX_DEPTH = 64, PLAN_MAX_STEPS = 1000000 };

/* Number of nodes of `workflow`'s plan and of its calls to functions; checks the tree. FC_EINVAL names what is wrong.
 */
fc_status_t plan_check(const fc_workflow_t *workflow, int32_t *n_leaves, fc_error_t *error);

/* Fills nodes[workflow->n_call_nodes] from a tree that passed plan_check. */
void plan_compile(const fc_workflow_t *workflow, plan_node_t *nodes);

/* Starts the plan of `user` at `now_s`. True when it is already through (nothing was to be called); *data is updated.
 */
FC_HOST_DEVICE bool plan_start(simulator_t *simulator, int32_t user, double now_s, spoiled_t *data);

/* The call at `node` was answered with *data. True when the whole plan is through. */
FC_HOST_DEVICE bool plan_answered(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t *data);

/* Issues the call of a leaf: implemented by the engine. */
FC_HOST_DEVICE void engine_call(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t data);

#ifdef __cplusplus
}
#endif
#endif
