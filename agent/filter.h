/* filter.h - step 9: from a decided configuration to one that is safe to act on, in one fixed order.
 *
 *   decode -> safety strategy (SES) -> rails -> re-check of the limited configuration (hold if unsafe) -> limits
 *
 * Bounds are advice from history (server records, or determined here from the agent's own windows while the server is
 * away), rails limit the change from one window to the next, limits are absolute and come from the agent's own file
 * only: no message of a server reaches them. After the filter there is only act_apply.
 * The strategy looks at the configuration decided for all functions; from the rails on, what other agents own is what
 * is in force (ownership.h), so that costs are those of what this agent would really change.
 * One thread; pure but for its own memory of recent proposals and changes.
 */
#ifndef AGENT_FILTER_H
#define AGENT_FILTER_H

#include "faasconf/safety.h"
#include "history.h"
#include "ownership.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  fc_safety_strategy_t strategy;
  double noise_sigma;
  fc_rails_t rails;
  fc_ranges_t ranges;
  int32_t violations_to_redetermine;
  uint64_t seed;
  const ownership_t *ownership; /* borrowed; NULL: all */
} filter_options_t;

/* Where a configuration comes from decides which steps can stop it. Rails and limits: see each. */
typedef enum {
  FILTER_DECIDED = 0,  /* by the policy, noise included: every step */
  FILTER_MEASURED = 1, /* measured here before and met QoS: its own measurements stand for strategy and re-check */
  FILTER_RESTORE = 2   /* last good one after an alarm: limits only */
} filter_origin_t;

typedef struct {
  fc_ses_result_t ses;
  bool has_band;
  double lb_usd_h, ub_usd_h, band_in_flight;
  bool band_is_local;   /* determined by this agent */
  bool held;            /* the re-check, the dead band or the change budget kept what is in force */
  const char *held_why; /* static text */
  double cost_now_usd_h, cost_then_usd_h;
} filter_result_t;

typedef struct filter filter_t;

/* Borrows workflow and limits until filter_destroy. Caller owns the result and destroys it with filter_destroy. */
fc_status_t filter_new(const fc_workflow_t *workflow, const filter_options_t *options, const fc_limits_t *limits,
                       filter_t **out, fc_error_t *error);
void filter_destroy(filter_t **filter);

/* Replaces the records by copies of these (from a SAFETY message). Records of another workflow or N are ignored. */
fc_status_t filter_take_records(filter_t *filter, const fc_safety_record_t *records, int32_t n_records,
                                fc_error_t *error);
int32_t filter_n_records(const filter_t *filter);

/* One judged window: counts violations; when the server is away, determines the band of this load from history when
 * there is none or the count says so. */
void filter_learn(filter_t *filter, const history_t *history, fc_qos_verdict_t verdict, double mean_in_flight,
                  bool server_away);

/* Filters `proposed` (N) in place, given what is in force (N). breach: the last window violated QoS. bound_by (N, A)
 * gets the reasons (FC_BOUND_BY_*). A configuration that went through this is within the limits; what others own is
 * `current`, and no reason is given for it. */
void filter_apply(filter_t *filter, int64_t window, filter_origin_t origin, double mean_in_flight, bool breach,
                  const fc_function_configuration_t *current, fc_function_configuration_t *proposed, uint32_t *bound_by,
                  filter_result_t *result);

/* Tells the filter that a change was carried out in this window (change budget). */
void filter_note_change(filter_t *filter, int64_t window);

/* How many windows the rails need from `from` to what this agent owns of `to` (N): 0 when equal, 1 when one step does.
 * At most `most`, which also says that rails or limits never let it through. */
int32_t filter_travel(const filter_t *filter, const fc_function_configuration_t *from,
                      const fc_function_configuration_t *to, int32_t most);

#ifdef __cplusplus
}
#endif
#endif
