/* replica.c - see replica.h. */
#include "replica.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "health.h"

enum {
  HEALTH_TIMEOUT_MS = 250, /* a small quota may run it in the next period of 100 ms only */
  MAX_DOUBLINGS = 16
};
static const double NS_PER_S = 1e9;
static const char PORT_WORD[] = "{port}";

void replica_init(replica_t *replica, const char *name, const cgroup_t *group) {
  memset(replica, 0, sizeof *replica);
  snprintf(replica->name, sizeof replica->name, "%s", name);
  replica->group = *group;
  replica->process.descriptor = -1;
}

/* The argument with every {port} replaced. False when it does not fit. */
static bool put_port(const char *argument, int32_t port, char *out, size_t size) {
  size_t length = 0;
  while (*argument) {
    const bool here = strncmp(argument, PORT_WORD, sizeof PORT_WORD - 1) == 0;
    const int n = here ? snprintf(out + length, size - length, "%d", (int)port)
                       : snprintf(out + length, size - length, "%c", *argument);
    if (n < 0 || (size_t)n >= size - length) return false;
    length += (size_t)n;
    argument += here ? sizeof PORT_WORD - 1 : 1;
  }
  out[length] = '\0';
  return true;
}

static fc_status_t run(replica_t *replica, const replica_program_t *program, fc_error_t *error) {
  char text[REPLICA_MAX_ARGUMENTS][REPLICA_TEXT_SIZE];
  char *argv[REPLICA_MAX_ARGUMENTS + 1] = {NULL};
  FC_ASSERT(program->n_arguments >= 1 && program->n_arguments <= REPLICA_MAX_ARGUMENTS);
  for (int32_t i = 0; i < program->n_arguments; ++i) {
    if (!put_port(program->arguments[i], replica->port, text[i], sizeof text[i]))
      return fc_error_set(error, FC_EINVAL, "%s: an argument has more than %d bytes", program->arguments[0],
                          REPLICA_TEXT_SIZE - 1);
    argv[i] = text[i];
  }
  const spawn_t spawn = {argv, replica->group.n_folders > 0 ? &replica->group : NULL, program->output};
  return spawn_start(&spawn, &replica->process, error);
}

fc_status_t replica_start(replica_t *replica, const replica_program_t *program, int64_t now_ns, fc_error_t *error) {
  if (replica->port == 0) replica->port = health_free_port(program->reserved_ports, program->n_reserved_ports);
  if (replica->port == 0) return fc_error_set(error, FC_EIO, "%s: no port of 127.0.0.1 is free", program->arguments[0]);
  FC_TRY(run(replica, program, error));
  replica->state = REPLICA_STARTING;
  replica->since_ns = now_ns;
  return FC_OK;
}

static void fail(replica_t *replica, const replica_program_t *program, int64_t now_ns, const char *why) {
  const int32_t doublings = replica->failures < MAX_DOUBLINGS ? replica->failures : MAX_DOUBLINGS;
  double wait_s = program->backoff_s * (double)(1 << doublings);
  if (wait_s > program->max_backoff_s) wait_s = program->max_backoff_s;
  if (replica->failures > 0) replica->port = 0; /* somebody else may have it */
  replica->failures += 1;
  replica->crashes += 1;
  replica->state = REPLICA_WAITING;
  replica->since_ns = now_ns;
  replica->again_ns = now_ns + (int64_t)(wait_s * NS_PER_S);
  snprintf(replica->why, sizeof replica->why, "%s", why);
}

static bool start_again(replica_t *replica, const replica_program_t *program, int64_t now_ns) {
  if (now_ns < replica->again_ns) return false;
  (void)cgroup_signal(&replica->group, SIGKILL); /* what its process left behind */
  fc_error_t error = {0};
  if (replica_start(replica, program, now_ns, &error) != FC_OK) fail(replica, program, now_ns, "it cannot be started");
  return true;
}

bool replica_step(replica_t *replica, const replica_program_t *program, int64_t now_ns) {
  if (replica->state == REPLICA_OFF) return false;
  if (replica->state == REPLICA_WAITING) return start_again(replica, program, now_ns);
  char how[REPLICA_WHY_SIZE] = "";
  if (spawn_has_ended(&replica->process, 0, how, sizeof how)) {
    fail(replica, program, now_ns, how);
    return true;
  }
  if (replica->state == REPLICA_SERVING) {
    /* One that has served longer than the longest back-off is sound again. */
    if ((double)(now_ns - replica->since_ns) >= program->max_backoff_s * NS_PER_S) replica->failures = 0;
    return false;
  }
  if (health_is_good(replica->port, HEALTH_TIMEOUT_MS)) {
    replica->state = REPLICA_SERVING;
    replica->since_ns = now_ns;
    return true;
  }
  if ((double)(now_ns - replica->since_ns) < program->start_timeout_s * NS_PER_S) return false;
  spawn_stop(&replica->process, 0);
  fail(replica, program, now_ns, "/health did not answer 200 in time");
  return true;
}

void replica_ask_to_stop(const replica_t *replica) {
  spawn_signal(&replica->process, SIGTERM);
}

void replica_stop(replica_t *replica, double grace_s) {
  spawn_stop(&replica->process, grace_s);
  (void)cgroup_signal(&replica->group, SIGKILL);
  replica->state = REPLICA_OFF;
}
