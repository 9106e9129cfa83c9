/* prometheus_samples.c - see prometheus_samples.h. */
#include "prometheus_samples.h"

#include <math.h>

const char *prometheus_knowledge_text(prometheus_knowledge_t knowledge) {
  switch (knowledge) {
    case PROMETHEUS_KNOWN:
      return "known";
    case PROMETHEUS_NO_SERIES:
      return "no series matches";
    case PROMETHEUS_STALE:
      return "the newest sample is too old";
    case PROMETHEUS_NO_START:
      return "there is no sample from the beginning of the window";
    case PROMETHEUS_NO_STEP:
      return "there is no new sample in the window";
  }
  return "unknown";
}

/* Index of the last finite sample at or before time_s; -1: none. */
static int32_t last_at(const prometheus_series_t *series, double time_s) {
  for (int32_t i = series->n_samples - 1; i >= 0; --i)
    if (series->samples[i].time_s <= time_s && isfinite(series->samples[i].value)) return i;
  return -1;
}

/* The time up to which every series that is still scraped is known; NAN: none is. */
static double known_until(const prometheus_answer_t *matrix, double until_s, double max_age_s) {
  double until = NAN;
  for (int32_t i = 0; i < matrix->n_series; ++i) {
    const int32_t last = last_at(&matrix->series[i], until_s);
    if (last < 0 || matrix->series[i].samples[last].time_s < until_s - max_age_s) continue;
    if (!(until <= matrix->series[i].samples[last].time_s)) until = matrix->series[i].samples[last].time_s;
  }
  return until;
}

/* From the sample at `first` to those at or before until_s. */
static double count_series(const prometheus_series_t *series, int32_t first, double until_s) {
  double before = series->samples[first].value, increase = 0;
  for (int32_t i = first + 1; i < series->n_samples && series->samples[i].time_s <= until_s; ++i) {
    const double now = series->samples[i].value;
    if (!isfinite(now)) continue;
    increase += now < before ? now : now - before;
    before = now;
  }
  return increase;
}

static int32_t first_after(const prometheus_series_t *series, double time_s) {
  for (int32_t i = 0; i < series->n_samples; ++i)
    if (series->samples[i].time_s > time_s && isfinite(series->samples[i].value)) return i;
  return -1;
}

prometheus_knowledge_t prometheus_increase(const prometheus_answer_t *matrix, double from_s, double until_s,
                                           double max_age_s, prometheus_increase_t *out) {
  if (matrix->n_series == 0) return PROMETHEUS_NO_SERIES;
  const double until = known_until(matrix, until_s, max_age_s);
  if (isnan(until)) return PROMETHEUS_STALE;
  double from = NAN, increase = 0;
  for (int32_t i = 0; i < matrix->n_series; ++i) {
    const prometheus_series_t *series = &matrix->series[i];
    int32_t first = last_at(series, from_s);
    if (first >= 0 && series->samples[first].time_s < from_s - max_age_s) first = -1;
    if (first >= 0 && !(from <= series->samples[first].time_s)) from = series->samples[first].time_s;
    if (first < 0) first = first_after(series, from_s);
    if (first >= 0) increase += count_series(series, first, until);
  }
  if (isnan(from)) return PROMETHEUS_NO_START;
  if (until <= from) return PROMETHEUS_NO_STEP;
  *out = (prometheus_increase_t){increase < 0 ? 0 : increase, from, until};
  return PROMETHEUS_KNOWN;
}

prometheus_knowledge_t prometheus_mean(const prometheus_answer_t *matrix, double from_s, double until_s,
                                       double max_age_s, double *mean) {
  double sum = 0, first_s = INFINITY;
  int32_t most = 0;
  if (matrix->n_series == 0) return PROMETHEUS_NO_SERIES;
  if (isnan(known_until(matrix, until_s, max_age_s))) return PROMETHEUS_STALE;
  for (int32_t s = 0; s < matrix->n_series; ++s) {
    const prometheus_series_t *series = &matrix->series[s];
    int32_t n = 0;
    for (int32_t i = 0; i < series->n_samples; ++i) {
      const prometheus_sample_t *sample = &series->samples[i];
      if (sample->time_s <= from_s || sample->time_s > until_s || !isfinite(sample->value)) continue;
      if (sample->time_s < first_s) first_s = sample->time_s;
      sum += sample->value;
      n += 1;
    }
    if (n > most) most = n;
  }
  if (most == 0) return PROMETHEUS_NO_STEP;
  if (first_s > from_s + max_age_s) return PROMETHEUS_NO_START;
  *mean = sum / most;
  return PROMETHEUS_KNOWN;
}
