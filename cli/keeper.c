/* keeper.c - see keeper.h. */
#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "local.h"

/* Whom signals go to; written once, before the handlers are there. */
static volatile sig_atomic_t child = 0;
static void pass_on(int number) {
  (void)number;
  if (child > 0) (void)kill((pid_t)child, SIGTERM);
}

static int wait_for(const keeper_t *keeper, pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return EXIT_FAILURE;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  fprintf(stderr, "faasconf: killed by signal %d; clearing away what it had started; its files stay in %s\n",
          WTERMSIG(status), keeper->folder);
  return 128 + WTERMSIG(status);
}

static void clear_away(const keeper_t *keeper) {
  for (int i = 0; i < keeper->n_states; ++i) {
    char state[4096];
    bool found = false;
    fc_error_t error = {FC_OK, ""};
    if (snprintf(state, sizeof state, "%s/%s", keeper->folder, keeper->states[i]) >= (int)sizeof state) continue;
    if (platform_local_clear_away(state, &found, &error) != FC_OK) fprintf(stderr, "faasconf: %s\n", error.message);
  }
}

bool keeper_start(const keeper_t *keeper, int *exit_code, fc_error_t *error) {
  const pid_t parent = getpid();
  (void)fflush(NULL);
  const pid_t pid = fork();
  *exit_code = EXIT_FAILURE;
  if (pid < 0) {
    (void)fc_error_set(error, FC_EIO, "cannot start a process: %s", strerror(errno));
    return false;
  }
  if (pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) (void)raise(SIGTERM);
    return true;
  }
  child = pid;
  const struct sigaction action = {.sa_handler = pass_on};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGHUP, &action, NULL);
  *exit_code = wait_for(keeper, pid);
  clear_away(keeper);
  return false;
}
