/* batch_rows.c - what the kernels need of a workflow, once; then three launches a draw: see batch_rows.h. */
#include "batch_rows.h"

#include <stdlib.h>
#include <string.h>

#include "batch_rows_kernels.h"

struct batch_rows {
  batch_t *batch;
  fc_device_t *device;
  int32_t n_series;
  feature_column_t features[FC_MAX_FEATURES]; /* as on the device */
  feature_column_t *features_there;           /* (O) */
  batch_function_t *functions_there;          /* (N) */
  batch_rows_constants_t constants;
};

static bool reads_latencies(feature_source_t source) {
  return source == FEATURE_LATENCY_P75 || source == FEATURE_LATENCY_P95;
}

static fc_status_t take_features(batch_rows_t *rows, const fc_feature_t *features, fc_error_t *error) {
  for (int32_t o = 0; o < rows->constants.n_features; ++o) {
    feature_column_t *to = &rows->features[o];
    if (!feature_find(features[o].name, &to->source, &to->transform))
      return fc_error_set(error, FC_ENOTFOUND, "there is no feature `%s`", features[o].name);
    if (reads_latencies(to->source) && !batch_has_latencies(rows->batch))
      return fc_error_set(error, FC_EINVAL, "feature `%s` needs a batch with latencies", features[o].name);
    to->mean = features[o].mean;
    to->scale = features[o].scale;
  }
  return FC_OK;
}

static fc_status_t send_features(batch_rows_t *rows, fc_error_t *error) {
  return fc_device_write(rows->device, rows->features_there, rows->features,
                         (size_t)rows->constants.n_features * sizeof *rows->features_there, error);
}

/* The functions as the kernels see them, after a check that the largest of what may be drawn is possible. */
static fc_status_t send_functions(batch_rows_t *rows, const fc_workflow_t *workflow,
                                  const batch_rows_options_t *options, fc_error_t *error) {
  const size_t n = (size_t)workflow->n_functions;
  batch_function_t *functions = calloc(n, sizeof *functions);
  fc_function_configuration_t *largest = calloc(n, sizeof *largest);
  fc_status_t status = functions == NULL || largest == NULL ? FC_ENOMEM : FC_OK;
  for (size_t f = 0; f < n && status == FC_OK; ++f) {
    for (int knob = 0; knob < FC_KNOBS; ++knob) {
      functions[f].ranges[knob] = fc_workflow_range(workflow, (int32_t)f, (fc_knob_t)knob, options->ranges);
      fc_knob_set(&largest[f], (fc_knob_t)knob, functions[f].ranges[knob].max);
    }
    functions[f].visits = workflow->visits[f];
    functions[f].depth = workflow->depth[f];
    functions[f].in_degree = workflow->in_degree[f];
    functions[f].out_degree = workflow->out_degree[f];
  }
  if (status == FC_OK) {
    status = batch_check(rows->batch, largest, options->most_users, error);
    if (status == FC_OK)
      status = fc_device_write(rows->device, rows->functions_there, functions, n * sizeof *functions, error);
  } else {
    (void)fc_error_set(error, FC_ENOMEM, "no memory for %d functions", (int)workflow->n_functions);
  }
  free(functions);
  free(largest);
  return status;
}

static fc_status_t check(const fc_workflow_t *workflow, const batch_rows_options_t *options, const batch_t *batch,
                         fc_error_t *error) {
  if (options->n_features < 1 || options->n_features > FC_MAX_FEATURES)
    return fc_error_set(error, FC_EINVAL, "%d features: expected 1 to %d", (int)options->n_features, FC_MAX_FEATURES);
  if (options->least_users < 0 || options->least_users > options->most_users)
    return fc_error_set(error, FC_EINVAL, "%d to %d users are none", (int)options->least_users,
                        (int)options->most_users);
  for (int32_t t = 0; t < workflow->n_qos_terms; ++t) {
    const fc_qos_term_t *term = &workflow->qos_terms[t];
    if (term->kind == FC_QOS_LATENCY_PERCENTILE && term->percentile != 95.0)
      return fc_error_set(error, FC_EINVAL, "workflow %s: windows do not tell the %g th percentile of latency",
                          workflow->name, term->percentile);
  }
  if (!(options->cost_ref_usd_h > 0))
    return fc_error_set(error, FC_EINVAL, "the reference cost %g is not positive", options->cost_ref_usd_h);
  if (batch_capacity(batch) < BATCH_SERIES)
    return fc_error_set(error, FC_EINVAL, "a batch of %d windows: rows need at least %d", (int)batch_capacity(batch),
                        BATCH_SERIES);
  return FC_OK;
}

