/* demo_train.c - see demo_train.h. */
#include "demo_train.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo_server.h"
#include "faasconf/json.h"
#include "process.h"

/* Says in one line what `train --json` reported. */
static fc_status_t report(const demo_train_options_t *options, const char *path, fc_error_t *error) {
  char text[16384];
  double updates_per_s = 0, critic_loss = 0, actor_grad_norm = 0, r2 = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: cannot read what the training reported", path);
  const size_t size = fread(text, 1, sizeof text, file);
  (void)fclose(file);
  fc_json_t *json = NULL;
  FC_TRY(fc_json_parse(text, size, &json, error));
  (void)fc_json_double(fc_json_get(json, "updates_per_s"), &updates_per_s);
  (void)fc_json_double(fc_json_get(json, "critic_loss"), &critic_loss);
  (void)fc_json_double(fc_json_get(json, "actor_grad_norm"), &actor_grad_norm);
  fprintf(options->out,
          "training  AttMF repaired: %" PRId64 " updates, %.0f per second, critic loss %.3f, actor gradient %.2g",
          options->updates, updates_per_s, critic_loss, actor_grad_norm);
  if (fc_json_double(fc_json_get(json, "critic_r2_heldout"), &r2))
    fprintf(options->out, ", held-out R2 %.2f\n", r2);
  else
    fprintf(options->out, "\n");
  fc_json_destroy(&json);
  return FC_OK;
}

fc_status_t demo_train(const demo_train_options_t *options, fc_error_t *error) {
  char program[DEMO_PATH_SIZE], store[DEMO_PATH_SIZE + 64], policy[DEMO_PATH_SIZE + 64], out[DEMO_PATH_SIZE + 64],
      log[DEMO_PATH_SIZE + 64], updates[32], seed[32];
  process_t process = {0};
  FC_TRY(process_sibling("faasconf", program, sizeof program, error));
  snprintf(store, sizeof store, "%s/store", options->folder);
  snprintf(policy, sizeof policy, "%s/policy", options->folder);
  snprintf(out, sizeof out, "%s/train.json", options->folder);
  snprintf(log, sizeof log, "%s/train.log", options->folder);
  snprintf(updates, sizeof updates, "%" PRId64, options->updates);
  snprintf(seed, sizeof seed, "%" PRId64, options->seed);
  /* On a terminal the training draws its own progress there. */
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const char *argv[] = {program,       "train", "--store",   store,      "--workflow", options->workflow_path,
                        "--algorithm", "attmf", "--variant", "repaired", "--updates",  updates,
                        "--seed",      seed,    "--out",     policy,     "--json",     NULL};
  FC_TRY(process_start(&process, argv, out, terminal ? NULL : log, error));
  while (process_running(&process)) {
    poll(NULL, 0, 20);
    if (*options->interrupted) {
      process_stop(&process, 5000);
      return fc_error_set(error, FC_ECLOSED, "interrupted");
    }
  }
  if (process.exit_code != 0)
    return fc_error_set(error, FC_EIO, "the training ended with code %d%s%s", process.exit_code,
                        terminal ? "" : "; its log: ", terminal ? "" : log);
  return report(options, out, error);
}
