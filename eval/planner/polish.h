/* polish.h - inside the planner: other values of single knobs, each candidate put on the boundary before it is
 * compared.
 *
 * Every round has windows of its own: a configuration that was kept because one set of windows was kind to it does not
 * stay. planner->best is improved in place; as it was when it cannot reach the boundary.
 */
#ifndef EVAL_PLANNER_POLISH_H
#define EVAL_PLANNER_POLISH_H

#include "boundary.h"

fc_status_t polish(planner_t *planner, fc_error_t *error);

#endif
