/* load_machine.h - what a load generator needs of the machine it runs on: open files, and the account of its own time.
 */
#ifndef CLI_LOAD_MACHINE_H
#define CLI_LOAD_MACHINE_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Room for n_connections open files beside a few others, up to what this process may raise itself to. FC_EEXHAUSTED
 * says how many there may be. */
fc_status_t load_machine_allow_connections(int32_t n_connections, fc_error_t *error);

/* The kernel's account of the calling thread, for load_machine_busy_s; -1 where there is none. Caller closes it. */
int load_machine_open_account(void);

/* Seconds this thread ran or waited for a processor; without an account those it ran; NaN when nothing is known. */
double load_machine_busy_s(int account);

#ifdef __cplusplus
}
#endif
#endif
