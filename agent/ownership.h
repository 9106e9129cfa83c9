/* ownership.h - which functions of the workflow this agent controls.
 *
 * An agent observes all functions and decides for all of them, but it writes its own only (`functions` of agent.yaml;
 * all by default). What others own is put to what was read back before rails and re-check (filter.h), and once more
 * where configurations are written (act.h). Plain data, filled once at start; any thread may read it. NULL stands for
 * "all" everywhere.
 */
#ifndef AGENT_OWNERSHIP_H
#define AGENT_OWNERSHIP_H

#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t n_functions, n_owned;
  bool *owns;   /* (N) */
  int32_t *ids; /* (n_owned) ascending */
} ownership_t;

/* Settles the names of settings->functions. FC_EFORMAT with "file:line:column: ..." for one that the workflow does not
 * have. Caller frees with ownership_clear, also after a failure. */
fc_status_t ownership_init(const settings_t *settings, const fc_workflow_t *workflow, ownership_t *out,
                           fc_error_t *error);
void ownership_clear(ownership_t *ownership);

bool ownership_has(const ownership_t *ownership, int32_t function);
bool ownership_is_all(const ownership_t *ownership);

/* The owner of the workflow's first function reports its windows; the others would report the same ones again. */
bool ownership_reports(const ownership_t *ownership);

/* Puts what others own back to `current` (N); what this agent owns stays. */
void ownership_keep_others(const ownership_t *ownership, const fc_function_configuration_t *current,
                           fc_function_configuration_t *configuration);

#ifdef __cplusplus
}
#endif
#endif
