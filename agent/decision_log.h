/* decision_log.h - why: one JSON line per window in state/decisions.jsonl.
 *
 * Every decision with its reason: observation, attention, predicted outcome, cost now and then, what bound it, policy
 * version, decision digest, and what became of it. Keys: docs/agent.md. The file is rotated once (decisions.jsonl.1) at
 * its size limit. A log that cannot be written never stops the agent: the failure is counted. One thread; blocks on
 * file I/O.
 */
#ifndef AGENT_DECISION_LOG_H
#define AGENT_DECISION_LOG_H

#include "filter.h"
#include "folder.h"
#include "observe.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow;
  char path[FOLDER_PATH_SIZE];
  int64_t max_bytes, bytes;
  int descriptor;
  int64_t failures;
} decision_log_t;

/* One window's decision; pointers are borrowed for the call and may be NULL where said. */
typedef struct {
  int64_t time_us; /* wall clock of the platform when it was taken */
  uint64_t epoch;
  agent_mode_t mode;
  const char *phase;  /* of the session */
  const char *origin; /* "policy", "policy+exploration", "session", "restore", "hold" */
  const char *reason; /* a sentence */
  const fc_observation_t *observation;
  const observe_result_t *observed;
  int64_t policy_version;
  const float *attention;                           /* (E) or NULL: the policy was not asked */
  const fc_function_configuration_t *wanted;        /* (N) before the filter, or NULL */
  const fc_function_configuration_t *configuration; /* (N) after the filter */
  const filter_result_t *filtered;                  /* or NULL */
  const uint32_t *bound_by;                         /* (N, A) or NULL */
  history_outcome_t predicted;                      /* own earlier windows of `configuration` */
  bool changed;                                     /* differs from what is in force */
  bool applied;
  const char *not_applied; /* why, or NULL */
  const uint8_t *digest;   /* FC_DIGEST_SIZE */
} decision_t;

/* Appends to what is there. Borrows workflow until decision_log_close. */
fc_status_t decision_log_open(const folder_t *folder, const fc_workflow_t *workflow, int64_t max_bytes,
                              decision_log_t *log, fc_error_t *error);
void decision_log_close(decision_log_t *log);
void decision_log_write(decision_log_t *log, const decision_t *decision);

#ifdef __cplusplus
}
#endif
#endif
