/* faasconf/safety.h - SES bounds, rails and limits: the pure mathematics of step 9.
 *
 * Three different things (glossary): *bounds* are a safe price band, advice from history; *rails* limit the change from
 * one window to the next; *limits* are absolute, from the agent's own file, and nothing widens them. core/bounds.c and
 * core/rails.c implement this header; server/safety/ derives records from the store, agent/filter.c applies all three
 * in the order of architecture section 8. Pure: no I/O, no time, no global; any thread.
 */
#ifndef FAASCONF_SAFETY_H
#define FAASCONF_SAFETY_H

#include "faasconf/knobs.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  FC_STRATEGY_NONE = 0,
  FC_STRATEGY_SES_CODE = 1, /* as in the authors' code */
  FC_STRATEGY_SES_PAPER = 2,
  FC_STRATEGY_CONFORMAL = 3 /* reserved: refused with a clear error until it exists */
} fc_safety_strategy_t;

bool fc_safety_strategy_parse(const char *text, fc_safety_strategy_t *out);
const char *fc_safety_strategy_name(fc_safety_strategy_t strategy);

/* ---- SES ---------------------------------------------------------------------------------------------------- */

enum { FC_MAX_SAFE_CONFIGURATIONS = 32 };

/* One row of history: what SES needs of a window. Borrows `configuration`. */
typedef struct {
  const fc_function_configuration_t *configuration; /* (N) */
  double cost_usd_h;
  double mean_in_flight; /* measured load */
  bool qos_met;
} fc_safety_row_t;

/* The band of one workflow at one load (the paper's JSON record AppName, Workload, lb, ub, plus what fall-back needs).
 * safe[] holds n_safe configurations of n_functions each, cheapest first, flattened. */
typedef struct {
  char workflow[FC_NAME_SIZE];
  double mean_in_flight; /* load the record is for */
  double lb_usd_h, ub_usd_h;
  int32_t n_rows; /* QoS-meeting rows it was made from */
  int64_t version;
  int32_t n_functions;
  int32_t n_safe;
  fc_function_configuration_t *safe; /* (n_safe, N) */
  double *safe_cost_usd_h;           /* (n_safe) */
} fc_safety_record_t;

typedef struct {
  double cheapest_share; /* 0.20 of the QoS-meeting rows */
  double n_std;          /* 2; population standard deviation */
  double load_tolerance; /* rows within this relative distance of the load belong to it; 0.25 */
  int32_t min_rows;      /* fewer QoS-meeting rows: no record; 5 */
} fc_bounds_options_t;
fc_bounds_options_t fc_bounds_options_default(void);

fc_status_t fc_safety_record_init(fc_safety_record_t *record, int32_t n_functions);
void fc_safety_record_clear(fc_safety_record_t *record);
fc_status_t fc_safety_record_copy(fc_safety_record_t *to, const fc_safety_record_t *from);

/* Paper section 5: mean +- n_std * std of the cost of the cheapest share of QoS-meeting rows at this load. *record was
 * initialised for the workflow's N. FC_ENOTFOUND when there are fewer than min_rows such rows. */
fc_status_t fc_bounds_determine(const fc_workflow_t *workflow, const fc_bounds_options_t *options,
                                const fc_safety_row_t *rows, int32_t n_rows, double mean_in_flight,
                                fc_safety_record_t *record);

/* Record of the nearest load (the paper's rule for unseen loads), or -1 when n is 0. */
int32_t fc_bounds_nearest(const fc_safety_record_t *records, int32_t n_records, double mean_in_flight);

bool fc_bounds_contains(const fc_safety_record_t *record, double cost_usd_h);

/* Counts violations and says when the band must be re-determined (the paper's threshold is not given; 3). */
typedef struct {
  int32_t threshold;
  int32_t violations;
} fc_bounds_watch_t;
/* Returns true when the count reaches the threshold, and starts counting anew. */
bool fc_bounds_watch_update(fc_bounds_watch_t *watch, fc_qos_verdict_t verdict);

