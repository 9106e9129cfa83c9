/* maximise.c - the search for an acquisition's maximum: many points, then climbs from the best. See acquisition.h. */
#include <math.h>
#include <nlopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "acquisition.h"
#include "faasconf/rng.h"

/* Near a start, about so many dimensions change, each by a normal step of this share of its range. */
#define DISTURBED_DIMS 8
#define DISTURBED_SHARE 0.1

typedef struct {
  const acquisition_search_t *search;
  acquisition_fn acquisition;
  void *context;
  int32_t n_free;
  int32_t *free_dims;          /* (n_free) */
  double *x, *gradient, *best; /* (d) */
  double best_value;
} climb_t;

static double evaluate(climb_t *climb, double *gradient) {
  const double value = climb->acquisition(climb->context, climb->x, gradient);
  if (value > climb->best_value) {
    climb->best_value = value;
    memcpy(climb->best, climb->x, (size_t)climb->search->n_dims * sizeof *climb->best);
  }
  return value;
}

static double evaluate_free(unsigned n, const double *x, double *gradient, void *context) {
  climb_t *climb = context;
  for (unsigned i = 0; i < n; ++i) climb->x[climb->free_dims[i]] = x[i];
  const double value = evaluate(climb, gradient != NULL ? climb->gradient : NULL);
  for (unsigned i = 0; gradient != NULL && i < n; ++i) gradient[i] = climb->gradient[climb->free_dims[i]];
  /* NLopt's line search cannot step back from an infinity. */
  return isfinite(value) ? value : -1e10;
}

static bool climb_from(climb_t *climb, const double *from, double *free_x, double *bounds) {
  const acquisition_search_t *search = climb->search;
  const int32_t n = climb->n_free;
  memcpy(climb->x, from, (size_t)search->n_dims * sizeof *from);
  for (int32_t i = 0; i < n; ++i) {
    free_x[i] = from[climb->free_dims[i]];
    bounds[i] = search->lower[climb->free_dims[i]];
    bounds[n + i] = search->upper[climb->free_dims[i]];
  }
  nlopt_opt optimiser = nlopt_create(NLOPT_LD_LBFGS, (unsigned)n);
  if (optimiser == NULL) return false;
  double value;
  const bool set = nlopt_set_max_objective(optimiser, evaluate_free, climb) >= 0 &&
                   nlopt_set_lower_bounds(optimiser, bounds) >= 0 &&
                   nlopt_set_upper_bounds(optimiser, bounds + n) >= 0 &&
                   nlopt_set_maxeval(optimiser, search->evaluations) >= 0 && nlopt_set_ftol_abs(optimiser, 1e-6) >= 0;
  if (set) nlopt_optimize(optimiser, free_x, &value); /* the best point seen is kept, however it ends */
  nlopt_destroy(optimiser);
  return set;
}

static void draw_point(const acquisition_search_t *search, fc_rng_t *rng, bool near_start, double *x) {
  const double *start = NULL;
  if (near_start && search->n_starts > 0)
    start = search->starts + (size_t)fc_rng_below(rng, (uint32_t)search->n_starts) * (size_t)search->n_dims;
  const double chance = fmin(1, (double)DISTURBED_DIMS / search->n_dims);
  for (int32_t i = 0; i < search->n_dims; ++i) {
    const double low = search->lower[i], high = search->upper[i], u = fc_rng_uniform(rng);
    if (start == NULL) {
      x[i] = low + (high - low) * u;
    } else {
      const double step = u < chance ? DISTURBED_SHARE * (high - low) * fc_rng_normal(rng) : 0;
      x[i] = fmin(high, fmax(low, start[i] + step));
    }
  }
}

/* Points (n_starts + n_random, d) and their values. */
static void look_around(climb_t *climb, double *points, double *values) {
  const acquisition_search_t *search = climb->search;
  const size_t d = (size_t)search->n_dims;
  fc_rng_t rng;
  fc_rng_init(&rng, search->seed, 0x61637175);
  for (int32_t p = 0; p < search->n_starts + search->n_random; ++p) {
    double *x = points + (size_t)p * d;
    if (p < search->n_starts) {
      for (size_t i = 0; i < d; ++i)
        x[i] = fmin(search->upper[i], fmax(search->lower[i], search->starts[(size_t)p * d + i]));
    } else {
      draw_point(search, &rng, p % 2 == 0, x);
    }
    memcpy(climb->x, x, d * sizeof *x);
    values[p] = evaluate(climb, NULL);
  }
}

static int32_t best_of(const double *values, int32_t n) {
  int32_t best = 0;
  for (int32_t i = 1; i < n; ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

fc_status_t acquisition_maximise(const acquisition_search_t *search, acquisition_fn acquisition, void *context,
                                 double *x, double *value, fc_error_t *error) {
  const int32_t n_points = search->n_starts + search->n_random;
  const size_t d = (size_t)search->n_dims;
  if (n_points < 1 || search->n_dims < 1)
    return fc_error_set(error, FC_EINVAL, "an acquisition is searched from at least one point");
  climb_t climb = {.search = search, .acquisition = acquisition, .context = context, .best_value = -INFINITY};
  fc_status_t status = FC_ENOMEM;
  double *memory = calloc((size_t)n_points * (d + 1) + 5 * d, sizeof *memory);
  climb.free_dims = calloc(d, sizeof *climb.free_dims);
  if (memory == NULL || climb.free_dims == NULL) {
    fc_error_set(error, FC_ENOMEM, "no memory to search %d points", n_points);
    goto done;
  }
  double *points = memory, *values = points + (size_t)n_points * d, *free_x = values + n_points, *bounds = free_x + d;
  climb.x = bounds + 2 * d;
  climb.gradient = climb.x + d;
  climb.best = x;
  for (int32_t i = 0; i < search->n_dims; ++i) {
    if (search->lower[i] < search->upper[i]) climb.free_dims[climb.n_free++] = i;
  }
  look_around(&climb, points, values);
  if (!(climb.best_value > -INFINITY)) memcpy(x, points, d * sizeof *x);
  status = FC_OK;
  for (int32_t c = 0; status == FC_OK && climb.n_free > 0 && c < search->n_climbs && c < n_points; ++c) {
    const int32_t from = best_of(values, n_points);
    if (!climb_from(&climb, points + (size_t)from * d, free_x, bounds))
      status = fc_error_set(error, FC_ENOMEM, "no memory to climb an acquisition");
    values[from] = -INFINITY;
  }
  *value = climb.best_value;
done:
  free(climb.free_dims);
  free(memory);
  return status;
}
