/* train.c - `faasconf train`: learns a policy from the transitions of a store, writes it, and registers it there. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "faasconf/clock.h"
#include "faasconf/digest.h"
#include "json_output.h"
#include "store.h"
#include "trainer.h"

enum { PATH_SIZE = 1200, FILE_SIZE = 1 << 20 };

typedef struct {
  const char *store_path, *workflow_name, *algorithm, *variant, *out, *semantics_name, *backend;
  int64_t updates, seed, batch, checkpoint_every, threads;
  bool resume, json;
  store_t *store;
  fc_workflow_t *workflow;
  trainer_t *trainer;
  fc_semantics_t semantics;
  algorithm_variant_t learning_variant;
  char checkpoints[PATH_SIZE];
  int64_t rows_read, rows_other;
  algorithm_report_t report; /* means over the last updates */
  double seconds;
  int64_t updates_here;
  double r2, heldout_error;
  int64_t version;
  char state[FC_NAME_SIZE];
  char digest[FC_HEX_SIZE];
} train_t;

/* ---- rows ---------------------------------------------------------------------------------------------------- */

typedef struct {
  int64_t strict, as_published;
} census_t;

static fc_status_t count_row(void *context, int64_t id, bool heldout, const fc_transition_t *transition) {
  census_t *census = context;
  (void)id;
  (void)heldout;
  if (transition->flags & FC_TRANSITION_AS_PUBLISHED)
    census->as_published += 1;
  else
    census->strict += 1;
  return FC_OK;
}

/* Rows of one semantics only: asked for, else strict when the store has any. */
static fc_status_t choose_semantics(train_t *train, fc_error_t *error) {
  census_t census = {0, 0};
  FC_TRY(store_each_transition(train->store, train->workflow, 0, count_row, &census, error));
  if (census.strict + census.as_published == 0)
    return fc_error_set(error, FC_ENOTFOUND,
                        "store %s has no window of workflow %s; import some, or let an agent report", train->store_path,
                        train->workflow->name);
  train->semantics = census.strict > 0 ? FC_SEMANTICS_STRICT : FC_SEMANTICS_AS_PUBLISHED;
  if (train->semantics_name != NULL && !fc_semantics_parse(train->semantics_name, &train->semantics))
    return fc_error_set(error, FC_EINVAL, "--semantics: expected strict or as-published, found %s",
                        train->semantics_name);
  const bool strict = train->semantics == FC_SEMANTICS_STRICT;
  train->rows_read = strict ? census.strict : census.as_published;
  train->rows_other = strict ? census.as_published : census.strict;
  if (train->rows_read == 0)
    return fc_error_set(error, FC_ENOTFOUND, "store %s has no window of workflow %s under %s semantics",
                        train->store_path, train->workflow->name, fc_semantics_name(train->semantics));
  return FC_OK;
}

static fc_status_t insert_row(void *context, int64_t id, bool heldout, const fc_transition_t *transition) {
  trainer_t *trainer = context;
  const fc_status_t status = trainer_insert(trainer, transition, heldout);
  if (status != FC_OK && status != FC_EMISMATCH) return status;
  trainer_set_position(trainer, id);
  return FC_OK;
}

/* ---- training ------------------------------------------------------------------------------------------------ */

