/* eval_oracles.c - see eval_oracles.h. */
#include "eval_oracles.h"

fc_status_t eval_oracles_open(eval_oracles_t *oracles, const char *path, fc_error_t *error) {
  (void)path, (void)error;
  oracles->table = NULL;
  return FC_OK;
}
void eval_oracles_close(eval_oracles_t *oracles) {
  oracles->table = NULL;
}
void eval_oracles_compare(const eval_oracles_t *oracles, const world_t *world, cell_t *cell) {
  (void)oracles, (void)world, (void)cell;
}
void eval_oracles_compare_trace(const eval_oracles_t *oracles, const world_t *world, const trace_t *trace,
                                cell_t *cell) {
  (void)oracles, (void)world, (void)trace, (void)cell;
}
const void *eval_oracles_of(eval_oracles_t *oracles, const fc_workflow_t *workflow, const world_t *world) {
  (void)oracles, (void)workflow, (void)world;
  return NULL;
}
