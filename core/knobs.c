/* knobs.c - actions in [0,1] <-> configurations. */
#include "faasconf/knobs.h"

#include <math.h>

#include "knob_bins.h"

static const char *const knob_names[FC_KNOBS] = {"cpu_millicores", "mem_mib", "replicas", "concurrency"};

const char *fc_knob_name(fc_knob_t knob) {
  return knob_names[knob];
}

int32_t fc_knob_get(const fc_function_configuration_t *configuration, fc_knob_t knob) {
  FC_ASSERT((int)knob >= 0 && (int)knob < FC_KNOBS);
  return knob_setting(configuration, (int)knob);
}

void fc_knob_set(fc_function_configuration_t *configuration, fc_knob_t knob, int32_t value) {
  switch (knob) {
    case FC_KNOB_CPU:
      configuration->cpu_millicores = value;
      return;
    case FC_KNOB_MEM:
      configuration->mem_mib = value;
      return;
    case FC_KNOB_REPLICAS:
      configuration->replicas = value;
      return;
    case FC_KNOB_CONCURRENCY:
      configuration->concurrency = value;
      return;
  }
  FC_ASSERT(false);
}

/* Equal-width bins: every integer of the range gets the same share of [0,1]. */
static int32_t decode_uniform(double a, fc_knob_range_t range) {
  const double bins = (double)range.max - range.min + 1.0;
  return knob_clamp(range.min + (int32_t)(a * bins), range); /* a >= 0: cut is floor */
}

/* CPU and memory rounded to nearest even on ties (numpy's round), replicas and concurrency floored. */
int32_t fc_knob_decode_authors(fc_knob_t knob, double action) {
  const fc_knob_range_t box = knob_authors_range((int)knob);
  const double scaled = action * ((double)box.max - box.min) + box.min;
  return (int32_t)(knob == FC_KNOB_CPU || knob == FC_KNOB_MEM ? rint(scaled) : floor(scaled));
}

int32_t fc_knob_decode(const fc_workflow_t *workflow, int32_t function, fc_knob_t knob, fc_ranges_t ranges,
                       fc_decode_t decode, float action) {
  const double raw = (double)action;
  FC_ASSERT(!isnan(raw));
  const double a = raw < 0.0 ? 0.0 : raw > 1.0 ? 1.0 : raw;
  return decode == FC_DECODE_AUTHORS ? fc_knob_decode_authors(knob, a)
                                     : decode_uniform(a, fc_workflow_range(workflow, function, knob, ranges));
}

void fc_knobs_decode(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode, const float *action,
                     fc_function_configuration_t *configuration) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_t knob = (fc_knob_t)k;
      fc_knob_set(&configuration[f], knob, fc_knob_decode(workflow, f, knob, ranges, decode, action[f * FC_KNOBS + k]));
    }
  }
}

float fc_knob_encode(const fc_workflow_t *workflow, int32_t function, fc_knob_t knob, fc_ranges_t ranges,
                     fc_decode_t decode, int32_t value) {
  return knob_encode(value, (int)knob, fc_workflow_range(workflow, function, knob, ranges), decode);
}

void fc_knobs_encode(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode,
                     const fc_function_configuration_t *configuration, float *action) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_t knob = (fc_knob_t)k;
      const int32_t value = fc_knob_get(&configuration[f], knob);
      action[f * FC_KNOBS + k] = fc_knob_encode(workflow, f, knob, ranges, decode, value);
    }
  }
}

void fc_knobs_draw(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_rng_t *rng,
                   fc_function_configuration_t *configuration) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t range = fc_workflow_range(workflow, f, (fc_knob_t)k, ranges);
      const uint32_t width = (uint32_t)(range.max - range.min) + 1u;
      fc_knob_set(&configuration[f], (fc_knob_t)k, range.min + (int32_t)fc_rng_below(rng, width));
    }
  }
}
