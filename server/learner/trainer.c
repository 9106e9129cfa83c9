/* trainer.c - see trainer.h. */
#include "trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "trainer_private.h"

enum { STREAM_SAMPLING = 0x73616d70 };
static const int32_t default_capacity = 65536;
static const double default_samples_per_insert = 64.0;

trainer_options_t trainer_options_default(algorithm_variant_t variant) {
  const algorithm_interface_t *attmf = algorithm_find("attmf", NULL);
  const trainer_options_t options = {.algorithm = "attmf",
                                     .learning = attmf->defaults(variant),
                                     .replay_capacity = default_capacity,
                                     .ranges = FC_RANGES_MEASURED,
                                     .decode = variant == VARIANT_FAITHFUL ? FC_DECODE_AUTHORS : FC_DECODE_UNIFORM,
                                     .semantics = FC_SEMANTICS_STRICT,
                                     .samples_per_insert = default_samples_per_insert,
                                     .backend = "cpu"};
  return options;
}

static fc_status_t make_buffers(trainer_t *t) {
  const size_t b = (size_t)t->options.learning.n_batch, n = (size_t)t->workflow->n_functions;
  const size_t observed = b * n * (size_t)t->n_features;
  t->features = calloc(observed, sizeof(float));
  t->next_features = calloc(observed, sizeof(float));
  t->action = calloc(b * n * FC_KNOBS, sizeof(float));
  t->reward = calloc(b, sizeof(float));
  t->q = calloc(b, sizeof(float));
  t->terminal = calloc(b, 1);
  const bool good = t->features != NULL && t->next_features != NULL && t->action != NULL && t->reward != NULL &&
                    t->q != NULL && t->terminal != NULL;
  return good ? FC_OK : FC_ENOMEM;
}

static double start_cost(const fc_workflow_t *workflow) {
  double cost = 0.0;
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    cost += fc_cost_function_usd_h(&workflow->prices, &workflow->functions[f].start);
  return cost;
}

static fc_status_t fill(trainer_t *t, fc_error_t *error) {
  const char *known = NULL;
  t->algorithm = algorithm_find(t->options.algorithm, &known);
  if (t->algorithm == NULL)
    return fc_error_set(error, FC_ENOTFOUND, "there is no algorithm %s; known: %s", t->options.algorithm, known);
  t->options.algorithm = t->algorithm->name;
  const char *names[FC_MAX_FEATURES];
  t->n_features =
      t->options.learning.variant == VARIANT_FAITHFUL ? fc_features_faithful(names) : fc_features_repaired(names);
  for (int32_t o = 0; o < t->n_features; ++o) {
    snprintf(t->normaliser[o].name, FC_NAME_SIZE, "%s", names[o]);
    t->normaliser[o].scale = 1.0f;
  }
  const replay_options_t replay = {.capacity = t->options.replay_capacity,
                                   .ranges = t->options.ranges,
                                   .decode = t->options.decode,
                                   .feature_names = names,
                                   .n_features = t->n_features,
                                   .every_row_terminal = t->options.semantics == FC_SEMANTICS_AS_PUBLISHED,
                                   .cost_ref_usd_h = start_cost(t->workflow)};
  FC_TRY(replay_new(t->workflow, &replay, &t->replay, error));
  FC_TRY(t->algorithm->create(&t->options.learning, t->workflow, t->n_features, &t->self, error));
  if (make_buffers(t) != FC_OK) return fc_error_set(error, FC_ENOMEM, "no memory for the trainer's batch");
  fc_rng_init(&t->rng, t->options.learning.seed, STREAM_SAMPLING);
  return trainer_device_open(t, error);
}

