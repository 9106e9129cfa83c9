/* published_rows.c - see published_rows.h. */
#include "published_rows.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "faasconf/knobs.h"

enum { FUNCTION_COLUMNS = 10, OUTCOME_COLUMNS = 6 };

/* Columns of one function, after its name, and of the outcome. */
enum { COLUMN_CPU = 1, COLUMN_MEM, COLUMN_REPLICAS, COLUMN_METRICS };
enum { COLUMN_LATENCY = 0, COLUMN_P95, COLUMN_SUCCESSES, COLUMN_REQUESTS, COLUMN_PRICE, COLUMN_USERS };

fc_status_t published_rows_init(published_rows_t *rows, const fc_workflow_t *workflow, fc_error_t *error) {
  memset(rows, 0, sizeof *rows);
  rows->workflow = workflow;
  rows->n_columns = workflow->n_functions * (FC_KNOBS + FUNCTION_COLUMNS) + OUTCOME_COLUMNS;
  rows->field = calloc((size_t)rows->n_columns, sizeof *rows->field);
  if (rows->field == NULL || fc_transition_init(&rows->transition, workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory to read rows of workflow %s", workflow->name);
  memcpy(rows->transition.workflow, workflow->name, sizeof rows->transition.workflow);
  snprintf(rows->transition.agent, sizeof rows->transition.agent, "published");
  rows->transition.epoch = 1;
  return FC_OK;
}

void published_rows_clear(published_rows_t *rows) {
  fc_transition_clear(&rows->transition);
  free(rows->fields);
  free(rows->field);
  memset(rows, 0, sizeof *rows);
}

/* ---- fields ---- */

static char *trim(char *text) {
  while (isspace((unsigned char)*text)) ++text;
  char *end = text + strlen(text);
  while (end > text && isspace((unsigned char)end[-1])) --end;
  *end = '\0';
  return text;
}

/* Cuts a copy of the line at its commas. FC_EFORMAT for another number of columns. */
static fc_status_t split(published_rows_t *rows, const char *line, fc_error_t *error) {
  free(rows->fields);
  rows->fields = strdup(line);
  if (rows->fields == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to read a row");
  int32_t n = 0;
  for (char *at = rows->fields; at != NULL; ++n) {
    char *comma = strchr(at, ',');
    if (comma != NULL) *comma = '\0';
    if (n < rows->n_columns) rows->field[n] = trim(at);
    at = comma != NULL ? comma + 1 : NULL;
  }
  if (n == rows->n_columns) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "expected %d columns for the %d functions of workflow %s, found %d",
                      (int)rows->n_columns, (int)rows->workflow->n_functions, rows->workflow->name, (int)n);
}

static void digest_row(published_rows_t *rows) {
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  for (int32_t i = 0; i < rows->n_columns; ++i) {
    if (i > 0) fc_sha256_update(&hash, ",", 1);
    fc_sha256_update(&hash, rows->field[i], strlen(rows->field[i]));
  }
  fc_sha256_final(&hash, rows->digest);
}

/* Decimal notation only: strtod alone would also take NaN, infinities and hexadecimal. */
static bool parse_number(const char *text, double *out) {
  char *end = NULL;
  if (text[0] == '\0' || strspn(text, "+-.0123456789eE") != strlen(text)) return false;
  errno = 0;
  *out = strtod(text, &end);
  return *end == '\0' && end != text && isfinite(*out);
}

/* Column `column` (from 0) as a number >= 0. */
static fc_status_t read_number(const published_rows_t *rows, int32_t column, const char *what, double *out,
                               fc_error_t *error) {
  if (parse_number(rows->field[column], out) && *out >= 0) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "column %d (%s): expected a number >= 0, found '%.40s'", (int)column + 1, what,
                      rows->field[column]);
}

static fc_status_t read_count(const published_rows_t *rows, int32_t column, const char *what, double largest,
                              double *out, fc_error_t *error) {
  FC_TRY(read_number(rows, column, what, out, error));
  if (*out == floor(*out) && *out <= largest) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "column %d (%s): expected a whole number up to %.0f, found '%.40s'",
                      (int)column + 1, what, largest, rows->field[column]);
}

