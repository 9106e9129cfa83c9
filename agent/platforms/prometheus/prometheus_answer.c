/* prometheus_answer.c - see prometheus_answer.h. */
#include "prometheus_answer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/json.h"

static const double MAX_TIME_S = 1e11; /* the year 5138: what is beyond is no time */

static fc_status_t fail_format(fc_error_t *error, const char *what) {
  fc_error_set(error, FC_EFORMAT, "not an answer of Prometheus: %s", what);
  return FC_EFORMAT; /* spelt out for the static analyser */
}

/* Printable and short, for a message: what the server wrote is not trusted. */
static void copy_text(char *to, const char *from) {
  size_t n = 0;
  for (; from[n] != '\0' && n + 1 < PROMETHEUS_TEXT_SIZE; ++n)
    to[n] = (unsigned char)from[n] < 0x20 || from[n] == 0x7f ? ' ' : from[n];
  while (from[n] != '\0' && n > 0 && ((unsigned char)from[n] & 0xc0) == 0x80) --n; /* no half of a character */
  to[n] = '\0';
}

/* ---- errors the server tells ---------------------------------------------------------------------------------- */

static fc_status_t take_error(const fc_json_t *root, fc_error_t *error) {
  const char *type = fc_json_string(fc_json_get(root, "errorType"));
  const char *text = fc_json_string(fc_json_get(root, "error"));
  char short_type[PROMETHEUS_TEXT_SIZE], short_text[PROMETHEUS_TEXT_SIZE];
  if (!type || !text) return fail_format(error, "status error without errorType and error");
  copy_text(short_type, type);
  copy_text(short_text, text);
  fc_status_t status = FC_EIO; /* internal, unavailable, not_found, ... */
  if (strcmp(type, "bad_data") == 0) status = FC_EINVAL;
  if (strcmp(type, "execution") == 0) status = FC_ESTATE;
  if (strcmp(type, "timeout") == 0 || strcmp(type, "canceled") == 0) status = FC_ETIMEOUT;
  return fc_error_set(error, status, "Prometheus: %s: %s", short_type, short_text);
}

static void take_warnings(const fc_json_t *root, prometheus_answer_t *answer) {
  const fc_json_t *warnings = fc_json_get(root, "warnings");
  if (!fc_json_is_array(warnings)) return;
  answer->n_warnings = (int32_t)fc_json_size(warnings); /* below PROMETHEUS_MAX_BYTES */
  const char *first = fc_json_string(fc_json_at(warnings, 0));
  if (first) copy_text(answer->warning, first);
}

/* ---- samples -------------------------------------------------------------------------------------------------- */

/* Numbers come as text: digits, "NaN", "+Inf", "-Inf". */
static bool read_number(const char *text, double *value) {
  char *end = NULL;
  if (strcmp(text, "NaN") == 0) {
    *value = NAN;
    return true;
  }
  if (strcmp(text, "+Inf") == 0 || strcmp(text, "-Inf") == 0) {
    *value = text[0] == '-' ? -INFINITY : INFINITY;
    return true;
  }
  if (text[0] == '\0' || strspn(text, "+-.0123456789eE") != strlen(text)) return false;
  *value = strtod(text, &end);
  return *end == '\0';
}

/* [TIME, TEXT]; *text is borrowed. */
static fc_status_t read_pair(const fc_json_t *pair, double *time_s, const char **text, fc_error_t *error) {
  if (!fc_json_is_array(pair) || fc_json_size(pair) != 2 || !fc_json_double(fc_json_at(pair, 0), time_s))
    return fail_format(error, "a sample is not [time, \"value\"]");
  *text = fc_json_string(fc_json_at(pair, 1));
  if (!*text) return fail_format(error, "the value of a sample is not a text");
  if (!isfinite(*time_s) || fabs(*time_s) > MAX_TIME_S) return fail_format(error, "the time of a sample is none");
  return FC_OK;
}

static fc_status_t read_sample(const fc_json_t *pair, prometheus_sample_t *sample, fc_error_t *error) {
  const char *text = NULL;
  FC_TRY(read_pair(pair, &sample->time_s, &text, error));
  if (!read_number(text, &sample->value)) return fail_format(error, "the value of a sample is not a number");
  return FC_OK;
}

/* "value" of a vector's series, "values" of a matrix's. NULL: neither, as a native histogram has. */
static const fc_json_t *samples_of(const fc_json_t *series, prometheus_type_t type) {
  return fc_json_get(series, type == PROMETHEUS_VECTOR ? "value" : "values");
}

static fc_status_t count_samples(const fc_json_t *result, prometheus_type_t type, size_t *n, fc_error_t *error) {
  *n = 0;
  for (size_t i = 0; i < fc_json_size(result); ++i) {
    const fc_json_t *samples = samples_of(fc_json_at(result, i), type);
    if (!fc_json_is_array(samples))
      return fail_format(error, "a series has no samples that are numbers (native histograms are not supported)");
    *n += type == PROMETHEUS_VECTOR ? 1 : fc_json_size(samples);
  }
  return FC_OK;
}

