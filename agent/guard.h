/* guard.h - a sequential detector of QoS breaches with a stated false-alarm budget.
 *
 * Judging "two violations in a row" would fire every few hours on a workflow that meets QoS in exactly 95 % of its
 * windows. The guard accumulates evidence instead: Bernoulli CUSUM of the log-likelihood ratio between the breach
 * compliance (0.5) and the normal one (0.95),
 *
 *     S = max(0, S + (violated ? ln((1-b)/(1-c)) : ln(b/c))),  alarm when S >= h,
 *
 * on an integer lattice, so that the mean time between alarms is not estimated but solved exactly (a linear system over
 * the states 0..h-1); h is the smallest threshold whose mean time between false alarms at compliance c reaches the
 * budget (30 days of 30 s windows by default). With the defaults the expected delay at 50 % compliance is 12.2 windows,
 * at 0 % five, at 80 % 115; guard_mean_windows gives the exact figures, and a test simulates them. Windows whose QoS is
 * unknown change nothing: a metrics outage is not a breach. Source: Page 1954; exact run lengths as in Brook and Evans
 * 1972. Plain data, one owner.
 */
#ifndef AGENT_GUARD_H
#define AGENT_GUARD_H

#include "faasconf/transition.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t up;        /* lattice steps of a violation */
  int32_t down;      /* lattice steps of a window that met QoS */
  int32_t threshold; /* alarm at this level */
  int32_t level;
  int64_t alarms;
} guard_t;

/* Chooses the threshold. FC_EINVAL when the options leave no detector. */
fc_status_t guard_init(guard_t *guard, const settings_guard_t *options, fc_error_t *error);

/* One window. Returns true at an alarm, and starts from zero again. */
bool guard_update(guard_t *guard, fc_qos_verdict_t verdict);

/* Exact mean number of windows from level zero to the alarm when each window meets QoS with probability `compliance`,
 * 0 <= compliance < 1. Takes milliseconds; not for the hot path. Infinity when memory is out. */
double guard_mean_windows(const guard_t *guard, double compliance);

#ifdef __cplusplus
}
#endif
#endif
