/* demo_history.h - simulated history for the demo: random configurations, one window each, into a store.
 *
 * What an operator would have from a few weeks of trials, made in a second by the simulator. The same rows train AttMF,
 * give SES its bands and are the library that the `library` tuner picks from.
 */
#ifndef CLI_DEMO_HISTORY_H
#define CLI_DEMO_HISTORY_H

#include "particles.h"
#include "rows.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  tuner_rows_t rows;
  int32_t n_met; /* rows that met QoS */
} demo_history_t;

/* particles: the worlds of a twin, or NULL: the workflow file's. Simulates n_rows windows with uniform configurations
 * and stores them as transitions of agent "history". Caller clears *history with demo_history_clear. */
fc_status_t demo_history_make(store_t *store, const fc_workflow_t *workflow, const particles_t *particles,
                              int32_t users, int32_t n_rows, uint64_t seed, demo_history_t *history, fc_error_t *error);
void demo_history_clear(demo_history_t *history);

#ifdef __cplusplus
}
#endif
#endif
