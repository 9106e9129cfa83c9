/* box.h - the coordinates in which methods of Bayesian optimisation search: knobs that can move, source, load.
 *
 * x (d): for each function and knob whose range has more than one value, in order, the value from 0 (least) to 1
 * (most): logarithmic for CPU and memory, linear for replicas and concurrency; the last coordinate is the decimal
 * logarithm of the mean requests in flight. One owner; only box_init allocates.
 */
#ifndef EVAL_TUNERS_BOX_H
#define EVAL_TUNERS_BOX_H

#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t function;
  fc_knob_t knob;
  fc_knob_range_t range;
} box_knob_t;

typedef struct {
  const fc_workflow_t *workflow;
  int32_t d;                          /* knobs + 2 */
  box_knob_t *knobs;                  /* (d - 2) */
  double *lower, *upper;              /* (d) equal where nothing moves: the load; concurrency in that ablation */
  fc_function_configuration_t *fixed; /* (N) values of the knobs that are not in x */
} box_t;

/* FC_ENOMEM; FC_EINVAL when no knob of the workflow can move. The caller frees with box_clear, also after a failure. */
fc_status_t box_init(box_t *box, const tuner_setting_t *setting, fc_error_t *error);
void box_clear(box_t *box);

/* The load (requests in flight) at which x is asked for from now on. */
void box_set_load(box_t *box, double load);

/* Coordinates of a configuration (N) in this run, or in the offline rows, at a load; outside 0..1 when it is outside
 * the ranges. */
void box_encode(const box_t *box, const fc_function_configuration_t *configuration, double load, double *x);
void box_encode_offline(const box_t *box, const fc_function_configuration_t *configuration, double load, double *x);
/* The nearest configuration (N) within the ranges; knobs that cannot move have the workflow's only value or, as
 * concurrency in its ablation, the start's. */
void box_decode(const box_t *box, const double *x, fc_function_configuration_t *configuration);

/* A configuration (N) of coordinates drawn uniformly. */
void box_draw(const box_t *box, fc_rng_t *rng, fc_function_configuration_t *configuration);

/* Reserved cost in USD/h, between whole values too, and its gradient (d) or NULL. An acquisition_objective_fn: context
 * is the box. */
double box_cost(void *box, const double *x, double *gradient);

/* Twice the cost of the dearest configuration: above anything in the box. x (d): the caller's, overwritten. */
double box_worst_cost(box_t *box, double *x);

#ifdef __cplusplus
}
#endif
#endif
