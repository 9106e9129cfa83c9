/* rank_correlation.c - see rank_correlation.h. */
#include "rank_correlation.h"

#include <math.h>
#include <stdlib.h>

#include "score.h"

fc_status_t rank_correlation(const double *x, const double *y, int32_t n, double *rho, int32_t *n_used,
                             fc_error_t *error) {
  double *memory = calloc(2 * (size_t)(n > 0 ? n : 1), sizeof *memory);
  *rho = NAN;
  *n_used = 0;
  if (memory == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d pairs", (int)n);
  double *kept_x = memory, *kept_y = memory + n;
  for (int32_t i = 0; i < n; ++i) {
    if (isnan(x[i]) || isnan(y[i])) continue;
    kept_x[*n_used] = x[i];
    kept_y[(*n_used)++] = y[i];
  }
  const fc_status_t status = *n_used >= 3 ? score_spearman(kept_x, kept_y, *n_used, rho, error) : FC_OK;
  free(memory);
  return status;
}
