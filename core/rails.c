/* rails.c - limits on change from one window to the next, in two profiles (architecture section 8). Pure. */
#include <math.h>
#include <string.h>

#include "faasconf/cost.h"
#include "faasconf/safety.h"

static const char *const profile_names[] = {"off", "tuning", "production"};

bool fc_rails_profile_parse(const char *text, fc_rails_profile_t *out) {
  for (int i = 0; i < 3; ++i) {
    if (strcmp(text, profile_names[i]) == 0) {
      *out = (fc_rails_profile_t)i;
      return true;
    }
  }
  return false;
}

const char *fc_rails_profile_name(fc_rails_profile_t profile) {
  return profile_names[profile];
}

fc_rails_t fc_rails_default(fc_rails_profile_t profile) {
  static const fc_rails_t profiles[] = {{.profile = FC_RAILS_OFF,
                                         .resource_factor = 1e9,
                                         .count_step = 1 << 20,
                                         .shrink_hold_windows = 1,
                                         .min_replicas = 1},
                                        {.profile = FC_RAILS_TUNING,
                                         .resource_factor = 1.41,
                                         .count_step = 2,
                                         .shrink_hold_windows = 1,
                                         .min_replicas = 1},
                                        {.profile = FC_RAILS_PRODUCTION,
                                         .resource_factor = 1.19,
                                         .count_step = 1,
                                         .shrink_hold_windows = 10,
                                         .min_replicas = 2,
                                         .dead_band = 0.03,
                                         .changes_per_hour = 12}};
  return profiles[profile];
}

/* Shrinks only to the largest value proposed during the hold (this proposal included). */
static int32_t hold_shrink(const fc_rails_t *rails, const fc_function_configuration_t *recent, int32_t n_recent,
                           int32_t n_functions, int32_t function, fc_knob_t knob, int32_t current, int32_t proposed,
                           uint32_t *bound) {
  int32_t value = proposed;
  if (proposed >= current) return proposed;
  const int32_t window = rails->shrink_hold_windows - 1 < n_recent ? rails->shrink_hold_windows - 1 : n_recent;
  for (int32_t i = 0; i < window; ++i) {
    const int32_t earlier = fc_knob_get(&recent[(size_t)i * (size_t)n_functions + (size_t)function], knob);
    if (earlier > value) value = earlier;
  }
  /* A hold that is not yet full keeps what runs: there is no evidence yet that less was wanted all along. */
  if (n_recent < rails->shrink_hold_windows - 1) value = current;
  if (value > current) value = current;
  if (value != proposed) *bound |= FC_BOUND_BY_SHRINK_HOLD;
  return value;
}

static int32_t limit_step(const fc_rails_t *rails, fc_knob_t knob, bool grow_freely, int32_t current, int32_t proposed,
                          uint32_t *bound) {
  double lowest, highest;
  if (knob == FC_KNOB_CPU || knob == FC_KNOB_MEM) {
    lowest = ceil(current / rails->resource_factor);
    highest = floor(current * rails->resource_factor);
    /* Small values must still be able to move. */
    if (highest < current + 1.0) highest = current + 1.0;
    if (lowest > current - 1.0) lowest = current - 1.0;
  } else {
    lowest = (double)current - rails->count_step;
    highest = (double)current + rails->count_step;
  }
  int32_t value = proposed;
  if (proposed < lowest) value = (int32_t)lowest;
  if (proposed > highest && !grow_freely) value = (int32_t)highest;
  if (value != proposed) *bound |= FC_BOUND_BY_STEP;
  return value;
}

static void apply_dead_band(const fc_rails_t *rails, const fc_workflow_t *workflow,
                            const fc_function_configuration_t *current, fc_function_configuration_t *proposed,
                            uint32_t *bound_by) {
  const size_t n = (size_t)workflow->n_functions;
  const double now = fc_cost_reserved_usd_h(workflow, current), then = fc_cost_reserved_usd_h(workflow, proposed);
  if (rails->dead_band <= 0.0 || fabs(then - now) >= rails->dead_band * now) return;
  for (size_t i = 0; i < n * FC_KNOBS; ++i) {
    const fc_knob_t knob = (fc_knob_t)(i % FC_KNOBS);
    const int32_t running = fc_knob_get(&current[i / FC_KNOBS], knob);
    /* The minimum is for availability, however little it costs. */
    const int32_t kept = knob == FC_KNOB_REPLICAS && running < rails->min_replicas ? rails->min_replicas : running;
    if (fc_knob_get(&proposed[i / FC_KNOBS], knob) != kept && bound_by != NULL) bound_by[i] |= FC_BOUND_BY_DEAD_BAND;
    fc_knob_set(&proposed[i / FC_KNOBS], knob, kept);
  }
}

void fc_rails_apply(const fc_rails_t *rails, const fc_workflow_t *workflow, const fc_function_configuration_t *current,
                    const fc_function_configuration_t *recent, int32_t n_recent, bool qos_breach,
                    fc_function_configuration_t *proposed, uint32_t *bound_by) {
  if (rails->profile == FC_RAILS_OFF) return;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_t knob = (fc_knob_t)k;
      const int32_t from = fc_knob_get(&current[f], knob);
      uint32_t bound = 0;
      int32_t value = fc_knob_get(&proposed[f], knob);
      value = hold_shrink(rails, recent, n_recent, workflow->n_functions, f, knob, from, value, &bound);
      value = limit_step(rails, knob, qos_breach, from, value, &bound);
      if (knob == FC_KNOB_REPLICAS && value < rails->min_replicas) {
        value = rails->min_replicas;
        bound |= FC_BOUND_BY_MIN_REPLICAS;
      }
      fc_knob_set(&proposed[f], knob, value);
      if (bound_by != NULL) bound_by[f * FC_KNOBS + k] |= bound;
    }
  }
  /* A breach is restored whatever it costs or saves. */
  if (!qos_breach) apply_dead_band(rails, workflow, current, proposed, bound_by);
}
