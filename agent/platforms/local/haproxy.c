/* haproxy.c - the process: see haproxy.h. */
#include "haproxy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "haproxy_worker.h"

enum { POLL_MS = 10, MS_PER_S = 1000, OUTPUT_SHOWN = 300, STOP_GRACE_S = 2, BIND_WAIT_MS = 3000, BIND_PAUSE_MS = 50 };
static const size_t MAX_OUTPUT = 16 << 20;

static void pause_ms(int ms) {
  const struct timespec time = {ms / MS_PER_S, (long)(ms % MS_PER_S) * 1000000};
  (void)nanosleep(&time, NULL);
}

static bool read_number(const char *text, const char *key, int64_t *value) {
  char line[64];
  snprintf(line, sizeof line, "\n%s: ", key);
  const char *found = strstr(text, line);
  if (!found) return false;
  *value = strtoll(found + strlen(line), NULL, 10);
  return true;
}

static fc_status_t ask_worker(const haproxy_t *haproxy, int64_t *pid, int64_t *start_s, fc_error_t *error) {
  char *answer = NULL;
  fc_status_t status = haproxy_socket_ask(&haproxy->socket, "show info", &answer, error);
  if (status == FC_OK && (!read_number(answer, "Pid", pid) || !read_number(answer, "Start_time_sec", start_s)))
    status =
        fc_error_set(error, FC_EFORMAT, "haproxy: show info has no Pid or Start_time_sec (2.6 or later is needed)");
  free(answer);
  return status;
}

/* What it has said since byte `from` of its output, shortened to the end, on one line. */
static void read_last_words(const haproxy_t *haproxy, size_t from, char *words, size_t words_size) {
  uint8_t *text = NULL;
  size_t size = 0;
  words[0] = '\0';
  if (file_read(haproxy->output, MAX_OUTPUT, &text, &size, NULL) != FC_OK) return;
  text[size] = '\0';
  if (from > size) from = 0;
  if (size - from >= words_size) from = size - (words_size - 1);
  snprintf(words, words_size, "%s", (const char *)text + from);
  free(text);
  for (char *at = words; *at; ++at)
    if (*at == '\n') *at = at[1] ? ';' : '\0';
}

/* A reload is asked for again each second until the master has a new child: one that has just started does not hear
 * the signal yet, and one that has heard it twice would replace the new worker as well. */
static void ask_for_worker(const haproxy_t *haproxy, int64_t newest, int waited_ms) {
  if (waited_ms % MS_PER_S == 0 && haproxy_worker_newest(haproxy->process.pid) == newest)
    (void)kill(haproxy->process.pid, SIGUSR2);
}

/* Until a worker other than `old` answers, and only that one: commands go to whoever of both accepts first. */
static fc_status_t wait_for_worker(haproxy_t *haproxy, int64_t old, fc_error_t *error) {
  char how[64] = "", words[OUTPUT_SHOWN] = "";
  const int64_t newest = haproxy_worker_newest(haproxy->process.pid);
  for (int waited_ms = 0; waited_ms <= (int)(haproxy->start_timeout_s * MS_PER_S); waited_ms += POLL_MS) {
    if (old != 0) ask_for_worker(haproxy, newest, waited_ms);
    int64_t pid = 0, start_s = 0;
    if (ask_worker(haproxy, &pid, &start_s, error) == FC_OK && pid != old &&
        !haproxy_worker_listens(old, haproxy->socket.path)) {
      haproxy->worker = pid;
      haproxy->worker_start_s = start_s;
      return FC_OK;
    }
    if (spawn_has_ended(&haproxy->process, 0, how, sizeof how)) {
      read_last_words(haproxy, 0, words, sizeof words);
      return fc_error_set(error, FC_ESTATE, "haproxy did not start (%s): %s", how, words);
    }
    pause_ms(POLL_MS);
  }
  return fc_error_set(error, FC_ETIMEOUT, "haproxy: no %s answers within %.3g s; see %s", old ? "new worker" : "worker",
                      haproxy->start_timeout_s, haproxy->output);
}