/* ---- parts of a row ---- */

/* Concurrency from the action; the other three are in both places and must agree. */
static fc_status_t read_configuration(const published_rows_t *rows, int32_t function, int32_t first,
                                      fc_function_configuration_t *configuration, fc_error_t *error) {
  static const int32_t columns[FC_KNOBS] = {COLUMN_CPU, COLUMN_MEM, COLUMN_REPLICAS, -1};
  for (int k = 0; k < FC_KNOBS; ++k) {
    const fc_knob_t knob = (fc_knob_t)k;
    double action = 0, value = 0;
    const int32_t action_column = function * FC_KNOBS + k;
    FC_TRY(read_number(rows, action_column, "action", &action, error));
    if (action > 1)
      return fc_error_set(error, FC_EFORMAT, "column %d (action): expected a number in [0, 1], found '%.40s'",
                          (int)action_column + 1, rows->field[action_column]);
    const int32_t decoded = fc_knob_decode_authors(knob, action);
    fc_knob_set(configuration, knob, decoded);
    if (columns[k] < 0) continue;
    FC_TRY(read_count(rows, first + columns[k], fc_knob_name(knob), 1e6, &value, error));
    if ((int32_t)value != decoded)
      return fc_error_set(error, FC_EFORMAT,
                          "column %d (%s of %s): %d contradicts its action in column %d, which gives %d",
                          (int)(first + columns[k]) + 1, fc_knob_name(knob), rows->workflow->functions[function].name,
                          (int)value, (int)action_column + 1, (int)decoded);
  }
  return FC_OK;
}

