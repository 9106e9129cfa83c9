/* eval_oracles.c - `faasconf eval oracles`: the cheapest configurations known, for the tables under eval/oracles. */
#include "eval_oracles.h"

#include <stdlib.h>
#include <string.h>

#include "comma_list.h"
#include "command.h"
#include "eval.h"
#include "eval_report.h"
#include "jobs.h"

enum { MAX_WORKFLOWS = 8, MAX_USERS = 128, MAX_COMMAND = 1024, MAX_SEEDS = 1000, MAX_ITEM = 4 * FC_NAME_SIZE };

typedef struct {
  const char *workflow_names, *world_names, *users_text, *out, *choices;
  int64_t n_seeds, budget, n_searches, seed, jobs;
  int32_t n_workflows, n_users;
  fc_workflow_t *workflows[MAX_WORKFLOWS];
  bool worlds[WORLD_KINDS];
  int32_t users[MAX_USERS];
} asked_t;

/* ---- what is asked for ---- */

/* "10,20" or "8-36:2", joined by commas. */
static bool parse_users(asked_t *asked) {
  const char *at = asked->users_text;
  while (at != NULL && *at != '\0') {
    char *end = NULL;
    const long first = strtol(at, &end, 10);
    long last = first, step = 1;
    if (end != at && *end == '-') last = strtol(end + 1, &end, 10);
    if (end != at && *end == ':') step = strtol(end + 1, &end, 10);
    if (end == at || (*end != ',' && *end != '\0') || first < 1 || last < first || last > 100000 || step < 1)
      return false;
    for (long users = first; users <= last; users += step) {
      if (asked->n_users == MAX_USERS) return false;
      asked->users[asked->n_users++] = (int32_t)users;
    }
    at = *end == ',' ? end + 1 : end;
  }
  return asked->users_text == NULL || asked->n_users > 0;
}

static bool parse_worlds(asked_t *asked) {
  char item[MAX_ITEM];
  for (const char *rest = asked->world_names; comma_list_next(&rest, item, sizeof item);) {
    world_kind_t kind = WORLD_EXACT;
    const bool all = strcmp(item, "all") == 0;
    if (!all && !world_find(item, &kind)) {
      fprintf(stderr, "faasconf eval oracles: --world: expected all, %s, found '%s'\n", world_names(), item);
      return false;
    }
    for (int k = 0; k < WORLD_KINDS; ++k)
      if (all || k == (int)kind) asked->worlds[k] = true;
  }
  return true;
}

static fc_status_t load_workflows(asked_t *asked, fc_error_t *error) {
  char item[MAX_ITEM];
  for (const char *rest = asked->workflow_names; comma_list_next(&rest, item, sizeof item);) {
    if (asked->n_workflows == MAX_WORKFLOWS)
      return fc_error_set(error, FC_EINVAL, "--workflow: at most %d", MAX_WORKFLOWS);
    FC_TRY(fc_workflow_load(item, &asked->workflows[asked->n_workflows], error));
    asked->n_workflows += 1;
  }
  return FC_OK;
}

/* ---- the grid ---- */

/* The loads that a workflow's QoS tables name, or ten users. */
static int32_t loads_of(const asked_t *asked, const fc_workflow_t *workflow, int32_t users[MAX_USERS]) {
  if (asked->n_users > 0) {
    memcpy(users, asked->users, (size_t)asked->n_users * sizeof *users);
    return asked->n_users;
  }
  const fc_qos_term_t *table = NULL;
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    const fc_qos_term_t *term = &workflow->qos_terms[i];
    if (term->n_points > 1 && (table == NULL || term->n_points > table->n_points)) table = term;
  }
  users[0] = 10;
  for (int32_t i = 0; table != NULL && i < table->n_points; ++i) users[i] = (int32_t)(table->in_flight[i] + 0.5);
  return table != NULL ? table->n_points : 1;
}

static void add_worlds(const asked_t *asked, bool first, const fc_workflow_t *workflow, int32_t users,
                       oracle_grid_t *grid) {
  for (int k = 0; k < WORLD_KINDS; ++k) {
    const world_kind_t kind = (world_kind_t)k;
    if (!asked->worlds[k] || (kind == WORLD_EXACT || kind == WORLD_PARAMETERS) != first) continue;
    const int64_t n_seeds = world_is_seeded(kind) ? asked->n_seeds : 1;
    for (int64_t seed = 1; seed <= n_seeds; ++seed) {
      oracle_cell_t *cell = &grid->cells[grid->n_cells++];
      cell->workflow = workflow;
      cell->kind = kind;
      cell->seed = world_is_seeded(kind) ? (uint64_t)seed : 0;
      cell->users = users;
      cell->budget = asked->budget > 0 ? asked->budget : oracle_budget(workflow);
    }
  }
}

