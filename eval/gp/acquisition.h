/* acquisition.h - where to measure next: expected improvement, with constraints, with noise; and its maximisation.
 *
 * Objectives are minimised, constraints are g(x) <= bound. Values are natural logarithms of the acquisition: the same
 * maximiser, and a gradient where the acquisition itself is below what a double resolves. An acquisition
 * (acquisition_fn) may be evaluated anywhere in the box by one thread at a time; nothing allocates but the `_new`
 * functions and acquisition_maximise.
 */
#ifndef EVAL_GP_ACQUISITION_H
#define EVAL_GP_ACQUISITION_H

#include "gp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACQUISITION_MAX_CONSTRAINTS = 8 };

/* ---- the normal distribution, in both tails ---- */
double acquisition_normal_cdf(double z);
/* ln of the CDF and its derivative (NULL: not asked). */
double acquisition_log_normal_cdf(double z, double *derivative);

/* Expected improvement below `best` of a normal outcome (Jones, Schonlau, Welch 1998): closed form; sd >= 0. */
double acquisition_ei(double best, double mean, double sd);
/* Its logarithm and derivatives by mean and sd (NULL: not asked); sd > 0. Stable in the far tail. */
double acquisition_log_ei(double best, double mean, double sd, double *by_mean, double *by_sd);

/* ---- acquisitions ---- */

/* ln value at x (d), gradient (d) or NULL. */
typedef double (*acquisition_fn)(void *context, const double *x, double *gradient);
/* A known objective: its value and gradient (or NULL) at x. */
typedef double (*acquisition_objective_fn)(void *context, const double *x, double *gradient);

/* A constraint: f(x) <= bound, f the noise-free function of the process. */
typedef struct {
  const gp_t *gp;
  double bound;
} acquisition_constraint_t;

/* Constrained EI: improvement over `best` times the probability of feasibility (Gardner et al. 2014). The objective is
 * a process, or known. Fill in and pass as context. */
typedef struct {
  const gp_t *objective;          /* or NULL: */
  acquisition_objective_fn known; /* then this, */
  void *known_context;
  double known_sd; /* > 0: width over which a known objective's improvement is smoothed at 0 */
  double best;
  double weight; /* > 0: probability of feasibility to this power; 1 is constrained EI */
  int32_t n_constraints;
  acquisition_constraint_t constraints[ACQUISITION_MAX_CONSTRAINTS];
  double *scratch; /* (3 d) of the caller */
} acquisition_constrained_t;
double acquisition_constrained_ei(void *context, const double *x, double *gradient);

/* Noisy EI (Letham et al. 2019): the mean over joint posterior draws at the baseline points of constrained EI given the
 * draw. A draw without a feasible baseline has `worst` as its best, which must be at least any objective in the box: a
 * lower one makes the acquisition vanish. */
typedef struct acquisition_noisy acquisition_noisy_t;

typedef struct {
  const gp_t *objective;
  int32_t n_constraints;
  acquisition_constraint_t constraints[ACQUISITION_MAX_CONSTRAINTS];
  double worst;
  double weight;          /* as above */
  const double *baseline; /* (n_baseline, d) points at which something was measured */
  int32_t n_baseline;     /* >= 1 */
  int32_t n_draws;        /* 32 published */
  uint64_t seed;          /* of the fixed normal draws */
} acquisition_noisy_options_t;

/* Borrows the processes until acquisition_noisy_destroy, unchanged. Caller owns *out. FC_EINVAL, FC_ENOMEM,
 * FC_EINTERNAL. */
fc_status_t acquisition_noisy_new(const acquisition_noisy_options_t *options, acquisition_noisy_t **out,
                                  fc_error_t *error);
void acquisition_noisy_destroy(acquisition_noisy_t **noisy);
/* An acquisition_fn: context is the acquisition_noisy_t. */
double acquisition_noisy_ei(void *context, const double *x, double *gradient);

/* ---- maximisation ---- */

typedef struct {
  int32_t n_dims;
  const double *lower, *upper; /* (d); equal: the dimension is fixed */
  const double *starts;        /* (n_starts, d) tried as they are, and with some dimensions disturbed */
  int32_t n_starts;
  int32_t n_random;    /* further points, half uniform, half near starts */
  int32_t n_climbs;    /* from so many of the best points L-BFGS climbs */
  int32_t evaluations; /* of a climb, at most */
  uint64_t seed;
} acquisition_search_t;

/* x (d) and its value; the best found. FC_EINVAL, FC_ENOMEM. */
fc_status_t acquisition_maximise(const acquisition_search_t *search, acquisition_fn acquisition, void *context,
                                 double *x, double *value, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
