/* derive.c - see derive.h. */
#include "derive.h"

#include <stdlib.h>
#include <string.h>

/* The windows that count, as fc_bounds_determine wants them. */
typedef struct {
  const fc_workflow_t *workflow;
  fc_semantics_t semantics;
  int32_t n_rows, capacity;
  fc_safety_row_t *rows;                       /* (capacity); their configuration is set once all are read */
  fc_function_configuration_t *configurations; /* (capacity, N) */
} windows_t;

static fc_status_t grow(windows_t *windows) {
  const int32_t capacity = windows->capacity > 0 ? 2 * windows->capacity : 1024;
  const size_t n_functions = (size_t)windows->workflow->n_functions;
  fc_safety_row_t *rows = realloc(windows->rows, (size_t)capacity * sizeof *rows);
  if (rows == NULL) return FC_ENOMEM;
  windows->rows = rows;
  fc_function_configuration_t *configurations =
      realloc(windows->configurations, (size_t)capacity * n_functions * sizeof *configurations);
  if (configurations == NULL) return FC_ENOMEM;
  windows->configurations = configurations;
  windows->capacity = capacity;
  return FC_OK;
}

static fc_status_t visit(void *context, int64_t id, bool heldout, const fc_transition_t *transition) {
  windows_t *windows = context;
  const fc_observation_t *after = &transition->after;
  const bool as_published = (transition->flags & FC_TRANSITION_AS_PUBLISHED) != 0;
  (void)id;
  (void)heldout;
  if (as_published != (windows->semantics == FC_SEMANTICS_AS_PUBLISHED)) return FC_OK;
  if ((after->load.present & FC_LOAD_HAS_IN_FLIGHT) == 0) return FC_OK;
  const fc_qos_verdict_t verdict = fc_qos_judge(windows->workflow, windows->semantics, &after->outcome,
                                                after->duration_s, after->load.mean_in_flight, NULL);
  if (verdict == FC_QOS_UNKNOWN) return FC_OK;
  if (windows->n_rows == windows->capacity) FC_TRY(grow(windows));
  const size_t n_functions = (size_t)windows->workflow->n_functions;
  memcpy(windows->configurations + (size_t)windows->n_rows * n_functions, after->configuration,
         n_functions * sizeof *after->configuration);
  windows->rows[windows->n_rows++] = (fc_safety_row_t){.cost_usd_h = transition->cost_usd_h,
                                                       .mean_in_flight = after->load.mean_in_flight,
                                                       .qos_met = verdict == FC_QOS_MET};
  return FC_OK;
}

static int ascending(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Loads of the windows that met QoS, ascending. */
static double *met_loads(const windows_t *windows, int32_t *n) {
  double *loads = calloc((size_t)windows->n_rows + 1, sizeof *loads);
  *n = 0;
  if (loads == NULL) return NULL;
  for (int32_t i = 0; i < windows->n_rows; ++i)
    if (windows->rows[i].qos_met) loads[(*n)++] = windows->rows[i].mean_in_flight;
  qsort(loads, (size_t)*n, sizeof *loads, ascending);
  return loads;
}

/* Adds the record of one load. None with too few rows, nor with one price only: a band without width says nothing about
 * any other configuration, and would keep an agent where it is for ever. */
static fc_status_t determine(const windows_t *windows, const fc_bounds_options_t *bounds, double load,
                             fc_safety_record_t *records, int32_t *n) {
  fc_safety_record_t *record = &records[*n];
  FC_TRY(fc_safety_record_init(record, windows->workflow->n_functions));
  const fc_status_t status =
      fc_bounds_determine(windows->workflow, bounds, windows->rows, windows->n_rows, load, record);
  if (status == FC_OK && record->ub_usd_h - record->lb_usd_h > 1e-9 * record->ub_usd_h) {
    *n += 1;
    return FC_OK;
  }
  fc_safety_record_clear(record);
  return status == FC_ENOTFOUND ? FC_OK : status;
}

/* Lowest load first: a group holds what its first load reaches upwards, its record is at the group's median. */
static fc_status_t determine_all(const windows_t *windows, const fc_bounds_options_t *bounds,
                                 fc_safety_record_t *records, int32_t *n) {
  int32_t n_loads = 0;
  double *loads = met_loads(windows, &n_loads);
  fc_status_t status = loads != NULL ? FC_OK : FC_ENOMEM;
  for (int32_t first = 0; status == FC_OK && first < n_loads && *n < DERIVE_MAX_RECORDS;) {
    const double reach = loads[first] * (1.0 + bounds->load_tolerance) + 1e-9;
    int32_t end = first + 1;
    while (end < n_loads && loads[end] <= reach) ++end;
    status = determine(windows, bounds, loads[first + (end - first) / 2], records, n);
    first = end;
  }
  free(loads);
  return status;
}

static void clear_records(fc_safety_record_t *records, int32_t n) {
  for (int32_t i = 0; i < n; ++i) fc_safety_record_clear(&records[i]);
  free(records);
}

fc_status_t derive_records(store_t *store, const fc_workflow_t *workflow, fc_semantics_t semantics,
                           const fc_bounds_options_t *bounds, fc_safety_record_t **records, int32_t *n,
                           fc_error_t *error) {
  windows_t windows = {.workflow = workflow, .semantics = semantics};
  int64_t before = 0;
  *records = NULL;
  *n = 0;
  FC_TRY(store_window_before(store, workflow->name, DERIVE_WINDOWS, &before, error));
  fc_safety_record_t *made = calloc(DERIVE_MAX_RECORDS, sizeof *made);
  int32_t n_made = 0;
  if (made == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for safety records");
  fc_status_t status = store_each_transition(store, workflow, before, visit, &windows, error);
  const size_t n_functions = (size_t)workflow->n_functions;
  for (int32_t i = 0; i < windows.n_rows; ++i)
    windows.rows[i].configuration = windows.configurations + (size_t)i * n_functions;
  if (status == FC_OK) status = determine_all(&windows, bounds, made, &n_made);
  if (status == FC_ENOMEM)
    (void)fc_error_set(error, FC_ENOMEM, "no memory to derive the safety records of %s", workflow->name);
  free(windows.rows);
  free(windows.configurations);
  if (status != FC_OK || n_made == 0) {
    clear_records(made, n_made);
    return status;
  }
  *records = made;
  *n = n_made;
  return FC_OK;
}