static fc_status_t read_metrics(const published_rows_t *rows, int32_t first, fc_function_metrics_t *metrics,
                                fc_error_t *error) {
  int32_t column = first + COLUMN_METRICS;
  memset(metrics, 0, sizeof *metrics);
#define READ_METRIC(name, member)                                        \
  FC_TRY(read_number(rows, column++, #member, &metrics->member, error)); \
  metrics->present |= FC_METRIC_BIT(name)
  READ_METRIC(CPU_UTILIZATION, cpu_utilization_pct);
  READ_METRIC(THROTTLED, throttled_periods);
  READ_METRIC(MEM_UTILIZATION, mem_utilization_pct);
  READ_METRIC(NET_RX, net_rx_bytes_per_s);
  READ_METRIC(LATENCY_P75, latency_p75_s);
  READ_METRIC(LATENCY_P95, latency_p95_s);
#undef READ_METRIC
  return FC_OK;
}

static fc_status_t read_function(const published_rows_t *rows, int32_t function, fc_observation_t *after,
                                 fc_error_t *error) {
  const int32_t first = rows->workflow->n_functions * FC_KNOBS + function * FUNCTION_COLUMNS;
  const char *name = rows->workflow->functions[function].name;
  if (strcmp(rows->field[first], name) != 0)
    return fc_error_set(error, FC_EFORMAT, "column %d: expected function %s of workflow %s, found '%.40s'",
                        (int)first + 1, name, rows->workflow->name, rows->field[first]);
  FC_TRY(read_configuration(rows, function, first, &after->configuration[function], error));
  return read_metrics(rows, first, &after->metrics[function], error);
}

static fc_status_t read_outcome(const published_rows_t *rows, fc_observation_t *after, double *price,
                                fc_error_t *error) {
  const int32_t first = rows->n_columns - OUTCOME_COLUMNS;
  double successes = 0, requests = 0, users = 0;
  fc_outcome_t *outcome = &after->outcome;
  memset(outcome, 0, sizeof *outcome);
  FC_TRY(read_number(rows, first + COLUMN_LATENCY, "mean latency", &outcome->latency_mean_s, error));
  FC_TRY(read_number(rows, first + COLUMN_P95, "95th percentile latency", &outcome->latency_p95_s, error));
  FC_TRY(read_count(rows, first + COLUMN_SUCCESSES, "successes", 1e12, &successes, error));
  FC_TRY(read_count(rows, first + COLUMN_REQUESTS, "requests", 1e12, &requests, error));
  FC_TRY(read_number(rows, first + COLUMN_PRICE, "price", price, error));
  FC_TRY(read_number(rows, first + COLUMN_USERS, "users", &users, error));
  if (requests < successes)
    return fc_error_set(error, FC_EFORMAT, "column %d (successes): %.0f successes of %.0f requests",
                        (int)(first + COLUMN_SUCCESSES) + 1, successes, requests);
  outcome->successes = (int64_t)successes;
  outcome->failures = (int64_t)(requests - successes);
  outcome->present = FC_OUTCOME_HAS_COUNTS;
  if (successes > 0) outcome->present |= FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95;
  after->load = (fc_load_t){.present = FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT,
                            .arrival_rate_per_s = requests / rows->workflow->window_s,
                            .mean_in_flight = users};
  return FC_OK;
}

/* The published prices carry rounding in their last digits only. */
static fc_status_t check_price(published_rows_t *rows, double price, fc_error_t *error) {
  const double cost = fc_cost_reserved_usd_h(rows->workflow, rows->transition.after.configuration);
  if (fabs(cost - price) > 1e-9 * cost)
    return fc_error_set(error, FC_EFORMAT,
                        "column %d (price): %s contradicts the configuration, which costs %.10g USD per hour",
                        (int)(rows->n_columns - OUTCOME_COLUMNS + COLUMN_PRICE) + 1,
                        rows->field[rows->n_columns - OUTCOME_COLUMNS + COLUMN_PRICE], cost);
  rows->transition.cost_usd_h = cost;
  return FC_OK;
}

static fc_status_t read_row(published_rows_t *rows, const char *line, int64_t number, fc_error_t *error) {
  fc_observation_t *after = &rows->transition.after;
  double price = 0;
  FC_TRY(split(rows, line, error));
  for (int32_t f = 0; f < rows->workflow->n_functions; ++f) FC_TRY(read_function(rows, f, after, error));
  FC_TRY(read_outcome(rows, after, &price, error));
  FC_TRY(check_price(rows, price, error));
  after->window = number - 1;
  /* The file has no dates: windows follow each other from 1970 on, so that the same file gives the same bytes. */
  after->start_us = (int64_t)((double)number * rows->workflow->window_s * 1e6);
  after->duration_s = rows->workflow->window_s;
  return FC_OK;
}

/* ---- what the importer calls ---- */

bool published_rows_is_header(const char *line) {
  char first[64];
  double number;
  snprintf(first, sizeof first, "%.*s", (int)strcspn(line, ","), line);
  return !parse_number(trim(first), &number) && isalpha((unsigned char)*trim(first)) && strchr(line, ',') != NULL;
}

fc_status_t published_rows_read(published_rows_t *rows, const char *line, int64_t number, fc_error_t *error) {
  fc_transition_t *transition = &rows->transition;
  if (rows->has_before) fc_observation_copy(&transition->before, &transition->after);
  const bool has_before = rows->has_before;
  rows->has_before = false;
  FC_TRY(read_row(rows, line, number, error));
  transition->sequence = (uint64_t)number;
  transition->flags = FC_TRANSITION_TERMINAL | FC_TRANSITION_AS_PUBLISHED;
  if (has_before) transition->flags |= FC_TRANSITION_HAS_BEFORE;
  FC_TRY(fc_transition_validate(transition, rows->workflow, error));
  digest_row(rows);
  rows->has_before = true;
  return FC_OK;
}
