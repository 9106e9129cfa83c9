/* main.c - faasconfd: reads the configuration, wires the threads, waits for a signal, stops them in order.
 *
 * The only file that knows every part, and the only one that decides the exit code: 0 after a graceful stop, 1 when the
 * server could not start, 2 when the call or the configuration is wrong.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faasconf/json.h"
#include "ingest.h"
#include "learner.h"
#include "publish.h"
#include "rpc.h"
#include "server_config.h"

enum { EXIT_USAGE = 2, QUEUE_REPLIES = 1024, QUEUE_NOTES = 256 };

typedef struct {
  server_config_t config;
  char checkpoints[SERVER_PATH_SIZE + 16];
  fc_log_t log;
  fc_clock_t clock;
  server_key_t key;
  store_t *store; /* until the writer has it */
  stats_t *stats;
  registry_t *registry;
  queue_t *replies, *notes, *registered, *answers;
  writer_t *writer;
  learner_t *learner;
  ingest_t *ingest;
  publish_t *publish;
  rpc_t *rpc;
} server_t;

/* ---- what the store knows, into the registry ---- */

static fc_status_t load_policy(server_t *server, const char *name, fc_error_t *error) {
  store_policy_entry_t entry;
  char *manifest = NULL;
  uint8_t *weights = NULL;
  size_t manifest_size = 0, weights_size = 0;
  fc_status_t status =
      store_get_policy(server->store, name, 0, &entry, &manifest, &manifest_size, &weights, &weights_size, error);
  if (status == FC_ENOTFOUND) return FC_OK;
  if (status != FC_OK) return status;
  registry_policy_t *policy = NULL;
  fc_error_t about = {.status = FC_OK};
  status = registry_policy_new(server->registry, &manifest, manifest_size, &weights, weights_size, &policy, &about);
  if (status == FC_OK) status = registry_put_policy(server->registry, &policy, &about);
  if (status != FC_OK) {
    FC_LOG_W(&server->log, "main", "the live policy of `%s` is not published: %s", name, about.message);
  }
  return FC_OK;
}

static fc_status_t load_safety(server_t *server, const char *name, fc_error_t *error) {
  fc_safety_record_t *records = NULL;
  int32_t n = 0;
  int64_t version = 0;
  FC_TRY(store_get_safety(server->store, name, &records, &n, &version, error));
  if (n == 0) {
    free(records);
    return FC_OK;
  }
  stats_add(server->stats, STATS_safety_records, n);
  return registry_put_safety(server->registry, name, version, &records, n, error);
}

static fc_status_t load_workflow(server_t *server, const char *name, fc_error_t *error) {
  fc_workflow_t *workflow = NULL;
  int64_t stored = 0;
  FC_TRY(store_get_workflow(server->store, name, &workflow, error));
  FC_TRY(registry_put_workflow(server->registry, &workflow, error));
  FC_TRY(store_count_transitions(server->store, name, &stored, error));
  stats_add(server->stats, STATS_transitions_stored, stored);
  FC_TRY(load_policy(server, name, error));
  return load_safety(server, name, error);
}

static fc_status_t load_registry(server_t *server, fc_error_t *error) {
  char(*names)[FC_NAME_SIZE] = NULL;
  int32_t n = 0;
  FC_TRY(store_list_workflows(server->store, &names, &n, error));
  fc_status_t status = FC_OK;
  for (int32_t i = 0; status == FC_OK && i < n; ++i) status = load_workflow(server, names[i], error);
  free(names);
  return status;
}

/* ---- parts ---- */

