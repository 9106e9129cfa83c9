/* cells_json.c - see cells_json.h. */
#include "cells_json.h"

#include "cells_csv.h"

fc_json_t *cells_json(const cell_t *cells, int32_t n) {
  fc_json_t *out = fc_json_array();
  for (int32_t i = 0; i < n; ++i) {
    fc_json_t *cell = record_json(&cells_table, &cells[i]);
    fc_json_append(out, &cell);
  }
  return out;
}

static void set_method(fc_json_t *object, const arm_t *arm) {
  fc_json_set_string(object, "method", arm->method);
  fc_json_set_string(object, "variant", arm->variant);
  fc_json_set_string(object, "safety", arm->safety);
  fc_json_set_bool(object, "rails", arm->rails);
}

static void set_arm(fc_json_t *object, const arm_t *arm) {
  set_method(object, arm);
  fc_json_set_string(object, "world", arm->world);
  fc_json_set_string(object, "track", arm->track);
  fc_json_set_string(object, "semantics", arm->semantics);
  fc_json_set_string(object, "experiment", arm->experiment);
}

fc_json_t *cells_summary_json(const summary_row_t *rows, int32_t n) {
  fc_json_t *out = fc_json_array();
  for (int32_t i = 0; i < n; ++i) {
    const summary_row_t *row = &rows[i];
    fc_json_t *object = fc_json_object();
    set_arm(object, &row->arm);
    for (int m = 0; m < METRICS; ++m) fc_json_set_double(object, metric_key((metric_t)m), row->mean[m]);
    fc_json_set_int(object, "cells", row->n_cells);
    fc_json_set_int(object, "left_out", row->n_cells - row->n_measured[METRIC_OVER_ORACLE]);
    fc_json_append(out, &object);
  }
  return out;
}

static void set_interval(fc_json_t *object, const char *key, const char *key95, const paired_interval_t *interval) {
  fc_json_t *pair = fc_json_array();
  fc_json_append_double(pair, interval->low);
  fc_json_append_double(pair, interval->high);
  fc_json_set_double(object, key, interval->value);
  fc_json_set(object, key95, &pair);
}

fc_json_t *cells_comparisons_json(const comparison_t *comparisons, int32_t n) {
  fc_json_t *out = fc_json_array();
  for (int32_t i = 0; i < n; ++i) {
    const comparison_t *comparison = &comparisons[i];
    fc_json_t *object = fc_json_object(), *reference = fc_json_object();
    set_arm(object, &comparison->arm);
    set_method(reference, &comparison->reference);
    fc_json_set(object, "reference", &reference);
    fc_json_set_string(object, "metric", metric_key(comparison->metric));
    fc_json_set_int(object, "pairs", comparison->n_pairs);
    fc_json_set_int(object, "clusters", comparison->n_clusters);
    fc_json_set_int(object, "left_out", comparison->n_left_out);
    set_interval(object, "difference", "difference95", &comparison->difference);
    set_interval(object, "ratio", "ratio95", &comparison->ratio);
    fc_json_set_double(object, "p", comparison->p_value);
    fc_json_set_double(object, "p_holm", comparison->p_holm);
    fc_json_append(out, &object);
  }
  return out;
}
