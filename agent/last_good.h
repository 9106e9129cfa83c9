/* last_good.h - which configurations were good, by load: what a breach restores.
 *
 * Per load (measured mean in-flight, bands of +-25 %) the newest configuration that met QoS in `good_windows` windows
 * in a row; until one did, the newest that met it once. The table is kept in the state folder (last_good.json), so that
 * the agent can return to its own last good one after a restart and without a server. Restore rule (architecture
 * section 8): CPU, memory and replicas: the larger of the current value and the last good one at a load >= now;
 * concurrency: the last good one's. Memory is taken at new. One thread.
 */
#ifndef AGENT_LAST_GOOD_H
#define AGENT_LAST_GOOD_H

#include "faasconf/transition.h"
#include "folder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct last_good last_good_t;

/* Borrows workflow until last_good_destroy. Caller owns the result and destroys it with last_good_destroy. */
fc_status_t last_good_new(const fc_workflow_t *workflow, int32_t good_windows, last_good_t **out, fc_error_t *error);
void last_good_destroy(last_good_t **table);

/* One judged window with its configuration (N). Returns true when the table changed (and should be saved). */
bool last_good_update(last_good_t *table, double mean_in_flight, const fc_function_configuration_t *configuration,
                      fc_qos_verdict_t verdict);

/* The entry of the lowest load that is >= mean_in_flight (a tenth below counts as equal), or NULL. Borrowed until the
 * next update. */
const fc_function_configuration_t *last_good_find(const last_good_t *table, double mean_in_flight);

/* The configuration in force broke QoS although the table calls it good: it is good no longer. Returns true when the
 * table changed (and should be saved). */
bool last_good_demote(last_good_t *table, const fc_function_configuration_t *configuration);

/* Fills restored (N) by the rule above. False when nothing good is known at this load; restored is then current. */
bool last_good_restore(const last_good_t *table, double mean_in_flight, const fc_function_configuration_t *current,
                       fc_function_configuration_t *restored);

int32_t last_good_size(const last_good_t *table);

/* Durable. A file of another workflow or with damage is refused by load; the table is then empty. FC_ENOTFOUND. */
fc_status_t last_good_save(const last_good_t *table, const folder_t *folder, fc_error_t *error);
fc_status_t last_good_load(last_good_t *table, const folder_t *folder, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
