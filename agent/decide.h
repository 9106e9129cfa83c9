/* decide.h - step 8: the policy held by this agent turns an observation into a configuration.
 *
 * Holds the local copy of the policy (swapped whole, immutable in between), its scratch, and the exploration noise of
 * tuning sessions: Gaussian on the action, reflected at the edges of [0,1]. Noise is drawn from (seed, window), so
 * that a window draws the same whatever happened before it. Deciding never allocates. One thread.
 */
#ifndef AGENT_DECIDE_H
#define AGENT_DECIDE_H

#include "faasconf/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct decide decide_t;

typedef struct {
  double sigma;                               /* of the noise; 0: the policy as it is */
  double retreat;                             /* 0..1: share of the way from the policy's action to `towards` */
  const fc_function_configuration_t *towards; /* (N) or NULL */
} decide_exploration_t;

/* Borrows workflow until decide_destroy. Caller owns the result and destroys it with decide_destroy. */
fc_status_t decide_new(const fc_workflow_t *workflow, uint64_t seed, decide_t **out, fc_error_t *error);
void decide_destroy(decide_t **decide);

/* Takes ownership of *policy and sets it to NULL; the one held before is destroyed. FC_ENOMEM leaves the old one. */
fc_status_t decide_take_policy(decide_t *decide, fc_policy_t **policy, fc_error_t *error);
/* The one held, or NULL. Borrowed until the next take. */
const fc_policy_t *decide_policy(const decide_t *decide);

/* Fills configuration (N). FC_ESTATE: no policy held. FC_EUNSAFE: its result is not finite; the caller holds.
 * explore may be NULL. */
fc_status_t decide_window(decide_t *decide, const fc_observation_t *observation, const decide_exploration_t *explore,
                          fc_function_configuration_t *configuration, fc_error_t *error);

/* Of the last decision, borrowed until the next: action (N, A) after noise, attention (E) over workflow->neighbours. */
const float *decide_action(const decide_t *decide);
const float *decide_attention(const decide_t *decide);

#ifdef __cplusplus
}
#endif
#endif
