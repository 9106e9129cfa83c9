/* endpoints.h - where each function of a workflow answers: name -> URL. Immutable after reading; any thread. */
#ifndef FUNCTIONS_ORCHESTRATOR_ENDPOINTS_H
#define FUNCTIONS_ORCHESTRATOR_ENDPOINTS_H

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ENDPOINT_SIZE = 256 };

typedef struct {
  int32_t n_functions;
  char (*urls)[ENDPOINT_SIZE]; /* (N) */
} endpoints_t;

/* `text` is "name=http://host:port,..." when it has a '=', else the path of a YAML (or JSON) file that maps names to
 * URLs. Every function that is called needs one; names that the workflow does not have are refused. Caller clears *out
 * with endpoints_clear, also after a failure. FC_EINVAL, FC_EFORMAT, FC_ENOTFOUND, FC_ENOMEM. Blocks on file I/O. */
fc_status_t endpoints_read(const char *text, const fc_workflow_t *workflow, endpoints_t *out, fc_error_t *error);
void endpoints_clear(endpoints_t *endpoints);

#ifdef __cplusplus
}
#endif
#endif
