/* local_supervise.c - the thread that looks after processes: see local_state.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "local_state.h"

enum { ROUND_MS = 100 };
static const int64_t HAPROXY_PAUSE_NS = 1000000000, NS_PER_MS = 1000000;

static int64_t now_ns(const local_t *local) {
  return local->clock.monotonic_ns(local->clock.self);
}

/* HAProxy learns of it, the file too. */
static void publish(local_t *local, int32_t f) {
  fc_error_t error = {0};
  local_fill_proxy(local, f);
  fc_status_t status = haproxy_write_file(&local->haproxy, &error);
  if (status == FC_OK) status = haproxy_sync(&local->haproxy, f, &error);
  if (status != FC_OK) FC_LOG_W(local->options.log, "local", "%s", error.message);
}

static void look_after_replicas(local_t *local, int32_t f) {
  local_function_t *function = &local->functions[f];
  bool changed = false;
  for (int32_t i = 0; i < function->n_replicas; ++i) {
    replica_t *replica = &function->replicas[i];
    if (!replica_step(replica, &function->program, now_ns(local))) continue;
    changed = true;
    const char *name = local->workflow->functions[f].name;
    if (replica->state == REPLICA_WAITING) {
      FC_LOG_W(local->options.log, "local", "function %s: replica %s ended (%s); started again in %.3g s", name,
               replica->name, replica->why, (double)(replica->again_ns - now_ns(local)) * 1e-9);
    } else {
      FC_LOG_I(local->options.log, "local", "function %s: replica %s %s", name, replica->name,
               replica->state == REPLICA_SERVING ? "serves again" : "is starting");
    }
  }
  if (changed) publish(local, f);
}

static void restart_haproxy(local_t *local, const char *how) {
  fc_error_t error = {0};
  FC_LOG_W(local->options.log, "local", "HAProxy ended (%s): it is started again", how);
  (void)cgroup_signal(&local->haproxy_group, SIGKILL); /* a worker may have outlived its master */
  if (haproxy_start(&local->haproxy, &local->haproxy_group, &error) != FC_OK)
    FC_LOG_E(local->options.log, "local", "%s", error.message);
  local->haproxy_again_ns = now_ns(local) + HAPROXY_PAUSE_NS;
  local->arrivals = -1;
}

/* A reload forgets what was changed at run time; the file has it, and what differs is repaired. */
static void look_after_haproxy(local_t *local) {
  char how[REPLICA_WHY_SIZE] = "it did not start";
  fc_error_t error = {0};
  bool reloaded = false;
  const bool ended = spawn_has_ended(&local->haproxy.process, 0, how, sizeof how);
  if (ended || local->haproxy.process.pid == 0) {
    if (ended || now_ns(local) >= local->haproxy_again_ns) restart_haproxy(local, how);
    return;
  }
  if (haproxy_was_reloaded(&local->haproxy, &reloaded, &error) != FC_OK || !reloaded) return;
  FC_LOG_W(local->options.log, "local", "HAProxy was reloaded: its servers are checked");
  local->arrivals = -1;
  local->old_worker_ns = now_ns(local) + haproxy_hard_stop_ms(&local->haproxy) * NS_PER_MS;
  for (int32_t f = 0; f <= local->workflow->n_functions; ++f) {
    if (haproxy_sync(&local->haproxy, f, &error) == FC_OK) continue;
    FC_LOG_W(local->options.log, "local", "%s", error.message);
    local->haproxy.worker_start_s = 0; /* not in step: tried again in the next round */
  }
}

static void sample(local_t *local) {
  haproxy_stat_t stat;
  if (haproxy_read(&local->haproxy, &stat, NULL) == FC_OK) {
    for (int32_t p = 0; p <= local->workflow->n_functions; ++p) {
      local_samples_t *samples = &local->samples[p];
      samples->samples += 1;
      for (int32_t i = 0; i < stat.n_rows; ++i) {
        const haproxy_stat_row_t *row = &stat.rows[i];
        if (strcmp(row->proxy, local->proxies[p].name) != 0) continue;
        if (row->kind == HAPROXY_STAT_SERVER) samples->in_service += (double)row->in_service;
        if (row->kind == HAPROXY_STAT_BACKEND) samples->in_system += (double)row->in_service;
      }
    }
  }
  haproxy_stat_clear(&stat);
}

static void look_after_functions(local_t *local) {
  for (int32_t f = 0; f < local->workflow->n_functions; ++f)
    if (f != local->changing) look_after_replicas(local, f);
  sample(local);
  local->round_ns = now_ns(local);
}

void local_supervise(local_t *local) {
  look_after_haproxy(local);
  look_after_functions(local);
}

void local_supervise_meanwhile(void *self) {
  local_t *local = self;
  if (now_ns(local) - local->round_ns >= ROUND_MS * NS_PER_MS) look_after_functions(local);
}

static void *supervise(void *argument) {
  local_t *local = argument;
  struct pollfd item = {.fd = local->stop, .events = POLLIN};
  for (;;) {
    const int n = poll(&item, 1, ROUND_MS);
    if (n > 0 || (n < 0 && errno != EINTR)) return NULL;
    pthread_mutex_lock(&local->lock);
    local_supervise(local);
    pthread_mutex_unlock(&local->lock);
  }
}

fc_status_t local_supervise_start(local_t *local, fc_error_t *error) {
  sigset_t all, before;
  local->stop = eventfd(0, EFD_CLOEXEC);
  if (local->stop < 0) return fc_error_set(error, FC_EIO, "eventfd: %s", strerror(errno));
  sigfillset(&all); /* signals are for the main thread */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  local->supervised = pthread_create(&local->supervisor, NULL, supervise, local) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return local->supervised ? FC_OK : fc_error_set(error, FC_EIO, "the thread cannot be started");
}

void local_supervise_stop(local_t *local) {
  if (local->supervised) {
    const uint64_t one = 1;
    while (write(local->stop, &one, sizeof one) < 0 && errno == EINTR) continue;
    pthread_join(local->supervisor, NULL);
  }
  if (local->stop >= 0) (void)close(local->stop);
  local->supervised = false;
  local->stop = -1;
}
