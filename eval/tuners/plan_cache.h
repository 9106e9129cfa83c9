/* plan_cache.h - plans by what they were planned for, so that a plan is searched once.
 *
 * The name of a plan is a SHA-256 over the workflow, every particle, load, level, ranges, semantics, budget, seed and
 * beginning, and a number that goes up with whatever else makes the planner find something different; a lock per name
 * makes others that need the same plan wait for it (learned_cache.h).
 */
#ifndef EVAL_TUNERS_PLAN_CACHE_H
#define EVAL_TUNERS_PLAN_CACHE_H

#include "planner.h"
#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

/* plan_search (with a budget of 0: plan_scale of options->from), or what it came to before. setting->cache: NULL
 * keeps nothing; *setting->prepared_s gets what the search took. *was_kept, when not NULL, says which. A file that
 * cannot be read is searched anew. Errors as plan_search; FC_EIO. */
fc_status_t plan_cache_search(const tuner_setting_t *setting, const plan_options_t *options, plan_t *plan,
                              bool *was_kept, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
