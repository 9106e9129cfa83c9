/* access_log.h - HAProxy's log lines, one per request, counted per proxy: latencies, statuses, rejections.
 *
 * HAProxy keeps no percentiles; its log has every request. Lines come as UDP datagrams on 127.0.0.1 (a Unix datagram
 * socket would queue ten lines on many kernels; this one is asked for 8 MiB), are counted by a thread of their own
 * and taken once per window. The line is written by haproxy_file.c:
 *
 *   fc INDEX "SERVER" "STATUS" "TERMINATION" "Tw" "Tc" "Tr" "Ta" "BYTES_IN" "RETRIES"
 *
 * Times are whole milliseconds, -1 where the request did not get that far; retries may have a +. What does not look
 * so is counted and dropped. One reader besides the thread.
 */
#ifndef AGENT_PLATFORMS_LOCAL_ACCESS_LOG_H
#define AGENT_PLATFORMS_LOCAL_ACCESS_LOG_H

#include <stdbool.h>

#include "faasconf/histogram.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ACCESS_LOG_SUCCESS = 0, ACCESS_LOG_REJECTED = 1, ACCESS_LOG_FAILED = 2 } access_log_end_t;

/* One request. */
typedef struct {
  int32_t proxy;
  access_log_end_t end; /* 2xx and 3xx; 429, and 503 while it waited; anything else */
  int32_t status;       /* HTTP; -1: the client went away first */
  bool has_server;      /* it got to a server */
  double latency_s;     /* all the client waited for (Ta) */
  double service_s;     /* of it at the server: without waiting in the queue (Tw) and connecting (Tc) */
  int64_t bytes_in;
  int32_t retries;
} access_log_line_t;

/* Requests that ended since the last take. */
typedef struct {
  fc_histogram_t latency; /* successes */
  int64_t successes, rejected, failed;
  int64_t rejected_in_queue; /* of the rejected: the 503, after waiting as long as a request may */
  int64_t retries;
  double service_s; /* sum over all that got to a server */
  int64_t bytes_in;
} access_log_window_t;

/* False when the line is not one of ours or names a proxy outside [0, n_proxies). */
bool access_log_parse(const char *line, size_t size, int32_t n_proxies, access_log_line_t *out);
void access_log_count(access_log_window_t *window, const access_log_line_t *line);

typedef struct access_log access_log_t;

/* Listens on a free port and starts the thread. Caller owns the result and destroys it with access_log_destroy, which
 * joins the thread. FC_EIO, FC_ENOMEM. */
fc_status_t access_log_new(int32_t n_proxies, access_log_t **out, fc_error_t *error);
void access_log_destroy(access_log_t **log);
int32_t access_log_port(const access_log_t *log);

/* Counts what has arrived, hands it out in windows (n_proxies) and starts anew. *malformed gets how many lines were
 * dropped in all. */
void access_log_take(access_log_t *log, access_log_window_t *windows, int64_t *malformed);

#ifdef __cplusplus
}
#endif
#endif
