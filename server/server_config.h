/* server_config.h - server.yaml, read and checked: everything faasconfd can be told.
 *
 * docs/server.md is the reference of the keys; this struct has them in the same order, defaults filled in. Unknown
 * keys, wrong types and values out of range are refused with file, line and what was expected, before anything is
 * opened. Plain data; any thread.
 */
#ifndef SERVER_SERVER_CONFIG_H
#define SERVER_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/knobs.h"
#include "faasconf/log.h"
#include "faasconf/safety.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SERVER_ENDPOINT_SIZE = 256, SERVER_PATH_SIZE = 1024 };

typedef struct {
  char ingest[SERVER_ENDPOINT_SIZE]; /* agents */
  char hints[SERVER_ENDPOINT_SIZE];  /* policy hints */
  char rpc[SERVER_ENDPOINT_SIZE];    /* clients */
} server_listen_config_t;

typedef struct {
  int32_t group_commit_rows; /* a group is committed with this many rows ... */
  int32_t group_commit_ms;   /* ... or this long after its first row */
  int64_t credit_bytes;      /* what one agent may have in flight */
  int64_t queue_bytes;       /* received and not yet durable, all agents; beyond: RESOURCE_EXHAUSTED */
  int32_t queue_messages;    /* the same, counted in messages */
  int32_t retry_after_ms;    /* told to an agent whose rows were not taken */
} server_ingest_config_t;

typedef struct {
  bool enabled;
  char algorithm[FC_NAME_SIZE];
  char variant[FC_NAME_SIZE]; /* "repaired" or "faithful" */
  uint64_t seed;
  double samples_per_insert;
  int32_t batch;     /* B; 0 = the algorithm's default, here and below */
  int32_t hidden;    /* H */
  int32_t attention; /* D */
  double learning_rate;
  double soft_update;
  int32_t replay_capacity;
  fc_ranges_t ranges;
  fc_decode_t decode;
  fc_semantics_t semantics;
  const char *backend; /* "auto", "cpu" or "cuda"; static */
  int32_t threads;     /* of the CPU, per update */
  int32_t min_rows;    /* no update before the replay has this many */
  int64_t candidate_every_updates;
  double candidate_interval_s;
  int64_t checkpoint_every_updates;
} server_learner_config_t;

typedef struct {
  double interval_s; /* records are derived anew at most this often */
  fc_bounds_options_t bounds;
} server_safety_config_t;

typedef struct {
  int32_t default_deadline_ms; /* of a request that names none */
} server_rpc_config_t;

typedef struct {
  char store[SERVER_PATH_SIZE];
  server_listen_config_t listen;
  bool insecure_loopback;
  server_ingest_config_t ingest;
  server_learner_config_t learner;
  server_safety_config_t safety;
  server_rpc_config_t rpc;
  fc_log_level_t log_level;
  bool log_json;
} server_config_t;

/* Reads `path`. FC_ENOTFOUND, FC_EFORMAT ("file:line:column: ..."), FC_EUNSAFE when the addresses need more security
 * than this build has. Blocks on file I/O. */
fc_status_t server_config_load(const char *path, server_config_t *out, fc_error_t *error);

/* The same from memory; `file` is only used in messages. */
fc_status_t server_config_parse(const char *text, size_t size, const char *file, server_config_t *out,
                                fc_error_t *error);

/* True when nobody outside this machine can reach the address: ipc:// and tcp:// on 127.0.0.0/8 or ::1. */
bool server_endpoint_is_local(const char *endpoint);

#ifdef __cplusplus
}
#endif
#endif
