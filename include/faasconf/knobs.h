/* faasconf/knobs.h - between actions in [0,1] and configurations in millicores, MiB, replicas, concurrency.
 *
 * The configuration is the stored truth; an action is derived. Shapes: action (N, A), configuration (N). Pure; any
 * thread.
 */
#ifndef FAASCONF_KNOBS_H
#define FAASCONF_KNOBS_H

#include "faasconf/rng.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How an action component becomes an integer. */
typedef enum {
  FC_DECODE_UNIFORM = 0, /* equal-width bins over the range: min + floor(a * (max - min + 1)), clamped */
  FC_DECODE_AUTHORS = 1  /* the published rounding over the paper's box (algorithms, section 1): CPU and memory rounded,
                            replicas floor(7a + 1), concurrency floor(9a + 1); ignores the ranges */
} fc_decode_t;

/* action (N, A) -> configuration (N). Components outside [0,1] are clamped; NaN counts as 0 only after the caller was
 * expected to reject it (FC_ASSERT). */
void fc_knobs_decode(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode, const float *action,
                     fc_function_configuration_t *configuration);

/* One component of the same, for one knob of one function. */
int32_t fc_knob_decode(const fc_workflow_t *workflow, int32_t function, fc_knob_t knob, fc_ranges_t ranges,
                       fc_decode_t decode, float action);

/* FC_DECODE_AUTHORS of one component in [0,1], in double: published rows carry more digits than a float. */
int32_t fc_knob_decode_authors(fc_knob_t knob, double action);

/* configuration (N) -> action (N, A) at the centre of its bin (uniform) or the exact published inverse (authors);
 * decoding gives the same configuration back, for every configuration inside the ranges. */
void fc_knobs_encode(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode,
                     const fc_function_configuration_t *configuration, float *action);

/* One component of the same: `value` of one knob of one function. */
float fc_knob_encode(const fc_workflow_t *workflow, int32_t function, fc_knob_t knob, fc_ranges_t ranges,
                     fc_decode_t decode, int32_t value);

/* Uniform configuration within the ranges. */
void fc_knobs_draw(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_rng_t *rng,
                   fc_function_configuration_t *configuration);

/* Reads / writes one knob of a function's configuration. */
int32_t fc_knob_get(const fc_function_configuration_t *configuration, fc_knob_t knob);
void fc_knob_set(fc_function_configuration_t *configuration, fc_knob_t knob, int32_t value);
/* "cpu_millicores", "mem_mib", "replicas", "concurrency". */
const char *fc_knob_name(fc_knob_t knob);

#ifdef __cplusplus
}
#endif
#endif
