/* session.h - a tuning session: a budget of windows, then the cheapest configuration that proved itself.
 *
 *   EXPLORE --budget down to the last part, or exploration frozen--> VERIFY --budget spent--> SETTLED
 *      ^                                                                                        |
 *      +------------------ drift (alarm of the guard) or another load: session_open ------------+
 *
 * EXPLORE asks the policy, with Gaussian noise; after a violated window the next proposal goes back part of the way to
 * the best good configuration. VERIFY re-measures the cheapest configurations that have met QoS in every window so far,
 * cheapest first; a single violation disqualifies. A configuration is *verified* when it has at least `verify_windows`
 * measurements, all met, and (unless verify_sigma is 0) the one-sided 95 % prediction limit of ln v of the next window
 * lies at or below 0 for every latency and success-count term: mean + 1.645 s sqrt(1 + 1/n), where s combines the
 * measurements with verify_sigma weighted as four of them. One lucky window never settles a session.
 *
 * Every window counts, the first one of the configuration in force, those under way between candidates (the rails may
 * need several) and re-measurements; only judging windows and the way to the settled configuration after the budget do
 * not, and the latter are reported. A candidate is only started when its measurements and the way back to the fallback
 * fit into what is left. SETTLED takes the cheapest verified configuration, else the fallback: the start configuration
 * if it was good, else the last good one.
 * Pure: no I/O, no platform, no clock. One thread; memory is taken at new.
 */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

#include "faasconf/transition.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { SESSION_NONE = 0, SESSION_EXPLORE = 1, SESSION_VERIFY = 2, SESSION_SETTLED = 3 } session_phase_t;
const char *session_phase_name(session_phase_t phase);

/* What the session wants for the next window. */
typedef enum {
  SESSION_ASK_POLICY = 0, /* decide, with sigma and retreat below */
  SESSION_GO_TO = 1,      /* `target`, measured good before */
  SESSION_STAY = 2        /* nothing better is known: keep what is in force */
} session_want_t;

typedef struct {
  session_want_t want;
  const fc_function_configuration_t *target; /* (N), borrowed until the next measure */
  double sigma;
  double retreat;
  const fc_function_configuration_t *towards; /* (N) or NULL, borrowed as target */
} session_step_t;

/* How many windows a change takes under the rails; 0: nothing is left to do. */
typedef struct {
  void *self;
  int32_t (*windows)(void *self, const fc_function_configuration_t *from, const fc_function_configuration_t *to,
                     int32_t most);
} session_travel_t;

typedef struct {
  session_phase_t phase;
  int32_t budget;
  int32_t used;         /* of the budget */
  int32_t settling;     /* windows after the budget until the settled configuration was in force */
  int32_t violations;   /* among `used` and `settling` */
  int32_t unknown;      /* windows without a verdict among them */
  int32_t n_candidates; /* different configurations measured */
  bool settled;         /* the settled configuration is in force */
  bool verified;        /* it is a verified one; false: the fallback */
  int32_t measurements; /* of the settled configuration */
  double start_cost_usd_h;
  double settled_cost_usd_h;
  int32_t opened; /* sessions opened so far */
} session_summary_t;

typedef struct session session_t;

/* Borrows workflow until session_destroy. Caller owns the result and destroys it with session_destroy. */
fc_status_t session_new(const fc_workflow_t *workflow, const settings_session_t *settings, session_travel_t travel,
                        session_t **out, fc_error_t *error);
void session_destroy(session_t **session);

/* Opens a session with a full budget; what was measured before is forgotten. windows: its budget. */
void session_open(session_t *session, int32_t windows);

/* One window that ran with `configuration` (N): violation as from fc_qos_judge. Without effect when no session was
 * opened. */
void session_measure(session_t *session, const fc_function_configuration_t *configuration, fc_qos_verdict_t verdict,
                     const double *violation, double mean_in_flight);

/* Has the measured load moved away from the one the session is about, for three windows in a row? */
bool session_load_changed(const session_t *session);

/* What next, given what is in force (N) and the last good configuration (N, or NULL). frozen: no exploration now. */
void session_next(session_t *session, const fc_function_configuration_t *current,
                  const fc_function_configuration_t *last_good, bool frozen, session_step_t *step);

/* The settled configuration (N), or NULL before. */
const fc_function_configuration_t *session_settled(const session_t *session);
session_summary_t session_summary(const session_t *session);

#ifdef __cplusplus
}
#endif
#endif
