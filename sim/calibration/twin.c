/* twin.c - see twin.h. */
#include "twin.h"

#include <math.h>
#include <stdlib.h>

_Static_assert((int)ALARM_SERIES == (int)TERMS_END_TO_END, "the alarm watches the end-to-end terms");

#define DROP_BELOW 1e-4

enum { N_BALANCERS = FC_BALANCER_LEAST_CONNECTIONS + 1, N_OVERFLOWS = FC_OVERFLOW_QUEUE + 1 };
enum { STRUCTURES_MAX = N_BALANCERS * N_OVERFLOWS };

struct twin {
  const fc_workflow_t *workflow;
  int32_t n_worlds;
  int32_t n; /* structures */
  twin_structure_t structures[STRUCTURES_MAX];
  ensemble_t *ensembles[STRUCTURES_MAX]; /* NULL: dropped */
  double log_weights[STRUCTURES_MAX];    /* up to a constant */
  int32_t heaviest;
  alarm_t alarm;
};

/* ---- memory ---- */

static bool is_wanted(const fc_simulator_parameters_t *file, twin_structures_t which, fc_balancer_t balancer,
                      fc_overflow_t overflow) {
  if (which == TWIN_ALL_STRUCTURES) return true;
  return overflow == file->overflow && (which == TWIN_BALANCERS || balancer == file->balancer);
}

static fc_status_t take_ensembles(twin_t *self, const twin_options_t *options, fc_error_t *error) {
  for (int32_t i = 0; i < STRUCTURES_MAX; ++i) {
    ensemble_options_t one = options->ensemble;
    one.balancer = (fc_balancer_t)(i / N_OVERFLOWS);
    one.overflow = (fc_overflow_t)(i % N_OVERFLOWS);
    if (!is_wanted(&self->workflow->simulator, options->structures, one.balancer, one.overflow)) continue;
    FC_TRY(ensemble_new(self->workflow, &one, &self->ensembles[self->n], error));
    self->structures[self->n++] = (twin_structure_t){.balancer = one.balancer, .overflow = one.overflow};
  }
  for (int32_t i = 0; i < self->n; ++i) self->structures[i].weight = 1.0 / self->n;
  return FC_OK;
}

int32_t twin_worlds(const fc_workflow_t *workflow, int32_t n_particles) {
  const int32_t wanted = 24 * unknowns_list(workflow, NULL);
  const int32_t worlds = n_particles > wanted ? n_particles : wanted;
  return worlds < PARTICLES_MAX ? worlds : PARTICLES_MAX;
}

fc_status_t twin_new(const fc_workflow_t *workflow, const twin_options_t *options, twin_t **out, fc_error_t *error) {
  *out = NULL;
  if (!(options->windows_per_false_alarm >= 10 && options->windows_per_false_alarm <= 1e12))
    return fc_error_set(error, FC_EINVAL, "%g windows per false alarm: expected 10 or more",
                        options->windows_per_false_alarm);
  twin_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a twin");
  self->workflow = workflow;
  self->n_worlds = options->ensemble.n_worlds;
  alarm_init(&self->alarm, options->windows_per_false_alarm);
  const fc_status_t status = take_ensembles(self, options, error);
  if (status != FC_OK) {
    twin_destroy(&self);
    return status;
  }
  *out = self;
  return FC_OK;
}

void twin_destroy(twin_t **twin) {
  if (twin == NULL || *twin == NULL) return;
  for (int32_t i = 0; i < STRUCTURES_MAX; ++i) ensemble_destroy(&(*twin)->ensembles[i]);
  free(*twin);
  *twin = NULL;
}

/* ---- learning ---- */

static double normal_cdf(double z) {
  return 0.5 * erfc(-z / sqrt(2));
}

/* The z with this share of the standard normal below it, within +-8. */
static double normal_quantile(double share) {
  double low = -8, high = 8;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    if (normal_cdf(middle) < share) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (low + high) / 2;
}

/* What the window was worth against all structures as they weighed before it. */
static void watch(twin_t *self, const ensemble_surprise_t *surprises) {
  double z[ALARM_SERIES];
  for (int s = 0; s < ALARM_SERIES; ++s) {
    double share = 0;
    for (int32_t i = 0; i < self->n; ++i) share += self->structures[i].weight * normal_cdf(surprises[i].z[s]);
    z[s] = self->n == 1 ? surprises[0].z[s] : normal_quantile(share);
  }
  alarm_add(&self->alarm, surprises[self->heaviest].has, z);
}