static fc_status_t make_trainer(train_t *train, fc_error_t *error) {
  trainer_options_t options = trainer_options_default(train->learning_variant);
  options.algorithm = train->algorithm;
  const char *known = NULL;
  const algorithm_interface_t *algorithm = algorithm_find(train->algorithm, &known);
  if (algorithm == NULL)
    return fc_error_set(error, FC_EINVAL, "--algorithm: there is no %s; known: %s", train->algorithm, known);
  options.learning = algorithm->defaults(train->learning_variant);
  options.learning.seed = (uint64_t)train->seed;
  options.learning.n_batch = (int32_t)train->batch;
  options.learning.n_threads = (int32_t)train->threads;
  options.semantics = train->semantics;
  options.backend = train->backend;
  FC_TRY(trainer_new(train->workflow, &options, &train->trainer, error));
  if (train->resume) {
    const fc_status_t status = trainer_resume(train->trainer, train->checkpoints, error);
    if (status == FC_ENOTFOUND) (void)fc_error_prefix(error, "--resume");
    FC_TRY(status);
  }
  FC_TRY(store_each_transition(train->store, train->workflow, trainer_position(train->trainer), insert_row,
                               train->trainer, error));
  if (trainer_rows(train->trainer) == 0)
    return fc_error_set(error, FC_ENOTFOUND,
                        "none of the %" PRId64 " windows of workflow %s has a window before it to learn from",
                        train->rows_read, train->workflow->name);
  return FC_OK;
}

/* The report is the mean over the last tenth of the updates: one batch alone says little. */
static void add_report(train_t *train, const algorithm_report_t *report, int64_t *n) {
  *n += 1;
  const double share = 1.0 / (double)*n;
  train->report.critic_loss += share * (report->critic_loss - train->report.critic_loss);
  train->report.actor_loss += share * (report->actor_loss - train->report.actor_loss);
  train->report.critic_grad_norm += share * (report->critic_grad_norm - train->report.critic_grad_norm);
  train->report.actor_grad_norm += share * (report->actor_grad_norm - train->report.actor_grad_norm);
}

/* As many updates as one call may make, none beyond the next checkpoint or the end. */
static int64_t next_round(const train_t *train, int64_t done) {
  int64_t n = trainer_round(train->trainer), left = train->updates - done;
  const int64_t every = train->checkpoint_every, to_checkpoint = every > 0 ? every - done % every : left;
  if (to_checkpoint < left) left = to_checkpoint;
  return n < left ? n : left;
}

static fc_status_t run_updates(train_t *train, fc_error_t *error) {
  const fc_clock_t clock = fc_clock_system();
  const int64_t started_ns = clock.monotonic_ns(clock.self);
  const int64_t first = trainer_updates_done(train->trainer), tail = train->updates - (train->updates + 9) / 10;
  int64_t n_reported = 0;
  progress_t progress;
  progress_start(&progress, "training");
  fc_status_t status = FC_OK;
  for (int64_t done = first; done < train->updates && status == FC_OK;) {
    algorithm_report_t report;
    char detail[64];
    FC_TRY_GOTO(trainer_update(train->trainer, next_round(train, done), &report, error), status, out);
    done = trainer_updates_done(train->trainer);
    if (done > tail) add_report(train, &report, &n_reported);
    snprintf(detail, sizeof detail, "critic loss %.4g", report.critic_loss);
    progress_update(&progress, done, train->updates, detail);
    if (!isfinite(report.critic_loss))
      status = fc_error_set(error, FC_EINTERNAL, "the critic loss is not finite after %" PRId64 " updates", done);
    else if (train->checkpoint_every > 0 && done % train->checkpoint_every == 0)
      status = trainer_save(train->trainer, train->checkpoints, error);
  }
out:
  progress_end(&progress);
  if (n_reported == 0) /* resumed with nothing left to do */
    train->report =
        (algorithm_report_t){.critic_loss = NAN, .actor_loss = NAN, .critic_grad_norm = NAN, .actor_grad_norm = NAN};
  train->updates_here = trainer_updates_done(train->trainer) - first;
  train->seconds = (double)(clock.monotonic_ns(clock.self) - started_ns) * 1e-9;
  return status;
}

/* ---- what becomes of the policy ------------------------------------------------------------------------------ */

