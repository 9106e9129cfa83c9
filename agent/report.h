/* report.h - step 2: measured windows become transitions in the spool.
 *
 * A transition is (s, configuration in force in s', cost, outcome, s'): s is the window before, when it was measured
 * and directly before. Identity is (agent, epoch, sequence), sequence from 1 without holes: a number is used up only
 * when the transition is in the spool. Windows without measurements are not reported; they break the chain. One thread;
 * blocks on file I/O.
 */
#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H

#include "settings.h"
#include "spool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct report report_t;

/* Borrows all until report_destroy. Caller owns the result and destroys it with report_destroy. */
fc_status_t report_new(const settings_t *settings, const fc_workflow_t *workflow, uint64_t epoch, spool_t *spool,
                       report_t **out, fc_error_t *error);
void report_destroy(report_t **report);

/* One measured window. flags: FC_TRANSITION_JUDGING, FC_TRANSITION_EXPLORED as they apply; policy_version: of the
 * policy that decided the configuration in force, 0 = none. On failure the window is lost and counted by the spool. */
fc_status_t report_window(report_t *report, const fc_observation_t *observation, uint32_t flags, int64_t policy_version,
                          fc_error_t *error);
/* A window without measurements: the next transition has no s. */
void report_gap(report_t *report);

/* Sequence the next transition will have, and how many were reported. */
uint64_t report_next_sequence(const report_t *report);
int64_t report_count(const report_t *report);

#ifdef __cplusplus
}
#endif
#endif
