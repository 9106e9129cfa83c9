/* knob_bins.h - one knob's setting as a component of an action: arithmetic that host (knobs.c) and kernels share. */
#ifndef CORE_KNOB_BINS_H
#define CORE_KNOB_BINS_H

#include "faasconf/knobs.h"

/* The paper's box (algorithms, section 1). */
static inline FC_HOST_DEVICE fc_knob_range_t knob_authors_range(int knob) {
  const int32_t min[FC_KNOBS] = {250, 256, 1, 1}, max[FC_KNOBS] = {2000, 2048, 8, 10};
  const fc_knob_range_t range = {min[knob], max[knob]};
  return range;
}

static inline FC_HOST_DEVICE int32_t knob_setting(const fc_function_configuration_t *configuration, int knob) {
  return knob == FC_KNOB_CPU        ? configuration->cpu_millicores
         : knob == FC_KNOB_MEM      ? configuration->mem_mib
         : knob == FC_KNOB_REPLICAS ? configuration->replicas
                                    : configuration->concurrency;
}

static inline FC_HOST_DEVICE int32_t knob_clamp(int32_t value, fc_knob_range_t range) {
  return value < range.min ? range.min : value > range.max ? range.max : value;
}

static inline FC_HOST_DEVICE double knob_encode_uniform(int32_t value, fc_knob_range_t range) {
  const double bins = (double)range.max - range.min + 1.0;
  return ((double)knob_clamp(value, range) - range.min + 0.5) / bins;
}

/* Replicas and concurrency take the middle of their floor bin, except the top value, which only a = 1 reaches. */
static inline FC_HOST_DEVICE double knob_encode_authors(int32_t value, int knob) {
  const fc_knob_range_t box = knob_authors_range(knob);
  const double width = (double)box.max - box.min;
  const double offset = (double)knob_clamp(value, box) - box.min;
  if (knob == FC_KNOB_CPU || knob == FC_KNOB_MEM || value >= box.max) return offset / width;
  return (offset + 0.5) / width;
}

/* fc_knob_encode with the range at hand. */
static inline FC_HOST_DEVICE float knob_encode(int32_t value, int knob, fc_knob_range_t range, fc_decode_t decode) {
  return (float)(decode == FC_DECODE_AUTHORS ? knob_encode_authors(value, knob) : knob_encode_uniform(value, range));
}

#endif
