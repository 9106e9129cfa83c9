/* import.c - `faasconf import`: published measurements -> store, each row once. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json_output.h"
#include "published_rows.h"
#include "workflow_file.h"

enum { ROWS_PER_COMMIT = 1000, SHOWN_COMPLAINTS = 20 };

typedef struct {
  const char *store_path, *workflow_name, *file_path;
  bool json;
  store_t *store;
  fc_workflow_t *workflow;
  published_rows_t rows;
  FILE *file;
  int64_t file_bytes;
  int64_t line;
  int64_t n_rows, n_imported, n_duplicates, n_rejected;
  fc_json_t *rejections;
} import_t;

/* Names file, line and reason; goes on. */
static void reject(import_t *import, const fc_error_t *why) {
  import->n_rejected += 1;
  if (!import->json && import->n_rejected > SHOWN_COMPLAINTS) return;
  fprintf(stderr, "faasconf import: %s:%" PRId64 ": %s\n", import->file_path, import->line, why->message);
  if (!import->json) return;
  fc_json_t *one = fc_json_object();
  fc_json_set_string(one, "file", import->file_path);
  fc_json_set_int(one, "line", import->line);
  fc_json_set_string(one, "reason", why->message);
  fc_json_append(import->rejections, &one);
}

static bool is_blank(const char *line) {
  return line[strspn(line, " \t\r\n")] == '\0';
}

/* One line into the open transaction. */
static fc_status_t take_line(import_t *import, const char *line, size_t size, fc_error_t *error) {
  fc_error_t why = {FC_OK, ""};
  bool duplicate = false;
  import->line += 1;
  if (is_blank(line) && strlen(line) == size) return FC_OK;
  if (import->line == 1 && published_rows_is_header(line)) return FC_OK;
  import->n_rows += 1;
  fc_status_t status = published_rows_read(&import->rows, line, import->n_rows, &why);
  if (status == FC_OK && strlen(line) != size) {
    status = fc_error_set(&why, FC_EFORMAT, "expected text, found a zero byte");
    import->rows.has_before = false;
  }
  if (status == FC_ENOMEM) return fc_error_set(error, status, "%s", why.message);
  if (status != FC_OK) {
    reject(import, &why);
    return FC_OK;
  }
  FC_TRY(store_insert_imported(import->store, import->workflow, &import->rows.transition, import->rows.digest,
                               &duplicate, error));
  import->n_imported += duplicate ? 0 : 1;
  import->n_duplicates += duplicate ? 1 : 0;
  return FC_OK;
}

/* Up to ROWS_PER_COMMIT lines in one transaction; *more false at the end of the file. */
static fc_status_t take_group(import_t *import, char **line, size_t *capacity, bool *more, fc_error_t *error) {
  fc_status_t status = store_begin(import->store, error);
  for (int i = 0; status == FC_OK && *more && i < ROWS_PER_COMMIT; ++i) {
    errno = 0;
    const ssize_t size = getline(line, capacity, import->file);
    if (size < 0) {
      *more = false;
      if (ferror(import->file) != 0 || errno == ENOMEM)
        status = fc_error_set(error, FC_EIO, "%s: cannot read after line %" PRId64 ": %s", import->file_path,
                              import->line, strerror(errno));
    } else {
      status = take_line(import, *line, (size_t)size, error);
    }
  }
  if (status == FC_OK) return store_commit(import->store, error);
  store_rollback(import->store);
  return status;
}

static fc_status_t take_file(import_t *import, fc_error_t *error) {
  char *line = NULL;
  size_t capacity = 0;
  bool more = true;
  fc_status_t status = FC_OK;
  progress_t progress;
  progress_start(&progress, "importing bytes");
  while (status == FC_OK && more) {
    status = take_group(import, &line, &capacity, &more, error);
    progress_update(&progress, (int64_t)ftell(import->file), import->file_bytes, NULL);
  }
  progress_end(&progress);
  free(line);
  return status;
}

static fc_status_t run_steps(import_t *import, fc_error_t *error) {
  import->file = fopen(import->file_path, "rb");
  if (import->file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", import->file_path, strerror(errno));
  if (fseek(import->file, 0, SEEK_END) == 0) import->file_bytes = (int64_t)ftell(import->file);
  rewind(import->file);
  FC_TRY(store_open(import->store_path, STORE_READ_WRITE, "", &import->store, error));
  FC_TRY(store_check(import->store, error));
  FC_TRY(workflow_file_register(import->store, import->workflow_name, &import->workflow, error));
  FC_TRY(published_rows_init(&import->rows, import->workflow, error));
  return take_file(import, error);
}

static void print_result(import_t *import) {
  if (!import->json) {
    if (import->n_rejected > SHOWN_COMPLAINTS)
      fprintf(stderr, "faasconf import: ... and %" PRId64 " more; --json lists them all\n",
              import->n_rejected - SHOWN_COMPLAINTS);
    printf("%" PRId64 " rows: %" PRId64 " imported, %" PRId64 " duplicates, %" PRId64 " rejected\n", import->n_rows,
           import->n_imported, import->n_duplicates, import->n_rejected);
    return;
  }
  fc_json_t *json = fc_json_object();
  fc_json_set_int(json, "rows", import->n_rows);
  fc_json_set_int(json, "imported", import->n_imported);
  fc_json_set_int(json, "duplicates", import->n_duplicates);
  fc_json_set_int(json, "rejected", import->n_rejected);
  if (import->n_rejected > 0) fc_json_set(json, "rejections", &import->rejections);
  json_print(&json);
}

static void clear(import_t *import) {
  if (import->file != NULL) (void)fclose(import->file);
  published_rows_clear(&import->rows);
  store_destroy(&import->store);
  fc_workflow_destroy(&import->workflow);
  fc_json_destroy(&import->rejections);
}

static bool parse(import_t *import, int argc, char **argv, int *exit_code) {
  const argument_t table[] = {
      {"store", ARGUMENT_TEXT, &import->store_path, "DIR", "where the rows go; made when absent", true, 0, 0},
      {"workflow", ARGUMENT_TEXT, &import->workflow_name, "NAME|PATH", "workflow that was measured", true, 0, 0},
      {"json", ARGUMENT_FLAG, &import->json, NULL, "print one JSON object", false, 0, 0},
  };
  const arguments_t arguments = {.command = "import",
                                 .description =
                                     "Imports published measurement rows (CSV; docs/cli.md has the columns) as windows "
                                     "of a workflow. Each row is\n"
                                     "imported once, whatever file it comes from. Bad rows are named and left out; the "
                                     "good ones are imported, and\n"
                                     "the exit code is 1.",
                                 .examples = "  faasconf import --store S --workflow parallel parallel_10.csv",
                                 .arguments = table,
                                 .n_arguments = (int)(sizeof table / sizeof table[0]),
                                 .positional = "FILE",
                                 .min_positional = 1,
                                 .max_positional = 1};
  return arguments_parse(&arguments, argc, argv, &import->file_path, NULL, exit_code);
}

static int run(int argc, char **argv) {
  import_t import = {0};
  fc_error_t error = {FC_OK, ""};
  int exit_code = CLI_DONE;
  if (!parse(&import, argc, argv, &exit_code)) return exit_code;
  import.rejections = fc_json_array();
  const fc_status_t status = run_steps(&import, &error);
  if (status == FC_OK) print_result(&import);
  exit_code = status != FC_OK ? cli_fail("import", &error) : import.n_rejected > 0 ? CLI_FAILED : CLI_DONE;
  clear(&import);
  return exit_code;
}

const cli_command_t cli_import = {"import", "published measurements into a store", run};
