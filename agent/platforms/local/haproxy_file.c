/* haproxy_file.c - the configuration file: see haproxy.h.
 *
 * retry-on and redispatch: a replica that dies costs no request that it had not begun to answer. observe layer4 marks
 * it down at the first failed connection: without it leastconn sends everything to the dead one, which is never busy.
 * The check is a TCP connection: the kernel accepts it also while a quota keeps the process from running. noreuseport:
 * a port that somebody else has is an error, not shared. A reload hands the sockets over (expose-fd), and a client's
 * idle connection is closed with an answer, never while its next request is on the way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/status.h"
#include "file.h"
#include "haproxy.h"
#include "haproxy_server.h"

enum { MS_PER_S = 1000 };

int64_t haproxy_hard_stop_ms(const haproxy_t *haproxy) {
  return 2 * (int64_t)(haproxy->request_timeout_s * MS_PER_S);
}

static void write_head(FILE *out, const haproxy_t *haproxy) {
  const int timeout_ms = (int)(haproxy->request_timeout_s * MS_PER_S);
  fprintf(out,
          "# Written by faasconf-agent at every change: edits are lost.\n"
          "global\n"
          "  nbthread 1\n"
          "  noreuseport\n"
          "  stats socket '%s' mode 600 level admin expose-fd listeners\n"
          "  hard-stop-after %dms\n"
          "defaults\n"
          "  mode http\n"
          "  timeout connect 1s\n"
          "  timeout check 1s\n"
          "  timeout client %dms\n"
          "  timeout server %dms\n"
          "  timeout queue %dms\n"
          "  timeout http-request 10s\n"
          "  timeout http-keep-alive 60s\n"
          "  option dontlognull\n"
          "  option http-ignore-probes\n"
          "  option http-server-close\n"
          "  option idle-close-on-response\n"
          "  option redispatch 1\n"
          "  retries 3\n"
          "  retry-on conn-failure empty-response\n",
          haproxy->socket.path, (int)haproxy_hard_stop_ms(haproxy), timeout_ms, timeout_ms, timeout_ms);
  if (haproxy->metrics_port > 0)
    fprintf(out,
            "frontend metrics\n"
            "  bind 127.0.0.1:%d\n"
            "  http-request use-service prometheus-exporter if { path /metrics }\n"
            "  http-request return status 404\n",
            (int)haproxy->metrics_port);
}

/* Every number in quotes: %%rc may be "+1", times may be "-1". Read by access_log.c. */
static void write_frontend(FILE *out, const haproxy_t *haproxy, int32_t index) {
  const haproxy_proxy_t *proxy = &haproxy->proxies[index];
  fprintf(out, "frontend %s\n  bind 127.0.0.1:%d\n", proxy->name, (int)proxy->port);
  if (haproxy->log_port > 0)
    fprintf(out,
            "  log 127.0.0.1:%d len 1024 format raw local0 info\n"
            "  log-format 'fc %d \"%%s\" \"%%ST\" \"%%ts\" \"%%Tw\" \"%%Tc\" \"%%Tr\" \"%%Ta\" \"%%U\" \"%%rc\"'\n",
            (int)haproxy->log_port, (int)index);
  if (proxy->rejects)
    fprintf(out,
            "  http-request return status 429 content-type text/plain string \"at the concurrency limit\\n\" hdr "
            "Retry-After 1 if { nbsrv(%s) gt 0 } { be_conn_free(%s) le 0 }\n",
            proxy->name, proxy->name);
  fprintf(out, "  default_backend %s\n", proxy->name);
}

static void write_backend(FILE *out, const haproxy_proxy_t *proxy) {
  fprintf(out, "backend %s\n  balance leastconn\n", proxy->name);
  for (int32_t i = 0; i < proxy->n_servers; ++i) {
    const haproxy_server_t *server = &proxy->servers[i];
    char text[HAPROXY_SERVER_SIZE];
    haproxy_server_text(server, text);
    fprintf(out, "  server %s %s%s\n", server->name, text, server->ready ? "" : " disabled");
  }
}

void haproxy_server_text(const haproxy_server_t *server, char *text) {
  char limit[32] = "";
  if (server->maxconn > 0) snprintf(limit, sizeof limit, " maxconn %d", (int)server->maxconn);
  snprintf(text, HAPROXY_SERVER_SIZE,
           "127.0.0.1:%d%s check inter 200ms fastinter 50ms fall 1 rise 1 observe layer4 error-limit 1 on-error "
           "mark-down",
           (int)server->port, limit);
}

fc_status_t haproxy_write_file(const haproxy_t *haproxy, fc_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) return fc_error_set(error, FC_ENOMEM, "haproxy: out of memory");
  write_head(out, haproxy);
  for (int32_t i = 0; i < haproxy->n_proxies; ++i) write_frontend(out, haproxy, i);
  for (int32_t i = 0; i < haproxy->n_proxies; ++i) write_backend(out, &haproxy->proxies[i]);
  const bool good = fclose(out) == 0;
  const fc_status_t status =
      good ? file_replace(haproxy->file, text, size, error) : fc_error_set(error, FC_ENOMEM, "haproxy: out of memory");
  free(text);
  return status;
}