static fc_status_t make_writer(server_t *server, fc_error_t *error) {
  const server_ingest_config_t *ingest = &server->config.ingest;
  FC_TRY(queue_new(QUEUE_REPLIES, sizeof(writer_reply_t), &server->replies, error));
  FC_TRY(queue_new(QUEUE_NOTES, sizeof(writer_note_t), &server->notes, error));
  FC_TRY(queue_new(RPC_MAX_PENDING, sizeof(writer_registered_t), &server->registered, error));
  FC_TRY(queue_new(RPC_MAX_PENDING, sizeof(learner_answer_t), &server->answers, error));
  const writer_options_t options = {.store = server->store,
                                    .registry = server->registry,
                                    .stats = server->stats,
                                    .log = &server->log,
                                    .clock = server->clock,
                                    .replies = server->replies,
                                    .notes = server->config.learner.enabled ? server->notes : NULL,
                                    .registered = server->registered,
                                    .queue_messages = ingest->queue_messages,
                                    .group_commit_rows = ingest->group_commit_rows,
                                    .group_commit_ms = ingest->group_commit_ms,
                                    .retry_after_ms = ingest->retry_after_ms};
  return writer_new(&options, &server->writer, error);
}

static trainer_options_t training_options(const server_learner_config_t *config) {
  const algorithm_variant_t variant = strcmp(config->variant, "faithful") == 0 ? VARIANT_FAITHFUL : VARIANT_REPAIRED;
  trainer_options_t training = trainer_options_default(variant);
  training.algorithm = config->algorithm;
  training.learning.seed = config->seed;
  if (config->batch > 0) training.learning.n_batch = config->batch;
  if (config->hidden > 0) training.learning.n_hidden = config->hidden;
  if (config->attention > 0) training.learning.n_attention = config->attention;
  if (config->learning_rate > 0) training.learning.learning_rate = (float)config->learning_rate;
  if (config->soft_update > 0) training.learning.soft_update = (float)config->soft_update;
  if (config->replay_capacity > 0) training.replay_capacity = config->replay_capacity;
  training.ranges = config->ranges;
  training.decode = config->decode;
  training.semantics = config->semantics;
  training.samples_per_insert = config->samples_per_insert;
  training.backend = config->backend;
  training.learning.n_threads = config->threads;
  return training;
}

static fc_status_t make_learner(server_t *server, fc_error_t *error) {
  const server_learner_config_t *config = &server->config.learner;
  if (!config->enabled) return FC_OK;
  snprintf(server->checkpoints, sizeof server->checkpoints, "%s/checkpoints", server->config.store);
  const learner_options_t options = {.store = server->config.store,
                                     .checkpoints = server->checkpoints,
                                     .training = training_options(config),
                                     .min_rows = config->min_rows,
                                     .candidate_every_updates = config->candidate_every_updates,
                                     .candidate_interval_s = config->candidate_interval_s,
                                     .checkpoint_every_updates = config->checkpoint_every_updates,
                                     .safety_interval_s = server->config.safety.interval_s,
                                     .bounds = server->config.safety.bounds,
                                     .registry = server->registry,
                                     .stats = server->stats,
                                     .log = &server->log,
                                     .clock = server->clock,
                                     .writer = server->writer,
                                     .notes = server->notes,
                                     .answers = server->answers};
  return learner_new(&options, &server->learner, error);
}

static fc_status_t make_sockets(server_t *server, fc_error_t *error) {
  const rpc_options_t rpc = {.endpoint = server->config.listen.rpc,
                             .store = server->config.store,
                             .registry = server->registry,
                             .stats = server->stats,
                             .log = &server->log,
                             .clock = server->clock,
                             .writer = server->writer,
                             .registered = server->registered,
                             .learner = server->learner,
                             .answers = server->answers,
                             .default_deadline_ms = server->config.rpc.default_deadline_ms};
  const ingest_options_t ingest = {.endpoint = server->config.listen.ingest,
                                   .registry = server->registry,
                                   .stats = server->stats,
                                   .log = &server->log,
                                   .clock = server->clock,
                                   .writer = server->writer,
                                   .replies = server->replies,
                                   .credit_bytes = server->config.ingest.credit_bytes,
                                   .queue_bytes = server->config.ingest.queue_bytes,
                                   .retry_after_ms = server->config.ingest.retry_after_ms};
  const publish_options_t publish = {.endpoint = server->config.listen.hints,
                                     .registry = server->registry,
                                     .stats = server->stats,
                                     .log = &server->log};
  FC_TRY(rpc_new(&rpc, &server->rpc, error));
  FC_TRY(ingest_new(&ingest, &server->ingest, error));
  return publish_new(&publish, &server->publish, error);
}