/* Live unless the one that is live now is known to be better on the held-out rows. */
static fc_status_t judge_candidate(train_t *train, fc_error_t *error) {
  store_policy_entry_t live;
  char *manifest = NULL;
  uint8_t *weights = NULL;
  size_t manifest_size = 0, weights_size = 0;
  const fc_status_t status = store_get_policy(train->store, train->workflow->name, 0, &live, &manifest, &manifest_size,
                                              &weights, &weights_size, error);
  free(manifest);
  free(weights);
  if (status != FC_OK && status != FC_ENOTFOUND) return status;
  const bool worse = status == FC_OK && isfinite(live.heldout_error) && isfinite(train->heldout_error) &&
                     train->heldout_error > live.heldout_error;
  snprintf(train->state, sizeof train->state, "%s", worse ? "candidate" : "live");
  return FC_OK;
}

/* Training the same again gives the same policy: it keeps its version, so that the same seed gives the same bytes. */
static fc_status_t find_same(train_t *train, bool *found, fc_error_t *error) {
  store_policy_entry_t *entries = NULL;
  int32_t n = 0;
  *found = false;
  FC_TRY(store_list_policies(train->store, train->workflow->name, &entries, &n, error));
  fc_status_t status = FC_OK;
  for (int32_t i = 0; i < n && status == FC_OK && !*found; ++i) {
    char *manifest = NULL;
    uint8_t *weights = NULL, digest[FC_DIGEST_SIZE];
    size_t manifest_size = 0, weights_size = 0;
    fc_sha256_t hash;
    status =
        trainer_export(train->trainer, entries[i].version, &manifest, &manifest_size, &weights, &weights_size, error);
    if (status != FC_OK) break;
    fc_sha256_start(&hash);
    fc_sha256_update(&hash, manifest, manifest_size);
    fc_sha256_update(&hash, weights, weights_size);
    fc_sha256_final(&hash, digest);
    *found = memcmp(digest, entries[i].digest, FC_DIGEST_SIZE) == 0;
    train->version = entries[i].version;
    memcpy(train->state, entries[i].state, sizeof train->state);
    free(manifest);
    free(weights);
  }
  free(entries);
  return status;
}

static fc_status_t publish(train_t *train, fc_error_t *error) {
  const fc_clock_t clock = fc_clock_system();
  char *manifest = NULL;
  uint8_t *weights = NULL, digest[FC_DIGEST_SIZE];
  size_t manifest_size = 0, weights_size = 0;
  fc_policy_t *policy = NULL;
  fc_status_t status = FC_OK;
  bool same = false;
  (void)trainer_heldout(train->trainer, &train->r2, &train->heldout_error);
  FC_TRY(find_same(train, &same, error));
  if (!same) {
    FC_TRY(store_next_policy_version(train->store, train->workflow->name, &train->version, error));
    FC_TRY(judge_candidate(train, error));
  }
  FC_TRY(trainer_export(train->trainer, train->version, &manifest, &manifest_size, &weights, &weights_size, error));
  FC_TRY_GOTO(fc_policy_from_bytes(manifest, manifest_size, weights, weights_size, &policy, error), status, done);
  fc_policy_digest(policy, digest);
  fc_hex(digest, FC_DIGEST_SIZE, train->digest);
  FC_TRY_GOTO(fc_policy_save(train->out, manifest, manifest_size, weights, weights_size, error), status, done);
  if (!same)
    FC_TRY_GOTO(store_put_policy(train->store, policy, manifest, manifest_size, weights, weights_size, train->state,
                                 clock.wall_us(clock.self), error),
                status, done);
  status = trainer_save(train->trainer, train->checkpoints, error);
done:
  fc_policy_destroy(&policy);
  free(manifest);
  free(weights);
  return status;
}

/* ---- report -------------------------------------------------------------------------------------------------- */

/* In float32 a gradient that cancels exactly leaves round-off, some 1e-8 of what was summed; the critic's own gradient
 * says how much that was. */
static bool gradient_vanishes(const train_t *train) {
  return train->report.actor_grad_norm < 1e-5 * train->report.critic_grad_norm;
}

static double updates_per_s(const train_t *train) {
  return train->seconds > 0.0 ? (double)train->updates_here / train->seconds : 0.0;
}

