/* cell.h - one result of an experiment: one method in one world, at one load, with one seed.
 *
 * What `faasconf eval` measures, writes (cells_json.c, cells_csv.c) and reports on (eval/report/). Plain data.
 */
#ifndef EVAL_CELLS_CELL_H
#define EVAL_CELLS_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/dims.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NaN: not measured in this experiment. */
typedef struct {
  char experiment[16]; /* "static", "dynamic", "ablation", "pool" */
  char workflow[FC_NAME_SIZE];
  int32_t users;    /* 0: a trace */
  char world[24];   /* "exact", "parameters", "tail", "hidden", "least_connections", "optimistic", "rows" */
  char track[16];   /* "rows", "simulator" */
  char method[24];  /* "attmf" */
  char variant[24]; /* "repaired", "faithful", "level 0.99", "no concurrency" */
  char safety[16];  /* "none", "ses_code", "ses_paper" */
  bool rails;
  char semantics[16]; /* "strict", "as-published" */
  int64_t seed;

  double cost_usd_h;       /* reserved, of the choice; dynamic: mean over windows */
  double cost_eq2_usd;     /* Eq. 2 of the paper, per window, mean over the judging windows */
  double cost_over_oracle; /* ratio to oracle(0.95) of the same cell and world; as are the next two */
  double cost_over_oracle50, cost_over_oracle99;
  double compliance; /* of fresh windows; dynamic: of the trace's windows */
  double wilson_low, wilson_high;
  double compliance_2min; /* of stretches of two minutes judged as one */
  bool qos_met;           /* compliance >= 0.95 */
  bool settled;           /* a verified choice; false: the start configuration */
  int32_t violations;     /* windows on the way that violated QoS; dynamic: of the trace */
  double severity;        /* sum over those of (worst violation - 1) */
  int32_t windows;        /* on the way */
  int32_t judging_windows;
  int32_t reconfigurations; /* dynamic */
  double latency_sum_s;     /* dynamic: sum over windows of the mean latency */
  double latency_mean_s;    /* of the judging windows */
  double throughput;        /* successes per judging window */
  double decide_s;          /* wall clock of proposing and learning, median over windows; dynamic: over minutes */
  double prepare_s;         /* of training, calibrating and planning, when they were done; NaN: not known */
  double unsafe_cost_usd_h; /* area: sum over windows on the way that violated, of their cost */
} cell_t;

#ifdef __cplusplus
}
#endif
#endif
