/* judge.h - what a configuration is worth: fresh windows, compliance, cost.
 *
 * A tuner's choice is judged on windows nobody has seen, never on the sample that made it look good. The simulator's
 * seed is derived from the caller's, apart from every seed used while tuning, so that all methods of one experiment are
 * judged on the same draws. Targets are those of the scenario's users. One thread; takes milliseconds to seconds.
 */
#ifndef EVAL_JUDGE_H
#define EVAL_JUDGE_H

#include "faasconf/cost.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A configuration meets QoS when at least this fraction of fresh windows does (architecture section 4). */
#define JUDGE_REQUIRED_COMPLIANCE 0.95
enum { JUDGE_WINDOWS = 400 };

typedef struct {
  int32_t n_windows;
  int32_t n_met;
  double compliance;              /* n_met / n_windows */
  double wilson_low, wilson_high; /* 95 % interval of the compliance */
  bool qos_met;                   /* compliance >= JUDGE_REQUIRED_COMPLIANCE */
  double cost_usd_h;              /* reserved */
  double latency_s;               /* mean over windows of the window's mean latency; windows without success count as
                                     one window length */
  double throughput;              /* successes per window, mean */
  double success_ratio;           /* successes / completed over all windows */
} judgement_t;

/* Does one window meet QoS? users > 0: closed loop, targets of so many users. users == 0: open loop, targets of the
 * measured mean in flight; terms that count successes do not apply there. FC_QOS_UNKNOWN also for a window of an open
 * loop in which nothing was asked. */
fc_qos_verdict_t judge_window(const fc_workflow_t *workflow, fc_semantics_t semantics,
                              const fc_observation_t *observation, double users);

/* The same; *worst gets the largest violation over the QoS terms: 1 at the target, 0 when none could be judged. */
fc_qos_verdict_t judge_severity(const fc_workflow_t *workflow, fc_semantics_t semantics,
                                const fc_observation_t *observation, double users, double *worst);

/* A judgement in the making, window by window, wherever the windows come from. Begun by {0}. */
typedef struct {
  judgement_t sums;
  int64_t successes, completed;
} judge_t;

/* One more window, whose QoS targets are those of so many users of a closed loop. */
void judge_add(judge_t *judge, const fc_workflow_t *workflow, fc_semantics_t semantics, int32_t users,
               const fc_observation_t *observation);

/* What the windows so far say of configuration (N), which was in force in all of them; at least one. */
judgement_t judge_result(const judge_t *judge, const fc_workflow_t *workflow,
                         const fc_function_configuration_t *configuration);

/* The same on the simulator. configuration: (N). FC_EINVAL as simulator_new. Allocates. */
fc_status_t judge_configuration(const fc_workflow_t *workflow, fc_semantics_t semantics, int32_t users, uint64_t seed,
                                int32_t n_windows, const fc_function_configuration_t *configuration,
                                judgement_t *judgement, fc_error_t *error);

/* Wilson score interval of a proportion at 95 % (Wilson 1927); n >= 1. */
void judge_wilson(int32_t n_met, int32_t n, double *low, double *high);

#ifdef __cplusplus
}
#endif
#endif
