/* eval_pool.c - `faasconf eval pool`: every method on published rows, without a simulator (eval/experiment/pool.h). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cells_csv.h"
#include "cells_json.h"
#include "command.h"
#include "eval.h"
#include "eval_folder.h"
#include "eval_report.h"
#include "folder_tree.h"
#include "jobs.h"
#include "json_output.h"
#include "number_text.h"
#include "pool.h"
#include "published_rows.h"
#include "summary.h"

enum { PATH_SIZE = 1024, MAX_ROWS = 1 << 20 };

typedef struct {
  const char *data, *workflow_name, *methods, *out, *command;
  int64_t users, n_seeds, budget_windows, jobs;
  bool json;
  contenders_t contenders;
  pool_t pool;
  char cache[PATH_SIZE];
  cell_t *cells;          /* (contenders, seeds) */
  record_writer_t writer; /* fd -1: nothing is written */
  progress_t progress;
} asked_t;

/* ---- the rows ---- */

static int64_t count_lines(FILE *file) {
  int64_t n = 1;
  for (int c = getc(file); c != EOF; c = getc(file)) n += c == '\n';
  rewind(file);
  return n;
}

static fc_status_t read_lines(asked_t *asked, FILE *file, published_rows_t *rows, fc_error_t *error) {
  char *line = NULL;
  size_t capacity = 0;
  int64_t number = 0;
  fc_status_t status = FC_OK;
  while (status == FC_OK && getline(&line, &capacity, file) >= 0) {
    if (line[strspn(line, " \t\r\n")] == '\0' || (number == 0 && published_rows_is_header(line))) continue;
    status = published_rows_read(rows, line, ++number, error);
    if (status == FC_OK) pool_add(&asked->pool, &rows->transition.after, rows->digest);
  }
  free(line);
  return status == FC_OK ? FC_OK : fc_error_prefix(error, "%s: row %lld", asked->data, (long long)number);
}

