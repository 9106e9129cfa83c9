/* random.c - random search: draws over the ranges, CPU and memory uniform in their logarithm, as they matter by factors
 * (algorithms, section 5.1). In a dynamic run it goes by what it has measured: the cheapest of its draws that met QoS
 * at this load, else another draw. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proven.h"
#include "rows.h"

typedef struct {
  const tuner_setting_t *setting;
  fc_rng_t rng;
  proven_t proven;
} random_t;

static void random_destroy(void **self) {
  random_t *random = *self;
  if (random == NULL) return;
  proven_clear(&random->proven);
  free(random);
  *self = NULL;
}

static fc_status_t random_create(const tuner_setting_t *setting, void **self, fc_error_t *error) {
  random_t *random = calloc(1, sizeof *random);
  if (random == NULL) return fc_error_set(error, FC_ENOMEM, "random: out of memory");
  random->setting = setting;
  random->proven.workflow = setting->workflow;
  fc_rng_init(&random->rng, setting->seed, 0x72616e646f6d);
  *self = random;
  return FC_OK;
}

static void draw(random_t *random, fc_function_configuration_t *proposal) {
  const fc_workflow_t *workflow = random->setting->workflow;
  fc_knobs_draw(workflow, random->setting->ranges, &random->rng, proposal);
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    for (int k = FC_KNOB_CPU; k <= FC_KNOB_MEM; ++k) {
      const fc_knob_range_t range = fc_workflow_range(workflow, f, (fc_knob_t)k, random->setting->ranges);
      const double factor = pow((double)range.max / range.min, fc_rng_uniform(&random->rng));
      fc_knob_set(&proposal[f], (fc_knob_t)k, (int32_t)lround(range.min * factor));
    }
}

static fc_status_t random_propose(void *self, const fc_observation_t *last, bool dynamic,
                                  fc_function_configuration_t *proposal, fc_error_t *error) {
  random_t *random = self;
  const fc_workflow_t *workflow = random->setting->workflow;
  (void)error;
  const proven_item_t *good = dynamic && last != NULL ? proven_cheapest(&random->proven, tuner_load_of(last, 0)) : NULL;
  if (good != NULL) {
    memcpy(proposal, good->configuration, (size_t)workflow->n_functions * sizeof *proposal);
    return FC_OK;
  }
  draw(random, proposal);
  for (int32_t f = 0; random->setting->concurrency_is_fixed && f < workflow->n_functions; ++f)
    proposal[f].concurrency = workflow->functions[f].start.concurrency;
  return FC_OK;
}

static fc_status_t random_learn(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict,
                                fc_error_t *error) {
  random_t *random = self;
  const fc_status_t status = proven_add(&random->proven, window, verdict);
  return status == FC_OK ? FC_OK : fc_error_set(error, status, "random: out of memory");
}

const tuner_t tuner_random = {.name = "random",
                              .summary = "random draws over the ranges",
                              .create = random_create,
                              .destroy = random_destroy,
                              .propose = random_propose,
                              .learn = random_learn};
