/* library.c - the cheapest row of the history that met QoS at this load and has not violated it since (algorithms,
 * section 5.1: a baseline the paper omits). Without one, the start configuration. */
#include <stdlib.h>
#include <string.h>

#include "proven.h"
#include "rows.h"

typedef struct {
  const tuner_setting_t *setting;
  proven_t proven;
} library_t;

static void library_destroy(void **self) {
  library_t *library = *self;
  if (library == NULL) return;
  proven_clear(&library->proven);
  free(library);
  *self = NULL;
}

static fc_status_t library_create(const tuner_setting_t *setting, void **self, fc_error_t *error) {
  library_t *library = calloc(1, sizeof *library);
  fc_status_t status = library != NULL ? FC_OK : FC_ENOMEM;
  if (library != NULL) {
    library->setting = setting;
    library->proven.workflow = setting->workflow;
  }
  for (int32_t i = 0; status == FC_OK && i < setting->rows->n; ++i)
    status = proven_add(&library->proven, &setting->rows->windows[i], setting->rows->verdicts[i]);
  *self = library;
  if (status == FC_OK) return FC_OK;
  library_destroy(self);
  return fc_error_set(error, status, "library: out of memory");
}

static fc_status_t library_propose(void *self, const fc_observation_t *last, bool dynamic,
                                   fc_function_configuration_t *proposal, fc_error_t *error) {
  library_t *library = self;
  const fc_workflow_t *workflow = library->setting->workflow;
  (void)dynamic, (void)error;
  const proven_item_t *good = proven_cheapest(&library->proven, tuner_load_of(last, 0));
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    proposal[f] = good != NULL ? good->configuration[f] : workflow->functions[f].start;
  return FC_OK;
}

static fc_status_t library_learn(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict,
                                 fc_error_t *error) {
  library_t *library = self;
  const fc_status_t status = proven_add(&library->proven, window, verdict);
  return status == FC_OK ? FC_OK : fc_error_set(error, status, "library: out of memory");
}

const tuner_t tuner_library = {.name = "library",
                               .summary = "the cheapest offline row that met QoS at this load",
                               .create = library_create,
                               .destroy = library_destroy,
                               .propose = library_propose,
                               .learn = library_learn};
