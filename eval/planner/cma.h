/* cma.h - separable CMA-ES: a search without gradients in the unit box, for noisy functions.
 *
 * The covariance is diagonal, so that a generation costs O(n) and n may be hundreds. Samples outside the box are
 * clipped and the clipped points are fed back as if they had been drawn (without that the step size grows without end).
 * Source: Ros and Hansen, "A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity", PPSN 2008;
 * constants from Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv 1604.00772. Plain data, one owner.
 */
#ifndef EVAL_PLANNER_CMA_H
#define EVAL_PLANNER_CMA_H

#include "faasconf/rng.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t n, n_samples, n_parents;
  double sigma, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, expected_norm;
  double *mean, *variance, *path_sigma, *path_c, *step; /* (n) */
  double *samples;                                      /* (n_samples, n) */
  double *weights;                                      /* (n_parents) sum to 1 */
  int32_t *order;                                       /* (n_samples) */
  int32_t n_generations;
  fc_rng_t rng;
} cma_t;

/* Starts at mean (n) in [0, 1] with step size sigma; n_samples >= 4. FC_ENOMEM. cma_clear frees, also after a failure.
 */
fc_status_t cma_init(cma_t *cma, int32_t n, int32_t n_samples, const double *mean, double sigma, uint64_t seed);
void cma_clear(cma_t *cma);

/* Draws samples[]; the caller computes their values (n_samples), smaller is better, and hands them to cma_tell. */
void cma_ask(cma_t *cma);
void cma_tell(cma_t *cma, const double *values);

#ifdef __cplusplus
}
#endif
#endif
