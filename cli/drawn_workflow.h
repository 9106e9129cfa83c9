/* drawn_workflow.h - a random workflow: its calls, its function profiles, its workflow file.
 *
 * Profiles are drawn around those fitted to the public measurements of the Parallel workflow (workflows/parallel.yaml;
 * wiluen/FaaSConf, data/parallel_10.csv): light image functions and the two ONNX classifiers, every parameter times a
 * lognormal factor of median 1. Noise and orchestrator are the fitted ones, ranges, prices and start the shipped ones.
 * Draws are counter-based: options fix every byte. Nothing here blocks.
 */
#ifndef CLI_DRAWN_WORKFLOW_H
#define CLI_DRAWN_WORKFLOW_H

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DRAWN_MAX_FUNCTIONS = 1000, DRAWN_USERS = 10 };

typedef enum {
  WORKFLOW_SHAPE_SERIES_PARALLEL = 0, /* sequences of groups of sequences of ..., composed at random */
  WORKFLOW_SHAPE_LAYERED = 1          /* layers one after the other; the functions of a layer run at once */
} workflow_shape_t;

/* "series-parallel" / "layered"; false for any other text. */
bool workflow_shape_parse(const char *text, workflow_shape_t *out);
const char *workflow_shape_name(workflow_shape_t shape);

typedef struct {
  int32_t n_functions; /* N, 1 to DRAWN_MAX_FUNCTIONS */
  workflow_shape_t shape;
  uint64_t seed;
  char name[FC_NAME_SIZE]; /* of the workflow */
  bool name_is_given;      /* false: made from the other options, and no part of the command in the file's comment */
} drawn_workflow_options_t;

typedef struct {
  drawn_workflow_options_t options;
  fc_function_simulator_t *functions; /* (N) */
  fc_on_failure_t *on_failure;        /* (N) */
  fc_call_node_t *nodes;              /* node 0 is the root, a sequence */
  int32_t n_nodes, node_capacity;
  /* What simulating the start configuration gives: drawn_workflow_measure. */
  double window_s;
  double latency_target_s;                                       /* mean over the successes of a window */
  double success_target;                                         /* success ratio of the completed, strict */
  double start_latency_s, start_success_ratio, start_cost_usd_h; /* means over n_windows windows */
  int32_t n_windows;
} drawn_workflow_t;

/* Draws profiles and calls; window and targets are not set yet. Caller owns what is in *drawn and clears it with
 * drawn_workflow_clear, after an error too. FC_EINVAL, FC_ENOMEM. */
fc_status_t drawn_workflow_draw(const drawn_workflow_options_t *options, drawn_workflow_t *drawn, fc_error_t *error);
void drawn_workflow_clear(drawn_workflow_t *drawn);

/* Chooses window and QoS targets by simulating the start configuration with DRAWN_USERS closed-loop users: the window
 * is the shortest of 30 s, 60 s, 120 s, ... in which a user completes two workflows, the latency target 1.1 times the
 * 99 % quantile of the windows' mean latencies, the success ratio the 1 % quantile of theirs less 0.02, at most
 * 0.98. Takes seconds at 1,000 functions; progress on a terminal. FC_ESTATE: the start
 * configuration fails nearly everything. */
fc_status_t drawn_workflow_measure(drawn_workflow_t *drawn, fc_error_t *error);

/* The workflow file (docs/workflow-file.md), NUL-terminated; caller frees *text. *size (may be NULL): without the NUL.
 * FC_ENOMEM. */
fc_status_t drawn_workflow_write(const drawn_workflow_t *drawn, char **text, size_t *size, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
