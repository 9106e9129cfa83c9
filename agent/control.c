/* control.c - operator control: see control.h. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "faasconf/clock.h"

enum { MAX_CLIENTS = 8, LINE_SIZE = 64, ANSWER_MAX = 1 << 20 };

typedef struct {
  int descriptor; /* -1: free */
  size_t have;
  char line[LINE_SIZE];
} client_t;

struct control {
  const folder_t *folder;
  control_status_t status;
  int listener, signals, watch;
  bool must_end;
  int next_evicted;
  client_t clients[MAX_CLIENTS];
};

/* A path of any length through a descriptor of the folder: sun_path has only 108 bytes. */
static void socket_address(int folder, struct sockaddr_un *address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/control.sock", folder);
}

static bool watch_descriptor(const control_t *control, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  return epoll_ctl(control->watch, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static bool open_listener(control_t *control) {
  struct sockaddr_un address;
  socket_address(control->folder->descriptor, &address);
  control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (control->listener < 0) return false;
  unlinkat(control->folder->descriptor, "control.sock", 0); /* ours: the folder is locked */
  /* The rights are set between bind and listen, so that nobody can connect before. */
  return bind(control->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
         fchmodat(control->folder->descriptor, "control.sock", 0600, 0) == 0 &&
         listen(control->listener, MAX_CLIENTS) == 0 && watch_descriptor(control, control->listener);
}

static bool open_signals(control_t *control) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return false;
  control->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  return control->signals >= 0 && watch_descriptor(control, control->signals);
}

fc_status_t control_new(const folder_t *folder, bool take_signals, control_status_t status, control_t **out,
                        fc_error_t *error) {
  *out = NULL;
  control_t *control = calloc(1, sizeof *control);
  if (!control) return fc_error_set(error, FC_ENOMEM, "control: out of memory");
  control->folder = folder;
  control->status = status;
  control->listener = control->signals = -1;
  for (int i = 0; i < MAX_CLIENTS; ++i) control->clients[i].descriptor = -1;
  control->watch = epoll_create1(EPOLL_CLOEXEC);
  if (control->watch < 0 || !open_listener(control) || (take_signals && !open_signals(control))) {
    const int number = errno;
    control_destroy(&control);
    return fc_error_set(error, FC_EIO, "%s/control.sock: cannot open the control socket: %s", folder->path,
                        strerror(number));
  }
  *out = control;
  return FC_OK;
}

static void close_client(client_t *client) {
  if (client->descriptor >= 0) close(client->descriptor);
  client->descriptor = -1;
  client->have = 0;
}

void control_destroy(control_t **control_pointer) {
  control_t *control = *control_pointer;
  if (!control) return;
  for (int i = 0; i < MAX_CLIENTS; ++i) close_client(&control->clients[i]);
  if (control->listener >= 0) {
    close(control->listener);
    unlinkat(control->folder->descriptor, "control.sock", 0);
  }
  if (control->signals >= 0) close(control->signals);
  if (control->watch >= 0) close(control->watch);
  free(control);
  *control_pointer = NULL;
}

/* ---- latches -------------------------------------------------------------------------------------------------- */

bool control_is_paused(const control_t *control) {
  return folder_has(control->folder, "pause");
}
bool control_is_killed(const control_t *control) {
  return folder_has(control->folder, "kill");
}
bool control_must_end(const control_t *control) {
  return control->must_end;
}
int control_descriptor(const control_t *control) {
  return control->watch;
}

bool control_allows_acting(control_t *control, const char **why) {
  if (control_is_killed(control)) {
    *why = "the kill switch is on (remove the file `kill` in the state folder to act again)";
    return false;
  }
  if (control_is_paused(control)) {
    *why = "paused by the operator";
    return false;
  }
  return true;
}

static fc_status_t latch(const control_t *control, const char *name, fc_error_t *error) {
  if (folder_has(control->folder, name)) return FC_OK;
  return folder_write(control->folder, name, "", 0, error);
}

/* ---- serving -------------------------------------------------------------------------------------------------- */

static void answer(client_t *client, fc_json_t *object) {
  char *text = fc_json_dump(object, 0);
  if (!text) return;
  const size_t length = strlen(text);
  text[length] = '\n'; /* in place of the NUL: one write */
  /* The buffer of a fresh socket holds far more; a reader that lets it fill up loses the rest, not the agent. */
  (void)send(client->descriptor, text, length + 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  free(text);
}

static void serve(control_t *control, client_t *client, const char *word) {
  fc_json_t *reply = fc_json_object();
  fc_error_t error = {0};
  fc_status_t status = FC_OK;
  if (strcmp(word, "status") == 0) {
    control->status.describe(control->status.self, reply);
  } else if (strcmp(word, "pause") == 0) {
    status = latch(control, "pause", &error);
  } else if (strcmp(word, "resume") == 0) {
    status = folder_remove(control->folder, "pause", &error);
    if (status == FC_OK && control_is_killed(control))
      status = fc_error_set(&error, FC_ESTATE,
                            "the kill switch is on and no word turns it off: remove the file %s/kill by hand",
                            control->folder->path);
  } else if (strcmp(word, "stop-acting") == 0) {
    status = latch(control, "kill", &error);
  } else {
    status = fc_error_set(&error, FC_EINVAL, "unknown word: expected status, pause, resume or stop-acting");
  }
  fc_json_set_bool(reply, "ok", status == FC_OK);
  if (status != FC_OK) fc_json_set_string(reply, "error", error.message);
  answer(client, reply);
  fc_json_destroy(&reply);
}

static void read_client(control_t *control, client_t *client) {
  const ssize_t n = recv(client->descriptor, client->line + client->have, LINE_SIZE - client->have, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    close_client(client);
    return;
  }
  client->have += (size_t)n;
  char *end = memchr(client->line, '\n', client->have);
  if (!end) {
    if (client->have == LINE_SIZE) close_client(client);
    return;
  }
  *end = '\0';
  serve(control, client, client->line);
  close_client(client);
}

static void accept_clients(control_t *control) {
  for (;;) {
    const int descriptor = accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    client_t *place = NULL;
    for (int i = 0; i < MAX_CLIENTS && !place; ++i)
      if (control->clients[i].descriptor < 0) place = &control->clients[i];
    if (!place) { /* the one that has been silent longest gives way */
      place = &control->clients[control->next_evicted];
      control->next_evicted = (control->next_evicted + 1) % MAX_CLIENTS;
      close_client(place);
    }
    place->descriptor = descriptor;
    place->have = 0;
    if (!watch_descriptor(control, descriptor)) close_client(place);
  }
}

static void read_signals(control_t *control) {
  struct signalfd_siginfo signal;
  while (read(control->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
    fc_error_t error = {0};
    if (signal.ssi_signo == SIGUSR1 || signal.ssi_signo == SIGUSR2) {
      /* When even the latch cannot be written, ending is the safe answer. */
      if (latch(control, signal.ssi_signo == SIGUSR1 ? "kill" : "pause", &error) != FC_OK) control->must_end = true;
    } else {
      control->must_end = true;
    }
  }
}

void control_poll(control_t *control) {
  if (control->signals >= 0) read_signals(control);
  accept_clients(control);
  for (int i = 0; i < MAX_CLIENTS; ++i)
    if (control->clients[i].descriptor >= 0) read_client(control, &control->clients[i]);
}

/* ---- asking --------------------------------------------------------------------------------------------------- */

static int64_t now_ms(void) {
  const fc_clock_t clock = fc_clock_system();
  return clock.monotonic_ns(clock.self) / 1000000;
}

/* connect() of a Unix socket waits while the listener's queue is full: the time limit of sending bounds it. */
static fc_status_t connect_within(int descriptor, int folder, const char *state, int timeout_ms, fc_error_t *error) {
  const int wait_ms = timeout_ms > 0 ? timeout_ms : 1; /* 0 would mean for ever */
  const struct timeval limit = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
  struct sockaddr_un address;
  socket_address(folder, &address);
  if (descriptor >= 0 && setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
      connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0)
    return FC_OK;
  if (errno == EAGAIN)
    return fc_error_set(error, FC_ETIMEOUT, "%s/control.sock: the agent takes no call in %d ms", state, timeout_ms);
  return fc_error_set(error, FC_ENOTFOUND, "%s/control.sock: no agent answers there: %s", state, strerror(errno));
}

static fc_status_t exchange(int descriptor, const char *word, int64_t until_ms, char **text, fc_error_t *error) {
  char line[LINE_SIZE];
  const int length = snprintf(line, sizeof line, "%s\n", word);
  if (length >= (int)sizeof line || send(descriptor, line, (size_t)length, MSG_NOSIGNAL) != length)
    return fc_error_set(error, FC_EIO, "control socket: cannot send: %s", strerror(errno));
  char *reply = malloc(ANSWER_MAX + 1);
  if (!reply) return fc_error_set(error, FC_ENOMEM, "control socket: out of memory");
  size_t have = 0;
  struct pollfd item = {.fd = descriptor, .events = POLLIN};
  while (have < ANSWER_MAX) {
    const int64_t left_ms = until_ms - now_ms();
    if (poll(&item, 1, left_ms > 0 ? (int)left_ms : 0) <= 0) break;
    const ssize_t n = recv(descriptor, reply + have, ANSWER_MAX - have, 0);
    if (n <= 0) break;
    have += (size_t)n;
  }
  reply[have] = '\0';
  if (have == 0 || reply[have - 1] != '\n') {
    free(reply);
    return fc_error_set(error, FC_ETIMEOUT, "the agent gave no whole answer in time");
  }
  *text = reply;
  return FC_OK;
}

fc_status_t control_ask(const char *state, const char *word, int timeout_ms, char **text, fc_error_t *error) {
  *text = NULL;
  const int64_t until_ms = now_ms() + timeout_ms;
  const int folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return fc_error_set(error, FC_ENOTFOUND, "%s: no state folder: %s", state, strerror(errno));
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fc_status_t status = connect_within(descriptor, folder, state, timeout_ms, error);
  if (status == FC_OK) status = exchange(descriptor, word, until_ms, text, error);
  if (descriptor >= 0) close(descriptor);
  close(folder);
  return status;
}
