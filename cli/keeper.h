/* keeper.h - a process that outlives a command, to clean up after it.
 *
 * A command that runs platform `local` in itself cannot stop its functions when it is killed. So it runs in a child,
 * and the parent, which does nothing else, waits, and removes what is left, however the child ended. When the parent is
 * killed the child gets SIGTERM and ends in order.
 */
#ifndef CLI_KEEPER_H
#define CLI_KEEPER_H

#include <stdbool.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *folder;        /* of the command */
  const char *const *states; /* (n_states) names in it of state folders in which a platform local may run */
  int n_states;
} keeper_t;

/* An agent on one of the states that is about to end is waited for first. Call before any thread or process is started.
 * True in the child: go on. False in the parent, once the child has ended and everything is cleared away; *exit_code is
 * what the command returns. A child that was killed is told on stderr. */
bool keeper_start(const keeper_t *keeper, int *exit_code, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