/* Waits until the writer has done what the learner handed it while starting. */
static fc_status_t pass_barrier(server_t *server, fc_error_t *error) {
  queue_t *barrier = NULL;
  char nothing;
  FC_TRY(queue_new(1, 1, &barrier, error));
  writer_job_t job;
  memset(&job, 0, sizeof job);
  job.kind = WRITER_BARRIER;
  job.as.barrier = barrier;
  FC_ASSERT_EQ(writer_submit(server->writer, &job), FC_OK);
  FC_ASSERT_EQ(queue_pop(barrier, &nothing, QUEUE_WAIT_FOREVER), FC_ECLOSED);
  queue_destroy(&barrier);
  return FC_OK;
}

static fc_status_t start_threads(server_t *server, fc_error_t *error) {
  FC_TRY(store_set_address(server->store, rpc_address(server->rpc), error));
  FC_TRY(writer_start(server->writer, error));
  server->store = NULL; /* the writer's now */
  FC_TRY(pass_barrier(server, error));
  if (server->learner != NULL) FC_TRY(learner_start(server->learner, error));
  FC_TRY(publish_start(server->publish, error));
  FC_TRY(rpc_start(server->rpc, error));
  return ingest_start(server->ingest, error);
}

static fc_status_t start_server(server_t *server, fc_error_t *error) {
  FC_TRY(fc_digest_init());
  FC_TRY(stats_new(&server->stats, error));
  FC_TRY(store_open(server->config.store, STORE_READ_WRITE, "", &server->store, error));
  FC_TRY(server_key_load(server->config.store, &server->key, error));
  FC_TRY(registry_new(&server->key, &server->registry, error));
  FC_TRY(load_registry(server, error));
  FC_TRY(make_writer(server, error));
  FC_TRY(make_learner(server, error));
  FC_TRY(make_sockets(server, error));
  return start_threads(server, error);
}

/* Nobody new; then what is under way: updates, commits, acknowledgements; then the rest. */
static void stop_server(server_t *server) {
  if (server->ingest != NULL) ingest_stop_reading(server->ingest);
  rpc_destroy(&server->rpc);
  if (server->learner != NULL) learner_stop(server->learner);
  if (server->writer != NULL) writer_stop(server->writer);
  if (server->ingest != NULL) ingest_join(server->ingest);
  ingest_destroy(&server->ingest);
  publish_destroy(&server->publish);
  learner_destroy(&server->learner);
  writer_destroy(&server->writer);
  queue_destroy(&server->replies);
  queue_destroy(&server->notes);
  queue_destroy(&server->registered);
  queue_destroy(&server->answers);
  registry_destroy(&server->registry);
  store_destroy(&server->store);
  stats_destroy(&server->stats);
  server_key_clear(&server->key);
}

/* ---- where it can be reached ---- */

static char *ready_line(const server_t *server) {
  char key[2 * FC_PUBLIC_KEY_SIZE + 1];
  fc_hex(server->key.public_key, FC_PUBLIC_KEY_SIZE, key);
  fc_json_t *json = fc_json_object();
  fc_json_set_string(json, "event", "ready");
  fc_json_set_int(json, "pid", (int64_t)getpid());
  fc_json_set_string(json, "ingest", ingest_address(server->ingest));
  fc_json_set_string(json, "hints", publish_address(server->publish));
  fc_json_set_string(json, "rpc", rpc_address(server->rpc));
  fc_json_set_string(json, "store", server->config.store);
  fc_json_set_string(json, "server_key", key);
  char *text = fc_json_dump(json, 0);
  fc_json_destroy(&json);
  return text;
}

static void endpoints_path(const server_t *server, char *path, size_t size) {
  snprintf(path, size, "%s/endpoints.json", server->config.store);
}

