/* replay.c - see replay.h: one allocation per part, rows by index, features raw until sampled. */
#include "replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "feature_values.h"
#include "qos_terms.h"
#include "replay_rows.h"

struct replay {
  const fc_workflow_t *workflow;
  replay_options_t options; /* feature_names points into names */
  const char *names[FC_MAX_FEATURES];
  char name_storage[FC_MAX_FEATURES][FC_NAME_SIZE];
  fc_feature_t normaliser[FC_MAX_FEATURES];  /* mean 0, scale 1 until set */
  replay_rows_t rows;                        /* ring */
  replay_rows_t heldout;                     /* ring of its own */
  int64_t inserted;                          /* into rows */
  feature_source_t sources[FC_MAX_FEATURES]; /* what each feature is, looked up once */
  feature_transform_t transforms[FC_MAX_FEATURES];
};

static fc_status_t check_options(const replay_options_t *options, fc_error_t *error) {
  if (options->capacity < 1 || options->n_features < 1 || options->n_features > FC_MAX_FEATURES)
    return fc_error_set(error, FC_EINVAL, "replay: capacity %d or %d features is not possible", options->capacity,
                        options->n_features);
  if (!(options->cost_ref_usd_h > 0.0))
    return fc_error_set(error, FC_EINVAL, "replay: the reference cost %g is not positive", options->cost_ref_usd_h);
  return FC_OK;
}

fc_status_t replay_new(const fc_workflow_t *workflow, const replay_options_t *options, replay_t **out,
                       fc_error_t *error) {
  *out = NULL;
  FC_TRY(check_options(options, error));
  replay_t *replay = calloc(1, sizeof *replay);
  if (replay == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for replay");
  replay->workflow = workflow;
  replay->options = *options;
  for (int32_t o = 0; o < options->n_features; ++o) {
    memcpy(replay->name_storage[o], options->feature_names[o], strnlen(options->feature_names[o], FC_NAME_SIZE - 1));
    replay->names[o] = replay->name_storage[o];
    replay->normaliser[o].scale = 1.0f;
    if (!feature_find(replay->names[o], &replay->sources[o], &replay->transforms[o])) {
      fc_error_set(error, FC_ENOTFOUND, "replay: there is no feature `%s`", replay->names[o]);
      replay_destroy(&replay);
      return FC_ENOTFOUND;
    }
  }
  replay->options.feature_names = replay->names;
  const int32_t heldout_capacity = options->capacity / 4 + 1;
  fc_status_t status = replay_rows_init(&replay->rows, options->capacity, workflow->n_functions, options->n_features);
  if (status == FC_OK)
    status = replay_rows_init(&replay->heldout, heldout_capacity, workflow->n_functions, options->n_features);
  if (status != FC_OK) {
    replay_destroy(&replay);
    return fc_error_set(error, status, "no memory for %d rows of replay", options->capacity);
  }
  *out = replay;
  return FC_OK;
}

void replay_destroy(replay_t **out) {
  if (out == NULL || *out == NULL) return;
  replay_rows_clear(&(*out)->rows);
  replay_rows_clear(&(*out)->heldout);
  free(*out);
  *out = NULL;
}

fc_status_t replay_reward(const fc_workflow_t *workflow, const fc_transition_t *transition, double cost_ref_usd_h,
                          double *reward) {
  double violation[FC_MAX_QOS_TERMS];
  const fc_observation_t *after = &transition->after;
  const fc_semantics_t semantics =
      (transition->flags & FC_TRANSITION_AS_PUBLISHED) ? FC_SEMANTICS_AS_PUBLISHED : FC_SEMANTICS_STRICT;
  double sum = 0.0;
  if (!(after->load.present & FC_LOAD_HAS_IN_FLIGHT)) return FC_ENOTFOUND;
  (void)fc_qos_judge(workflow, semantics, &after->outcome, after->duration_s, after->load.mean_in_flight, violation);
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    if (isnan(violation[i])) return FC_ENOTFOUND;
    sum += qos_log_excess(violation[i]);
  }
  *reward = qos_reward(transition->cost_usd_h, cost_ref_usd_h, sum);
  return FC_OK;
}

/* Raw features of one observation into out (N, O). */
static void compute(const replay_t *replay, const fc_observation_t *observation, float *out) {
  const replay_options_t *options = &replay->options;
  for (int32_t f = 0; f < replay->workflow->n_functions; ++f) {
    const feature_place_t place = feature_place(replay->workflow, options->ranges, options->decode, observation, f);
    for (int32_t o = 0; o < options->n_features; ++o)
      *out++ = feature_value(replay->sources[o], replay->transforms[o], &place);
  }
}

fc_status_t replay_insert(replay_t *replay, const fc_transition_t *transition, bool heldout) {
  double reward = 0.0;
  if (!(transition->flags & FC_TRANSITION_HAS_BEFORE)) return FC_EINVAL;
  if (transition->after.n_functions != replay->workflow->n_functions ||
      transition->before.n_functions != replay->workflow->n_functions)
    return FC_EMISMATCH;
  FC_TRY(replay_reward(replay->workflow, transition, replay->options.cost_ref_usd_h, &reward));
  replay_rows_t *rows = heldout ? &replay->heldout : &replay->rows;
  const replay_row_t row = replay_rows_next(rows);
  compute(replay, &transition->before, row.features);
  compute(replay, &transition->after, row.next_features);
  fc_knobs_encode(replay->workflow, replay->options.ranges, replay->options.decode, transition->after.configuration,
                  row.action);
  *row.reward = (float)reward;
  *row.terminal = replay->options.every_row_terminal || (transition->flags & FC_TRANSITION_TERMINAL) ? 1 : 0;
  replay_rows_keep(rows);
  if (!heldout) replay->inserted += 1;
  return FC_OK;
}

