/* cells_json.h - what an experiment tells programs: cells, their summary, the paired tests. Keys are documented in
 * docs/cli.md. NaN is null. Caller owns the results. */
#ifndef EVAL_CELLS_CELLS_JSON_H
#define EVAL_CELLS_CELLS_JSON_H

#include "comparison.h"
#include "faasconf/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [{experiment, workflow, users, ..., cost, cost_over_oracle, ...}] */
fc_json_t *cells_json(const cell_t *cells, int32_t n);

/* [{method, variant, safety, rails, world, track, ..., the means of METRIC_MAP by their keys, cells, left_out}];
 * left_out: cells without a measured cost over oracle. */
fc_json_t *cells_summary_json(const summary_row_t *rows, int32_t n);

/* [{method, ..., reference: {method, ...}, metric, pairs, left_out, difference, difference95: [low, high], ratio,
 * ratio95, p, p_holm}] */
fc_json_t *cells_comparisons_json(const comparison_t *comparisons, int32_t n);

#ifdef __cplusplus
}
#endif
#endif
