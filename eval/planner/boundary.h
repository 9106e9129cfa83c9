/* boundary.h - inside the planner: what it works on, windows of a configuration, and the cheapest common factor on CPU
 * with which a configuration still meets QoS. One thread; nothing here allocates.
 */
#ifndef EVAL_PLANNER_BOUNDARY_H
#define EVAL_PLANNER_BOUNDARY_H

#include "faasconf/knobs.h"
#include "planner.h"
#include "simulator.h"

/* Windows of the boundary. Window numbers of each purpose are apart, so that none is used for two. */
enum {
  PRICE_WINDOWS = 64,
  PRICE_MAX_WINDOWS = 256,
  BOUNDARY_WINDOWS = 800,
  BOUNDARY_FROM = 1 << 28,
  HOPELESS_FROM = 3 << 27,
  CONFIRMING_FROM = 1 << 29
};

/* Common factors on CPU that are looked at. */
#define BOUNDARY_MIN_FACTOR 0.6
#define BOUNDARY_MAX_FACTOR 1.6

typedef struct {
  int32_t function;
  fc_knob_t knob;
  fc_knob_range_t range;
} free_knob_t;

/* The order in which windows are asked: those first that did badly for other configurations. Most of what a search
 * tries fails, and fails in the same windows; what all of them together say does not depend on it. */
typedef struct {
  int64_t from; /* of these windows; -1: of none yet */
  int32_t n;
  int32_t *numbers; /* (n) 0 to n - 1, from `from` on */
} hardest_first_t;

typedef struct {
  const plan_options_t *options;
  simulator_t *simulator;
  fc_observation_t observation;
  free_knob_t *knobs;
  int32_t n_knobs;
  int32_t n_functions;
  int64_t n_windows;
  int64_t boundary_from;                                  /* the windows that the boundary is looked for on */
  fc_function_configuration_t *scaled, *candidate, *best; /* (N) */
  double *margins;                                        /* (PRICE_MAX_WINDOWS) */
  hardest_first_t boundary_order, price_order;
} planner_t;

/* 1 - the worst violation of the window; negative when it does not meet QoS. In an open loop, of one in which something
 * was asked. */
fc_status_t boundary_margin(planner_t *planner, int64_t window, const fc_function_configuration_t *configuration,
                            double *margin, fc_error_t *error);

/* What `configuration` would cost where it just meets QoS, about, from n windows, up to PRICE_MAX_WINDOWS: price *
 * exp(-k q), q the (1 - level) quantile of their margins, k = 0.6 above 0 and `penalty` below. Stops where that is
 * certain to be `limit` or more; *price is limit or more then. */
typedef struct {
  int64_t from;
  int32_t n;
  double level; /* 0: the options' */
  double penalty;
} price_windows_t;

fc_status_t boundary_price(planner_t *planner, const price_windows_t *windows,
                           const fc_function_configuration_t *configuration, double limit, double *price,
                           fc_error_t *error);

/* How many of n windows meet QoS. */
fc_status_t boundary_count_met(planner_t *planner, int64_t from, int32_t n,
                               const fc_function_configuration_t *configuration, int32_t *n_met, fc_error_t *error);

/* Do at least `level` of the boundary's windows meet QoS? Looks at no more of them than it must. */
fc_status_t boundary_meets(planner_t *planner, const fc_function_configuration_t *configuration, bool *meets,
                           fc_error_t *error);

/* `from` with all CPUs times `factor`, within their ranges; what exceeds the ceiling by a replica's worth becomes one.
 */
void boundary_scale(const planner_t *planner, const fc_function_configuration_t *from, double factor,
                    fc_function_configuration_t *to);

/* The smallest common factor between two, given as logarithms, that meets QoS on the boundary's windows; `from` with it
 * into *out, which may be `from`. The larger one does. Uses planner->scaled. */
fc_status_t boundary_bisect(planner_t *planner, const fc_function_configuration_t *from, double low, double high,
                            int bisections, fc_function_configuration_t *out, fc_error_t *error);

/* Does `from` with the largest factor meet QoS? Uses planner->scaled. */
fc_status_t boundary_meets_at_most(planner_t *planner, const fc_function_configuration_t *from, bool *meets,
                                   fc_error_t *error);

/* `from` on the boundary into *out. False when no factor up to BOUNDARY_MAX_FACTOR meets QoS. */
fc_status_t boundary_find(planner_t *planner, const fc_function_configuration_t *from, fc_function_configuration_t *out,
                          bool *found, fc_error_t *error);

#endif
