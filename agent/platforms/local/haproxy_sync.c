/* haproxy_sync.c - the running HAProxy made what the structs say: see haproxy.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "haproxy.h"
#include "haproxy_server.h"

enum { COMMAND_SIZE = 400, POLL_MS = 10, MS_PER_S = 1000 };

#ifdef __GNUC__
__attribute__((format(printf, 4, 5)))
#endif
static fc_status_t
tell(const haproxy_t *haproxy, const char *expected, fc_error_t *error, const char *format, ...) {
  char command[COMMAND_SIZE];
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  if (n < 0 || n >= (int)sizeof command) return fc_error_set(error, FC_EINVAL, "haproxy: a command is too long");
  return haproxy_socket_tell(&haproxy->socket, command, expected, error);
}

static fc_status_t add_server(const haproxy_t *haproxy, const char *proxy, const haproxy_server_t *server,
                              fc_error_t *error) {
  char text[HAPROXY_SERVER_SIZE];
  haproxy_server_text(server, text);
  FC_TRY(tell(haproxy, "New server registered", error, "add server %s/%s %s", proxy, server->name, text));
  /* A server made at run time is in maintenance, and so are its checks. */
  FC_TRY(tell(haproxy, NULL, error, "enable health %s/%s", proxy, server->name));
  return server->ready ? tell(haproxy, NULL, error, "enable server %s/%s", proxy, server->name) : FC_OK;
}

static fc_status_t change_server(const haproxy_t *haproxy, const char *proxy, const haproxy_server_t *server,
                                 const haproxy_stat_row_t *row, fc_error_t *error) {
  if (!server->ready && !row->maintained)
    FC_TRY(tell(haproxy, NULL, error, "set server %s/%s state maint", proxy, server->name));
  if (row->port != server->port)
    FC_TRY(tell(haproxy, "no need to change the addr", error, "set server %s/%s addr 127.0.0.1 port %d", proxy,
                server->name, (int)server->port));
  if (row->limit != server->maxconn)
    FC_TRY(tell(haproxy, NULL, error, "set maxconn server %s/%s %d", proxy, server->name, (int)server->maxconn));
  if (server->ready && (row->maintained || row->drained))
    FC_TRY(tell(haproxy, NULL, error, "set server %s/%s state ready", proxy, server->name));
  return FC_OK;
}

/* ---- removing ------------------------------------------------------------------------------------------------- */

/* Until the server has no request, at most drain_timeout_s. */
static fc_status_t wait_until_empty(const haproxy_t *haproxy, const char *proxy, const char *server,
                                    fc_error_t *error) {
  const struct timespec time = {0, POLL_MS * 1000000L};
  for (int waited_ms = 0; waited_ms < (int)(haproxy->drain_timeout_s * MS_PER_S); waited_ms += POLL_MS) {
    haproxy_stat_t stat;
    fc_status_t status = haproxy_read(haproxy, &stat, error);
    const haproxy_stat_row_t *row = status == FC_OK ? haproxy_stat_find(&stat, proxy, server) : NULL;
    const bool empty = !row || (row->in_service == 0 && row->waiting == 0);
    haproxy_stat_clear(&stat);
    if (status != FC_OK || empty) return status;
    if (haproxy->meanwhile) haproxy->meanwhile(haproxy->meanwhile_self);
    (void)nanosleep(&time, NULL);
  }
  return FC_OK;
}

static fc_status_t remove_server(const haproxy_t *haproxy, const char *proxy, const char *server, fc_error_t *error) {
  FC_TRY(tell(haproxy, NULL, error, "set server %s/%s state drain", proxy, server));
  FC_TRY(wait_until_empty(haproxy, proxy, server, error));
  FC_TRY(tell(haproxy, NULL, error, "set server %s/%s state maint", proxy, server));
  if (tell(haproxy, "Server deleted", NULL, "del server %s/%s", proxy, server) == FC_OK) return FC_OK;
  /* A request of before the drain may just be ending; what is left after the time of any request is cut. */
  FC_TRY(wait_until_empty(haproxy, proxy, server, error));
  (void)tell(haproxy, NULL, NULL, "shutdown sessions server %s/%s", proxy, server);
  for (int tries = 0;; ++tries) {
    const fc_status_t status = tell(haproxy, "Server deleted", error, "del server %s/%s", proxy, server);
    if (status != FC_ESTATE || tries == MS_PER_S / POLL_MS) return status;
    const struct timespec time = {0, POLL_MS * 1000000L};
    (void)nanosleep(&time, NULL);
  }
}

/* ---- all of a proxy ------------------------------------------------------------------------------------------- */

static fc_status_t check(const haproxy_proxy_t *proxy, const haproxy_stat_t *stat, fc_error_t *error) {
  for (int32_t i = 0; i < proxy->n_servers; ++i) {
    const haproxy_server_t *server = &proxy->servers[i];
    const haproxy_stat_row_t *row = haproxy_stat_find(stat, proxy->name, server->name);
    if (!row || row->limit != server->maxconn || row->port != server->port || row->maintained == server->ready)
      return fc_error_set(
          error, FC_ESTATE, "haproxy: server %s/%s should have port %d, limit %d, %s, but has port %d, limit %d, %s",
          proxy->name, server->name, (int)server->port, (int)server->maxconn,
          server->ready ? "ready" : "in maintenance", row ? (int)row->port : 0, row ? (int)row->limit : 0,
          !row              ? "is not there"
          : row->maintained ? "maintenance"
                            : "ready");
  }
  return FC_OK;
}

static fc_status_t add_and_change(const haproxy_t *haproxy, const haproxy_proxy_t *proxy, const haproxy_stat_t *stat,
                                  fc_error_t *error) {
  for (int32_t i = 0; i < proxy->n_servers; ++i) {
    const haproxy_server_t *server = &proxy->servers[i];
    const haproxy_stat_row_t *row = haproxy_stat_find(stat, proxy->name, server->name);
    FC_TRY(row ? change_server(haproxy, proxy->name, server, row, error)
               : add_server(haproxy, proxy->name, server, error));
  }
  return FC_OK;
}

static fc_status_t remove_others(const haproxy_t *haproxy, haproxy_proxy_t *proxy, const haproxy_stat_t *stat,
                                 fc_error_t *error) {
  for (int pass = 0; pass < 2; ++pass) { /* all are drained before one is waited for */
    for (int32_t i = 0; i < stat->n_rows; ++i) {
      const haproxy_stat_row_t *row = &stat->rows[i];
      if (row->kind != HAPROXY_STAT_SERVER || strcmp(row->proxy, proxy->name) != 0 ||
          haproxy_find_server(proxy, row->server))
        continue;
      FC_TRY(pass == 0 ? tell(haproxy, NULL, error, "set server %s/%s state drain", proxy->name, row->server)
                       : remove_server(haproxy, proxy->name, row->server, error));
    }
  }
  return FC_OK;
}

fc_status_t haproxy_sync(haproxy_t *haproxy, int32_t index, fc_error_t *error) {
  haproxy_proxy_t *proxy = &haproxy->proxies[index];
  haproxy_stat_t stat;
  fc_status_t status = haproxy_read(haproxy, &stat, error);
  if (status == FC_OK) status = add_and_change(haproxy, proxy, &stat, error);
  if (status == FC_OK) status = remove_others(haproxy, proxy, &stat, error);
  haproxy_stat_clear(&stat);
  if (status != FC_OK) return status;
  status = haproxy_read(haproxy, &stat, error);
  if (status == FC_OK) status = check(proxy, &stat, error);
  haproxy_stat_clear(&stat);
  return status;
}
