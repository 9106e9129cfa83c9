/* generate.c - `faasconf generate workflow`: a random workflow file, for trying things at any size. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "drawn_workflow.h"
#include "file.h"
#include "json_output.h"

/* ---- options ---- */

/* False with a complaint printed. */
static bool set_name(drawn_workflow_options_t *options, const char *name) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  options->name_is_given = name != NULL;
  if (name == NULL) {
    snprintf(options->name, sizeof options->name, "%s-%d-%" PRIu64, workflow_shape_name(options->shape),
             (int)options->n_functions, options->seed);
    return true;
  }
  const size_t length = strlen(name);
  if (length == 0 || length >= sizeof options->name || strspn(name, allowed) != length) {
    fprintf(stderr, "faasconf generate: --name: expected 1 to %zu letters, digits, '-', '_' and '.', found '%s'\n",
            sizeof options->name - 1, name);
    return false;
  }
  memcpy(options->name, name, length + 1);
  return true;
}

/* ---- output ---- */

static fc_status_t io_error(const char *what, const char *path, fc_error_t *error) {
  return fc_error_set(error, FC_EIO, "%s: %s: %s", path, what, strerror(errno));
}

static fc_status_t refuse_existing(const char *path, fc_error_t *error) {
  return fc_error_set(error, FC_EEXISTS, "%s: exists already; name another file, or overwrite it with --force", path);
}

/* A file that is overwritten keeps its old content until the new one is whole. */
static fc_status_t save(const char *path, bool force, const char *text, size_t size, fc_error_t *error) {
  if (force) return file_replace(path, text, size, error);
  FILE *file = fopen(path, "wx");
  if (file == NULL && errno == EEXIST) return refuse_existing(path, error);
  if (file == NULL) return io_error("cannot be made", path, error);
  const bool written = fwrite(text, 1, size, file) == size;
  if (fclose(file) == 0 && written) return FC_OK;
  const fc_status_t status = io_error("cannot be written", path, error);
  unlink(path);
  return status;
}

static void print_json(const drawn_workflow_t *drawn, const char *out, const char *text) {
  fc_json_t *json = fc_json_object();
  fc_json_set_string(json, "workflow", drawn->options.name);
  fc_json_set_int(json, "functions", drawn->options.n_functions);
  fc_json_set_string(json, "shape", workflow_shape_name(drawn->options.shape));
  fc_json_set_int(json, "seed", (int64_t)drawn->options.seed);
  fc_json_set_double(json, "window_s", drawn->window_s);
  fc_json_set_int(json, "users", DRAWN_USERS);
  fc_json_set_int(json, "windows", drawn->n_windows);
  fc_json_set_double(json, "target_latency_mean_s", drawn->latency_target_s);
  fc_json_set_double(json, "target_success_ratio", drawn->success_target);
  fc_json_set_double(json, "start_latency_s", drawn->start_latency_s);
  fc_json_set_double(json, "start_success_ratio", drawn->start_success_ratio);
  fc_json_set_double(json, "start_cost", drawn->start_cost_usd_h);
  if (out != NULL)
    fc_json_set_string(json, "path", out);
  else
    fc_json_set_string(json, "yaml", text);
  json_print(&json);
}

/* ---- the command ---- */

static fc_status_t generate(const drawn_workflow_options_t *options, const char *out, bool force, bool json,
                            fc_error_t *error) {
  if (out != NULL && !force && access(out, F_OK) == 0) return refuse_existing(out, error);
  drawn_workflow_t drawn;
  char *text = NULL;
  size_t size = 0;
  fc_status_t status = drawn_workflow_draw(options, &drawn, error);
  if (status == FC_OK) status = drawn_workflow_measure(&drawn, error);
  if (status == FC_OK) status = drawn_workflow_write(&drawn, &text, &size, error);
  if (status == FC_OK && out != NULL) status = save(out, force, text, size, error);
  if (status == FC_OK && json) print_json(&drawn, out, text);
  if (status == FC_OK && !json && out == NULL) fputs(text, stdout);
  if (status == FC_OK && !json && out != NULL)
    printf(
        "%s: %d functions, %s; at %d users the start configuration takes %.2f s (target %g s), %.3f succeed (target "
        "%.2f), %.3f USD/h\n",
        out, (int)options->n_functions, workflow_shape_name(options->shape), DRAWN_USERS, drawn.start_latency_s,
        drawn.latency_target_s, drawn.start_success_ratio, drawn.success_target, drawn.start_cost_usd_h);
  free(text);
  drawn_workflow_clear(&drawn);
  return status;
}

static int generate_run(int argc, char **argv) {
  int64_t n_functions = 0, seed = 1;
  const char *shape = NULL, *name = NULL, *out = NULL, *what = NULL;
  bool force = false, json = false;
  const argument_t options[] = {
      {"functions", ARGUMENT_INT, &n_functions, "N", "functions of the workflow, 1 to 1000", true, 1,
       DRAWN_MAX_FUNCTIONS},
      {"shape", ARGUMENT_TEXT, &shape, "SHAPE", "series-parallel or layered", true, 0, 0},
      {"seed", ARGUMENT_INT, &seed, "K", "of all draws: same options, same bytes (1)", false, 0, 9007199254740992.0},
      {"name", ARGUMENT_TEXT, &name, "NAME", "of the workflow (SHAPE-N-K)", false, 0, 0},
      {"out", ARGUMENT_TEXT, &out, "FILE", "write there (stdout)", false, 0, 0},
      {"force", ARGUMENT_FLAG, &force, NULL, "overwrite FILE when it exists", false, 0, 0},
      {"json", ARGUMENT_FLAG, &json, NULL, "one JSON object; without --out it holds the file as `yaml`", false, 0, 0}};
  const arguments_t arguments = {
      .command = "generate",
      .description =
          "Draws a random workflow, with function profiles around those fitted to public measurements, and\n"
          "QoS targets that its start configuration meets with 10 users.",
      .examples =
          "  faasconf generate workflow --functions 20 --shape series-parallel --seed 3 > w.yaml\n"
          "  faasconf generate workflow --functions 1000 --shape layered --out big.yaml",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0],
      .positional = "workflow",
      .min_positional = 1,
      .max_positional = 1};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, &what, NULL, &code)) return code;
  if (strcmp(what, "workflow") != 0) {
    fprintf(stderr, "faasconf generate: expected `workflow`, found '%s'\n", what);
    return CLI_USAGE;
  }
  drawn_workflow_options_t drawing = {.n_functions = (int32_t)n_functions, .seed = (uint64_t)seed};
  if (!workflow_shape_parse(shape, &drawing.shape)) {
    fprintf(stderr, "faasconf generate: --shape: expected series-parallel or layered, found '%s'\n", shape);
    return CLI_USAGE;
  }
  if (!set_name(&drawing, name)) return CLI_USAGE;
  fc_error_t error = {0};
  if (generate(&drawing, out, force, json, &error) != FC_OK) return cli_fail("generate", &error);
  return CLI_DONE;
}

const cli_command_t cli_generate = {"generate", "a random workflow file, of any size", generate_run};