int64_t replay_inserted(const replay_t *replay) {
  return replay->inserted;
}

int32_t replay_position(const replay_t *replay, int32_t k) {
  const replay_rows_t *rows = &replay->rows;
  FC_ASSERT(k >= 0 && k < rows->size);
  return (rows->head - 1 - k + rows->capacity) % rows->capacity;
}

int32_t replay_size(const replay_t *replay) {
  return replay->rows.size;
}
int32_t replay_heldout_size(const replay_t *replay) {
  return replay->heldout.size;
}

void replay_fit_normaliser(const replay_t *replay, fc_feature_t *features) {
  const size_t n_features = (size_t)replay->options.n_features;
  const size_t n = (size_t)replay->rows.size * (size_t)replay->workflow->n_functions;
  for (size_t o = 0; o < n_features; ++o) {
    memcpy(features[o].name, replay->name_storage[o], FC_NAME_SIZE);
    feature_fit(replay->rows.features + o, n, n_features, &features[o].mean, &features[o].scale);
  }
}

void replay_set_normaliser(replay_t *replay, const fc_feature_t *features) {
  memcpy(replay->normaliser, features, (size_t)replay->options.n_features * sizeof *features);
}

/* Row `index` of `rows`, normalised, into the caller's row. An absent metric is the mean. */
static void normalise(const replay_t *replay, const float *from, float *to) {
  const int32_t n_features = replay->options.n_features;
  for (int32_t f = 0; f < replay->workflow->n_functions; ++f) {
    for (int32_t o = 0; o < n_features; ++o) {
      const float x = from[f * n_features + o];
      to[f * n_features + o] = feature_normalised(x, replay->normaliser[o].mean, replay->normaliser[o].scale);
    }
  }
}

/* Where a batch's row `b` goes. */
typedef struct {
  float *features, *action, *reward, *next_features;
  uint8_t *terminal;
} batch_t;

static void copy_row(const replay_t *replay, int32_t index, size_t b, const batch_t *to) {
  const size_t n_observed = (size_t)replay->workflow->n_functions * (size_t)replay->options.n_features;
  const size_t n_action = (size_t)replay->workflow->n_functions * FC_KNOBS;
  const replay_row_t row = replay_rows_at(&replay->rows, index);
  normalise(replay, row.features, to->features + b * n_observed);
  normalise(replay, row.next_features, to->next_features + b * n_observed);
  memcpy(to->action + b * n_action, row.action, n_action * sizeof *row.action);
  to->reward[b] = *row.reward;
  to->terminal[b] = *row.terminal;
}

void replay_sample(const replay_t *replay, fc_rng_t *rng, int32_t n_batch, float *features, float *action,
                   float *reward, float *next_features, uint8_t *terminal) {
  const batch_t to = {features, action, reward, next_features, terminal};
  FC_ASSERT(replay->rows.size > 0);
  for (int32_t b = 0; b < n_batch; ++b)
    copy_row(replay, (int32_t)fc_rng_below(rng, (uint32_t)replay->rows.size), (size_t)b, &to);
}

void replay_rows_copy(const replay_t *replay, int32_t first, int32_t n, float *features, float *action, float *reward,
                      float *next_features, uint8_t *terminal) {
  const batch_t to = {features, action, reward, next_features, terminal};
  FC_ASSERT(first >= 0 && n >= 0 && n <= replay->rows.size - first);
  for (int32_t i = 0; i < n; ++i) copy_row(replay, first + i, (size_t)i, &to);
}

void replay_heldout(const replay_t *replay, int32_t first, int32_t n, float *features, float *action, float *reward) {
  const size_t n_observed = (size_t)replay->workflow->n_functions * (size_t)replay->options.n_features;
  const size_t n_action = (size_t)replay->workflow->n_functions * FC_KNOBS;
  for (int32_t i = 0; i < n; ++i) {
    const replay_row_t row = replay_rows_at(&replay->heldout, replay_rows_oldest(&replay->heldout, first + i));
    normalise(replay, row.features, features + (size_t)i * n_observed);
    memcpy(action + (size_t)i * n_action, row.action, n_action * sizeof *action);
    reward[i] = *row.reward;
  }
}

/* ---- checkpoint ---------------------------------------------------------------------------------------------- */

size_t replay_state_size(const replay_t *replay) {
  return replay_rows_state_size(&replay->rows) + replay_rows_state_size(&replay->heldout);
}

void replay_save_state(const replay_t *replay, uint8_t *bytes) {
  bytes = replay_rows_save(&replay->rows, bytes);
  (void)replay_rows_save(&replay->heldout, bytes);
}

fc_status_t replay_load_state(replay_t *replay, const uint8_t *bytes, size_t size) {
  const uint8_t *end = bytes + size;
  FC_TRY(replay_rows_load(&replay->rows, &bytes, end));
  replay->inserted += replay->rows.size;
  FC_TRY(replay_rows_load(&replay->heldout, &bytes, end));
  return bytes == end ? FC_OK : FC_EFORMAT;
}