static fc_status_t start_once(haproxy_t *haproxy, const spawn_t *spawn, fc_error_t *error) {
  const fc_status_t started = spawn_start(spawn, &haproxy->process, error);
  if (started == FC_ENOTFOUND)
    fc_error_prefix(error, "platform local needs HAProxy 2.6 or later (script/bootstrap installs it)");
  if (started != FC_OK) return started;
  const fc_status_t status = wait_for_worker(haproxy, 0, error);
  if (status != FC_OK) haproxy_stop(haproxy);
  return status;
}

/* Where its output ends now. */
static size_t output_size(const haproxy_t *haproxy) {
  struct stat found;
  return stat(haproxy->output, &found) == 0 ? (size_t)found.st_size : 0;
}

/* A port may still be held for a moment by what has just ended, or by an outgoing connection. */
static bool could_not_bind(const haproxy_t *haproxy, size_t from) {
  char words[1024];
  read_last_words(haproxy, from, words, sizeof words);
  return strstr(words, "Address already in use") != NULL;
}

fc_status_t haproxy_start(haproxy_t *haproxy, const cgroup_t *group, fc_error_t *error) {
  FC_TRY(haproxy_write_file(haproxy, error));
  (void)unlink(haproxy->socket.path);
  char program[HAPROXY_PATH_SIZE], master[] = "-W", nothing[] = "-db", option[] = "-f", file[HAPROXY_PATH_SIZE];
  snprintf(program, sizeof program, "%s", haproxy->program);
  snprintf(file, sizeof file, "%s", haproxy->file);
  char *argv[] = {program, master, nothing, option, file, NULL};
  const spawn_t spawn = {argv, group && group->n_folders > 0 ? group : NULL, haproxy->output};
  for (int waited_ms = 0;; waited_ms += BIND_PAUSE_MS) {
    const size_t said = output_size(haproxy);
    const fc_status_t status = start_once(haproxy, &spawn, error);
    if (status != FC_ESTATE || waited_ms >= BIND_WAIT_MS || !could_not_bind(haproxy, said)) return status;
    pause_ms(BIND_PAUSE_MS);
  }
}

void haproxy_stop(haproxy_t *haproxy) {
  spawn_stop(&haproxy->process, STOP_GRACE_S);
  haproxy->worker = 0;
}

fc_status_t haproxy_reload(haproxy_t *haproxy, fc_error_t *error) {
  if (haproxy->process.pid == 0) return fc_error_set(error, FC_ESTATE, "haproxy: it does not run");
  return wait_for_worker(haproxy, haproxy->worker, error);
}

fc_status_t haproxy_was_reloaded(haproxy_t *haproxy, bool *reloaded, fc_error_t *error) {
  int64_t pid = 0, start_s = 0;
  FC_TRY(ask_worker(haproxy, &pid, &start_s, error));
  *reloaded = pid != haproxy->worker || start_s != haproxy->worker_start_s;
  if (pid != haproxy->worker && haproxy_worker_listens(haproxy->worker, haproxy->socket.path)) {
    *reloaded = false; /* the reload is under way: who is in step is asked again next time */
    return FC_OK;
  }
  haproxy->worker = pid;
  haproxy->worker_start_s = start_s;
  return FC_OK;
}

fc_status_t haproxy_read(const haproxy_t *haproxy, haproxy_stat_t *stat, fc_error_t *error) {
  char *answer = NULL;
  memset(stat, 0, sizeof *stat);
  fc_status_t status = haproxy_socket_ask(&haproxy->socket, "show stat -1 7 -1", &answer, error);
  if (status == FC_OK) status = haproxy_stat_parse(answer, stat, error);
  free(answer);
  return status;
}

haproxy_server_t *haproxy_find_server(haproxy_proxy_t *proxy, const char *name) {
  for (int32_t i = 0; i < proxy->n_servers; ++i)
    if (strcmp(proxy->servers[i].name, name) == 0) return &proxy->servers[i];
  return NULL;
}
