/* claims_csv.h - the paper's claims and ours as a file, for whoever makes tables of them. */
#ifndef EVAL_REPORT_CLAIMS_CSV_H
#define EVAL_REPORT_CLAIMS_CSV_H

#include "claims.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether cells[i] is the first of its world, track and semantics: claims are decided once for each of these. */
bool claims_begin_at(const cell_t *cells, int32_t i);

/* Every claim that was measured, for each world, track and semantics of the cells (record.h), replacing `path`. unit is
 * "share" or "factor"; low and high are empty below six clusters. seed: of the bootstrap. FC_ENOMEM, FC_EIO. */
fc_status_t claims_write(const cell_t *cells, int32_t n_cells, uint64_t seed, const char *path, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