static void print_json(const train_t *train) {
  fc_json_t *json = fc_json_object(), *policy = fc_json_object();
  fc_json_set_string(json, "workflow", train->workflow->name);
  fc_json_set_string(json, "algorithm", train->algorithm);
  fc_json_set_string(json, "variant", train->variant);
  fc_json_set_string(json, "device", trainer_device(train->trainer));
  fc_json_set_string(json, "semantics", fc_semantics_name(train->semantics));
  fc_json_set_int(json, "seed", train->seed);
  fc_json_set_int(json, "rows", train->rows_read);
  fc_json_set_int(json, "updates", trainer_updates_done(train->trainer));
  fc_json_set_double(json, "updates_per_s", updates_per_s(train));
  fc_json_set_double(json, "critic_loss", train->report.critic_loss);
  fc_json_set_double(json, "actor_loss", train->report.actor_loss);
  fc_json_set_double(json, "critic_grad_norm", train->report.critic_grad_norm);
  fc_json_set_double(json, "actor_grad_norm", train->report.actor_grad_norm);
  fc_json_set_bool(json, "actor_gradient_vanishes", gradient_vanishes(train));
  fc_json_set_double(json, "critic_r2_heldout", train->r2);
  fc_json_set_int(policy, "version", train->version);
  fc_json_set_string(policy, "path", train->out);
  fc_json_set_string(policy, "digest", train->digest);
  fc_json_set_string(policy, "state", train->state);
  fc_json_set(json, "policy", &policy);
  json_print(&json);
}

static void print_text(const train_t *train) {
  printf("trained %s %s on %" PRId64 " windows of %s (%s semantics)\n", train->algorithm, train->variant,
         train->rows_read, train->workflow->name, fc_semantics_name(train->semantics));
  if (train->rows_other > 0)
    printf("  %" PRId64 " windows of the other semantics were left out (--semantics chooses)\n", train->rows_other);
  printf("  updates          %" PRId64 " (%.0f per second, %s)\n", trainer_updates_done(train->trainer),
         updates_per_s(train), trainer_device(train->trainer));
  if (train->updates_here == 0)
    printf("  the checkpoint had at least %" PRId64 " updates already: none was due\n", train->updates);
  else
    printf("  critic loss      %.5g\n  actor gradient   %.3g\n", train->report.critic_loss,
           train->report.actor_grad_norm);
  if (isfinite(train->r2)) printf("  held-out R2      %.3f\n", train->r2);
  if (gradient_vanishes(train))
    printf(
        "  the actor gradient vanishes: batch normalisation before the critic's last layer makes the sum of Q a\n"
        "  constant of the actor (docs/algorithms.md); this actor learned nothing\n");
  printf("  policy           version %" PRId64 ", %s, in %s\n", train->version, train->state, train->out);
}

/* ---- command ------------------------------------------------------------------------------------------------- */

/* Before the work rather than after it: can the policy be written? */
static fc_status_t check_out(const train_t *train, fc_error_t *error) {
  if ((mkdir(train->out, 0755) != 0 && errno != EEXIST) || access(train->out, W_OK | X_OK) != 0)
    return fc_error_set(error, FC_EIO, "--out %s: %s", train->out, strerror(errno));
  return FC_OK;
}

static fc_status_t run_steps(train_t *train, fc_error_t *error) {
  if (strcmp(train->variant, "repaired") != 0 && strcmp(train->variant, "faithful") != 0)
    return fc_error_set(error, FC_EINVAL, "--variant: expected repaired or faithful, found %s", train->variant);
  train->learning_variant = strcmp(train->variant, "faithful") == 0 ? VARIANT_FAITHFUL : VARIANT_REPAIRED;
  FC_TRY(fc_workflow_load(train->workflow_name, &train->workflow, error));
  FC_TRY(store_open(train->store_path, STORE_EXISTING, "", &train->store, error));
  FC_TRY(check_out(train, error));
  FC_TRY(store_check(train->store, error)); /* never trains on, or writes into, a damaged one */
  snprintf(train->checkpoints, sizeof train->checkpoints, "%s/checkpoints/%s", train->store_path,
           train->workflow->name);
  FC_TRY(choose_semantics(train, error));
  FC_TRY(make_trainer(train, error));
  FC_TRY(run_updates(train, error));
  return publish(train, error);
}