/* Whole or not at all: readers look while it is being written. */
static fc_status_t write_endpoints(const server_t *server, const char *text, fc_error_t *error) {
  char path[SERVER_PATH_SIZE + 32], temporary[SERVER_PATH_SIZE + 40];
  endpoints_path(server, path, sizeof path);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  FILE *file = fopen(temporary, "we");
  const bool written = file != NULL && fprintf(file, "%s\n", text) > 0;
  const bool closed = file != NULL && fclose(file) == 0;
  if (!written || !closed || rename(temporary, path) != 0) {
    return fc_error_set(error, FC_EIO, "%s: cannot write: %s", path, strerror(errno));
  }
  return FC_OK;
}

static fc_status_t announce(const server_t *server, fc_error_t *error) {
  char *text = ready_line(server);
  const fc_status_t status = write_endpoints(server, text, error);
  if (status == FC_OK) {
    printf("%s\n", text);
    fflush(stdout);
    FC_LOG_I(&server->log, "main", "faasconfd %s is ready: ingest %s, hints %s, rpc %s", FAASCONF_VERSION,
             ingest_address(server->ingest), publish_address(server->publish), rpc_address(server->rpc));
  }
  free(text);
  return status;
}

static int run_server(const server_config_t *config) {
  server_t *server = calloc(1, sizeof *server);
  if (server == NULL) return EXIT_FAILURE;
  server->config = *config;
  server->clock = fc_clock_system();
  fc_log_init(&server->log, "faasconfd", stderr, config->log_level, config->log_json);
  /* Before any thread exists, so that all inherit it and only this one takes the signals. */
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an answer to agents, not an end */
  fc_error_t error = {.status = FC_OK};
  fc_status_t status = start_server(server, &error);
  if (status == FC_OK) status = announce(server, &error);
  if (status == FC_OK) {
    const int number = sigwaitinfo(&signals, NULL);
    FC_LOG_I(&server->log, "main", "%s: stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
    char path[SERVER_PATH_SIZE + 32];
    endpoints_path(server, path, sizeof path);
    (void)unlink(path);
  } else {
    FC_LOG_E(&server->log, "main", "cannot start: %s",
             error.message[0] != '\0' ? error.message : fc_status_text(status));
  }
  stop_server(server);
  FC_LOG_I(&server->log, "main", "stopped");
  free(server);
  return status == FC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- command line ---- */

static void print_help(FILE *stream) {
  fprintf(stream,
          "usage: faasconfd --config FILE [--check] [--json]\n"
          "\n"
          "The server: stores what agents measure, trains policies on it, publishes them, answers queries.\n"
          "\n"
          "  --config FILE  the configuration (docs/server.md describes its keys)\n"
          "  --check        read and check the configuration, print `ok`, end\n"
          "  --json         log lines as JSON\n"
          "  --version      print the version and end\n"
          "  --help         print this and end\n"
          "\n"
          "Prints one JSON line with its addresses on stdout once it is ready; logs go to stderr.\n"
          "SIGTERM or SIGINT stop it gracefully.\n");
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
                                          {"json", no_argument, NULL, 'j'},         {"version", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
  const char *path = NULL;
  bool check = false, json = false;
  for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
    switch (option) {
      case 'c':
        path = optarg;
        break;
      case 'k':
        check = true;
        break;
      case 'j':
        json = true;
        break;
      case 'v':
        printf("faasconfd %s\n", FAASCONF_VERSION);
        return EXIT_SUCCESS;
      case 'h':
        print_help(stdout);
        return EXIT_SUCCESS;
      default:
        fprintf(stderr, "faasconfd: see faasconfd --help\n");
        return EXIT_USAGE;
    }
  }
  if (path == NULL || optind < argc) {
    fprintf(stderr, "faasconfd: expected --config FILE and nothing else; see faasconfd --help\n");
    return EXIT_USAGE;
  }
  server_config_t config;
  fc_error_t error = {.status = FC_OK};
  if (server_config_load(path, &config, &error) != FC_OK) {
    fprintf(stderr, "faasconfd: %s\n", error.message);
    return EXIT_USAGE;
  }
  if (json) config.log_json = true;
  if (check) {
    printf("ok\n");
    return EXIT_SUCCESS;
  }
  return run_server(&config);
}
