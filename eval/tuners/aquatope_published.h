/* aquatope_published.h - Aquatope as it was published for FaaSConf: a random draw after much work.
 *
 * The objective is -price, below 0 everywhere; a configuration that misses QoS counts as 0. The acquisition multiplies
 * the objective, raised by that 0 and cut off below 0, with its feasibility: 0 for every draw at every point, so that
 * value and gradient vanish and the optimiser's answer is the point it began with (algorithms, sections 0 and 5.6).
 * Kept to measure what the published comparison was against: three knobs in the clipped box [0.2, 0.8], five rows to
 * begin with, a fixed latency target, no load.
 */
#ifndef EVAL_TUNERS_AQUATOPE_PUBLISHED_H
#define EVAL_TUNERS_AQUATOPE_PUBLISHED_H

#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Mean over draws of the improvement of g = max(0, objective + infeasible_cost) * prod_t sigmoid(-constraint_t / 1e-3)
 * over the draw's best at the measured points: soft-constrained noisy expected improvement. objective (n_draws, m) and
 * constraint (n_draws, m): joint posterior draws; the last of the m points is the one asked for, the others were
 * measured. */
double aquatope_published_acquisition(const double *objective, const double *constraint, int32_t n_draws, int32_t m,
                                      double infeasible_cost);

typedef struct aquatope_published aquatope_published_t;

/* Caller owns *out. FC_ENOMEM. */
fc_status_t aquatope_published_new(const tuner_setting_t *setting, aquatope_published_t **out, fc_error_t *error);
void aquatope_published_destroy(aquatope_published_t **published);
fc_status_t aquatope_published_learn(aquatope_published_t *published, const fc_observation_t *window,
                                     fc_error_t *error);
fc_status_t aquatope_published_propose(aquatope_published_t *published, fc_function_configuration_t *proposal,
                                       fc_error_t *error);

/* The acquisition at x (3 N), values 0..1 of cpu, memory, replicas, with a chosen infeasible cost: published 0. */
fc_status_t aquatope_published_value(aquatope_published_t *published, const double *x, double infeasible_cost,
                                     double *value, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
