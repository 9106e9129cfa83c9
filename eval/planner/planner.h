/* planner.h - the cheapest configuration found whose windows meet QoS with probability p.
 *
 * One search: separable CMA-ES over all free knobs (CPU and memory on a logarithmic scale) with fresh windows in every
 * generation, from a start configuration moved at random; the mean of the last third of the generations, with more
 * replicas where no CPU would be enough; then integer polishing, every candidate put on the boundary by one common
 * factor on CPU over the same windows; then the boundary again, and confirmation on windows that nothing has seen,
 * twice. What the cheapest of several searches is worth must be asked once more, of other windows (plan_confirm with
 * another seed): being the cheapest is partly luck. What is minimised while searching is price * exp(-k q), q the (1 -
 * p) quantile of a window's margin (1 - its worst violation), k = 0.6 above 0 and 1.6 below: what it would cost scaled
 * to the boundary. Choosing the best sample on one set of windows instead would look better than it is.
 *
 * A workflow of more than 32 free knobs is searched otherwise, because CMA-ES would need generations in proportion to
 * its knobs, and one factor on all CPUs is a poor way to the boundary where one function of many is short of something:
 * one function after the other is turned (sweep.h), 1,000 windows confirm it, twice, and what is not confirmed gets
 * single steps up. Where everything at its maximum is far from enough, that is the plan, unconfirmed. (TcktApp, 36
 * knobs, 20 users, level 0.95: 2.63 and 2.68 USD/h after 28,000 windows; CMA-ES and polishing came to 6.2 after
 * 60,000.)
 *
 * A world per window: window w is simulated with particle particles_of_window(w), so that p covers what is not known.
 * One thread per search; the result depends on the seed only.
 */
#ifndef EVAL_PLANNER_PLANNER_H
#define EVAL_PLANNER_PLANNER_H

#include "faasconf/workflow.h"
#include "particles.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PLAN_CONFIRMING_WINDOWS = 4000, PLAN_MAX_SEARCHES = 64, PLAN_MIN_BUDGET = 2688 };

typedef struct {
  const fc_workflow_t *workflow; /* borrowed, as particles */
  const particles_t *particles;  /* NULL: the file's own parameters */
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  int32_t users;     /* closed loop; 0 = open loop */
  double rate_per_s; /* open loop: Poisson arrivals */
  double level;      /* p, above 0 and below 1 */
  int64_t budget;    /* windows of the CMA-ES; polishing takes up to 10 times as many; a sweep up to 4 times */
  uint64_t seed;
  const fc_function_configuration_t *from; /* (N) something good: the search begins there and stays near; NULL: at the
                                              workflow's start, moved far */
} plan_options_t;

typedef struct {
  fc_function_configuration_t *configuration; /* (N) the caller's */
  double cost_usd_h;
  int32_t n_met;     /* of PLAN_CONFIRMING_WINDOWS, by the share of those that were asked last */
  bool confirmed;    /* at least level of the windows that were asked, and of as many others, meet QoS */
  int64_t n_windows; /* simulated in all */
} plan_t;

/* FC_EINVAL as simulator_new, and for a level or a budget out of range. Blocks for seconds. */
fc_status_t plan_search(const plan_options_t *options, plan_t *plan, fc_error_t *error);

/* No search: `from` (N) put on the boundary of options->level by one common factor on CPU, and confirmed as plan_search
 * does it; the budget does not count. A workflow of many knobs is swept from there, with the budget of
 * PLAN_MIN_BUDGET. Errors as plan_search. Blocks for a second or several. */
fc_status_t plan_scale(const plan_options_t *options, const fc_function_configuration_t *from, plan_t *plan,
                       fc_error_t *error);

/* The cheapest confirmed one of up to PLAN_MAX_SEARCHES independent searches, or -1. *n_confirmed gets how many are
 * confirmed; the other two, when there is one, the median and the largest cost among those. */
int32_t plan_cheapest(const plan_t *plans, int32_t n, int32_t *n_confirmed, double *median_usd_h, double *max_usd_h);

/* How many of n fresh windows of one configuration (N) meet QoS; the same windows for every call with the same seed. */
fc_status_t plan_confirm(const plan_options_t *options, const fc_function_configuration_t *configuration, int32_t n,
                         int32_t *n_met, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
