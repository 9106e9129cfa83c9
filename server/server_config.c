/* server_config.c - one function per section of server.yaml (server_config.h). */
#include "server_config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/config.h"

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof *(array)))

static void set_defaults(server_config_t *config) {
  *config = (server_config_t){
      .listen = {.ingest = "tcp://127.0.0.1:7601", .hints = "tcp://127.0.0.1:7602", .rpc = "tcp://127.0.0.1:7603"},
      .ingest = {.group_commit_rows = 1000,
                 .group_commit_ms = 20,
                 .credit_bytes = 1 << 20,
                 .queue_bytes = 64 << 20,
                 .queue_messages = 4096,
                 .retry_after_ms = 200},
      .learner = {.enabled = true,
                  .algorithm = "attmf",
                  .variant = "repaired",
                  .seed = 1,
                  .samples_per_insert = 64,
                  .backend = "auto",
                  .threads = 1,
                  .ranges = FC_RANGES_MEASURED,
                  .decode = FC_DECODE_UNIFORM,
                  .semantics = FC_SEMANTICS_STRICT,
                  .min_rows = 64,
                  .candidate_every_updates = 1,
                  .candidate_interval_s = 60,
                  .checkpoint_every_updates = 1000},
      .safety = {.interval_s = 10, .bounds = fc_bounds_options_default()},
      .rpc = {.default_deadline_ms = 5000},
      .log_level = FC_LOG_INFO,
  };
}

/* Section `key` of the root, or NULL when absent. FC_EFORMAT when it is no map or has a key not in keys[n]. */
static fc_status_t section(const fc_config_node_t *root, const char *key, const char *const *keys, int32_t n,
                           const fc_config_node_t **out, fc_error_t *error) {
  *out = fc_config_get(root, key);
  if (*out == NULL) return FC_OK;
  if (!fc_config_is_map(*out)) return fc_config_error(*out, error, "expected keys and values below `%s:`", key);
  return fc_config_reject_unknown(*out, keys, n, error);
}

/* Integer key into an int32_t, within [minimum, maximum]. */
static fc_status_t read_int32(const fc_config_node_t *map, const char *key, int32_t minimum, int32_t maximum,
                              int32_t *out, fc_error_t *error) {
  int64_t value = *out;
  FC_TRY(fc_config_int(map, key, minimum, maximum, &value, error));
  *out = (int32_t)value;
  return FC_OK;
}

/* Key whose text must be one of choices[n]; *out is its index. */
static fc_status_t read_choice(const fc_config_node_t *map, const char *key, const char *const *choices, int32_t n,
                               int *out, fc_error_t *error) {
  char text[FC_NAME_SIZE] = "";
  const fc_config_node_t *node = fc_config_get(map, key);
  if (node == NULL) return FC_OK;
  FC_TRY(fc_config_as_text(node, text, sizeof text, error));
  for (int32_t i = 0; i < n; ++i) {
    if (strcmp(text, choices[i]) == 0) {
      *out = i;
      return FC_OK;
    }
  }
  return fc_config_error(node, error, "expected `%s: %s` or `%s`, found `%s`", key, choices[0], choices[1], text);
}

bool server_endpoint_is_local(const char *endpoint) {
  if (strncmp(endpoint, "ipc://", 6) == 0) return endpoint[6] != '\0';
  if (strncmp(endpoint, "tcp://", 6) != 0) return false;
  const char *host = endpoint + 6;
  if (strncmp(host, "[::1]:", 6) == 0) return true;
  char address[INET_ADDRSTRLEN];
  uint8_t bytes[4];
  const size_t size = strcspn(host, ":");
  if (host[size] != ':' || size >= sizeof address) return false;
  memcpy(address, host, size);
  address[size] = '\0';
  return inet_pton(AF_INET, address, bytes) == 1 && bytes[0] == 127;
}

