/* demo_methods.h - the demo's comparison: start, random, library and attmf, each judged on fresh windows; and how a
 * comparison is told. */
#ifndef CLI_DEMO_METHODS_H
#define CLI_DEMO_METHODS_H

#include <stdio.h>

#include "demo_history.h"
#include "faasconf/json.h"
#include "judge.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DEMO_METHODS_MAX = 16 };

typedef struct {
  const char *name;
  judgement_t judgement;
  int32_t violations; /* on the way: measured windows of its budget that violated QoS */
} demo_method_t;

typedef struct {
  int32_t n;
  demo_method_t methods[DEMO_METHODS_MAX]; /* the first is the start configuration, which savings are against */
} demo_methods_t;

typedef struct {
  const fc_workflow_t *workflow;
  int32_t users;
  int32_t budget_windows;
  int32_t judge_windows;
  uint64_t seed;
  const demo_history_t *history;
  const fc_function_configuration_t *tuned; /* (N) what the agent settled on */
  int32_t tuned_violations;
} demo_methods_task_t;

/* Runs random search and library on their own windows of the simulated world (same seed and world as the agent's), then
 * judges all four. */
fc_status_t demo_methods_judge(const demo_methods_task_t *task, demo_methods_t *methods, fc_error_t *error);

void demo_methods_print(const demo_methods_t *methods, FILE *out);
/* Caller owns the results and destroys them with fc_json_destroy. */
fc_json_t *demo_methods_json(const demo_methods_t *methods);
fc_json_t *demo_methods_qos_json(const fc_workflow_t *workflow, int32_t users);

#ifdef __cplusplus
}
#endif
#endif
