/* cholesky.h - symmetric positive definite systems of a few dozen unknowns, row-major (n, n). */
#ifndef SIM_CALIBRATION_CHOLESKY_H
#define SIM_CALIBRATION_CHOLESKY_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Overwrites the lower triangle of a (n, n) with L, a = L L'. False when a is not positive definite. */
bool cholesky_factor(double *a, int32_t n);

/* x (n) becomes a^-1 x, with the L of cholesky_factor. */
void cholesky_solve(const double *l, int32_t n, double *x);

/* out (n) = L z. */
void cholesky_multiply(const double *l, int32_t n, const double *z, double *out);

#ifdef __cplusplus
}
#endif
#endif
