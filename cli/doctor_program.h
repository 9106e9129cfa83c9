/* doctor_program.h - programs that agent.yaml names: are they there, and what do they print? */
#ifndef CLI_DOCTOR_PROGRAM_H
#define CLI_DOCTOR_PROGRAM_H

#include <stddef.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DOCTOR_PROGRAM_SIZE = 4096 };

/* Finds `name` as exec does: with a slash it is a path, else it is looked for in PATH. FC_ENOTFOUND; FC_EUNSAFE: it is
 * there, but not executable for this user (or a folder); path[size] names what was found in both cases. */
fc_status_t doctor_program_find(const char *name, char *path, size_t size, fc_error_t *error);

/* Runs argv (NULL at the end; argv[0] a path) without input and collects what it prints on stdout and stderr in
 * text[size], cut off there. Ended by SIGKILL after timeout_ms. FC_ESTATE when it does not end with exit code 0,
 * FC_ETIMEOUT, FC_EIO. */
fc_status_t doctor_program_run(char *const *argv, int timeout_ms, char *text, size_t size, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