static void weigh(twin_t *self, const ensemble_surprise_t *surprises) {
  double largest = -INFINITY, sum = 0;
  for (int32_t i = 0; i < self->n; ++i) {
    if (self->ensembles[i] == NULL) continue;
    self->log_weights[i] += surprises[i].log_density;
    if (self->log_weights[i] > largest) {
      largest = self->log_weights[i];
      self->heaviest = i;
    }
  }
  for (int32_t i = 0; i < self->n; ++i) {
    twin_structure_t *structure = &self->structures[i];
    structure->weight = self->ensembles[i] != NULL ? exp(self->log_weights[i] - largest) : 0;
    if (structure->weight < DROP_BELOW) {
      ensemble_destroy(&self->ensembles[i]);
      structure->weight = 0;
    }
    sum += structure->weight;
  }
  for (int32_t i = 0; i < self->n; ++i) self->structures[i].weight /= sum;
}

fc_status_t twin_observe(twin_t *self, const fc_observation_t *observation, int32_t users, double rate_per_s,
                         fc_error_t *error) {
  ensemble_surprise_t surprises[STRUCTURES_MAX] = {0};
  if ((observation->outcome.present & FC_OUTCOME_HAS_COUNTS) == 0) return FC_OK;
  for (int32_t i = 0; i < self->n; ++i) {
    if (self->ensembles[i] == NULL) continue;
    FC_TRY(ensemble_observe(self->ensembles[i], observation, users, rate_per_s, error));
    ensemble_surprise(self->ensembles[i], &surprises[i]);
  }
  watch(self, surprises);
  weigh(self, surprises);
  return FC_OK;
}

/* ---- what is known ---- */

int32_t twin_structures(const twin_t *self, const twin_structure_t **list) {
  *list = self->structures;
  return self->n;
}

int32_t twin_unknowns(const twin_t *self, const unknown_t **list) {
  return ensemble_unknowns(self->ensembles[self->heaviest], list);
}

const alarm_t *twin_alarm(const twin_t *self) {
  return &self->alarm;
}

void twin_unknown(const twin_t *self, int32_t unknown, double *mean, double *deviation) {
  double squares = 0;
  *mean = 0;
  for (int32_t i = 0; i < self->n; ++i) {
    double m = 0, d = 0;
    if (self->ensembles[i] == NULL) continue;
    ensemble_unknown(self->ensembles[i], unknown, &m, &d);
    *mean += self->structures[i].weight * m;
    squares += self->structures[i].weight * (m * m + d * d);
  }
  *deviation = sqrt(fmax(0, squares - *mean * *mean));
}

/* Particles of each structure, n in all, by weight; at least one each. Returns their number: more than n when there are
 * more structures than that, fewer when one has fewer worlds than its share. */
static int32_t share_out(const twin_t *self, int32_t n, int32_t shares[STRUCTURES_MAX]) {
  double weight = 0;
  int32_t given = 0, total = 0, n_raised = 0;
  for (int32_t i = 0; i < self->n; ++i) {
    const bool is_there = self->ensembles[i] != NULL;
    weight += is_there ? self->structures[i].weight : 0;
    const int32_t upto = (int32_t)lround(fmin(1, weight) * n);
    shares[i] = upto - given;
    given = upto;
    if (!is_there || shares[i] > 0) continue;
    shares[i] = 1;
    n_raised += 1;
  }
  for (; n_raised > 0 && shares[self->heaviest] > 1; --n_raised) shares[self->heaviest] -= 1;
  for (int32_t i = 0; i < self->n; ++i) {
    if (shares[i] > self->n_worlds) shares[i] = self->n_worlds;
    total += shares[i];
  }
  return total;
}

fc_status_t twin_particles(const twin_t *self, int32_t n, particles_t *particles, fc_error_t *error) {
  int32_t shares[STRUCTURES_MAX], at = 0;
  FC_TRY(particles_init(particles, self->workflow, share_out(self, n, shares), error));
  for (int32_t i = 0; i < self->n; ++i) {
    for (int32_t k = 0; k < shares[i]; ++k, ++at) {
      ensemble_world(self->ensembles[i], (int32_t)((int64_t)k * self->n_worlds / shares[i]),
                     &particles->parameters[at]);
      particles->weights[at] = self->structures[i].weight / shares[i];
    }
  }
  return FC_OK;
}
