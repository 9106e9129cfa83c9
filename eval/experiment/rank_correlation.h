/* rank_correlation.h - Spearman's rank correlation where some values are missing. Allocates; any thread. */
#ifndef EVAL_EXPERIMENT_RANK_CORRELATION_H
#define EVAL_EXPERIMENT_RANK_CORRELATION_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of n pairs (x, y), equal values sharing their mean rank (Spearman 1904); pairs with a NaN are left out, *n_used says
 * how many were not. NaN for fewer than three, or when one side is constant. FC_ENOMEM. */
fc_status_t rank_correlation(const double *x, const double *y, int32_t n, double *rho, int32_t *n_used,
                             fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
