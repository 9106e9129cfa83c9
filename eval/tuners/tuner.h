/* tuner.h - a method that proposes configurations and learns from the windows that were measured with them.
 *
 *   window by window:  propose(last window) -> safety strategy, rails -> measure -> learn(window, verdict)
 *
 * A tuner sees the workflow as its users know it (functions, ranges, QoS, prices), its offline rows, the windows that
 * were measured, and nothing else: never the load generator's setting, never a window to come, never the world it is
 * judged in. What it learns from is the configuration that was in force, which is not always the one it proposed. One
 * file and one line of the table in tuner.c per method. One thread per instance.
 */
#ifndef EVAL_TUNERS_TUNER_H
#define EVAL_TUNERS_TUNER_H

#include "faasconf/knobs.h"
#include "faasconf/transition.h"
#include "oracle_table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a method knows before its first window. */
typedef enum {
  TUNER_TRACK_ROWS = 0,     /* offline rows only */
  TUNER_TRACK_SIMULATOR = 1 /* as many windows of the nominal simulator as it wants, before the first window */
} tuner_track_t;

typedef enum { TUNER_REPAIRED = 0, TUNER_FAITHFUL = 1 } tuner_variant_t;

/* Offline rows: measured windows in their order, all loads. Filled once (rows.h), then read only. */
typedef struct {
  int32_t n, capacity;
  int32_t n_functions;        /* N */
  fc_observation_t *windows;  /* (capacity) */
  fc_qos_verdict_t *verdicts; /* (capacity) with the targets of each row's load */
} tuner_rows_t;

/* Borrowed by the tuner until destroy, with all it points to. */
typedef struct {
  const fc_workflow_t *workflow; /* its `simulator:` section is the nominal world */
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  tuner_track_t track;
  tuner_variant_t variant;
  bool concurrency_is_fixed;     /* the method leaves concurrency limits as they are (ablation) */
  const tuner_rows_t *rows;      /* n may be 0 */
  const char *cache;             /* folder for what is expensive and depends on rows and seed only, or NULL */
  const oracle_table_t *oracles; /* for tuners that know the world; NULL for all others, as truth */
  const world_t *truth;          /* whose windows are measured */
  uint64_t seed;
  double level;       /* planning level of methods that plan: 0.95, 0.99 */
  double *prepared_s; /* gets what training, calibrating and planning took, when they were done; NULL: not asked */
} tuner_setting_t;

typedef struct {
  const char *name;     /* "random" */
  const char *summary;  /* one line for --help */
  bool has_faithful;    /* variant TUNER_FAITHFUL exists */
  bool knows_the_world; /* an oracle: it is told the truth, and in a trace the load to come; no competitor */
  bool is_planner;      /* chooses before the first window and keeps to it: the choice is not verified */
  /* Called by tuner_create. Caller owns *self and destroys it. Errors: FC_ENOMEM, and what the method says. May block
   * for seconds. */
  fc_status_t (*create)(const tuner_setting_t *setting, void **self, fc_error_t *error);
  void (*destroy)(void **self);
  /* The configuration (N) for the next window. last: the window measured last, or NULL. dynamic: this one will be in
   * force whatever comes, so that there is nothing to gain from exploring. May block for seconds. */
  fc_status_t (*propose)(void *self, const fc_observation_t *last, bool dynamic, fc_function_configuration_t *proposal,
                         fc_error_t *error);
  /* One measured window; its configuration was in force. */
  fc_status_t (*learn)(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict, fc_error_t *error);
} tuner_t;

/* tuner->create; FC_EINVAL for a variant that the method does not have. */
fc_status_t tuner_create(const tuner_t *tuner, const tuner_setting_t *setting, void **self, fc_error_t *error);

/* By name, or NULL. names, when not NULL, gets a comma-separated list of all for messages. */
const tuner_t *tuner_find(const char *name, const char **names);
/* The i-th of the table, or NULL after the last. */
const tuner_t *tuner_at(int32_t i);

#ifdef __cplusplus
}
#endif
#endif