fc_status_t trainer_new(const fc_workflow_t *workflow, const trainer_options_t *options, trainer_t **out,
                        fc_error_t *error) {
  *out = NULL;
  if (options->learning.n_batch < 1 || options->learning.n_batch > 65536)
    return fc_error_set(error, FC_EINVAL, "batch: expected 1 to 65536, found %d", options->learning.n_batch);
  trainer_t *trainer = calloc(1, sizeof *trainer);
  if (trainer == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a trainer");
  trainer->workflow = workflow;
  trainer->options = *options;
  const fc_status_t status = fill(trainer, error);
  if (status != FC_OK) trainer_destroy(&trainer);
  *out = trainer;
  return status;
}

void trainer_destroy(trainer_t **out) {
  if (out == NULL || *out == NULL) return;
  trainer_t *t = *out;
  trainer_device_close(t);
  if (t->self != NULL) t->algorithm->destroy(&t->self);
  replay_destroy(&t->replay);
  free(t->features);
  free(t->next_features);
  free(t->action);
  free(t->reward);
  free(t->q);
  free(t->terminal);
  free(t);
  *out = NULL;
}

fc_status_t trainer_insert(trainer_t *t, const fc_transition_t *transition, bool heldout) {
  const bool published = (transition->flags & FC_TRANSITION_AS_PUBLISHED) != 0;
  if (published != (t->options.semantics == FC_SEMANTICS_AS_PUBLISHED)) return FC_EMISMATCH;
  if (!(transition->flags & FC_TRANSITION_HAS_BEFORE)) return FC_OK;
  const fc_status_t status = replay_insert(t->replay, transition, heldout);
  /* A window that cannot be judged (a term's metric is absent) teaches nothing; it is not an error. */
  if (status == FC_ENOTFOUND) return FC_OK;
  FC_TRY(status);
  if (!heldout) t->inserts += 1;
  return FC_OK;
}

int32_t trainer_rows(const trainer_t *t) {
  return replay_size(t->replay);
}

void trainer_freeze_normaliser(trainer_t *t) {
  replay_fit_normaliser(t->replay, t->normaliser);
  replay_set_normaliser(t->replay, t->normaliser);
  t->frozen = true;
  t->rows_there = -1;
}

static void update_here(trainer_t *t, algorithm_report_t *report) {
  const int32_t n_batch = t->options.learning.n_batch;
  replay_sample(t->replay, &t->rng, n_batch, t->features, t->action, t->reward, t->next_features, t->terminal);
  const algorithm_batch_t batch = {.n_batch = n_batch,
                                   .features = t->features,
                                   .action = t->action,
                                   .reward = t->reward,
                                   .next_features = t->next_features,
                                   .terminal = t->terminal};
  t->algorithm->update(t->self, &batch, report);
}

fc_status_t trainer_update(trainer_t *t, int64_t n, algorithm_report_t *report, fc_error_t *error) {
  FC_ASSERT(n >= 1);
  if (trainer_rows(t) == 0) return fc_error_set(error, FC_ESTATE, "there is no row to learn from");
  if (!t->frozen) trainer_freeze_normaliser(t);
  if (t->cohort != NULL) {
    FC_TRY(trainer_device_update(t, n, report, error));
  } else {
    for (int64_t i = 0; i < n; ++i) update_here(t, report);
  }
  t->updates += n;
  return FC_OK;
}

int64_t trainer_updates_due(const trainer_t *t) {
  const double due =
      floor((double)(t->inserts - t->inserts_base) * t->options.samples_per_insert / t->options.learning.n_batch);
  const int64_t left = (int64_t)due - (t->updates - t->updates_base);
  return left > 0 ? left : 0;
}

int64_t trainer_updates_done(const trainer_t *t) {
  return t->updates;
}

fc_status_t trainer_heldout(trainer_t *t, double *r2, double *error) {
  const int32_t n = replay_heldout_size(t->replay), n_batch = t->options.learning.n_batch;
  double sum = 0.0, squares = 0.0, residual = 0.0;
  *r2 = NAN;
  *error = NAN;
  if (n < 2 || t->options.learning.discount > 0.0f || !t->frozen) return FC_ENOTFOUND;
  FC_TRY(trainer_device_bring_back(t, NULL));
  for (int32_t first = 0; first < n; first += n_batch) {
    const int32_t count = n - first < n_batch ? n - first : n_batch;
    replay_heldout(t->replay, first, count, t->features, t->action, t->reward);
    t->algorithm->q(t->self, count, t->features, t->action, t->q);
    for (int32_t i = 0; i < count; ++i) {
      const double r = (double)t->reward[i], d = r - (double)t->q[i];
      sum += r;
      squares += r * r;
      residual += d * d;
    }
  }
  const double variance = squares - sum * sum / n;
  *error = residual / n;
  if (variance <= 0.0) return FC_ENOTFOUND;
  *r2 = 1.0 - residual / variance;
  return FC_OK;
}

/* Row 0 of the batch = the normalised features of one observation. */
static fc_status_t observe(trainer_t *t, const fc_observation_t *before) {
  fc_policy_manifest_t manifest;
  if (!t->frozen) return FC_ESTATE;
  memset(&manifest, 0, sizeof manifest);
  manifest.ranges = t->options.ranges;
  manifest.decode = t->options.decode;
  manifest.n_features = t->n_features;
  memcpy(manifest.features, t->normaliser, sizeof manifest.features);
  return fc_features_compute(&manifest, t->workflow, before, t->features);
}

fc_status_t trainer_q(trainer_t *t, const fc_observation_t *before, const fc_function_configuration_t *configuration,
                      double *q) {
  float value = 0.0f;
  FC_TRY(observe(t, before));
  FC_TRY(trainer_device_bring_back(t, NULL));
  fc_knobs_encode(t->workflow, t->options.ranges, t->options.decode, configuration, t->action);
  t->algorithm->q(t->self, 1, t->features, t->action, &value);
  *q = (double)value;
  return FC_OK;
}

fc_status_t trainer_action(trainer_t *t, const fc_observation_t *before, float *action) {
  FC_TRY(observe(t, before));
  FC_TRY(trainer_device_bring_back(t, NULL));
  t->algorithm->act(t->self, 1, t->features, action);
  for (int32_t i = 0; i < t->workflow->n_functions * FC_KNOBS; ++i)
    if (!isfinite(action[i])) return FC_EUNSAFE;
  return FC_OK;
}

fc_status_t trainer_act(trainer_t *t, const fc_observation_t *before, fc_function_configuration_t *configuration) {
  FC_TRY(trainer_action(t, before, t->action));
  fc_knobs_decode(t->workflow, t->options.ranges, t->options.decode, t->action, configuration);
  return FC_OK;
}

fc_status_t trainer_export(trainer_t *t, int64_t version, char **manifest_json, size_t *manifest_size,
                           uint8_t **weights, size_t *weights_size, fc_error_t *error) {
  fc_policy_manifest_t manifest;
  FC_TRY(trainer_device_bring_back(t, error));
  memset(&manifest, 0, sizeof manifest);
  fc_tensor_t *tensors = calloc(FC_MAX_POLICY_TENSORS, sizeof *tensors);
  if (tensors == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to export the policy");
  if (!t->frozen) trainer_freeze_normaliser(t);
  const int32_t n_tensors = t->algorithm->export_policy(t->self, &manifest, tensors);
  manifest.version = version;
  memcpy(manifest.workflow, t->workflow->name, sizeof manifest.workflow);
  memcpy(manifest.workflow_digest, t->workflow->digest, sizeof manifest.workflow_digest);
  manifest.ranges = t->options.ranges;
  manifest.decode = t->options.decode;
  manifest.semantics = t->options.semantics;
  manifest.n_functions = t->workflow->n_functions;
  manifest.n_features = t->n_features;
  memcpy(manifest.features, t->normaliser, sizeof manifest.features);
  manifest.seed = t->options.learning.seed;
  manifest.updates = t->updates;
  (void)trainer_heldout(t, &manifest.heldout_r2, &manifest.heldout_error);
  const fc_status_t status =
      fc_policy_encode(&manifest, tensors, n_tensors, manifest_json, manifest_size, weights, weights_size, error);
  free(tensors);
  return status;
}

void trainer_set_position(trainer_t *t, int64_t id) {
  t->position = id;
}
int64_t trainer_position(const trainer_t *t) {
  return t->position;
}
