/* surrogate.c - the processes of a surrogate. See surrogate.h. */
#include "surrogate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "surrogate_state.h"

/* Half of the 95 % interval of leave-one-out predictions. */
static const double OUTLIER_DEVIATIONS = 1.959963984540054;

/* ---- life ---- */

static fc_status_t new_process(const surrogate_t *self, gp_t **out, fc_error_t *error) {
  const gp_options_t options = gp_options(self->box.d, SURROGATE_MAX_ROWS);
  return gp_new(&options, out, error);
}

static fc_status_t open_surrogate(surrogate_t *self, fc_error_t *error) {
  const tuner_setting_t *setting = self->setting;
  FC_TRY(box_init(&self->box, setting, error));
  FC_TRY(known_init(&self->known, setting, &self->box));
  const size_t d = (size_t)self->box.d;
  self->selected = calloc(SURROGATE_MAX_ROWS, sizeof *self->selected);
  self->row_of = calloc(SURROGATE_MAX_ROWS, sizeof *self->row_of);
  self->x = calloc(SURROGATE_MAX_ROWS * d, sizeof *self->x);
  self->y = calloc(4 * SURROGATE_MAX_ROWS, sizeof *self->y);
  self->scratch = calloc(4 * d, sizeof *self->scratch);
  if (self->selected == NULL || self->row_of == NULL || self->x == NULL || self->y == NULL || self->scratch == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for a surrogate");
  for (int32_t t = 0; t < setting->workflow->n_qos_terms; ++t) {
    if (known_term_applies(&self->known, t)) FC_TRY(new_process(self, &self->terms[t], error));
  }
  if (self->options.models_cost) FC_TRY(new_process(self, &self->cost, error));
  for (int32_t i = 0; setting->rows != NULL && i < setting->rows->n; ++i) {
    if (known_add(&self->known, &setting->rows->windows[i], setting->rows->verdicts[i], true) != FC_OK)
      return fc_error_set(error, FC_ENOMEM, "no memory for %d offline rows", setting->rows->n);
  }
  return FC_OK;
}

fc_status_t surrogate_new(const tuner_setting_t *setting, const surrogate_options_t *options, surrogate_t **out,
                          fc_error_t *error) {
  *out = NULL;
  surrogate_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a surrogate");
  self->setting = setting;
  self->options = *options;
  self->proven.workflow = setting->workflow;
  self->load = NAN;
  self->since_fit = SURROGATE_FIT_EVERY;
  bool ready;
  fc_status_t status = open_surrogate(self, error);
  /* What takes longest, while nobody waits for a proposal. */
  if (status == FC_OK) status = surrogate_prepare(self, NULL, &ready, error);
  if (status != FC_OK) surrogate_destroy(&self);
  *out = self;
  return status;
}

void surrogate_destroy(surrogate_t **surrogate) {
  if (surrogate == NULL || *surrogate == NULL) return;
  surrogate_t *self = *surrogate;
  for (int32_t t = 0; t < FC_MAX_QOS_TERMS; ++t) gp_destroy(&self->terms[t]);
  gp_destroy(&self->cost);
  known_clear(&self->known);
  proven_clear(&self->proven);
  box_clear(&self->box);
  free(self->selected);
  free(self->row_of);
  free(self->x);
  free(self->y);
  free(self->scratch);
  free(self);
  *surrogate = NULL;
}

fc_status_t surrogate_learn(surrogate_t *self, const fc_observation_t *window, fc_qos_verdict_t verdict,
                            fc_error_t *error) {
  self->load = tuner_load_of(window, self->load);
  self->since_fit += 1;
  if (known_add(&self->known, window, verdict, false) != FC_OK || proven_add(&self->proven, window, verdict) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a window");
  return FC_OK;
}

/* ---- rows and hyper-parameters ---- */

/* The outcomes of one process: a term's, or the cost (term -1). */
static int32_t gather(surrogate_t *self, int32_t term) {
  const size_t d = (size_t)self->box.d;
  int32_t n = 0;
  for (int32_t i = 0; i < self->n_selected; ++i) {
    const int32_t row = self->selected[i];
    const double y =
        term < 0 ? self->known.cost[row] : self->known.outcome[(size_t)row * FC_MAX_QOS_TERMS + (size_t)term];
    if (isnan(y) || self->known.excluded[row]) continue;
    memcpy(self->x + (size_t)n * d, self->known.x + (size_t)row * d, d * sizeof *self->x);
    self->y[n] = y;
    self->row_of[n++] = row;
  }
  return n;
}

/* Marks the rows that the process would not have expected. */
static fc_status_t exclude_outliers(surrogate_t *self, const gp_t *gp, bool *outlier, fc_error_t *error) {
  double *mean = self->y + SURROGATE_MAX_ROWS, *variance = mean + SURROGATE_MAX_ROWS;
  FC_TRY(gp_leave_one_out(gp, mean, variance, error));
  for (int32_t i = 0; i < gp_n_rows(gp); ++i) {
    if (fabs(self->y[i] - mean[i]) > OUTLIER_DEVIATIONS * sqrt(variance[i])) outlier[self->row_of[i]] = true;
  }
  return FC_OK;
}

static fc_status_t set_process(surrogate_t *self, gp_t *gp, int32_t term, bool fit, bool *outlier, fc_error_t *error) {
  const int32_t n = gather(self, term);
  if (n < SURROGATE_MIN_ROWS) return FC_OK;
  FC_TRY(gp_set_rows(gp, self->x, self->y, n, error));
  if (fit) FC_TRY(gp_fit(gp, error));
  return outlier != NULL ? exclude_outliers(self, gp, outlier, error) : FC_OK;
}

static fc_status_t set_processes(surrogate_t *self, bool fit, bool *outlier, fc_error_t *error) {
  for (int32_t t = 0; t < FC_MAX_QOS_TERMS; ++t) {
    if (self->terms[t] != NULL) FC_TRY(set_process(self, self->terms[t], t, fit, outlier, error));
  }
  return self->cost != NULL ? set_process(self, self->cost, -1, fit, outlier, error) : FC_OK;
}

/* Fits, decides anew which rows are outliers, and goes on without them. */
static fc_status_t fit_processes(surrogate_t *self, fc_error_t *error) {
  self->since_fit = 0;
  if (!self->options.filters_outliers) return set_processes(self, true, NULL, error);
  bool *outlier = calloc((size_t)self->known.n, sizeof *outlier);
  if (outlier == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for outliers");
  fc_status_t status = set_processes(self, true, outlier, error);
  memcpy(self->known.excluded, outlier, (size_t)self->known.n * sizeof *outlier);
  if (status == FC_OK) status = set_processes(self, false, NULL, error);
  free(outlier);
  return status;
}

fc_status_t surrogate_prepare(surrogate_t *self, const fc_observation_t *last, bool *ready, fc_error_t *error) {
  *ready = false;
  self->load = tuner_load_of(last, self->load);
  if (!(self->load > 0)) self->load = known_median_load(&self->known);
  if (self->known.n < SURROGATE_MIN_ROWS || !(self->load > 0)) return FC_OK;
  box_set_load(&self->box, self->load);
  const bool fit = self->since_fit >= SURROGATE_FIT_EVERY;
  for (int32_t i = 0; fit && i < self->known.n; ++i) self->known.excluded[i] = false;
  self->n_selected = known_select(&self->known, self->load, SURROGATE_MAX_ROWS, self->selected);
  if (self->n_selected < 0) return fc_error_set(error, FC_ENOMEM, "no memory to select rows");
  FC_TRY(fit ? fit_processes(self, error) : set_processes(self, false, NULL, error));
  for (int32_t t = 0; t < FC_MAX_QOS_TERMS; ++t) *ready = *ready || surrogate_uses(self, t);
  return FC_OK;
}

/* ---- what it says ---- */

bool surrogate_uses(const surrogate_t *self, int32_t term) {
  return self->terms[term] != NULL && gp_n_rows(self->terms[term]) > 0 && known_term_applies(&self->known, term);
}

box_t *surrogate_box(surrogate_t *self) {
  return &self->box;
}

const gp_t *surrogate_cost(const surrogate_t *self) {
  return self->cost;
}

/* By bisection: it is asked for once in a proposal. */
static double normal_quantile(double p) {
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    if (acquisition_normal_cdf(middle) < p)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

int32_t surrogate_constraints(const surrogate_t *self, double level,
                              acquisition_constraint_t constraints[ACQUISITION_MAX_CONSTRAINTS]) {
  const double z = normal_quantile(level);
  int32_t n = 0;
  for (int32_t t = 0; t < FC_MAX_QOS_TERMS && n < ACQUISITION_MAX_CONSTRAINTS; ++t) {
    if (!surrogate_uses(self, t)) continue;
    const double bound = known_bound(&self->known, t, self->load) - z * sqrt(gp_noise_variance(self->terms[t]));
    constraints[n++] = (acquisition_constraint_t){self->terms[t], bound};
  }
  return n;
}

double surrogate_log_window_met(void *context, const double *x, double *gradient) {
  const surrogate_t *self = context;
  const int32_t d = self->box.d;
  double *grad_mean = self->scratch, *grad_variance = self->scratch + d, value = 0;
  if (gradient != NULL) memset(gradient, 0, (size_t)d * sizeof *gradient);
  for (int32_t t = 0; t < FC_MAX_QOS_TERMS; ++t) {
    if (!surrogate_uses(self, t)) continue;
    double mean, variance, slope;
    if (gradient != NULL) {
      gp_predict_gradient(self->terms[t], x, &mean, &variance, grad_mean, grad_variance);
    } else {
      gp_predict(self->terms[t], x, 1, &mean, &variance);
    }
    variance += gp_noise_variance(self->terms[t]);
    const double sd = sqrt(variance), z = (known_bound(&self->known, t, self->load) - mean) / sd;
    value += acquisition_log_normal_cdf(z, &slope);
    for (int32_t i = 0; gradient != NULL && i < d; ++i)
      gradient[i] -= slope * (grad_mean[i] / sd + z * grad_variance[i] / (2 * variance));
  }
  return value;
}

const proven_item_t *surrogate_incumbent(surrogate_t *self, double level) {
  acquisition_constraint_t constraints[ACQUISITION_MAX_CONSTRAINTS];
  const int32_t n = surrogate_constraints(self, level, constraints);
  double *x = self->scratch + 2 * (size_t)self->box.d;
  for (int32_t i = 0; i < self->proven.n; ++i) {
    const proven_item_t *item = &self->proven.items[i];
    if (!proven_is_good(item, self->load)) continue;
    box_encode(&self->box, item->configuration, self->load, x);
    double value = 0;
    for (int32_t t = 0; t < n; ++t) {
      double mean, variance;
      gp_predict(constraints[t].gp, x, 1, &mean, &variance);
      value += acquisition_log_normal_cdf((constraints[t].bound - mean) / sqrt(variance), NULL);
    }
    if (value > log(0.5)) return item;
  }
  return NULL;
}
