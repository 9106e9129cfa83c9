/* calls.h - one request of a workflow: its calls made in order, in parallel, by chance, and what their failures mean.
 *
 * Walks the call tree of the workflow file. What a failed call does is what the simulator does too (docs/simulator.md):
 * it returns, the workflow goes on, and `on_failure` says what becomes of its output: `poison` makes it garbage for the
 * next call that uses it (and for the workflow, at its end), `ignore` passes the input on, `fail` fails the workflow.
 * Under strict semantics any failed call fails the workflow. Functions make no calls of their own here.
 *
 * The caller is an interface, so that tests need no sockets. Branches in parallel run on threads of their own; the
 * caller is called from all of them. Draws are keyed by (seed, number of the request, place in the tree): one seed
 * gives one plan, whatever the threads do.
 */
#ifndef FUNCTIONS_ORCHESTRATOR_CALLS_H
#define FUNCTIONS_ORCHESTRATOR_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/rng.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CALL_REASON_SIZE = 256 };

/* How a call, or a workflow, ended. */
typedef enum {
  CALL_SUCCEEDED = 0,
  CALL_REJECTED = 1,  /* 429: refused at a concurrency limit */
  CALL_TIMED_OUT = 2, /* no answer in time */
  CALL_FAILED = 3     /* anything else: no connection, another status, no such answer */
} call_result_t;

/* "success", "rejected", "timeout", "failure". Static storage. */
const char *call_result_name(call_result_t result);

/* What a call works on. */
typedef struct {
  uint64_t number;       /* of the workflow's own input */
  bool has_output;       /* of a function before, not garbage */
  uint64_t output;       /* its checksum */
  call_result_t garbage; /* why the output is none; CALL_SUCCEEDED: it is good */
} call_data_t;

typedef struct {
  call_result_t result;
  uint64_t checksum; /* of a success */
  char reason[CALL_REASON_SIZE];
} call_answer_t;

typedef struct {
  void *self;
  /* Fills *answer (zeroed before). Blocks until the answer or the time-out; several threads at once. */
  void (*call)(void *self, int32_t function, const call_data_t *data, call_answer_t *answer);
} caller_t;

typedef struct {
  call_result_t result;            /* of the workflow: the first cause of its failure */
  int32_t function;                /* whose call failed first, or -1 */
  char reason[CALL_REASON_SIZE];   /* of that call */
  int64_t calls, failed, rejected; /* calls made, those that failed, and those of them that were rejected */
  uint64_t checksum;               /* of the last output; branches in parallel are joined by exclusive or */
} calls_outcome_t;

/* FC_EINVAL when a function makes calls of its own: this orchestrator does not know how. */
fc_status_t calls_check(const fc_workflow_t *workflow, fc_error_t *error);

/* Runs one request of a workflow that passed calls_check. `serial` numbers the requests of this orchestrator; `number`
 * is the request's own input. Blocks until every call has ended. */
void calls_run(const fc_workflow_t *workflow, fc_semantics_t semantics, const caller_t *caller, uint64_t seed,
               uint64_t serial, uint64_t number, calls_outcome_t *outcome);

#ifdef __cplusplus
}
#endif
#endif
