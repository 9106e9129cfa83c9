/* access_log.c - the listener: see access_log.h. */
#include "access_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM_SIZE = 2048, BUFFER_BYTES = 8 << 20 };

struct access_log {
  int descriptor, stop; /* UDP; eventfd */
  int32_t port, n_proxies;
  bool runs;
  pthread_t thread;
  pthread_mutex_t lock;         /* of what follows */
  access_log_window_t *windows; /* (n_proxies) */
  int64_t malformed;
};

static void clear_windows(access_log_t *log) {
  for (int32_t i = 0; i < log->n_proxies; ++i) {
    memset(&log->windows[i], 0, sizeof log->windows[i]);
    fc_histogram_init(&log->windows[i].latency);
  }
}

/* Counts everything that is there. Called with the lock. */
static void drain(access_log_t *log) {
  char datagram[DATAGRAM_SIZE];
  for (;;) {
    const ssize_t n = recv(log->descriptor, datagram, sizeof datagram, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    access_log_line_t line;
    if (access_log_parse(datagram, (size_t)n, log->n_proxies, &line)) {
      access_log_count(&log->windows[line.proxy], &line);
    } else {
      log->malformed += 1;
    }
  }
}

static void *listen_to_lines(void *argument) {
  access_log_t *log = argument;
  struct pollfd items[2] = {{.fd = log->descriptor, .events = POLLIN}, {.fd = log->stop, .events = POLLIN}};
  for (;;) {
    if (poll(items, 2, -1) < 0 && errno != EINTR) return NULL;
    if (items[1].revents) return NULL;
    pthread_mutex_lock(&log->lock);
    drain(log);
    pthread_mutex_unlock(&log->lock);
  }
}

static bool open_socket(access_log_t *log) {
  log->stop = eventfd(0, EFD_CLOEXEC);
  log->descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (log->descriptor < 0 || log->stop < 0) return false;
  const int size = BUFFER_BYTES;
  /* Beyond the machine's limit only root may go. */
  if (setsockopt(log->descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    (void)setsockopt(log->descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(log->descriptor, (const struct sockaddr *)&address, sizeof address) != 0 ||
      getsockname(log->descriptor, (struct sockaddr *)&address, &length) != 0)
    return false;
  log->port = ntohs(address.sin_port);
  return true;
}

/* Signals are for the main thread. */
static bool start_thread(access_log_t *log) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  log->runs = pthread_create(&log->thread, NULL, listen_to_lines, log) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return log->runs;
}

fc_status_t access_log_new(int32_t n_proxies, access_log_t **out, fc_error_t *error) {
  *out = NULL;
  access_log_t *log = calloc(1, sizeof *log);
  if (!log) return fc_error_set(error, FC_ENOMEM, "access log: out of memory");
  log->descriptor = log->stop = -1;
  log->n_proxies = n_proxies;
  pthread_mutex_init(&log->lock, NULL);
  log->windows = calloc((size_t)n_proxies + 1, sizeof *log->windows);
  fc_status_t status = FC_OK;
  if (!log->windows) {
    status = fc_error_set(error, FC_ENOMEM, "access log: out of memory");
  } else {
    clear_windows(log);
    if (!open_socket(log) || !start_thread(log))
      status = fc_error_set(error, FC_EIO, "access log: cannot listen on 127.0.0.1: %s", strerror(errno));
  }
  if (status != FC_OK) access_log_destroy(&log);
  *out = log;
  return status;
}

void access_log_destroy(access_log_t **pointer) {
  access_log_t *log = *pointer;
  if (!log) return;
  if (log->runs) {
    const uint64_t one = 1;
    while (write(log->stop, &one, sizeof one) < 0 && errno == EINTR) continue;
    pthread_join(log->thread, NULL);
  }
  if (log->descriptor >= 0) (void)close(log->descriptor);
  if (log->stop >= 0) (void)close(log->stop);
  pthread_mutex_destroy(&log->lock);
  free(log->windows);
  free(log);
  *pointer = NULL;
}

int32_t access_log_port(const access_log_t *log) {
  return log->port;
}

void access_log_take(access_log_t *log, access_log_window_t *windows, int64_t *malformed) {
  pthread_mutex_lock(&log->lock);
  drain(log);
  memcpy(windows, log->windows, (size_t)log->n_proxies * sizeof *windows);
  clear_windows(log);
  *malformed = log->malformed;
  pthread_mutex_unlock(&log->lock);
}