static bool endpoint_is_well_formed(const char *endpoint) {
  if (strncmp(endpoint, "ipc://", 6) == 0) return endpoint[6] != '\0';
  if (strncmp(endpoint, "tcp://", 6) != 0) return false;
  const char *port = strrchr(endpoint + 6, ':');
  if (port == NULL || port == endpoint + 6) return false;
  port += 1;
  if (strcmp(port, "*") == 0) return true;
  char *end = NULL;
  const long number = strtol(port, &end, 10);
  return port[0] >= '0' && port[0] <= '9' && *end == '\0' && number >= 1 && number <= 65535;
}

static fc_status_t read_endpoint(const fc_config_node_t *map, const char *key, char *out, fc_error_t *error) {
  FC_TRY(fc_config_string(map, key, out, SERVER_ENDPOINT_SIZE, error));
  const fc_config_node_t *node = fc_config_get(map, key);
  if (node != NULL && !endpoint_is_well_formed(out)) {
    return fc_config_error(node, error, "expected tcp://ADDRESS:PORT (PORT may be *) or ipc://PATH, found `%s`", out);
  }
  return FC_OK;
}

static fc_status_t read_listen(const fc_config_node_t *root, server_listen_config_t *listen, fc_error_t *error) {
  static const char *const keys[] = {"ingest", "hints", "rpc"};
  const fc_config_node_t *map;
  FC_TRY(section(root, "listen", keys, COUNT(keys), &map, error));
  if (map == NULL) return FC_OK;
  FC_TRY(read_endpoint(map, "ingest", listen->ingest, error));
  FC_TRY(read_endpoint(map, "hints", listen->hints, error));
  return read_endpoint(map, "rpc", listen->rpc, error);
}

static fc_status_t read_ingest(const fc_config_node_t *root, server_ingest_config_t *ingest, fc_error_t *error) {
  static const char *const keys[] = {"group_commit_rows", "group_commit_ms", "credit_bytes",
                                     "queue_bytes",       "queue_messages",  "retry_after_ms"};
  const fc_config_node_t *map;
  FC_TRY(section(root, "ingest", keys, COUNT(keys), &map, error));
  if (map == NULL) return FC_OK;
  FC_TRY(read_int32(map, "group_commit_rows", 1, 100000, &ingest->group_commit_rows, error));
  FC_TRY(read_int32(map, "group_commit_ms", 0, 10000, &ingest->group_commit_ms, error));
  FC_TRY(fc_config_int(map, "credit_bytes", 4096, 1 << 30, &ingest->credit_bytes, error));
  FC_TRY(fc_config_int(map, "queue_bytes", 262144, (int64_t)1 << 36, &ingest->queue_bytes, error));
  FC_TRY(read_int32(map, "queue_messages", 1, 1 << 20, &ingest->queue_messages, error));
  return read_int32(map, "retry_after_ms", 1, 60000, &ingest->retry_after_ms, error);
}

