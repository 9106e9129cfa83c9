/* random.c - random search: draws over the ranges, CPU and memory uniform in their logarithm, as they matter by factors
 * (algorithms, section 5.1). In a dynamic run it goes by what it has measured: the cheapest of its draws that met QoS
 * at this load, else another draw. */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "proven.h"
#include "rows.h"

typedef struct {
  box_t box;
  fc_rng_t rng;
  proven_t proven;
} random_t;

static void random_destroy(void **self) {
  random_t *random = *self;
  if (random == NULL) return;
  box_clear(&random->box);
  proven_clear(&random->proven);
  free(random);
  *self = NULL;
}

static fc_status_t random_create(const tuner_setting_t *setting, void **self, fc_error_t *error) {
  random_t *random = calloc(1, sizeof *random);
  if (random == NULL) return fc_error_set(error, FC_ENOMEM, "random: out of memory");
  *self = random;
  const fc_status_t status = box_init(&random->box, setting, error);
  if (status != FC_OK) {
    random_destroy(self);
    return fc_error_prefix(error, "random");
  }
  random->proven.workflow = setting->workflow;
  fc_rng_init(&random->rng, setting->seed, 0x72616e646f6d);
  return FC_OK;
}

static fc_status_t random_propose(void *self, const fc_observation_t *last, bool dynamic,
                                  fc_function_configuration_t *proposal, fc_error_t *error) {
  random_t *random = self;
  const fc_workflow_t *workflow = random->box.workflow;
  (void)error;
  const proven_item_t *good = dynamic && last != NULL ? proven_cheapest(&random->proven, tuner_load_of(last, 0)) : NULL;
  if (good != NULL) {
    memcpy(proposal, good->configuration, (size_t)workflow->n_functions * sizeof *proposal);
    return FC_OK;
  }
  box_draw(&random->box, &random->rng, proposal);
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
