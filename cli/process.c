/* process.c - see process.h. fork + exec because PR_SET_PDEATHSIG must be set in the child. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only async-signal-safe calls between fork and exec. */
static void become(const char *const *argv, const char *out_path, const char *err_path, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);
  const int in = open("/dev/null", O_RDONLY);
  const int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  const int err = err_path != NULL ? open(err_path, O_WRONLY | O_CREAT | O_APPEND, 0600) : STDERR_FILENO;
  if (in < 0 || out < 0 || err < 0) _exit(127);
  if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execv(argv[0], (char *const *)(uintptr_t)argv);
  _exit(127);
}

fc_status_t process_start(process_t *process, const char *const *argv, const char *out_path, const char *err_path,
                          fc_error_t *error) {
  const pid_t parent = getpid();
  process->exit_code = -1;
  process->pid = 0;
  if (access(argv[0], X_OK) != 0)
    return fc_error_set(error, FC_ENOTFOUND, "cannot run %s: %s; build it first", argv[0], strerror(errno));
  const pid_t pid = fork();
  if (pid < 0) return fc_error_set(error, FC_EIO, "cannot start %s: %s", argv[0], strerror(errno));
  if (pid == 0) become(argv, out_path, err_path, parent);
  process->pid = pid;
  return FC_OK;
}

bool process_running(process_t *process) {
  int status = 0;
  if (process->pid == 0) return false;
  const pid_t ended = waitpid(process->pid, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return true;
  process->exit_code = ended < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  process->pid = 0;
  return false;
}

void process_stop(process_t *process, int timeout_ms) {
  if (!process_running(process)) return;
  kill(process->pid, SIGTERM);
  for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += 10) {
    if (!process_running(process)) return;
    poll(NULL, 0, 10);
  }
  kill(process->pid, SIGKILL);
  while (process_running(process)) poll(NULL, 0, 10);
}

fc_status_t process_sibling(const char *program, char *path, size_t size, fc_error_t *error) {
  const ssize_t n = readlink("/proc/self/exe", path, size - 1);
  if (n <= 0) return fc_error_set(error, FC_EIO, "cannot find my own path: %s", strerror(errno));
  path[n] = '\0';
  char *slash = strrchr(path, '/');
  FC_ASSERT(slash != NULL);
  const size_t room = size - (size_t)(slash + 1 - path);
  if (strlen(program) >= room) return fc_error_set(error, FC_EINVAL, "the path of %s is too long", program);
  memcpy(slash + 1, program, strlen(program) + 1);
  return FC_OK;
}
