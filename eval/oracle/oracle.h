/* oracle.h - oracle(p): the cheapest configuration known whose windows meet QoS with probability p, for somebody who
 * knows the world.
 *
 * What every method is compared with, so it should be cheap: several independent searches at level 0.95
 * (eval/planner/planner.h), each moved to the other levels from there; the cheapest of a level counts when
 * ORACLE_WINDOWS windows that nothing has seen confirm it. While they do not, it gets half a per cent more CPU and has
 * to be the cheapest again. (Parallel, 10 users: searches that began anew at 0.99 came to 5.16 USD/h, the plan of 0.95
 * with more CPU to 4.79, polished at length from there to 4.68; at 0.5 to 3.13, 3.29 and 3.10.) What methods chose in
 * this world, put on the boundary, competes with the searches, so that no oracle is dearer than a method that was
 * lucky. Searches and choice are pieces of work that many threads can share.
 */
#ifndef EVAL_ORACLE_ORACLE_H
#define EVAL_ORACLE_ORACLE_H

#include "planner.h"
#include "world.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  ORACLE_LEVELS = 3,
  ORACLE_WINDOWS = PLAN_CONFIRMING_WINDOWS,
  ORACLE_MIN_SEARCHES = 3,
  ORACLE_MAX_SEARCHES = 16,
  ORACLE_MAX_CHOICES = 4
};

/* 0.5, 0.95, 0.99. */
extern const double oracle_levels[ORACLE_LEVELS];

typedef struct {
  const fc_workflow_t *workflow; /* borrowed, as truth */
  const particles_t *truth;      /* one particle: the world's true parameters */
  int32_t users;
  int64_t budget;                             /* windows of one search before its polishing */
  int32_t n_searches;                         /* ORACLE_MIN_SEARCHES..ORACLE_MAX_SEARCHES; 0: choices alone */
  uint64_t seed;                              /* of all draws */
  const fc_function_configuration_t *hint;    /* (N) what is good in a world like this, or NULL: the first search begins
                                                 there, the    others do not share its basin */
  int32_t n_choices;                          /* 0..ORACLE_MAX_CHOICES */
  const fc_function_configuration_t *choices; /* (n_choices,N) what methods chose here */
} oracle_task_t;

/* What one search found: its plan at level 0.95, and at the other levels the cheaper one of that plan put on their
 * boundary and of a search from there with a quarter of the budget. Where a quarter is too little for a search
 * (PLAN_MIN_BUDGET), the other levels stay unconfirmed here, and the cheapest plan of all is put on their boundaries
 * when oracles are chosen, or searched on from where more CPU is not enough. The configurations (N) are owned. */
typedef struct {
  plan_t plans[ORACLE_LEVELS];
} oracle_search_t;

typedef struct {
  double level;
  bool found; /* false: no search found anything that fresh windows confirm */
  double cost_usd_h;
  int32_t n_met;                              /* of ORACLE_WINDOWS windows that confirm it */
  fc_function_configuration_t *configuration; /* (N) owned */
} oracle_t;

/* Windows of a search that take about as long for every workflow: 26,000, fewer where a workflow makes more than six
 * calls, 6,000 at least. */
int64_t oracle_budget(const fc_workflow_t *workflow);

/* FC_ENOMEM. The caller frees with oracle_search_clear, oracle_clear, also after a failure. */
fc_status_t oracle_search_init(oracle_search_t *search, int32_t n_functions);
void oracle_search_clear(oracle_search_t *search);
fc_status_t oracle_init(oracle_t *oracle, int32_t n_functions);
void oracle_clear(oracle_t *oracle);

/* Search number `index`, 0 <= index < n_searches. Errors as plan_search. Blocks for a minute or several. */
fc_status_t oracle_search(const oracle_task_t *task, int32_t index, oracle_search_t *search, fc_error_t *error);

/* Choice number `index` as if it were what a search found: at every level on the boundary by one factor on CPU, and no
 * searching. Errors as plan_scale. */
fc_status_t oracle_scale_choice(const oracle_task_t *task, int32_t index, oracle_search_t *search, fc_error_t *error);

/* The cheapest of the task's searches and scaled choices (n_searches + n_choices) at every level, into oracles
 * (ORACLE_LEVELS, initialised). *n_windows grows by what was simulated. Changes the plans it has refused. Blocks for
 * seconds to minutes. */
fc_status_t oracle_choose(const oracle_task_t *task, oracle_search_t *searches, oracle_t *oracles, int64_t *n_windows,
                          fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
