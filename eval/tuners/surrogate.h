/* surrogate.h - what a method of Bayesian optimisation knows: measured windows, and a Gaussian process per QoS term.
 *
 * A term's outcome is the logarithm of what was measured, signed so that less is better: ln latency, -ln successes,
 * -ln success ratio (floored as fc_qos_judge does), compressed by a tanh beyond a factor of e from the target. It is
 * met while it is at most a bound, which depends on the load. The processes see at most SURROGATE_MAX_ROWS windows: up
 * to half of them the latest of this run, the others offline rows, two thirds of them near the present load.
 * Hyper-parameters are fitted at the beginning and every SURROGATE_FIT_EVERY windows.
 *
 * Two probabilities: that a window meets all terms (with its luck), and that at least a share `level` of windows does
 * (of the noise-free functions, against bounds moved by that quantile of the noise).
 */
#ifndef EVAL_TUNERS_SURROGATE_H
#define EVAL_TUNERS_SURROGATE_H

#include "acquisition.h"
#include "box.h"
#include "proven.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SURROGATE_MAX_ROWS = 300, SURROGATE_FIT_EVERY = 5, SURROGATE_MIN_ROWS = 4 };

/* A configuration is chosen only after it has met QoS in so many windows (tuning.h), so that what it is worth is its
 * improvement times its feasibility to this power. */
enum { SURROGATE_REQUIRED_MEETS = 3 };

/* Of the windows, this share shall meet QoS: what a configuration is judged by. */
#define SURROGATE_COMPLIANCE 0.95
/* Of a dynamic run: how sure a window has to be to meet QoS. Above what windows are judged by: of many candidates the
 * one that seems cheapest is one that is overestimated. */
#define SURROGATE_CONFIDENCE 0.97

typedef struct {
  bool models_cost;      /* a process of the cost, too, as if it had to be learned */
  bool filters_outliers; /* rows that leave-one-out predictions of 95 % miss are left out (Aquatope) */
} surrogate_options_t;

typedef struct surrogate surrogate_t;

/* Copies the offline rows of the setting, borrows the rest until surrogate_destroy; fits: seconds. Caller owns *out. */
fc_status_t surrogate_new(const tuner_setting_t *setting, const surrogate_options_t *options, surrogate_t **out,
                          fc_error_t *error);
void surrogate_destroy(surrogate_t **surrogate);

/* A measured window; ignored when its load or all of its terms are unknown. */
fc_status_t surrogate_learn(surrogate_t *surrogate, const fc_observation_t *window, fc_qos_verdict_t verdict,
                            fc_error_t *error);

/* Makes the processes those of the load of `last` (NULL or unknown: of the last known, else the median of the rows).
 * Fits when that is due: seconds. *ready: false when there is too little to go by. */
fc_status_t surrogate_prepare(surrogate_t *surrogate, const fc_observation_t *last, bool *ready, fc_error_t *error);

/* ---- after surrogate_prepare ---- */

box_t *surrogate_box(surrogate_t *surrogate);             /* at the present load */
const gp_t *surrogate_cost(const surrogate_t *surrogate); /* NULL unless asked for */

/* One constraint per term that is known: a share `level` of windows meets it. Returns their number. */
int32_t surrogate_constraints(const surrogate_t *surrogate, double level,
                              acquisition_constraint_t constraints[ACQUISITION_MAX_CONSTRAINTS]);

/* ln of the probability that a window with x (d) meets QoS; gradient (d) or NULL. An acquisition_fn. */
double surrogate_log_window_met(void *surrogate, const double *x, double *gradient);

/* The cheapest configuration that was measured in this run, met QoS at this load, never violated it, and of which, with
 * all that is known, a share `level` of windows is more likely than not to meet QoS: luck alone makes no incumbent.
 * NULL: none. */
const proven_item_t *surrogate_incumbent(surrogate_t *surrogate, double level);

/* Coordinates of what is known to start a search from, at the present load: the start, this run's windows, the cheapest
 * offline rows predicted to be met. starts (max, d); returns their number. measured_only: without offline rows. */
int32_t surrogate_starts(surrogate_t *surrogate, bool measured_only, int32_t max, double *starts);

/* Where the search of an acquisition ends: x (d) becomes the best whole configuration (N) near it. */
void surrogate_settle(surrogate_t *surrogate, acquisition_fn acquisition, void *context, double *x,
                      fc_function_configuration_t *configuration);

/* The cheapest configuration (N) of which a window meets QoS with at least this probability; when there is none the
 * most probable. */
fc_status_t surrogate_exploit(surrogate_t *surrogate, double probability, fc_function_configuration_t *configuration,
                              fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
