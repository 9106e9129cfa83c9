/* comparisons_csv.h - methods against the reference as a file, for whoever makes tables of them. */
#ifndef EVAL_REPORT_COMPARISONS_CSV_H
#define EVAL_REPORT_COMPARISONS_CSV_H

#include "comparison.h"

#ifdef __cplusplus
extern "C" {
#endif

/* comparison_every as lines (record.h), replacing `path`. Differences are arm - reference; low and high are empty below
 * six clusters. seed: of the bootstrap. FC_ENOMEM, FC_EIO. */
fc_status_t comparisons_write(const cell_t *cells, int32_t n_cells, const char *method, const char *variant,
                              uint64_t seed, const char *path, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