static fc_status_t read_learner(const fc_config_node_t *root, server_learner_config_t *learner, fc_error_t *error) {
  static const char *const keys[] = {"enabled",
                                     "algorithm",
                                     "variant",
                                     "seed",
                                     "samples_per_insert",
                                     "batch",
                                     "hidden",
                                     "attention",
                                     "learning_rate",
                                     "soft_update",
                                     "replay_capacity",
                                     "ranges",
                                     "decode",
                                     "semantics",
                                     "backend",
                                     "threads",
                                     "min_rows",
                                     "candidate_every_updates",
                                     "candidate_interval_s",
                                     "checkpoint_every_updates"};
  static const char *const variants[] = {"repaired", "faithful"};
  static const char *const ranges[] = {"measured", "full"};
  static const char *const decodes[] = {"uniform", "authors"};
  static const char *const semantics[] = {"strict", "as-published"};
  static const char *const backends[] = {"auto", "cpu", "cuda"};
  const fc_config_node_t *map;
  FC_TRY(section(root, "learner", keys, COUNT(keys), &map, error));
  if (map == NULL) return FC_OK;
  FC_TRY(fc_config_bool(map, "enabled", &learner->enabled, error));
  FC_TRY(fc_config_string(map, "algorithm", learner->algorithm, sizeof learner->algorithm, error));
  int choice = 0;
  FC_TRY(read_choice(map, "variant", variants, 2, &choice, error));
  snprintf(learner->variant, sizeof learner->variant, "%s", variants[choice]);
  int64_t seed = (int64_t)learner->seed;
  FC_TRY(fc_config_int(map, "seed", 0, INT64_MAX, &seed, error));
  learner->seed = (uint64_t)seed;
  FC_TRY(fc_config_double(map, "samples_per_insert", 0, 1e6, &learner->samples_per_insert, error));
  FC_TRY(read_int32(map, "batch", 1, 65536, &learner->batch, error));
  FC_TRY(read_int32(map, "hidden", 1, 4096, &learner->hidden, error));
  FC_TRY(read_int32(map, "attention", 1, 4096, &learner->attention, error));
  FC_TRY(fc_config_double(map, "learning_rate", 1e-9, 1, &learner->learning_rate, error));
  FC_TRY(fc_config_double(map, "soft_update", 1e-9, 1, &learner->soft_update, error));
  FC_TRY(read_int32(map, "replay_capacity", 1, 1 << 26, &learner->replay_capacity, error));
  choice = (int)learner->ranges;
  FC_TRY(read_choice(map, "ranges", ranges, 2, &choice, error));
  learner->ranges = (fc_ranges_t)choice;
  choice = (int)learner->decode;
  FC_TRY(read_choice(map, "decode", decodes, 2, &choice, error));
  learner->decode = (fc_decode_t)choice;
  choice = (int)learner->semantics;
  FC_TRY(read_choice(map, "semantics", semantics, 2, &choice, error));
  learner->semantics = (fc_semantics_t)choice;
  choice = 0;
  FC_TRY(read_choice(map, "backend", backends, 3, &choice, error));
  learner->backend = backends[choice];
  FC_TRY(read_int32(map, "threads", 1, 64, &learner->threads, error));
  FC_TRY(read_int32(map, "min_rows", 1, 1 << 26, &learner->min_rows, error));
  FC_TRY(fc_config_int(map, "candidate_every_updates", 1, INT64_MAX, &learner->candidate_every_updates, error));
  FC_TRY(fc_config_double(map, "candidate_interval_s", 0, 86400, &learner->candidate_interval_s, error));
  return fc_config_int(map, "checkpoint_every_updates", 1, INT64_MAX, &learner->checkpoint_every_updates, error);
}

static fc_status_t read_safety(const fc_config_node_t *root, server_safety_config_t *safety, fc_error_t *error) {
  static const char *const keys[] = {"interval_s", "cheapest_share", "n_std", "load_tolerance", "min_rows"};
  const fc_config_node_t *map;
  FC_TRY(section(root, "safety", keys, COUNT(keys), &map, error));
  if (map == NULL) return FC_OK;
  FC_TRY(fc_config_double(map, "interval_s", 0, 86400, &safety->interval_s, error));
  FC_TRY(fc_config_double(map, "cheapest_share", 0.001, 1, &safety->bounds.cheapest_share, error));
  FC_TRY(fc_config_double(map, "n_std", 0, 100, &safety->bounds.n_std, error));
  FC_TRY(fc_config_double(map, "load_tolerance", 0, 10, &safety->bounds.load_tolerance, error));
  return read_int32(map, "min_rows", 1, 1 << 26, &safety->bounds.min_rows, error);
}

static fc_status_t read_rpc(const fc_config_node_t *root, server_rpc_config_t *rpc, fc_error_t *error) {
  static const char *const keys[] = {"default_deadline_ms"};
  const fc_config_node_t *map;
  FC_TRY(section(root, "rpc", keys, COUNT(keys), &map, error));
  if (map == NULL) return FC_OK;
  return read_int32(map, "default_deadline_ms", 1, 600000, &rpc->default_deadline_ms, error);
}

