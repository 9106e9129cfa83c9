/* cma.c - see cma.h. */
#include "cma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set_constants(cma_t *cma) {
  const double n = cma->n;
  double sum = 0, squares = 0;
  for (int32_t i = 0; i < cma->n_parents; ++i) {
    cma->weights[i] = log(cma->n_parents + 0.5) - log(i + 1.0);
    sum += cma->weights[i];
  }
  for (int32_t i = 0; i < cma->n_parents; ++i) {
    cma->weights[i] /= sum;
    squares += cma->weights[i] * cma->weights[i];
  }
  const double mu = cma->mu_eff = 1 / squares;
  cma->c_sigma = (mu + 2) / (n + mu + 5);
  cma->d_sigma = 1 + cma->c_sigma + 2 * fmax(0, sqrt((mu - 1) / (n + 1)) - 1);
  cma->c_c = (4 + mu / n) / (n + 4 + 2 * mu / n);
  /* A diagonal learns (n + 2) / 3 times as fast. */
  const double faster = (n + 2) / 3;
  cma->c_1 = fmin(0.5, faster * 2 / ((n + 1.3) * (n + 1.3) + mu));
  cma->c_mu = fmin(1 - cma->c_1, faster * 2 * (mu - 2 + 1 / mu) / ((n + 2) * (n + 2) + mu));
  cma->expected_norm = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
}

fc_status_t cma_init(cma_t *cma, int32_t n, int32_t n_samples, const double *mean, double sigma, uint64_t seed) {
  memset(cma, 0, sizeof *cma);
  FC_ASSERT(n >= 1 && n_samples >= 4);
  cma->n = n;
  cma->n_samples = n_samples;
  cma->n_parents = n_samples / 2;
  cma->sigma = sigma;
  double **const vectors[] = {&cma->mean, &cma->variance, &cma->path_sigma, &cma->path_c, &cma->step};
  for (size_t v = 0; v < sizeof vectors / sizeof vectors[0]; ++v)
    if ((*vectors[v] = calloc((size_t)n, sizeof(double))) == NULL) return FC_ENOMEM;
  cma->samples = calloc((size_t)n * (size_t)n_samples, sizeof *cma->samples);
  cma->weights = calloc((size_t)cma->n_parents, sizeof *cma->weights);
  cma->order = calloc((size_t)n_samples, sizeof *cma->order);
  if (cma->samples == NULL || cma->weights == NULL || cma->order == NULL) return FC_ENOMEM;
  memcpy(cma->mean, mean, (size_t)n * sizeof *mean);
  for (int32_t i = 0; i < n; ++i) cma->variance[i] = 1;
  fc_rng_init(&cma->rng, seed, 0);
  set_constants(cma);
  return FC_OK;
}

void cma_clear(cma_t *cma) {
  free(cma->mean);
  free(cma->variance);
  free(cma->path_sigma);
  free(cma->path_c);
  free(cma->step);
  free(cma->samples);
  free(cma->weights);
  free(cma->order);
  memset(cma, 0, sizeof *cma);
}

void cma_ask(cma_t *cma) {
  for (int32_t s = 0; s < cma->n_samples; ++s) {
    for (int32_t i = 0; i < cma->n; ++i) {
      const double x = cma->mean[i] + cma->sigma * sqrt(cma->variance[i]) * fc_rng_normal(&cma->rng);
      cma->samples[s * cma->n + i] = fmin(1, fmax(0, x));
    }
  }
}

/* order[] = samples by value, ascending; a handful, so insertion. */
static void sort_samples(cma_t *cma, const double *values) {
  for (int32_t i = 0; i < cma->n_samples; ++i) {
    int32_t at = i;
    for (; at > 0 && values[cma->order[at - 1]] > values[i]; --at) cma->order[at] = cma->order[at - 1];
    cma->order[at] = i;
  }
}

void cma_tell(cma_t *cma, const double *values) {
  double norm = 0;
  sort_samples(cma, values);
  cma->n_generations += 1;
  for (int32_t i = 0; i < cma->n; ++i) {
    double mean = 0;
    for (int32_t k = 0; k < cma->n_parents; ++k) mean += cma->weights[k] * cma->samples[cma->order[k] * cma->n + i];
    cma->step[i] = (mean - cma->mean[i]) / cma->sigma;
    const double whitened = cma->step[i] / sqrt(cma->variance[i]);
    cma->path_sigma[i] =
        (1 - cma->c_sigma) * cma->path_sigma[i] + sqrt(cma->c_sigma * (2 - cma->c_sigma) * cma->mu_eff) * whitened;
    norm += cma->path_sigma[i] * cma->path_sigma[i];
  }
  norm = sqrt(norm);
  const double unbiased = sqrt(1 - pow(1 - cma->c_sigma, 2.0 * cma->n_generations));
  const double h = norm / unbiased < (1.4 + 2 / (cma->n + 1.0)) * cma->expected_norm ? 1 : 0;
  for (int32_t i = 0; i < cma->n; ++i) {
    double rank_mu = 0;
    for (int32_t k = 0; k < cma->n_parents; ++k) {
      const double y = (cma->samples[cma->order[k] * cma->n + i] - cma->mean[i]) / cma->sigma;
      rank_mu += cma->weights[k] * y * y;
    }
    cma->path_c[i] = (1 - cma->c_c) * cma->path_c[i] + h * sqrt(cma->c_c * (2 - cma->c_c) * cma->mu_eff) * cma->step[i];
    const double rank_one = cma->path_c[i] * cma->path_c[i] + (1 - h) * cma->c_c * (2 - cma->c_c) * cma->variance[i];
    cma->variance[i] = (1 - cma->c_1 - cma->c_mu) * cma->variance[i] + cma->c_1 * rank_one + cma->c_mu * rank_mu;
    cma->variance[i] = fmax(1e-8, cma->variance[i]);
    cma->mean[i] += cma->sigma * cma->step[i];
  }
  cma->sigma *= exp(fmin(1, cma->c_sigma / cma->d_sigma * (norm / cma->expected_norm - 1)));
  cma->sigma = fmin(0.5, fmax(1e-3, cma->sigma));
}