static fc_status_t read_series(const fc_json_t *samples, prometheus_type_t type, prometheus_series_t *series,
                               fc_error_t *error) {
  series->n_samples = type == PROMETHEUS_VECTOR ? 1 : (int32_t)fc_json_size(samples);
  if (type == PROMETHEUS_VECTOR) return read_sample(samples, &series->samples[0], error);
  for (int32_t i = 0; i < series->n_samples; ++i) {
    FC_TRY(read_sample(fc_json_at(samples, (size_t)i), &series->samples[i], error));
    if (i > 0 && series->samples[i].time_s <= series->samples[i - 1].time_s)
      return fail_format(error, "the samples of a series do not ascend in time");
  }
  return FC_OK;
}

static fc_status_t reserve(prometheus_answer_t *answer, size_t n_series, size_t n_samples, fc_error_t *error) {
  if (n_series > PROMETHEUS_MAX_SERIES)
    return fc_error_set(error, FC_EEXHAUSTED, "Prometheus answers with %zu series (at most %d): narrow the query",
                        n_series, PROMETHEUS_MAX_SERIES);
  answer->series = calloc(n_series + 1, sizeof *answer->series);
  answer->samples = calloc(n_samples + 1, sizeof *answer->samples);
  if (answer->series && answer->samples) return FC_OK;
  return fc_error_set(error, FC_ENOMEM, "Prometheus: out of memory");
}

static fc_status_t take_many(const fc_json_t *result, prometheus_answer_t *answer, fc_error_t *error) {
  size_t n_samples = 0;
  if (!fc_json_is_array(result)) return fail_format(error, "the result is not a list of series");
  FC_TRY(count_samples(result, answer->type, &n_samples, error));
  FC_TRY(reserve(answer, fc_json_size(result), n_samples, error));
  prometheus_sample_t *next = answer->samples;
  for (size_t i = 0; i < fc_json_size(result); ++i) {
    prometheus_series_t *series = &answer->series[i];
    series->samples = next;
    FC_TRY(read_series(samples_of(fc_json_at(result, i), answer->type), answer->type, series, error));
    next += series->n_samples;
  }
  answer->n_series = (int32_t)fc_json_size(result);
  return FC_OK;
}

static fc_status_t take_one(const fc_json_t *result, prometheus_answer_t *answer, fc_error_t *error) {
  double time_s = 0;
  const char *text = NULL;
  if (answer->type == PROMETHEUS_STRING) {
    FC_TRY(read_pair(result, &time_s, &text, error));
    copy_text(answer->text, text);
    return FC_OK;
  }
  FC_TRY(reserve(answer, 1, 1, error));
  FC_TRY(read_sample(result, &answer->samples[0], error));
  answer->series[0] = (prometheus_series_t){1, answer->samples};
  answer->n_series = 1;
  return FC_OK;
}

/* ---- the answer ----------------------------------------------------------------------------------------------- */

static fc_status_t take_data(const fc_json_t *data, prometheus_answer_t *answer, fc_error_t *error) {
  static const char *const names[] = {"scalar", "vector", "matrix", "string"};
  const char *name = fc_json_string(fc_json_get(data, "resultType"));
  const fc_json_t *result = fc_json_get(data, "result");
  for (int32_t i = 0; name && result && i < 4; ++i) {
    if (strcmp(name, names[i]) != 0) continue;
    answer->type = (prometheus_type_t)i;
    const bool many = answer->type == PROMETHEUS_VECTOR || answer->type == PROMETHEUS_MATRIX;
    return many ? take_many(result, answer, error) : take_one(result, answer, error);
  }
  return fail_format(error, "no data with a resultType that is known");
}

fc_status_t prometheus_answer_parse(const char *body, size_t size, long http_status, prometheus_answer_t *answer,
                                    fc_error_t *error) {
  fc_json_t *root = NULL;
  fc_error_t reason = {0};
  memset(answer, 0, sizeof *answer);
  if (size > PROMETHEUS_MAX_BYTES)
    return fc_error_set(error, FC_EEXHAUSTED, "Prometheus answers with more than %d bytes: narrow the query",
                        PROMETHEUS_MAX_BYTES);
  if (fc_json_parse(body, size, &root, &reason) != FC_OK)
    return fc_error_set(error, FC_EFORMAT, "not an answer of Prometheus (HTTP status %ld, no JSON: %.200s)",
                        http_status, reason.message);
  const char *word = fc_json_string(fc_json_get(root, "status"));
  fc_status_t status = FC_OK;
  if (word && strcmp(word, "error") == 0) {
    status = take_error(root, error);
  } else if (word && strcmp(word, "success") == 0) {
    take_warnings(root, answer);
    status = take_data(fc_json_get(root, "data"), answer, error);
  } else {
    status = fc_error_set(error, FC_EFORMAT, "not an answer of Prometheus (HTTP status %ld, JSON without its status)",
                          http_status);
  }
  fc_json_destroy(&root);
  return status;
}

void prometheus_answer_clear(prometheus_answer_t *answer) {
  free(answer->series);
  free(answer->samples);
  memset(answer, 0, sizeof *answer);
}

bool prometheus_answer_value(const prometheus_answer_t *answer, double *value) {
  if ((answer->type != PROMETHEUS_SCALAR && answer->type != PROMETHEUS_VECTOR) || answer->n_series != 1) return false;
  *value = answer->series[0].samples[0].value;
  return isfinite(*value);
}