static fc_status_t read_rows(asked_t *asked, const fc_workflow_t *workflow, fc_error_t *error) {
  published_rows_t rows = {0};
  FILE *file = fopen(asked->data, "rb");
  if (file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", asked->data, strerror(errno));
  const int64_t n = count_lines(file);
  fc_status_t status = FC_OK;
  if (n > MAX_ROWS) status = fc_error_set(error, FC_EFORMAT, "%s: more than %d rows", asked->data, MAX_ROWS);
  if (status == FC_OK)
    status = pool_init(&asked->pool, workflow, FC_SEMANTICS_AS_PUBLISHED, (int32_t)asked->users, (int32_t)n, error);
  if (status == FC_OK) status = published_rows_init(&rows, workflow, error);
  if (status == FC_OK) status = read_lines(asked, file, &rows, error);
  published_rows_clear(&rows);
  (void)fclose(file);
  return status;
}

/* ---- running ---- */

static fc_status_t run_one(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  asked_t *asked = context;
  (void)worker;
  return pool_run(&asked->pool, &asked->contenders.items[piece / asked->n_seeds], (int32_t)asked->budget_windows,
                  asked->cache, (uint64_t)(1 + piece % asked->n_seeds), &asked->cells[piece], error);
}

static void show(void *context, int64_t n_done) {
  asked_t *asked = context;
  progress_update(&asked->progress, n_done, asked->contenders.n * asked->n_seeds, NULL);
}

static fc_status_t run_all(asked_t *asked, fc_error_t *error) {
  const int64_t n = asked->contenders.n * asked->n_seeds;
  asked->cells = calloc((size_t)n, sizeof *asked->cells);
  if (asked->cells == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d runs", (int)n);
  FC_TRY(folder_tree_make(NULL, "faasconf-pool", asked->cache, sizeof asked->cache, error));
  progress_start(&asked->progress, "tuning");
  const fc_status_t status = jobs_run((int32_t)asked->jobs, n, run_one, show, asked, error);
  progress_end(&asked->progress);
  folder_tree_remove(asked->cache);
  return status;
}

/* ---- telling ---- */

static void print_text(const asked_t *asked, const summary_row_t *rows, int32_t n) {
  char cost[NUMBER_TEXT], met[NUMBER_TEXT], compliance[NUMBER_TEXT], violations[NUMBER_TEXT];
  double cheapest = NAN;
  const bool any = pool_cheapest(&asked->pool, &cheapest) >= 0;
  printf("%d offline rows, %d held out; %d windows a method, %d seeds\n\n  %-12s %-14s %9s %10s %11s %10s\n",
         (int)asked->pool.offline.n, (int)asked->pool.held_out.n, (int)asked->budget_windows, (int)asked->n_seeds,
         "method", "variant", "cost $/h", "own met%", "around met%", "violations");
  for (int32_t i = 0; i < n; ++i)
    printf("  %-12s %-14s %9s %10s %11s %10s\n", rows[i].arm.method, rows[i].arm.variant,
           number_text(rows[i].mean[METRIC_COST], 3, "", cost),
           number_text(100 * rows[i].mean[METRIC_QOS_MET], 0, "", met),
           number_text(100 * rows[i].mean[METRIC_COMPLIANCE], 0, "", compliance),
           number_text(rows[i].mean[METRIC_VIOLATIONS], 1, "", violations));
  printf(
      "\ncost: of the held-out row that was chosen, mean over seeds; own: its one window, which most were chosen for, "
      "met QoS;\naround: of the %d nearest other rows. No row was measured twice: nothing here is a compliance.\n",
      POOL_NEIGHBOURS);
  if (any) printf("The cheapest held-out row whose window met QoS: %.3f $/h.\n", cheapest);
}

static void print_json(const asked_t *asked, const summary_row_t *rows, int32_t n) {
  fc_json_t *out = fc_json_object();
  double cheapest = NAN;
  fc_json_set_string(out, "experiment", "pool");
  fc_json_set_int(out, "offline_rows", asked->pool.offline.n);
  fc_json_set_int(out, "held_out_rows", asked->pool.held_out.n);
  if (pool_cheapest(&asked->pool, &cheapest) >= 0) fc_json_set_double(out, "cheapest_met", cheapest);
  fc_json_t *cells = cells_json(asked->cells, (int32_t)(asked->contenders.n * asked->n_seeds));
  fc_json_set(out, "cells", &cells);
  fc_json_t *summary = cells_summary_json(rows, n);
  fc_json_set(out, "summary", &summary);
  json_print(&out);
}

static fc_status_t tell(const asked_t *asked, fc_error_t *error) {
  summary_row_t *rows = NULL;
  int32_t n = 0;
  FC_TRY(summary_of(asked->cells, (int32_t)(asked->contenders.n * asked->n_seeds), &rows, &n, error));
  if (asked->json) {
    print_json(asked, rows, n);
  } else {
    print_text(asked, rows, n);
  }
  free(rows);
  return FC_OK;
}

/* Cells first: whatever happens to the report, what was measured is there. */
static fc_status_t write_out(asked_t *asked, fc_error_t *error) {
  const int32_t n = (int32_t)(asked->contenders.n * asked->n_seeds);
  char seeds[64];
  if (asked->out == NULL) return FC_OK;
  snprintf(seeds, sizeof seeds, "1 to %d", (int)asked->n_seeds);
  const report_t report = {
      .title = "pool", .command = asked->command, .seeds = seeds, .cells = asked->cells, .n_cells = n, .seed = 1};
  FC_TRY(record_rewrite(&asked->writer, asked->cells, n, error));
  return eval_report_write(&report, asked->out, error);
}

/* Before anything is measured. Nothing of an earlier run stays, so that its options do not matter. */
static fc_status_t open_out(asked_t *asked, fc_error_t *error) {
  cell_t *old = NULL;
  int32_t n_old = 0;
  char path[PATH_SIZE];
  if (asked->out == NULL) return FC_OK;
  fc_json_t *settings = fc_json_object();
  fc_json_set_string(settings, "experiment", "pool");
  FC_TRY(eval_folder_open(asked->out, &settings, error));
  if (snprintf(path, sizeof path, "%s/cells.csv", asked->out) >= (int)sizeof path)
    return fc_error_set(error, FC_EINVAL, "--out: the path is too long");
  FC_TRY(cells_resume(&asked->writer, path, &old, &n_old, error));
  free(old);
  if (n_old > 0) fprintf(stderr, "%s: its %d cells will be replaced by those of this run\n", asked->out, (int)n_old);
  return FC_OK;
}

/* There is no true world here that an oracle could know. */
static fc_status_t check_contenders(const contenders_t *contenders, fc_error_t *error) {
  for (int32_t i = 0; i < contenders->n; ++i)
    if (contenders->items[i].tuner->knows_the_world)
      return fc_error_set(error, FC_EINVAL, "method %s knows the world that is simulated; measured rows have none",
                          contenders->items[i].tuner->name);
  return FC_OK;
}

static fc_status_t run(asked_t *asked, fc_error_t *error) {
  fc_workflow_t *workflow = NULL;
  if (asked->methods == NULL) {
    contenders_of_all_methods(&asked->contenders);
  } else {
    FC_TRY(contenders_of_methods(&asked->contenders, asked->methods, error));
  }
  FC_TRY(check_contenders(&asked->contenders, error));
  fc_status_t status = open_out(asked, error);
  if (status == FC_OK) status = fc_workflow_load(asked->workflow_name, &workflow, error);
  if (status == FC_OK) status = read_rows(asked, workflow, error);
  if (status == FC_OK) status = run_all(asked, error);
  if (status == FC_OK) status = tell(asked, error);
  if (status == FC_OK) status = write_out(asked, error);
  record_close(&asked->writer);
  free(asked->cells);
  pool_clear(&asked->pool);
  fc_workflow_destroy(&workflow);
  return status;
}

static int run_pool(int argc, char **argv) {
  asked_t asked = {.workflow_name = "parallel",
                   .users = 10,
                   .n_seeds = 3,
                   .budget_windows = 15,
                   .jobs = jobs_default_workers(),
                   .writer = {.fd = -1}};
  const argument_t options[] = {
      {"data", ARGUMENT_TEXT, &asked.data, "FILE.csv", "published rows, as `faasconf import` reads them", true, 0, 0},
      {"workflow", ARGUMENT_TEXT, &asked.workflow_name, "W", "whose rows they are (parallel)", false, 0, 0},
      {"users", ARGUMENT_INT, &asked.users, "N", "whose QoS targets count (10)", false, 1, 1 << 20},
      {"method", ARGUMENT_TEXT, &asked.methods, "A,B", "methods (all; an unknown one lists them)", false, 0, 0},
      {"seeds", ARGUMENT_INT, &asked.n_seeds, "N", "runs of a method (3)", false, 1, 1000},
      {"windows", ARGUMENT_INT, &asked.budget_windows, "N", "held-out rows that a method may look at (15)", false, 1,
       10000},
      {"jobs", ARGUMENT_INT, &asked.jobs, "N", "threads (all processors)", false, 1, JOBS_MAX_WORKERS},
      {"out", ARGUMENT_TEXT, &asked.out, "DIR", "cells.csv and report", false, 0, 0},
      {"json", ARGUMENT_FLAG, &asked.json, NULL, "one JSON object at the end", false, 0, 0}};
  const arguments_t arguments = {
      .command = "eval pool",
      .description =
          "Every method on measured rows alone: a fifth of them is held out, the others are its offline rows; "
          "a proposal is answered by the nearest held-out row that it has not seen.",
      .examples = "  faasconf eval pool --data parallel_10.csv --method random,library,attmf",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  char command[1024];
  eval_report_command(argc, argv, command, sizeof command);
  asked.command = command;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_error_t error = {0};
  const fc_status_t status = run(&asked, &error);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail("eval pool", &error);
  return status == FC_EINVAL ? CLI_USAGE : CLI_FAILED;
}

const eval_experiment_t eval_pool = {"pool", "every method on published rows, without a simulator", run_pool};