static fc_status_t build(batch_rows_t *rows, const fc_workflow_t *workflow, const batch_rows_options_t *options,
                         fc_error_t *error) {
  const size_t n = (size_t)workflow->n_functions, o = (size_t)options->n_features;
  FC_TRY(take_features(rows, options->features, error));
  FC_TRY(fc_device_take(rows->device, o * sizeof *rows->features_there, (void **)&rows->features_there, error));
  FC_TRY(fc_device_take(rows->device, n * sizeof *rows->functions_there, (void **)&rows->functions_there, error));
  rows->constants.features = rows->features_there;
  rows->constants.functions = rows->functions_there;
  FC_TRY(send_features(rows, error));
  return send_functions(rows, workflow, options, error);
}

fc_status_t batch_rows_new(const fc_workflow_t *workflow, const batch_rows_options_t *options, batch_t *batch,
                           fc_device_t *device, batch_rows_t **out, fc_error_t *error) {
  *out = NULL;
  FC_TRY(check(workflow, options, batch, error));
  batch_rows_t *rows = calloc(1, sizeof *rows);
  if (rows == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for rows of workflow %s", workflow->name);
  rows->batch = batch;
  rows->device = device;
  rows->n_series = batch_capacity(batch) / BATCH_SERIES;
  rows->constants = (batch_rows_constants_t){.n_features = options->n_features,
                                             .n_functions = workflow->n_functions,
                                             .n_qos_terms = workflow->n_qos_terms,
                                             .least_users = options->least_users,
                                             .most_users = options->most_users,
                                             .decode = options->decode,
                                             .semantics = options->semantics,
                                             .prices = workflow->prices,
                                             .window_s = workflow->window_s,
                                             .cost_ref_usd_h = options->cost_ref_usd_h,
                                             .terminal = options->every_row_terminal ? 1 : 0,
                                             .seed = options->seed};
  memcpy(rows->constants.qos_terms, workflow->qos_terms, sizeof rows->constants.qos_terms);
  const fc_status_t status = build(rows, workflow, options, error);
  if (status != FC_OK) {
    batch_rows_destroy(&rows);
    return status;
  }
  *out = rows;
  return FC_OK;
}

void batch_rows_destroy(batch_rows_t **rows) {
  batch_rows_t *self = *rows;
  if (self == NULL) return;
  fc_device_give(self->device, self->features_there);
  fc_device_give(self->device, self->functions_there);
  free(self);
  *rows = NULL;
}

fc_status_t batch_rows_fit_normaliser(batch_rows_t *rows, int64_t first_window, fc_row_memory_t to,
                                      fc_feature_t *features, fc_error_t *error) {
  const size_t n_features = (size_t)rows->constants.n_features;
  const size_t n = (size_t)batch_rows_count(rows) * (size_t)rows->constants.n_functions;
  float *values = malloc(n * n_features * sizeof *values);
  if (values == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %zu features", n * n_features);
  rows->constants.raw = true;
  fc_status_t status = batch_rows_draw(rows, first_window, to, error);
  rows->constants.raw = false;
  if (status == FC_OK)
    status = fc_device_read(rows->device, values, to.features, n * n_features * sizeof *values, error);
  for (size_t o = 0; o < n_features && status == FC_OK; ++o) {
    feature_fit(values + o, n, n_features, &features[o].mean, &features[o].scale);
    rows->features[o].mean = features[o].mean;
    rows->features[o].scale = features[o].scale;
  }
  free(values);
  return status == FC_OK ? send_features(rows, error) : status;
}

int32_t batch_rows_count(const batch_rows_t *rows) {
  return rows->n_series * (BATCH_SERIES - 1);
}

fc_status_t batch_rows_draw(batch_rows_t *rows, int64_t first_window, fc_row_memory_t to, fc_error_t *error) {
  const int32_t n = rows->n_series * BATCH_SERIES;
  const batch_arrays_t arrays = batch_arrays(rows->batch);
  fc_stream_t *stream = fc_device_stream(rows->device);
  FC_ASSERT(first_window >= 0 && first_window % BATCH_SERIES == 0);
  batch_rows_draw_windows(arrays, rows->constants, first_window, n, stream);
  FC_TRY(batch_queue(rows->batch, n, error));
  batch_rows_fill(arrays, rows->constants, rows->n_series, to, stream);
  return FC_OK;
}