/* What matters most comes first: worlds exact and parameters of all workflows, then the others. */
static fc_status_t lay_out(const asked_t *asked, oracle_grid_t *grid, fc_error_t *error) {
  const size_t most = (size_t)asked->n_workflows * MAX_USERS * (WORLD_KINDS + (size_t)asked->n_seeds);
  grid->cells = calloc(most, sizeof *grid->cells);
  if (grid->cells == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the cells");
  for (int pass = 0; pass < 2; ++pass) {
    for (int32_t i = 0; i < asked->n_workflows; ++i) {
      int32_t users[MAX_USERS];
      const int32_t n_users = loads_of(asked, asked->workflows[i], users);
      for (int32_t u = 0; u < n_users; ++u) add_worlds(asked, pass == 0, asked->workflows[i], users[u], grid);
    }
  }
  return FC_OK;
}

static fc_status_t run(asked_t *asked, const char *command, fc_error_t *error) {
  oracle_grid_t grid = {.n_searches = (int32_t)asked->n_searches,
                        .jobs = (int32_t)asked->jobs,
                        .seed = (uint64_t)asked->seed,
                        .path = asked->out,
                        .command = command,
                        .choices = asked->choices};
  int32_t n_left = 0;
  fc_status_t status = load_workflows(asked, error);
  if (status == FC_OK) status = lay_out(asked, &grid, error);
  if (status == FC_OK) status = oracle_grid_prepare(&grid, &n_left, error);
  if (status == FC_OK) {
    fprintf(stderr, "%d cells, %d to search, %d searches each, %d threads\n", (int)grid.n_cells, (int)n_left,
            (int)grid.n_searches, (int)grid.jobs);
    status = oracle_grid_run(&grid, error);
  }
  oracle_grid_clear(&grid);
  for (int32_t i = 0; i < asked->n_workflows; ++i) fc_workflow_destroy(&asked->workflows[i]);
  return status;
}

static int run_oracles(int argc, char **argv) {
  char command[MAX_COMMAND];
  asked_t asked = {.workflow_names = "parallel,sequential,branch,tcktapp",
                   .world_names = "all",
                   .n_seeds = 3,
                   .n_searches = ORACLE_MIN_SEARCHES,
                   .seed = 7,
                   .jobs = jobs_default_workers()};
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &asked.workflow_names, "A,B",
       "shipped names or paths (parallel,sequential,branch,tcktapp)", false, 0, 0},
      {"users", ARGUMENT_TEXT, &asked.users_text, "L", "closed-loop users: 10,20 or 8-36:2 (those of the QoS tables)",
       false, 0, 0},
      {"world", ARGUMENT_TEXT, &asked.world_names, "A,B",
       "exact,parameters,tail,hidden,least_connections,optimistic or all (all)", false, 0, 0},
      {"seeds", ARGUMENT_INT, &asked.n_seeds, "N", "of the world `parameters`: 1 to N (3)", false, 1, MAX_SEEDS},
      {"searches", ARGUMENT_INT, &asked.n_searches, "N", "independent searches a cell (3)", false, ORACLE_MIN_SEARCHES,
       ORACLE_MAX_SEARCHES},
      {"budget", ARGUMENT_INT, &asked.budget, "N",
       "windows of one search before its polishing (26000, fewer where a workflow makes more than six calls)", false,
       2688, 1e9},
      {"choices", ARGUMENT_TEXT, &asked.choices, "FILE.csv",
       "choices.csv of an experiment: oracles are no dearer than these, put on the boundary", false, 0, 0},
      {"seed", ARGUMENT_INT, &asked.seed, "S", "of the searches (7)", false, 0, 1e12},
      {"jobs", ARGUMENT_INT, &asked.jobs, "N", "threads; same result for any (all processors)", false, 1,
       JOBS_MAX_WORKERS},
      {"out", ARGUMENT_TEXT, &asked.out, "FILE.csv", "the table; what it has already is not searched again", true, 0,
       0}};
  const arguments_t arguments = {
      .command = "eval oracles",
      .description =
          "Oracles: the cheapest configuration known that meets QoS in a fraction 0.5, 0.95, 0.99 of the windows of a "
          "world, from several independent searches, confirmed on 4,000 fresh windows. Each cell is appended to the "
          "file when it is done; the same call goes on where it was ended. With choices, those that promise to be "
          "cheaper than the table are searched again; of several rows of a cell the cheapest counts.",
      .examples =
          "  faasconf eval oracles --workflow parallel --users 10 --world exact --out oracles.csv\n"
          "  faasconf eval oracles --workflow parallel --choices results/choices.csv --out oracles.csv",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  eval_report_command(argc, argv, command, sizeof command);
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  if (!parse_worlds(&asked)) return CLI_USAGE;
  if (!parse_users(&asked)) {
    fprintf(stderr, "faasconf eval oracles: --users: expected up to %d numbers like 10,20 or 8-36:2, found '%s'\n",
            MAX_USERS, asked.users_text);
    return CLI_USAGE;
  }
  fc_error_t error = {0};
  return run(&asked, command, &error) == FC_OK ? CLI_DONE : cli_fail("eval oracles", &error);
}

const eval_experiment_t eval_oracles = {"oracles", "the cheapest configurations known in each world", run_oracles};
