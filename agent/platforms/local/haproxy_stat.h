/* haproxy_stat.h - the CSV of `show stat`, read by the names in its header line (management.txt, 9.1). */
#ifndef AGENT_PLATFORMS_LOCAL_HAPROXY_STAT_H
#define AGENT_PLATFORMS_LOCAL_HAPROXY_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/dims.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { HAPROXY_STAT_FRONTEND = 0, HAPROXY_STAT_BACKEND = 1, HAPROXY_STAT_SERVER = 2 } haproxy_stat_kind_t;

typedef struct {
  haproxy_stat_kind_t kind;
  char proxy[FC_NAME_SIZE];
  char server[FC_NAME_SIZE]; /* FRONTEND, BACKEND, or its name */
  bool up;                   /* takes requests: UP or no check */
  bool maintained;           /* MAINT */
  bool drained;              /* DRAIN */
  int32_t port;              /* of a server; 0 unknown */
  int64_t in_service;        /* scur; of a backend with those that wait */
  int64_t waiting;           /* qcur */
  int64_t limit;             /* slim: maxconn; 0 none */
  int64_t requests;          /* of a frontend: req_tot */
} haproxy_stat_row_t;

typedef struct {
  int32_t n_rows;
  haproxy_stat_row_t *rows; /* (n_rows) */
} haproxy_stat_t;

/* Caller frees *stat with haproxy_stat_clear, also after a failure. Lines that are cut off are FC_EFORMAT. */
fc_status_t haproxy_stat_parse(const char *text, haproxy_stat_t *stat, fc_error_t *error);
void haproxy_stat_clear(haproxy_stat_t *stat);

/* NULL when there is none. server: NULL for the backend itself. */
const haproxy_stat_row_t *haproxy_stat_find(const haproxy_stat_t *stat, const char *backend, const char *server);
const haproxy_stat_row_t *haproxy_stat_frontend(const haproxy_stat_t *stat, const char *frontend);

#ifdef __cplusplus
}
#endif
#endif
