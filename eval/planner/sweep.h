/* sweep.h - inside the planner: a search that turns one function after the other, for workflows with many knobs.
 *
 * CMA-ES needs generations in proportion to the knobs; where the budget has too few of them its mean hardly leaves the
 * start. One function at a time, most of what is too large is found at once. One thread; nothing here allocates.
 */
#ifndef EVAL_PLANNER_SWEEP_H
#define EVAL_PLANNER_SWEEP_H

#include "boundary.h"

/* More free knobs than these are swept. */
enum { SWEEP_MIN_KNOBS = 32 };

/* Improves planner->best: in each round, on fresh windows, every function in an order drawn anew; of a function fewer
 * or more replicas, less or more CPU, less memory, kept where boundary_price is lower. Two coarse rounds on few windows
 * (is_near: none), then fine ones until a round gains half a per cent or less, or until four times `budget`
 * windows are simulated. Uses planner->candidate. */
fc_status_t sweep(planner_t *planner, int64_t budget, bool is_near, fc_error_t *error);

/* One step up: of all functions' next replica, a bit more CPU or memory, what lowers boundary_price most (or raises it
 * least) on the windows from `from` on; into planner->best. Nothing where all are at their ceilings. */
fc_status_t sweep_raise(planner_t *planner, int64_t from, fc_error_t *error);

#endif