static bool parse(train_t *train, int argc, char **argv, int *exit_code) {
  const argument_t table[] = {
      {"store", ARGUMENT_TEXT, &train->store_path, "DIR", "store with the transitions to learn from", true, 0, 0},
      {"workflow", ARGUMENT_TEXT, &train->workflow_name, "NAME|PATH", "workflow they belong to", true, 0, 0},
      {"out", ARGUMENT_TEXT, &train->out, "DIR", "where the policy is written (manifest.json, weights.safetensors)",
       true, 0, 0},
      {"algorithm", ARGUMENT_TEXT, &train->algorithm, "NAME", "attmf (default), mean_field, maddpg, ddpg or firm",
       false, 0, 0},
      {"variant", ARGUMENT_TEXT, &train->variant, "NAME",
       "repaired (default) or faithful: the published code, flaws included", false, 0, 0},
      {"backend", ARGUMENT_TEXT, &train->backend, "NAME", "where to train: cpu, cuda, or auto (default)", false, 0, 0},
      {"threads", ARGUMENT_INT, &train->threads, "N",
       "share out every batch between N threads of the CPU (1): attmf, mean_field", false, 1, 64},
      {"updates", ARGUMENT_INT, &train->updates, "N", "total updates, also with --resume (20000)", false, 1, 1e12},
      {"seed", ARGUMENT_INT, &train->seed, "S", "same seed, same rows, same bytes (1)", false, 0, 9e15},
      {"batch", ARGUMENT_INT, &train->batch, "B", "transitions per update (64)", false, 1, 65536},
      {"semantics", ARGUMENT_TEXT, &train->semantics_name, "NAME",
       "strict or as-published (default: strict when the store has such windows)", false, 0, 0},
      {"checkpoint-every", ARGUMENT_INT, &train->checkpoint_every, "K",
       "updates between checkpoints in STORE/checkpoints/WORKFLOW (default: at the end only)", false, 0, 1e12},
      {"resume", ARGUMENT_FLAG, &train->resume, NULL, "go on from the newest checkpoint", false, 0, 0},
      {"json", ARGUMENT_FLAG, &train->json, NULL, "print one JSON object", false, 0, 0},
  };
  const arguments_t arguments = {
      .command = "train",
      .description =
          "Learns a policy from the transitions of a store, writes it to --out and registers it in the store: live\n"
          "unless the live one is better on the held-out rows.",
      .examples = "  faasconf train --store S --workflow parallel --updates 20000 --seed 1 --out P",
      .arguments = table,
      .n_arguments = (int)(sizeof table / sizeof table[0])};
  return arguments_parse(&arguments, argc, argv, NULL, NULL, exit_code);
}

static int run(int argc, char **argv) {
  train_t train = {.algorithm = "attmf",
                   .variant = "repaired",
                   .backend = "auto",
                   .threads = 1,
                   .updates = 20000,
                   .seed = 1,
                   .batch = 64,
                   .r2 = NAN,
                   .heldout_error = NAN};
  fc_error_t error = {FC_OK, ""};
  int exit_code = CLI_DONE;
  if (!parse(&train, argc, argv, &exit_code)) return exit_code;
  const fc_status_t status = run_steps(&train, &error);
  if (status == FC_OK && train.json) print_json(&train);
  if (status == FC_OK && !train.json) print_text(&train);
  trainer_destroy(&train.trainer);
  store_destroy(&train.store);
  fc_workflow_destroy(&train.workflow);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail("train", &error);
  return status == FC_EINVAL ? CLI_USAGE : CLI_FAILED;
}

const cli_command_t cli_train = {"train", "learn a policy from the transitions of a store", run};