/* What a strategy did with a decided configuration. */
typedef enum {
  FC_SES_ACCEPTED = 0, /* inside the band: unchanged */
  FC_SES_REPLACED = 1, /* outside: a safe configuration plus noise */
  FC_SES_NO_RECORD = 2 /* nothing to judge by: unchanged */
} fc_ses_result_t;

/* SES on one decided configuration (N), in place.
 * ses_paper: inside [lb, ub] keep; else a safe configuration drawn uniformly plus N(0, noise_sigma) on its action,
 *   within the ranges, and re-drawn (at most 16 times) until it is inside the band; then without noise.
 * ses_code: the same draw over the rows of the library, noise 0.05, action clipped to [0.1, 0.9], not re-checked
 *   (algorithms, section 4).
 * record may be NULL. */
fc_ses_result_t fc_ses_apply(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_safety_strategy_t strategy,
                             const fc_safety_record_t *record, double noise_sigma, fc_rng_t *rng,
                             fc_function_configuration_t *configuration);

/* ---- rails -------------------------------------------------------------------------------------------------- */

typedef enum { FC_RAILS_OFF = 0, FC_RAILS_TUNING = 1, FC_RAILS_PRODUCTION = 2 } fc_rails_profile_t;

/* Limits on change, counted in windows. */
typedef struct {
  fc_rails_profile_t profile;
  double resource_factor;      /* CPU and memory per window: at most x or / this (1.41 tuning, 1.19 production) */
  int32_t count_step;          /* replicas and concurrency per window: at most +- this (2, 1) */
  int32_t shrink_hold_windows; /* a knob shrinks only to the largest value proposed in this many windows (1, 10) */
  int32_t min_replicas;        /* (1, 2) */
  double dead_band;            /* relative cost change below which nothing is written (0, 0.03) */
  int32_t changes_per_hour;    /* at most; 0 = no limit (0, 12) */
} fc_rails_t;
fc_rails_t fc_rails_default(fc_rails_profile_t profile);
bool fc_rails_profile_parse(const char *text, fc_rails_profile_t *out);
const char *fc_rails_profile_name(fc_rails_profile_t profile);

/* Why a component is what it is; bits, per function and knob. */
enum {
  FC_BOUND_BY_STEP = 1u,
  FC_BOUND_BY_SHRINK_HOLD = 2u,
  FC_BOUND_BY_MIN_REPLICAS = 4u,
  FC_BOUND_BY_DEAD_BAND = 8u,
  FC_BOUND_BY_CHANGE_BUDGET = 16u,
  FC_BOUND_BY_LIMITS = 32u,
  FC_BOUND_BY_RECHECK = 64u,
  FC_BOUND_BY_STRATEGY = 128u,
  FC_BOUND_BY_RESTORE = 256u,
  FC_BOUND_BY_RANGES = 512u
};

/* Moves `proposed` (N) towards what the rails allow from `current` (N), in place; bound_by (N, A) collects reasons and
 * may be NULL. recent (n_recent, N): the last proposals, newest first, for the shrink hold. During a QoS breach growth
 * is never held back. */
void fc_rails_apply(const fc_rails_t *rails, const fc_workflow_t *workflow, const fc_function_configuration_t *current,
                    const fc_function_configuration_t *recent, int32_t n_recent, bool qos_breach,
                    fc_function_configuration_t *proposed, uint32_t *bound_by);

/* ---- limits ------------------------------------------------------------------------------------------------- */

/* Absolute limits per function and knob, from the agent's own file. (N, A) */
typedef struct {
  int32_t n_functions;
  fc_knob_range_t *knobs; /* (N, A) */
} fc_limits_t;
/* Starts from the workflow's ranges. */
fc_status_t fc_limits_init(fc_limits_t *limits, const fc_workflow_t *workflow, fc_ranges_t ranges);
void fc_limits_clear(fc_limits_t *limits);
/* Clamps (N) in place; bound_by (N, A) may be NULL. Returns true when something was clamped. */
bool fc_limits_apply(const fc_limits_t *limits, fc_function_configuration_t *configuration, uint32_t *bound_by);

#ifdef __cplusplus
}
#endif
#endif
