/* draws.c - quantiles of the standard normal: see draws.h. */
#include "draws.h"

#define SQRT_HALF 0.70710678118654752440
#define SQRT_TWO_PI 2.50662827463100050242

/* Start: Hastings' rational approximation (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.22, error
 * below 3e-3); then Halley's step on the distribution function, which triples the correct digits each time. */
FC_HOST_DEVICE double normal_quantile(double p) {
  const double tail = p < 0.5 ? p : 1 - p;
  const double t = sqrt(-2 * log(tail));
  double z = (2.30753 + 0.27061 * t) / (1 + (0.99229 + 0.04481 * t) * t) - t;
  for (int step = 0; step < 2; ++step) {
    const double error = 0.5 * erfc(-z * SQRT_HALF) - tail;
    const double newton = error * SQRT_TWO_PI * exp(0.5 * z * z);
    z -= newton / (1 + 0.5 * z * newton);
  }
  return p < 0.5 ? z : -z;
}
