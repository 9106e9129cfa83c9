/* comparison.h - methods against a reference method on the same cells.
 *
 * Two cells are a pair when they differ in method, variant, safety and rails only: the same experiment, workflow,
 * users, world, track, semantics and seed. Pairs of one workflow and seed are drawn together (clusters.h). Allocate;
 * any thread.
 */
#ifndef EVAL_CELLS_COMPARISON_H
#define EVAL_CELLS_COMPARISON_H

#include "paired.h"
#include "summary.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which cells are meant; NULL or -1: any. */
typedef struct {
  const char *experiment, *workflow, *world, *track, *semantics;
  const char *method, *variant, *safety;
  int rails;
} cell_filter_t;

typedef struct {
  arm_t arm, reference; /* as far as the first pair tells; empty without one */
  metric_t metric;
  int32_t n_pairs;
  int32_t n_clusters;
  int32_t n_left_out;           /* cells of the arm without a partner, or where one side was not measured */
  paired_interval_t difference; /* arm - reference */
  paired_interval_t ratio;      /* mean of the arm / mean of the reference */
  double p_value;               /* Wilcoxon's signed-rank test of the clusters' mean differences: above 0.05 with five
                                   clusters, whatever they are */
  double p_holm;                /* over the arms compared in the same experiment, world, track and semantics; NaN from
                                   comparison_of */
} comparison_t;

bool cell_matches(const cell_t *cell, const cell_filter_t *filter);

/* Cells of one filter against cells of the other. Where several of the reference fit a cell, the first counts.
 * FC_ENOMEM. */
fc_status_t comparison_of(const cell_t *cells, int32_t n, const cell_filter_t *arm, const cell_filter_t *reference,
                          metric_t metric, uint64_t seed, comparison_t *out, fc_error_t *error);

/* Every arm against one of `method` ("attmf") and `variant` (NULL: any) in the same experiment, world, track and
 * semantics: of several such the one of the same safety and rails, else the first. Arms of that method and variant with
 * another safety or rails are compared with the first. The first itself is left out. Caller frees *out with free().
 * FC_ENOMEM. */
fc_status_t comparison_all(const cell_t *cells, int32_t n, const char *method, const char *variant, metric_t metric,
                           uint64_t seed, comparison_t **out, int32_t *n_out, fc_error_t *error);

/* comparison_all by cost over oracle where both met QoS, then by the share of runs that met QoS, compliance and
 * violations; p_holm is over the arms of one metric. Caller
 * frees *out with free(). FC_ENOMEM. */
fc_status_t comparison_every(const cell_t *cells, int32_t n, const char *method, const char *variant, uint64_t seed,
                             comparison_t **out, int32_t *n_out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
