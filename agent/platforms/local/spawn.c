/* spawn.c - see spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILL_WAIT_MS = 5000, MS_PER_S = 1000 };

typedef enum { STAGE_OUTPUT = 0, STAGE_GROUP = 1, STAGE_EXEC = 2 } stage_t;

typedef struct {
  int stage, code;
} report_t;

static void report(int pipe_end, stage_t stage, int code) {
  const report_t failure = {stage, code};
  if (write(pipe_end, &failure, sizeof failure) < 0) _exit(126);
  _exit(127);
}

static void reset_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < NSIG; ++number)
    if (number != SIGKILL && number != SIGSTOP) (void)signal(number, SIG_DFL);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void run_child(const spawn_t *spawn, int pipe_end) {
  (void)setpgid(0, 0);
  reset_signals();
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output = open(spawn->output ? spawn->output : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (input < 0 || output < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
    report(pipe_end, STAGE_OUTPUT, errno);
  const int code = spawn->group ? cgroup_enter(spawn->group) : 0;
  if (code != 0) report(pipe_end, STAGE_GROUP, code);
  execvp(spawn->argv[0], spawn->argv);
  report(pipe_end, STAGE_EXEC, errno);
}

static fc_status_t say_failure(const spawn_t *spawn, const report_t *failure, fc_error_t *error) {
  const char *why = strerror(failure->code);
  switch ((stage_t)failure->stage) {
    case STAGE_OUTPUT:
      return fc_error_set(error, FC_EIO, "%s: cannot open its output %s: %s", spawn->argv[0],
                          spawn->output ? spawn->output : "/dev/null", why);
    case STAGE_GROUP:
      return fc_error_set(error, FC_EUNSAFE, "%s: cannot enter its control group %s: %s: run the agent as root",
                          spawn->argv[0], spawn->group->folders[0].path, why);
    case STAGE_EXEC:
      break;
  }
  return fc_error_set(error, failure->code == ENOENT ? FC_ENOTFOUND : FC_EIO, "%s: cannot be run: %s", spawn->argv[0],
                      why);
}

fc_status_t spawn_start(const spawn_t *spawn, spawn_process_t *process, fc_error_t *error) {
  *process = (spawn_process_t){0, -1};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return fc_error_set(error, FC_EIO, "%s: no pipe: %s", spawn->argv[0], strerror(errno));
  const pid_t pid = fork();
  if (pid == 0) run_child(spawn, ends[1]);
  const int problem = errno;
  (void)close(ends[1]);
  report_t failure = {0};
  ssize_t n = -1;
  if (pid > 0) {
    do n = read(ends[0], &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
  }
  (void)close(ends[0]);
  if (pid < 0) return fc_error_set(error, FC_EIO, "%s: cannot fork: %s", spawn->argv[0], strerror(problem));
  if (n == (ssize_t)sizeof failure) {
    (void)waitpid(pid, NULL, 0);
    return say_failure(spawn, &failure, error);
  }
  process->pid = pid;
  process->descriptor = (int)syscall(SYS_pidfd_open, pid, 0u);
  if (process->descriptor >= 0) return FC_OK;
  const fc_status_t status =
      fc_error_set(error, FC_EIO, "%s: pidfd_open: %s (Linux 5.3 or later is needed)", spawn->argv[0], strerror(errno));
  spawn_signal(process, SIGKILL);
  (void)waitpid(pid, NULL, 0);
  *process = (spawn_process_t){0, -1};
  return status;
}

bool spawn_has_ended(spawn_process_t *process, int timeout_ms, char *how, size_t size) {
  if (process->pid == 0) return false;
  struct pollfd item = {.fd = process->descriptor, .events = POLLIN};
  if (timeout_ms > 0) (void)poll(&item, 1, timeout_ms);
  int status = 0;
  const pid_t pid = waitpid(process->pid, &status, WNOHANG);
  if (pid == 0 || (pid < 0 && errno == EINTR)) return false;
  if (how && pid > 0)
    snprintf(how, size, WIFSIGNALED(status) ? "signal %d" : "exit code %d",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  if (how && pid < 0) snprintf(how, size, "unknown: it was reaped elsewhere");
  (void)close(process->descriptor);
  *process = (spawn_process_t){0, -1};
  return true;
}

void spawn_signal(const spawn_process_t *process, int number) {
  if (process->pid <= 0) return;
  (void)kill(process->pid, number);
  (void)kill(-process->pid, number);
}

void spawn_stop(spawn_process_t *process, double grace_s) {
  if (process->pid == 0) return;
  spawn_signal(process, SIGTERM);
  if (spawn_has_ended(process, (int)(grace_s * MS_PER_S), NULL, 0)) return;
  spawn_signal(process, SIGKILL);
  (void)spawn_has_ended(process, KILL_WAIT_MS, NULL, 0);
}
