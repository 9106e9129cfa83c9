/* eval_reference.c - see eval_reference.h. */
#include "eval_reference.h"

fc_status_t eval_reference_open(eval_reference_t *oracles, const char *path, fc_error_t *error) {
  (void)path, (void)error;
  oracles->table = NULL;
  return FC_OK;
}
void eval_reference_close(eval_reference_t *oracles) {
  oracles->table = NULL;
}
void eval_reference_compare(const eval_reference_t *oracles, const world_t *world, cell_t *cell) {
  (void)oracles, (void)world, (void)cell;
}
void eval_reference_compare_trace(const eval_reference_t *oracles, const world_t *world, const trace_t *trace,
                                cell_t *cell) {
  (void)oracles, (void)world, (void)trace, (void)cell;
}
const void *eval_reference_of(eval_reference_t *oracles, const fc_workflow_t *workflow, const world_t *world) {
  (void)oracles, (void)workflow, (void)world;
  return NULL;
}
