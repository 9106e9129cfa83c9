/* profile_sweep.c - which configurations are measured: see profile.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

/* A stream of the seed of its own. */
enum { STREAM_SWEEP = 0x73776570 };

const char *profile_origin_name(profile_origin_t origin) {
  static const char *const names[] = {"before", "ladder", "random"};
  return names[origin];
}

/* A share of the way from the smallest to the largest value. Resources grow by ratios, counts by steps. */
static int32_t value_at(const fc_knob_range_t *range, fc_knob_t knob, double share) {
  const double low = range->min, high = range->max;
  const bool is_resource = knob == FC_KNOB_CPU || knob == FC_KNOB_MEM;
  const double value = is_resource ? low * pow(high / low, share) : low + (high - low) * share;
  const int32_t rounded = (int32_t)lround(value);
  return rounded < range->min ? range->min : rounded > range->max ? range->max : rounded;
}

static void set_ladder(const fc_limits_t *limits, double share, fc_function_configuration_t *configuration) {
  for (int32_t i = 0; i < limits->n_functions * FC_KNOBS; ++i)
    fc_knob_set(&configuration[i / FC_KNOBS], (fc_knob_t)(i % FC_KNOBS),
                value_at(&limits->knobs[i], (fc_knob_t)(i % FC_KNOBS), share));
}

void profile_draw_random(const fc_limits_t *limits, fc_rng_t *rng, fc_function_configuration_t *configuration) {
  for (int32_t i = 0; i < limits->n_functions * FC_KNOBS; ++i) {
    const fc_knob_t knob = (fc_knob_t)(i % FC_KNOBS);
    const fc_knob_range_t *range = &limits->knobs[i];
    const double u = fc_rng_uniform(rng);
    const bool is_resource = knob == FC_KNOB_CPU || knob == FC_KNOB_MEM;
    const int32_t count = range->min + (int32_t)floor(u * (range->max - range->min + 1));
    fc_knob_set(&configuration[i / FC_KNOBS], knob,
                is_resource          ? value_at(range, knob, u)
                : count > range->max ? range->max
                                     : count);
  }
}

fc_status_t profile_sweep(const fc_workflow_t *workflow, const fc_limits_t *limits,
                          const fc_function_configuration_t *before, int32_t n_points, uint64_t seed,
                          profile_t *profile, fc_error_t *error) {
  const int32_t n_ladder = n_points / 3;
  const size_t n = (size_t)workflow->n_functions;
  fc_rng_t rng;
  fc_rng_init(&rng, seed, STREAM_SWEEP);
  *profile = (profile_t){.n_points = n_points, .n_functions = workflow->n_functions};
  profile->points = calloc((size_t)n_points, sizeof *profile->points);
  if (profile->points == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d configurations", (int)n_points);
  for (int32_t i = 0; i < n_points; ++i) {
    profile_point_t *point = &profile->points[i];
    point->configuration = calloc(n, sizeof *point->configuration);
    if (point->configuration == NULL) {
      profile_clear(profile);
      return fc_error_set(error, FC_ENOMEM, "no memory for %d configurations", (int)n_points);
    }
    if (i == 0) {
      point->origin = PROFILE_BEFORE;
      memcpy(point->configuration, before, n * sizeof *before);
    } else if (i <= n_ladder) {
      point->origin = PROFILE_LADDER;
      /* From the largest down, so that a system under load is hurt last. */
      set_ladder(limits, n_ladder == 1 ? 0.5 : (double)(n_ladder - i) / (n_ladder - 1), point->configuration);
    } else {
      point->origin = PROFILE_RANDOM;
      profile_draw_random(limits, &rng, point->configuration);
    }
  }
  return FC_OK;
}

void profile_clear(profile_t *profile) {
  for (int32_t i = 0; i < profile->n_points && profile->points != NULL; ++i) free(profile->points[i].configuration);
  free(profile->points);
  *profile = (profile_t){0};
}
