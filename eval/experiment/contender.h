/* contender.h - one method as it takes part in an experiment: variant, knobs, safety strategy, rails.
 *
 * Plain data; immutable once made.
 */
#ifndef EVAL_EXPERIMENT_CONTENDER_H
#define EVAL_EXPERIMENT_CONTENDER_H

#include "cell.h"
#include "faasconf/safety.h"
#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CONTENDERS_MAX = 128, CONTENDER_VARIANT_SIZE = 24 };

typedef struct {
  const tuner_t *tuner;
  tuner_variant_t variant;
  double level; /* planning level of planners; 0.95 */
  bool concurrency_is_fixed;
  fc_safety_strategy_t strategy;
  fc_rails_profile_t rails;
} contender_t;

typedef struct {
  contender_t items[CONTENDERS_MAX];
  int32_t n;
} contenders_t;

/* "repaired", "faithful", "level 0.99", "no concurrency": what tells contenders of one method apart in a table. */
void contender_variant_text(const contender_t *contender, char text[CONTENDER_VARIANT_SIZE]);

/* Fills what a cell knows of it: method, variant, safety, rails. */
void contender_name(const contender_t *contender, cell_t *cell);

/* Every method of the table in its variants: repaired; faithful where the method has that; planners at 0.95 and 0.99.
 * Those that know the world take part only when they are named. */
void contenders_of_all_methods(contenders_t *contenders);

/* The same for the methods of a comma-separated list. FC_EINVAL names the first unknown one and lists the known. */
fc_status_t contenders_of_methods(contenders_t *contenders, const char *list, fc_error_t *error);

/* What the paper ablates, and what it could not: attention, mean field, MADDPG, DDPG; concurrency as a knob or not; SES
 * as published, as described, none; rails; variants. */
void contenders_of_ablation(contenders_t *contenders);

/* Every contender once for each of the strategies and rails given as comma-separated lists ("none,ses_paper",
 * "off,tuning"). FC_EINVAL. */
fc_status_t contenders_cross(contenders_t *contenders, const char *strategies, const char *rails, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
