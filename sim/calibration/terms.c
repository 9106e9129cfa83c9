/* terms.c - see terms.h. */
#include "terms.h"

#include <math.h>

#define CPU_NOISE 0.15
#define P95_NOISE 0.3

enum { P75, P95, CPU, THROTTLED };

static const uint32_t bit_of[TERMS_PER_FUNCTION] = {FC_METRIC_BIT(LATENCY_P75), FC_METRIC_BIT(LATENCY_P95),
                                                    FC_METRIC_BIT(CPU_UTILIZATION), FC_METRIC_BIT(THROTTLED)};

static double metric(const fc_function_metrics_t *metrics, int32_t which) {
  const double values[TERMS_PER_FUNCTION] = {metrics->latency_p75_s, metrics->latency_p95_s,
                                             metrics->cpu_utilization_pct, metrics->throttled_periods};
  return values[which];
}

static int32_t which_of(int32_t term) {
  return (term - TERMS_END_TO_END) % TERMS_PER_FUNCTION;
}

static const fc_function_metrics_t *metrics_of(const fc_observation_t *observation, int32_t term) {
  return &observation->metrics[(term - TERMS_END_TO_END) / TERMS_PER_FUNCTION];
}

static bool has(const fc_observation_t *o, int32_t term, bool uses_cpu) {
  if (term == TERM_LATENCY)
    return o->outcome.successes > 0 && (o->outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0 &&
           o->outcome.latency_mean_s > 0;
  if (term == TERM_SUCCESSES) return true;
  const int32_t which = which_of(term);
  const fc_function_metrics_t *metrics = metrics_of(o, term);
  if ((which >= CPU && !uses_cpu) || (metrics->present & bit_of[which]) == 0) return false;
  return which == THROTTLED ? metric(metrics, which) >= 0 : metric(metrics, which) > 0;
}

int32_t terms_of(const fc_observation_t *observation, bool uses_cpu, int32_t *list) {
  int32_t n = 0;
  for (int32_t term = 0; term < terms_max(observation->n_functions); ++term)
    if (has(observation, term, uses_cpu)) list[n++] = term;
  return n;
}

double terms_value(const fc_observation_t *o, int32_t term) {
  if (term == TERM_LATENCY) return log(o->outcome.successes > 0 ? o->outcome.latency_mean_s : o->duration_s);
  if (term == TERM_SUCCESSES) return sqrt((double)o->outcome.successes + 0.25);
  const fc_function_metrics_t *metrics = metrics_of(o, term);
  const int32_t which = which_of(term);
  if (which == CPU) return log(metrics->cpu_utilization_pct + 1e-3);
  if (which == THROTTLED) return log1p(metrics->throttled_periods);
  return log((metrics->present & bit_of[which]) != 0 ? metric(metrics, which) : o->duration_s);
}

double terms_noise(int32_t term) {
  if (term < TERMS_END_TO_END || which_of(term) == P75) return 0;
  const double noise = which_of(term) == P95 ? P95_NOISE : CPU_NOISE;
  return noise * noise;
}
