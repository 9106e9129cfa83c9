/* demo_train.h - the demo's training: `faasconf train` as a child process on the demo's store. */
#ifndef CLI_DEMO_TRAIN_H
#define CLI_DEMO_TRAIN_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *folder;
  const char *workflow_path;
  int64_t updates;
  int64_t seed;
  FILE *out;
  const volatile sig_atomic_t *interrupted;
} demo_train_options_t;

/* Blocks until the training ended; its policy is in folder/policy and live in folder/store. FC_EIO with the place of
 * the log when it failed; FC_ECLOSED when interrupted. */
fc_status_t demo_train(const demo_train_options_t *options, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
