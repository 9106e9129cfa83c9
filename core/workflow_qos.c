/* workflow_qos.c - the QoS terms of a workflow file; targets are numbers or tables by mean in-flight requests. */
#include <stdlib.h>
#include <string.h>

#include "workflow_parse.h"

static const char *const term_keys[] = {"latency_mean_s", "latency_percentile_s", "success_ratio", "successes"};

/* `map` is {load: target, ...} with ascending loads. */
static fc_status_t parse_table(const fc_config_node_t *map, double largest, fc_qos_term_t *term, fc_error_t *error) {
  const int32_t n = fc_config_size(map);
  if (n < 1 || n > FC_MAX_QOS_POINTS)
    return fc_config_error(map, error, "expected a table of 1 to %d loads", FC_MAX_QOS_POINTS);
  for (int32_t i = 0; i < n; ++i) {
    char *end = NULL;
    const char *key = fc_config_key_at(map, i);
    term->in_flight[i] = strtod(key, &end);
    if (*key == '\0' || *end != '\0' || !(term->in_flight[i] >= 0.0 && term->in_flight[i] <= 1e9))
      return fc_config_error(fc_config_value_at(map, i), error,
                             "expected a load (mean requests in flight), found %.32s", key);
    if (i > 0 && !(term->in_flight[i] > term->in_flight[i - 1]))
      return fc_config_error(fc_config_value_at(map, i), error, "the loads of a table must ascend");
    FC_TRY(fc_config_as_double(fc_config_value_at(map, i), 1e-9, largest, &term->target[i], error));
  }
  term->n_points = n;
  return FC_OK;
}

static fc_status_t parse_target(const fc_config_node_t *node, fc_qos_term_t *term, fc_error_t *error) {
  const double largest = term->kind == FC_QOS_SUCCESS_RATIO ? 1.0 : 1e9;
  if (fc_config_is_map(node)) return parse_table(node, largest, term, error);
  term->n_points = 1;
  return fc_config_as_double(node, 1e-9, largest, &term->target[0], error);
}

static fc_status_t parse_options(const fc_config_node_t *map, fc_qos_term_t *term, fc_error_t *error) {
  char of[16] = "offered", semantics[16] = "any";
  const fc_config_node_t *base = fc_config_get(map, "of"), *percentile = fc_config_get(map, "percentile");
  if (base != NULL && term->kind != FC_QOS_SUCCESS_RATIO)
    return fc_config_error(base, error, "of: only success_ratio has it");
  if (percentile != NULL && term->kind != FC_QOS_LATENCY_PERCENTILE)
    return fc_config_error(percentile, error, "percentile: only latency_percentile_s has it");
  if (term->kind == FC_QOS_LATENCY_PERCENTILE) {
    const fc_config_node_t *node = NULL;
    FC_TRY(fc_config_require(map, "percentile", &node, error));
    FC_TRY(fc_config_as_double(node, 0.001, 99.999, &term->percentile, error));
    if (term->percentile != 95.0)
      return fc_config_error(node, error, "percentile: windows report the 95th only, found %g", term->percentile);
  }
  FC_TRY(fc_config_string(map, "of", of, sizeof of, error));
  if (strcmp(of, "offered") != 0 && strcmp(of, "completed") != 0)
    return fc_config_error(base, error, "of: expected offered or completed, found %s", of);
  term->base = strcmp(of, "completed") == 0 ? FC_QOS_OF_COMPLETED : FC_QOS_OF_OFFERED;
  FC_TRY(fc_config_string(map, "semantics", semantics, sizeof semantics, error));
  if (strcmp(semantics, "any") != 0 && strcmp(semantics, "strict") != 0)
    return fc_config_error(fc_config_get(map, "semantics"), error, "semantics: expected any or strict, found %s",
                           semantics);
  term->strict_only = strcmp(semantics, "strict") == 0;
  return FC_OK;
}

static fc_status_t parse_term(const fc_config_node_t *map, fc_qos_term_t *term, fc_error_t *error) {
  static const char *const keys[] = {
      "latency_mean_s", "latency_percentile_s", "success_ratio", "successes", "percentile", "of", "semantics"};
  const fc_config_node_t *target = NULL;
  if (!fc_config_is_map(map)) return fc_config_error(map, error, "qos: expected a map such as {latency_mean_s: 13}");
  FC_TRY(fc_config_reject_unknown(map, keys, 7, error));
  for (int i = 0; i < 4; ++i) {
    const fc_config_node_t *node = fc_config_get(map, term_keys[i]);
    if (node == NULL) continue;
    if (target != NULL) return fc_config_error(map, error, "qos: one target per term");
    target = node;
    term->kind = (fc_qos_kind_t)i;
  }
  if (target == NULL)
    return fc_config_error(map, error,
                           "qos: expected latency_mean_s, latency_percentile_s, success_ratio or successes");
  FC_TRY(parse_target(target, term, error));
  return parse_options(map, term, error);
}

fc_status_t workflow_parse_qos(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error) {
  const fc_config_node_t *list = NULL;
  FC_TRY(fc_config_require(root, "qos", &list, error));
  const int32_t n = fc_config_size(list);
  if (!fc_config_is_list(list) || n < 1 || n > FC_MAX_QOS_TERMS)
    return fc_config_error(list, error, "qos: expected a list of 1 to %d terms", FC_MAX_QOS_TERMS);
  for (int32_t i = 0; i < n; ++i) FC_TRY(parse_term(fc_config_at(list, i), &workflow->qos_terms[i], error));
  workflow->n_qos_terms = n;
  return FC_OK;
}
