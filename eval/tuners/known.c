/* known.c - see known.h. */
#include "known.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "rows.h"

enum { T = FC_MAX_QOS_TERMS };

/* Loads within this distance, in decades, are one: 12 %. */
static const double SAME_LOAD = 0.05;
/* ln violation is compressed beyond this: how badly a hopeless configuration fails shall not shape the process where
 * it matters, at the target. */
static const double COMPRESSED_FROM = 1;
/* A verdict contradicts a term that is missed by more than this: the targets' load is measured, too. */
static const double CLEARLY_VIOLATED = 1.1;

fc_status_t known_init(known_t *known, const tuner_setting_t *setting, const box_t *box) {
  *known = (known_t){.setting = setting, .box = box};
  fc_rng_init(&known->rng, setting->seed, 0x6b6e6f776e);
  return FC_OK;
}

void known_clear(known_t *known) {
  free(known->x);
  free(known->outcome);
  free(known->cost);
  free(known->priority);
  free(known->excluded);
  *known = (known_t){0};
}

static bool grow_one(void **array, size_t bytes) {
  void *grown = realloc(*array, bytes);
  if (grown != NULL) *array = grown;
  return grown != NULL;
}

static fc_status_t grow(known_t *known) {
  if (known->n < known->capacity) return FC_OK;
  const size_t capacity = known->capacity > 0 ? 2 * (size_t)known->capacity : 256, d = (size_t)known->box->d;
  if (!grow_one((void **)&known->x, capacity * d * sizeof *known->x) ||
      !grow_one((void **)&known->outcome, capacity * T * sizeof *known->outcome) ||
      !grow_one((void **)&known->cost, capacity * sizeof *known->cost) ||
      !grow_one((void **)&known->priority, capacity * sizeof *known->priority) ||
      !grow_one((void **)&known->excluded, capacity * sizeof *known->excluded))
    return FC_ENOMEM;
  known->capacity = (int32_t)capacity;
  return FC_OK;
}

static bool is_latency(const fc_qos_term_t *term) {
  return term->kind == FC_QOS_LATENCY_MEAN || term->kind == FC_QOS_LATENCY_PERCENTILE;
}

double known_bound(const known_t *known, int32_t term, double load) {
  const fc_qos_term_t *qos = &known->setting->workflow->qos_terms[term];
  const double log_target = log(fc_qos_target(qos, load));
  return is_latency(qos) ? log_target : -log_target;
}

bool known_term_applies(const known_t *known, int32_t term) {
  const fc_qos_term_t *qos = &known->setting->workflow->qos_terms[term];
  if (qos->strict_only && known->setting->semantics != FC_SEMANTICS_STRICT) return false;
  const int32_t measured = known->n - known->n_offline;
  return known->contradicted[term] < 2 || 2 * known->contradicted[term] < measured;
}

fc_status_t known_add(known_t *known, const fc_observation_t *window, fc_qos_verdict_t verdict, bool offline) {
  const fc_workflow_t *workflow = known->setting->workflow;
  const double load = tuner_load_of(window, NAN);
  double violation[T];
  bool any = false;
  if (!(load > 0)) return FC_OK;
  fc_qos_judge(workflow, known->setting->semantics, &window->outcome, window->duration_s, load, violation);
  if (grow(known) != FC_OK) return FC_ENOMEM;
  double *outcome = known->outcome + (size_t)known->n * T;
  for (int32_t t = 0; t < T; ++t) {
    outcome[t] = NAN;
    if (t >= workflow->n_qos_terms || !(violation[t] > 0)) continue;
    /* ln violation = outcome - bound */
    outcome[t] = COMPRESSED_FROM * tanh(log(violation[t]) / COMPRESSED_FROM) + known_bound(known, t, load);
    if (!isfinite(outcome[t])) outcome[t] = NAN;
    any = any || !isnan(outcome[t]);
    if (!offline && verdict == FC_QOS_MET && violation[t] > CLEARLY_VIOLATED) known->contradicted[t] += 1;
  }
  if (!any) return FC_OK;
  double *x = known->x + (size_t)known->n * (size_t)known->box->d;
  (offline ? box_encode_offline : box_encode)(known->box, window->configuration, load, x);
  known->cost[known->n] = fc_cost_reserved_usd_h(workflow, window->configuration);
  known->priority[known->n] = fc_rng_uniform(&known->rng);
  known->excluded[known->n] = false;
  known->n += 1;
  known->n_offline += offline ? 1 : 0;
  return FC_OK;
}

/* ---- selection ---- */

typedef struct {
  double key, priority;
  int32_t index;
} ranked_t;

static int by_key(const void *a, const void *b) {
  const ranked_t *left = a, *right = b;
  if (left->key != right->key) return left->key < right->key ? -1 : 1;
  return (left->priority > right->priority) - (left->priority < right->priority);
}

static int by_number(const void *a, const void *b) {
  const int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
  return (left > right) - (left < right);
}

static double log_load(const known_t *known, int32_t i) {
  return known->x[(size_t)(i + 1) * (size_t)known->box->d - 1];
}

/* Up to `take` of ranked (n) by their keys, appended to index; those taken move to the front. */
static int32_t take_first(ranked_t *ranked, int32_t n, int32_t take, int32_t *index) {
  if (n > 1) qsort(ranked, (size_t)n, sizeof *ranked, by_key);
  const int32_t count = n < take ? n : take;
  for (int32_t i = 0; i < count; ++i) index[i] = ranked[i].index;
  return count;
}

int32_t known_select(const known_t *known, double load, int32_t max, int32_t *index) {
  ranked_t *ranked = calloc((size_t)known->n + 1, sizeof *ranked);
  if (ranked == NULL) return -1;
  const double at = log10(load);
  int32_t n = 0, count = 0;
  for (int32_t i = known->n - 1; i >= known->n_offline && count < max / 2; --i) {
    if (!known->excluded[i]) index[count++] = i;
  }
  for (int32_t i = 0; i < known->n_offline; ++i) {
    if (known->excluded[i]) continue;
    ranked[n++] = (ranked_t){floor(fabs(log_load(known, i) - at) / SAME_LOAD), known->priority[i], i};
  }
  const int32_t near = take_first(ranked, n, 2 * (max - count) / 3, index + count);
  count += near;
  for (int32_t i = near; i < n; ++i) ranked[i].key = 0;
  count += take_first(ranked + near, n - near, max - count, index + count);
  free(ranked);
  if (count > 1) qsort(index, (size_t)count, sizeof *index, by_number);
  return count;
}

double known_median_load(const known_t *known) {
  ranked_t *ranked = calloc((size_t)known->n + 1, sizeof *ranked);
  if (ranked == NULL || known->n == 0) {
    free(ranked);
    return NAN;
  }
  for (int32_t i = 0; i < known->n; ++i) ranked[i] = (ranked_t){log_load(known, i), 0, i};
  qsort(ranked, (size_t)known->n, sizeof *ranked, by_key);
  const double median = pow(10, ranked[known->n / 2].key);
  free(ranked);
  return median;
}
