/* keeper.c - see keeper.h. */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "local.h"

enum { AGENT_TIMEOUT_MS = 20000, POLL_MS = 20 };

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

/* An agent that the kernel has told to end stops its functions in order; it may take a while. */
static void wait_for_agent(const char *state) {
  folder_t folder;
  int32_t pid = 0;
  if (folder_open_to_look(state, &folder, NULL) != FC_OK) return;
  for (int waited_ms = 0; waited_ms < AGENT_TIMEOUT_MS && folder_is_held(&folder, "", &pid); waited_ms += POLL_MS)
    (void)poll(NULL, 0, POLL_MS);
  folder_close(&folder);
}

static void clear_away(const keeper_t *keeper) {
  for (int i = 0; i < keeper->n_states; ++i) {
    char state[4096];
    bool found = false;
    fc_error_t error = {FC_OK, ""};
    if (snprintf(state, sizeof state, "%s/%s", keeper->folder, keeper->states[i]) >= (int)sizeof state) continue;
    wait_for_agent(state);
    if (platform_local_clear_away(state, &found, &error) != FC_OK) fprintf(stderr, "faasconf: %s\n", error.message);
  }
}

bool keeper_start(const keeper_t *keeper, int *exit_code, fc_error_t *error) {
  const pid_t parent = getpid();
  sigset_t all, before;
  (void)fflush(NULL);
  /* What arrives between fork and the handlers waits for them. */
  sigfillset(&all);
  (void)sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t pid = fork();
  *exit_code = EXIT_FAILURE;
  if (pid < 0) {
    (void)fc_error_set(error, FC_EIO, "cannot start a process: %s", strerror(errno));
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return false;
  }
  if (pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (getppid() != parent) (void)raise(SIGTERM);
    return true;
  }
  child = pid;
  const struct sigaction action = {.sa_handler = pass_on};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGHUP, &action, NULL);
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  *exit_code = wait_for(keeper, pid);
  clear_away(keeper);
  return false;
}
