/* metric.h - the figures of a cell that are averaged and compared, by number. Pure; any thread. */
#ifndef EVAL_CELLS_METRIC_H
#define EVAL_CELLS_METRIC_H

#include "cell.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, key of JSON, text for people, value of `const cell_t *cell`). *_MET: of cells that met QoS only, NaN
 * elsewhere: a method that violates QoS can be arbitrarily cheap. SETTLED is NaN for planners, which verify nothing. */
#define METRIC_MAP(X)                                                                                                 \
  X(OVER_ORACLE, "cost_over_oracle", "cost over oracle", cell->cost_over_oracle)                                      \
  X(COMPLIANCE, "compliance", "compliance", cell->compliance)                                                         \
  X(VIOLATIONS, "violations", "violations", (double)cell->violations)                                                 \
  X(RECONFIGURATIONS, "reconfigurations", "reconfigurations", (double)cell->reconfigurations)                         \
  X(LATENCY_SUM, "latency_sum", "sum of latencies, s", cell->latency_sum_s)                                           \
  X(OVER_ORACLE_MET, "cost_over_oracle_met", "cost over oracle where QoS was met", met(cell, cell->cost_over_oracle)) \
  X(OVER_ORACLE50, "cost_over_oracle50", "cost over oracle(0.5)", cell->cost_over_oracle50)                           \
  X(OVER_ORACLE99, "cost_over_oracle99", "cost over oracle(0.99)", cell->cost_over_oracle99)                          \
  X(COST, "cost", "cost, USD/h", cell->cost_usd_h)                                                                    \
  X(COST_MET, "cost_met", "cost where QoS was met, USD/h", met(cell, cell->cost_usd_h))                               \
  X(COST_EQ2, "cost_eq2", "cost of Eq. 2, USD per window", cell->cost_eq2_usd)                                        \
  X(COMPLIANCE_2MIN, "compliance_2min", "compliance of two minutes", cell->compliance_2min)                           \
  X(QOS_MET, "qos_met_share", "share of runs that met QoS", cell->qos_met ? 1 : 0)                                    \
  X(WILSON_LOW, "wilson_low", "lower bound of compliance", cell->wilson_low)                                          \
  X(WILSON_HIGH, "wilson_high", "upper bound of compliance", cell->wilson_high)                                       \
  X(SETTLED, "settled_share", "share of runs that verified a choice", settled(cell))                                  \
  X(SEVERITY, "severity", "severity of violations", cell->severity)                                                   \
  X(WINDOWS, "windows", "windows", (double)cell->windows)                                                             \
  X(LATENCY_MEAN, "latency_mean", "mean latency, s", cell->latency_mean_s)                                            \
  X(THROUGHPUT, "throughput", "successes per window", cell->throughput)                                               \
  X(DECIDE, "decide_s", "time of a decision, s", cell->decide_s)                                                      \
  X(PREPARE, "prepare_s", "training and planning, s", cell->prepare_s)                                                \
  X(UNSAFE_COST, "unsafe_cost", "cost of violating windows, USD/h", cell->unsafe_cost_usd_h)

typedef enum {
#define METRIC_ENUM(name, key, text, value) METRIC_##name,
  METRIC_MAP(METRIC_ENUM)
#undef METRIC_ENUM
      METRICS
} metric_t;

/* NaN: not measured. */
double metric_of(const cell_t *cell, metric_t metric);

/* Static storage. */
const char *metric_key(metric_t metric);
const char *metric_text(metric_t metric);

#ifdef __cplusplus
}
#endif
#endif
