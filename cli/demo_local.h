/* demo_local.h - `faasconf demo --platform local`: the whole flow on real functions of this machine. */
#ifndef CLI_DEMO_LOCAL_H
#define CLI_DEMO_LOCAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *workflow_name;
  const char *directory; /* kept, or NULL: one that is removed */
  int64_t users, windows, profile_windows, history_rows, updates, judge_windows, seed;
  bool json;
  FILE *out; /* where a person reads along */
  const volatile sig_atomic_t *interrupted;
} demo_local_t;

/* Returns the command's exit code. Blocks for about 17 minutes with the defaults. Whatever happens to it, the process
 * that called sees to it that nothing of what was started stays (keeper.h). */
int demo_local(const demo_local_t *demo);

#ifdef __cplusplus
}
#endif
#endif