static fc_status_t read_log(const fc_config_node_t *root, server_config_t *config, fc_error_t *error) {
  static const char *const keys[] = {"level", "json"};
  const fc_config_node_t *map;
  FC_TRY(section(root, "log", keys, COUNT(keys), &map, error));
  if (map == NULL) return FC_OK;
  char level[16] = "info";
  FC_TRY(fc_config_string(map, "level", level, sizeof level, error));
  if (!fc_log_level_parse(level, &config->log_level)) {
    return fc_config_error(fc_config_get(map, "level"), error, "expected debug, info, warn or error, found `%s`",
                           level);
  }
  return fc_config_bool(map, "json", &config->log_json, error);
}

/* Plain sockets only where nobody outside the machine can reach them, and only when the file says so. */
static fc_status_t check_security(const fc_config_node_t *root, const server_config_t *config, const char *file,
                                  fc_error_t *error) {
  if (!config->insecure_loopback) {
    return fc_error_set(error, FC_EUNSAFE,
                        "%s: this server has no encryption yet, so it does not bind: set `security: "
                        "{insecure_loopback: true}` to allow plain sockets on loopback addresses",
                        file);
  }
  const fc_config_node_t *listen = fc_config_get(root, "listen");
  const struct {
    const char *key, *endpoint;
  } all[] = {{"ingest", config->listen.ingest}, {"hints", config->listen.hints}, {"rpc", config->listen.rpc}};
  for (int32_t i = 0; i < COUNT(all); ++i) {
    if (server_endpoint_is_local(all[i].endpoint)) continue;
    fc_config_error(fc_config_get(listen, all[i].key), error,
                    "`%s` is not a loopback address, and plain sockets are bound on loopback only: use tcp://127.0.0.1:"
                    "PORT or ipc://PATH",
                    all[i].endpoint);
    if (error != NULL) error->status = FC_EUNSAFE;
    return FC_EUNSAFE;
  }
  return FC_OK;
}

static fc_status_t read_root(const fc_config_node_t *root, const char *file, server_config_t *config,
                             fc_error_t *error) {
  static const char *const keys[] = {"store", "listen", "security", "ingest", "learner", "safety", "rpc", "log"};
  static const char *const security_keys[] = {"insecure_loopback"};
  if (!fc_config_is_map(root)) return fc_config_error(root, error, "expected keys and values, `store:` first");
  FC_TRY(fc_config_reject_unknown(root, keys, COUNT(keys), error));
  const fc_config_node_t *store;
  FC_TRY(fc_config_require(root, "store", &store, error));
  FC_TRY(fc_config_as_text(store, config->store, sizeof config->store, error));
  if (config->store[0] == '\0') return fc_config_error(store, error, "expected the path of a folder");
  const fc_config_node_t *security;
  FC_TRY(section(root, "security", security_keys, COUNT(security_keys), &security, error));
  if (security != NULL) {
    FC_TRY(fc_config_bool(security, "insecure_loopback", &config->insecure_loopback, error));
  }
  FC_TRY(read_listen(root, &config->listen, error));
  FC_TRY(read_ingest(root, &config->ingest, error));
  FC_TRY(read_learner(root, &config->learner, error));
  FC_TRY(read_safety(root, &config->safety, error));
  FC_TRY(read_rpc(root, &config->rpc, error));
  FC_TRY(read_log(root, config, error));
  return check_security(root, config, file, error);
}

static fc_status_t read_document(fc_config_t *document, const char *file, server_config_t *out, fc_error_t *error) {
  set_defaults(out);
  const fc_status_t status = read_root(fc_config_root(document), file, out, error);
  fc_config_destroy(&document);
  return status;
}

fc_status_t server_config_load(const char *path, server_config_t *out, fc_error_t *error) {
  fc_config_t *document = NULL;
  FC_TRY(fc_config_load(path, &document, error));
  return read_document(document, path, out, error);
}

fc_status_t server_config_parse(const char *text, size_t size, const char *file, server_config_t *out,
                                fc_error_t *error) {
  fc_config_t *document = NULL;
  FC_TRY(fc_config_parse(text, size, file, &document, error));
  return read_document(document, file, out, error);
}
