/* recording_table.c - see recording_table.h. */
#include "recording_table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/knobs.h"

#define LARGEST_SECONDS 1e7
#define LARGEST_COUNT 1e12
#define LARGEST_USERS 1048576.0
#define LARGEST_METRIC 1e15

static const char *const workflow_names[QUANTITIES_OF_WORKFLOW] = {
    "latency_mean_s", "latency_p95_s", "successes",          "failures",      "unfinished",
    "rejected",       "users",         "arrival_rate_per_s", "mean_in_flight"};

#define METRIC_NAME(name, field, unit) #field,
static const char *const metric_names[FC_FUNCTION_METRIC_COUNT] = {FC_FUNCTION_METRICS(METRIC_NAME)};
#undef METRIC_NAME

const char *quantity_name(int32_t quantity) {
  if (quantity < QUANTITIES_OF_WORKFLOW) return workflow_names[quantity];
  if (quantity < QUANTITY_METRICS) return fc_knob_name((fc_knob_t)(quantity - QUANTITY_KNOBS));
  return metric_names[quantity - QUANTITY_METRICS];
}

int32_t quantity_find(const char *name, bool of_function) {
  const int32_t from = of_function ? QUANTITIES_OF_WORKFLOW : 0, to = of_function ? QUANTITIES : QUANTITIES_OF_WORKFLOW;
  for (int32_t q = from; q < to; ++q)
    if (strcmp(quantity_name(q), name) == 0) return q;
  return -1;
}

bool quantity_is_count(int32_t quantity) {
  return quantity >= QUANTITY_SUCCESSES && quantity <= QUANTITY_REJECTED;
}

/* The range of a quantity's values. */
static void bounds_of(int32_t quantity, double *low, double *high) {
  static const double largest_knob[FC_KNOBS] = {1e6, 8388608, 10000, 100000};
  *low = 0;
  *high = LARGEST_METRIC;
  if (quantity == QUANTITY_LATENCY_MEAN || quantity == QUANTITY_LATENCY_P95) *high = LARGEST_SECONDS;
  if (quantity_is_count(quantity)) *high = LARGEST_COUNT;
  if (quantity == QUANTITY_USERS) *high = LARGEST_USERS;
  if (quantity == QUANTITY_ARRIVAL_RATE) *high = 1e5;
  if (quantity >= QUANTITY_KNOBS && quantity < QUANTITY_METRICS) *high = largest_knob[quantity - QUANTITY_KNOBS];
  const bool may_be_zero =
      quantity < QUANTITY_KNOBS || quantity >= QUANTITY_METRICS || quantity == QUANTITY_KNOBS + FC_KNOB_REPLICAS;
  if (quantity == QUANTITY_USERS || !may_be_zero) *low = 1;
}

fc_status_t quantity_check(int32_t quantity, double value, fc_error_t *error) {
  double low = 0, high = 0;
  bounds_of(quantity, &low, &high);
  const bool whole = quantity_is_count(quantity) || quantity == QUANTITY_USERS ||
                     (quantity >= QUANTITY_KNOBS && quantity < QUANTITY_METRICS);
  if (value >= low && value <= high && (!whole || value == floor(value))) return FC_OK;
  const char *hint = quantity == QUANTITY_KNOBS + FC_KNOB_CONCURRENCY && value == 0
                         ? ": write a large number where there is no limit"
                         : "";
  return fc_error_set(error, FC_EFORMAT, "expected %s from %.0f to %.15g, found %.15g%s",
                      whole ? "a whole number" : "a number", low, high, value, hint);
}

bool number_parse(const char *text, double *out) {
  char *end = NULL;
  if (text[0] == '\0' || strspn(text, "+-.0123456789eE") != strlen(text)) return false;
  errno = 0;
  *out = strtod(text, &end);
  return *end == '\0' && end != text && isfinite(*out);
}

int32_t recording_slot(recording_column_t column) {
  if (column.function < 0) return column.quantity;
  return QUANTITIES_OF_WORKFLOW + column.function * (QUANTITIES - QUANTITIES_OF_WORKFLOW) + column.quantity -
         QUANTITIES_OF_WORKFLOW;
}

int32_t recording_slots(const fc_workflow_t *workflow) {
  return QUANTITIES_OF_WORKFLOW + workflow->n_functions * (QUANTITIES - QUANTITIES_OF_WORKFLOW);
}

void recording_column_name(const fc_workflow_t *workflow, recording_column_t column, char *name, size_t size) {
  if (column.function < 0) {
    snprintf(name, size, "%s", quantity_name(column.quantity));
  } else {
    snprintf(name, size, "%s.%s", workflow->functions[column.function].name, quantity_name(column.quantity));
  }
}

int32_t recording_column(const recording_t *recording, recording_column_t column) {
  return recording->column_of != NULL ? recording->column_of[recording_slot(column)] : -1;
}

fc_status_t recording_add_column(recording_t *recording, recording_column_t column, fc_error_t *error) {
  const fc_workflow_t *workflow = recording->options.workflow;
  const int32_t slots = recording_slots(workflow), slot = recording_slot(column);
  if (recording->columns == NULL) {
    recording->columns = calloc((size_t)slots, sizeof *recording->columns);
    recording->column_of = calloc((size_t)slots, sizeof *recording->column_of);
    if (recording->columns == NULL || recording->column_of == NULL)
      return fc_error_set(error, FC_ENOMEM, "no memory for %d columns", (int)slots);
    for (int32_t s = 0; s < slots; ++s) recording->column_of[s] = -1;
  }
  if (recording->column_of[slot] >= 0) {
    char name[2 * FC_NAME_SIZE];
    recording_column_name(workflow, column, name, sizeof name);
    return fc_error_set(error, FC_EFORMAT, "%s is there twice", name);
  }
  recording->column_of[slot] = recording->n_columns;
  recording->columns[recording->n_columns++] = column;
  return FC_OK;
}
