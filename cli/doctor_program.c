/* doctor_program.c - see doctor_program.h. */
#include "doctor_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faasconf/clock.h"

extern char **environ;
enum { NS_PER_MS = 1000000 };

static fc_status_t judge(const char *path, fc_error_t *error) {
  struct stat about;
  if (stat(path, &about) != 0) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", path, strerror(errno));
  if (S_ISDIR(about.st_mode)) return fc_error_set(error, FC_EUNSAFE, "%s is a folder", path);
  if (access(path, X_OK) == 0) return FC_OK;
  return fc_error_set(error, FC_EUNSAFE, "%s is not executable for this user", path);
}

fc_status_t doctor_program_find(const char *name, char *path, size_t size, fc_error_t *error) {
  if (strchr(name, '/')) {
    snprintf(path, size, "%s", name);
    return judge(path, error);
  }
  const char *folders = getenv("PATH");
  fc_status_t best = FC_ENOTFOUND;
  for (const char *at = folders ? folders : "/bin:/usr/bin"; *at;) {
    const size_t n = strcspn(at, ":");
    char candidate[DOCTOR_PROGRAM_SIZE];
    const int length = n > 0 ? snprintf(candidate, sizeof candidate, "%.*s/%s", (int)n, at, name)
                             : snprintf(candidate, sizeof candidate, "./%s", name);
    const fc_status_t status = length < (int)sizeof candidate ? judge(candidate, NULL) : FC_ENOTFOUND;
    if (status == FC_OK || (status == FC_EUNSAFE && best == FC_ENOTFOUND)) {
      snprintf(path, size, "%s", candidate);
      best = status;
    }
    if (status == FC_OK) return FC_OK;
    at += n + (at[n] == ':');
  }
  if (best == FC_EUNSAFE) return judge(path, error);
  path[0] = '\0';
  return fc_error_set(error, FC_ENOTFOUND, "%s is in no folder of PATH", name);
}

/* ---- running -------------------------------------------------------------------------------------------------- */

static int64_t now_ms(void) {
  const fc_clock_t clock = fc_clock_system();
  return clock.monotonic_ns(clock.self) / NS_PER_MS;
}

/* Until the end of what it prints; false when the time is over first. What does not fit is read and dropped. */
static bool collect(int pipe_end, int64_t until_ms, char *text, size_t size) {
  size_t length = 0;
  for (;;) {
    char dropped[1024];
    struct pollfd item = {.fd = pipe_end, .events = POLLIN};
    const int64_t left_ms = until_ms - now_ms();
    if (left_ms <= 0) return false;
    if (poll(&item, 1, (int)left_ms) <= 0) continue;
    const bool fits = length + 1 < size;
    const ssize_t n = read(pipe_end, fits ? text + length : dropped, fits ? size - 1 - length : sizeof dropped);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    if (fits) length += (size_t)n;
    text[length] = '\0';
  }
}

static fc_status_t start(char *const *argv, const int *ends, pid_t *pid, fc_error_t *error) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", argv[0]);
  int code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  if (code == 0) code = posix_spawn(pid, argv[0], &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  return code == 0 ? FC_OK : fc_error_set(error, FC_EIO, "%s cannot be started: %s", argv[0], strerror(code));
}

fc_status_t doctor_program_run(char *const *argv, int timeout_ms, char *text, size_t size, fc_error_t *error) {
  int ends[2], status = 0;
  pid_t pid = 0;
  text[0] = '\0';
  if (pipe2(ends, O_CLOEXEC) != 0) return fc_error_set(error, FC_EIO, "no pipe: %s", strerror(errno));
  const fc_status_t started = start(argv, ends, &pid, error);
  (void)close(ends[1]);
  const bool in_time = started == FC_OK && collect(ends[0], now_ms() + timeout_ms, text, size);
  (void)close(ends[0]);
  if (started != FC_OK) return started;
  if (!in_time) (void)kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!in_time) return fc_error_set(error, FC_ETIMEOUT, "%s did not end within %d ms", argv[0], timeout_ms);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return FC_OK;
  return fc_error_set(error, FC_ESTATE, "%s ended with %s %d", argv[0], WIFEXITED(status) ? "exit code" : "signal",
                      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}
