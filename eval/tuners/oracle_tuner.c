/* oracle_tuner.c - `oracle`: proposes the committed oracle's configuration of the true world for the measured load. No
 * competitor but a yardstick: it alone is told the world and, in a trace, the load of the
 * minute to come. */
#include <stdlib.h>
#include <string.h>

#include "planned_load.h"
#include "tuner.h"

typedef struct {
  const tuner_setting_t *setting;
  char truth[ORACLE_TRUTH_SIZE];
} oracle_tuner_t;

static void destroy(void **self) {
  free(*self);
  *self = NULL;
}

static fc_status_t create(const tuner_setting_t *setting, void **self, fc_error_t *error) {
  if (setting->oracles == NULL || setting->truth == NULL)
    return fc_error_set(error, FC_EINVAL, "oracle: no table of oracles was given; `faasconf eval oracles` makes one");
  oracle_tuner_t *oracle = malloc(sizeof *oracle);
  if (oracle == NULL) return fc_error_set(error, FC_ENOMEM, "oracle: out of memory");
  *oracle = (oracle_tuner_t){.setting = setting};
  oracle_truth(setting->workflow, setting->truth, oracle->truth);
  *self = oracle;
  return FC_OK;
}

static fc_status_t propose(void *self, const fc_observation_t *last, bool dynamic,
                           fc_function_configuration_t *proposal, fc_error_t *error) {
  const oracle_tuner_t *oracle = self;
  (void)dynamic;
  const fc_workflow_t *workflow = oracle->setting->workflow;
  const int32_t users = last != NULL ? planned_users(last) : 0;
  if (users == 0) {
    for (int32_t f = 0; f < workflow->n_functions; ++f) proposal[f] = workflow->functions[f].start;
    return FC_OK;
  }
  const oracle_row_t *row =
      oracle_table_at_load(oracle->setting->oracles, oracle->truth, users, oracle->setting->level);
  if (row == NULL || row->n_functions != workflow->n_functions)
    return fc_error_set(error, FC_ENOTFOUND,
                        "oracle: no row of workflow %s at level %g for this world: add it by `faasconf eval oracles`, "
                        "or leave the method out",
                        workflow->name, oracle->setting->level);
  memcpy(proposal, row->configuration, (size_t)workflow->n_functions * sizeof *proposal);
  return FC_OK;
}

static fc_status_t learn(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict, fc_error_t *error) {
  (void)self, (void)window, (void)verdict, (void)error;
  return FC_OK;
}

const tuner_t tuner_oracle = {.name = "oracle",
                              .summary = "the cheapest configuration known in the true world; no competitor",
                              .knows_the_world = true,
                              .is_planner = true,
                              .create = create,
                              .destroy = destroy,
                              .propose = propose,
                              .learn = learn};
