/* eval_oracles_run.c - see eval_oracles.h. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit.h"
#include "eval_oracle_choices.h"
#include "eval_oracles.h"
#include "faasconf/clock.h"
#include "file.h"
#include "jobs.h"

enum { MAX_LINE = 1 << 16, MAX_FILE_BYTES = 1 << 26 };

/* One search of a cell; or, of a cell that has its rows, its choices alone. */
typedef struct {
  int32_t cell;
  int32_t search; /* below 0: choices alone */
} piece_t;

typedef struct {
  oracle_grid_t *grid;
  piece_t *pieces; /* (n_pieces) */
  int32_t n_pieces, n_worked_on;
  fc_clock_t clock;
  int64_t started_ns;
  pthread_mutex_t mutex; /* guards what follows, and stderr */
  FILE *file;
  double done_weight, all_weight;
  int32_t n_done;
} run_t;

/* ---- the file ---- */

/* Was the last line cut off, because the program was ended while it wrote, it goes. */
static fc_status_t drop_torn_line(const char *path, bool *exists, fc_error_t *error) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  *exists = access(path, F_OK) == 0;
  if (!*exists) return FC_OK;
  FC_TRY(file_read(path, MAX_FILE_BYTES, &bytes, &size, error));
  size_t whole = size;
  while (whole > 0 && bytes[whole - 1] != '\n') --whole;
  const bool torn = whole < size;
  free(bytes);
  *exists = whole > 0;
  if (torn && truncate(path, (off_t)whole) != 0)
    return fc_error_set(error, FC_EIO, "%s: cannot be shortened: %s", path, strerror(errno));
  return FC_OK;
}

static fc_status_t written(const oracle_grid_t *grid, FILE *file, bool well, fc_error_t *error) {
  if (well && fflush(file) == 0) return FC_OK;
  return fc_error_set(error, FC_EIO, "%s: cannot be written: %s", grid->path, strerror(errno));
}

/* The folder of the table, where it is missing; what is wrong with it shows when the table is opened. */
static void make_folder(const char *path) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  const size_t length = slash != NULL ? (size_t)(slash - path) : 0;
  if (length == 0 || length >= sizeof folder) return;
  memcpy(folder, path, length);
  folder[length] = '\0';
  (void)mkdir(folder, 0755);
}

static fc_status_t open_file(run_t *run, fc_error_t *error) {
  const oracle_grid_t *grid = run->grid;
  bool exists = false;
  make_folder(grid->path);
  FC_TRY(drop_torn_line(grid->path, &exists, error));
  run->file = fopen(grid->path, "a");
  if (run->file == NULL) return fc_error_set(error, FC_EIO, "%s: cannot be written: %s", grid->path, strerror(errno));
  bool well = true;
  if (!exists) well = fprintf(run->file, "# Oracles: strict semantics, measured ranges; see docs/evaluation.md.\n") > 0;
  well = well && fprintf(run->file, "# commit %s: %s\n", FAASCONF_COMMIT, grid->command) > 0;
  if (!exists) well = well && fprintf(run->file, "%s\n", oracle_table_header()) > 0;
  return written(grid, run->file, well, error);
}

static fc_status_t append(run_t *run, const oracle_row_t *row, fc_error_t *error) {
  char *line = malloc(MAX_LINE);
  if (line == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a row");
  fc_status_t status = oracle_row_print(row, line, MAX_LINE, error);
  if (status == FC_OK) status = written(run->grid, run->file, fputs(line, run->file) >= 0, error);
  free(line);
  return status;
}

/* ---- what is there already ---- */

static bool has_all_levels(const oracle_table_t *table, const oracle_cell_t *cell, bool of_any_world) {
  int32_t n = 0;
  for (int32_t i = 0; i < table->n; ++i) {
    const oracle_row_t *row = &table->rows[i];
    if (strcmp(row->truth, cell->truth) != 0 || row->users != cell->users) continue;
    n += of_any_world || (row->world == cell->kind && row->seed == cell->seed);
  }
  return n >= ORACLE_LEVELS;
}

/* What is good in another world of the table is a good beginning here. */
static fc_status_t take_hint(const oracle_table_t *table, oracle_cell_t *cell, fc_error_t *error) {
  const size_t n = (size_t)cell->workflow->n_functions;
  for (int32_t i = 0; i < table->n && cell->hint == NULL; ++i) {
    const oracle_row_t *row = &table->rows[i];
    if (strcmp(row->workflow, cell->workflow->name) != 0 || row->users != cell->users || !row->found ||
        row->level != oracle_levels[1] || (size_t)row->n_functions != n)
      continue;
    cell->hint = malloc(n * sizeof *cell->hint);
    if (cell->hint == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
    memcpy(cell->hint, row->configuration, n * sizeof *cell->hint);
  }
  return FC_OK;
}

static fc_status_t prepare_cell(oracle_grid_t *grid, int32_t index, const oracle_table_t *table, fc_error_t *error) {
  oracle_cell_t *cell = &grid->cells[index];
  world_t world;
  fc_status_t status = world_init(&world, cell->workflow, cell->kind, cell->seed, error);
  if (status == FC_OK) oracle_truth(cell->workflow, &world, cell->truth);
  if (status == FC_OK) status = world_particles(&world, cell->workflow, true, &cell->particles, error);
  world_clear(&world);
  FC_TRY(status);
  cell->is_done = has_all_levels(table, cell, false);
  cell->same_as = -1;
  for (int32_t level = 0; level < ORACLE_LEVELS; ++level) {
    const oracle_row_t *row = oracle_table_find(table, cell->truth, cell->users, oracle_levels[level]);
    cell->known_usd_h[level] = row != NULL && row->found ? row->cost_usd_h : INFINITY;
  }
  for (int32_t i = 0; i < index && cell->same_as < 0; ++i)
    if (grid->cells[i].users == cell->users && strcmp(grid->cells[i].truth, cell->truth) == 0) cell->same_as = i;
  return cell->is_done ? FC_OK : take_hint(table, cell, error);
}

static bool is_worked_on(const oracle_cell_t *cell) {
  return cell->same_as < 0 && (!cell->is_done || cell->n_choices > 0);
}

fc_status_t oracle_grid_prepare(oracle_grid_t *grid, int32_t *n_left, fc_error_t *error) {
  oracle_table_t table = {0};
  bool exists = false;
  *n_left = 0;
  FC_TRY(drop_torn_line(grid->path, &exists, error));
  choice_t *choices = NULL;
  int32_t n_choices = 0;
  fc_status_t status = exists ? oracle_table_read(&table, grid->path, error) : FC_OK;
  if (status == FC_OK && grid->choices != NULL) status = choices_read(grid->choices, &choices, &n_choices, error);
  for (int32_t i = 0; i < grid->n_cells && status == FC_OK; ++i) status = prepare_cell(grid, i, &table, error);
  for (int32_t i = 0; i < grid->n_cells && status == FC_OK; ++i) {
    if (n_choices > 0 && grid->cells[i].same_as < 0)
      status = oracle_cell_take_choices(grid, i, choices, n_choices, error);
    *n_left += is_worked_on(&grid->cells[i]);
  }
  free(choices);
  oracle_table_clear(&table);
  return status;
}

/* ---- searching ---- */

static int32_t n_searches(const oracle_grid_t *grid, const oracle_cell_t *cell) {
  return cell->is_done ? 0 : grid->n_searches;
}

/* What a cell has plans of. */
static int32_t n_plans(const oracle_grid_t *grid, const oracle_cell_t *cell) {
  return n_searches(grid, cell) + cell->n_choices;
}

static oracle_task_t task_of(const oracle_grid_t *grid, const oracle_cell_t *cell) {
  return (oracle_task_t){.workflow = cell->workflow,
                         .truth = &cell->particles,
                         .users = cell->users,
                         .budget = cell->budget,
                         .n_searches = n_searches(grid, cell),
                         .seed = grid->seed,
                         .hint = cell->hint,
                         .n_choices = cell->n_choices,
                         .choices = cell->choices};
}

/* About how long it takes, for the time that is left. */
static double weight_of(const oracle_cell_t *cell) {
  double calls = 0;
  for (int32_t f = 0; f < cell->workflow->n_functions; ++f) calls += cell->workflow->visits[f];
  return (double)cell->budget * calls * cell->users;
}

static void tell(run_t *run, const oracle_cell_t *cell, const oracle_t *oracles) {
  const int64_t now_ns = run->clock.monotonic_ns(run->clock.self);
  run->n_done += 1;
  run->done_weight += weight_of(cell);
  const double elapsed_s = (double)(now_ns - run->started_ns) * 1e-9;
  fprintf(stderr, "%s, %d users, %s", cell->workflow->name, (int)cell->users, world_name(cell->kind));
  if (world_is_seeded(cell->kind)) fprintf(stderr, " %llu", (unsigned long long)cell->seed);
  fprintf(stderr, ":");
  for (int32_t level = 0; level < ORACLE_LEVELS; ++level) {
    if (oracles[level].found) {
      fprintf(stderr, " %.3f", oracles[level].cost_usd_h);
    } else {
      fprintf(stderr, " none");
    }
  }
  fprintf(stderr, " USD/h at");
  for (int32_t level = 0; level < ORACLE_LEVELS; ++level) fprintf(stderr, " %g", oracle_levels[level]);
  fprintf(stderr, "; searches at %g:", oracle_levels[1]);
  for (int32_t s = 0; s < n_plans(run->grid, cell); ++s) {
    if (s == n_searches(run->grid, cell)) fputs("; choices:", stderr);
    const plan_t *plan = &cell->searches[s].plans[1];
    fprintf(stderr, plan->confirmed ? " %.3f" : " (%.3f)", plan->cost_usd_h);
  }
  fprintf(stderr, "; %.0f s of one core; %d of %d, %.0f s, about %.0f s left\n", (double)cell->search_ns * 1e-9,
          (int)run->n_done, (int)run->n_worked_on, elapsed_s,
          elapsed_s * (run->all_weight - run->done_weight) / run->done_weight);
}

/* The rows of a cell, for itself and for the cells that have the same truth. */
static fc_status_t write_cell(run_t *run, int32_t index, const oracle_t *oracles, int64_t n_windows,
                              fc_error_t *error) {
  const oracle_grid_t *grid = run->grid;
  const oracle_cell_t *searched = &grid->cells[index];
  for (int32_t i = index; i < grid->n_cells; ++i) {
    const oracle_cell_t *cell = &grid->cells[i];
    if (i != index && (cell->is_done || cell->same_as != index)) continue;
    for (int32_t level = 0; level < ORACLE_LEVELS; ++level) {
      if (cell->is_done && !(oracles[level].found && oracles[level].cost_usd_h < cell->known_usd_h[level])) continue;
      oracle_row_t row = {.users = cell->users,
                          .world = cell->kind,
                          .seed = cell->seed,
                          .level = oracles[level].level,
                          .found = oracles[level].found,
                          .cost_usd_h = oracles[level].cost_usd_h,
                          .p = (double)oracles[level].n_met / ORACLE_WINDOWS,
                          .searches = n_searches(grid, searched),
                          .budget = searched->budget,
                          .windows = n_windows,
                          .n_functions = cell->workflow->n_functions,
                          .configuration = oracles[level].configuration};
      snprintf(row.workflow, sizeof row.workflow, "%s", cell->workflow->name);
      snprintf(row.truth, sizeof row.truth, "%s", cell->truth);
      FC_TRY(append(run, &row, error));
    }
  }
  return FC_OK;
}

static fc_status_t finish_cell(run_t *run, int32_t index, fc_error_t *error) {
  oracle_grid_t *grid = run->grid;
  oracle_cell_t *cell = &grid->cells[index];
  const oracle_task_t task = task_of(grid, cell);
  oracle_t oracles[ORACLE_LEVELS] = {0};
  int64_t n_windows = 0;
  fc_status_t status = FC_OK;
  const int64_t started_ns = run->clock.monotonic_ns(run->clock.self);
  for (int32_t c = 0; c < cell->n_choices && status == FC_OK; ++c)
    status = oracle_scale_choice(&task, c, &cell->searches[n_searches(grid, cell) + c], error);
  for (int32_t s = 0; s < n_plans(grid, cell); ++s)
    for (int32_t level = 0; level < ORACLE_LEVELS; ++level) n_windows += cell->searches[s].plans[level].n_windows;
  for (int32_t level = 0; level < ORACLE_LEVELS && status == FC_OK; ++level) {
    status = oracle_init(&oracles[level], cell->workflow->n_functions);
    if (status != FC_OK) fc_error_set(error, status, "no memory for an oracle");
  }
  if (status == FC_OK) status = oracle_choose(&task, cell->searches, oracles, &n_windows, error);
  atomic_fetch_add(&cell->search_ns, run->clock.monotonic_ns(run->clock.self) - started_ns);
  if (status == FC_OK) {
    pthread_mutex_lock(&run->mutex);
    status = write_cell(run, index, oracles, n_windows, error);
    if (status == FC_OK) tell(run, cell, oracles);
    pthread_mutex_unlock(&run->mutex);
  }
  for (int32_t level = 0; level < ORACLE_LEVELS; ++level) oracle_clear(&oracles[level]);
  return status;
}

/* Whoever ends the last search of a cell finishes it. */
static fc_status_t search(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  run_t *run = context;
  const oracle_grid_t *grid = run->grid;
  const int32_t index = run->pieces[piece].cell, s = run->pieces[piece].search;
  oracle_cell_t *cell = &grid->cells[index];
  const oracle_task_t task = task_of(grid, cell);
  (void)worker;
  const int64_t started_ns = run->clock.monotonic_ns(run->clock.self);
  if (s >= 0) FC_TRY(oracle_search(&task, s, &cell->searches[s], error));
  atomic_fetch_add(&cell->search_ns, run->clock.monotonic_ns(run->clock.self) - started_ns);
  if (atomic_fetch_sub(&cell->n_left, 1) > 1) return FC_OK;
  return finish_cell(run, index, error);
}

static fc_status_t take_cells(run_t *run, fc_error_t *error) {
  oracle_grid_t *grid = run->grid;
  run->pieces = calloc((size_t)grid->n_cells * (size_t)grid->n_searches, sizeof *run->pieces);
  if (run->pieces == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d cells", (int)grid->n_cells);
  for (int32_t i = 0; i < grid->n_cells; ++i) {
    oracle_cell_t *cell = &grid->cells[i];
    if (!is_worked_on(cell)) continue;
    run->n_worked_on += 1;
    run->all_weight += weight_of(cell);
    for (int32_t s = 0; s < n_searches(grid, cell); ++s) run->pieces[run->n_pieces++] = (piece_t){i, s};
    if (cell->is_done) run->pieces[run->n_pieces++] = (piece_t){i, -1};
    atomic_store(&cell->n_left, cell->is_done ? 1 : grid->n_searches);
    const int32_t n = n_plans(grid, cell);
    cell->searches = calloc((size_t)n, sizeof *cell->searches);
    for (int32_t s = 0; s < n; ++s)
      if (cell->searches == NULL || oracle_search_init(&cell->searches[s], cell->workflow->n_functions) != FC_OK)
        return fc_error_set(error, FC_ENOMEM, "no memory for %d cells", (int)grid->n_cells);
  }
  return FC_OK;
}

/* Cells whose rows are in the file under another world's name. */
static fc_status_t copy_cells(run_t *run, fc_error_t *error) {
  const oracle_grid_t *grid = run->grid;
  oracle_table_t table = {0};
  fc_status_t status = oracle_table_read(&table, grid->path, error);
  for (int32_t i = 0; i < grid->n_cells && status == FC_OK; ++i) {
    const oracle_cell_t *cell = &grid->cells[i];
    if (cell->is_done || cell->same_as < 0 || !grid->cells[cell->same_as].is_done) continue;
    for (int32_t level = 0; level < ORACLE_LEVELS && status == FC_OK; ++level) {
      const oracle_row_t *row = oracle_table_find(&table, cell->truth, cell->users, oracle_levels[level]);
      if (row == NULL) continue;
      oracle_row_t copy = *row;
      copy.world = cell->kind;
      copy.seed = cell->seed;
      status = append(run, &copy, error);
    }
  }
  oracle_table_clear(&table);
  return status;
}

fc_status_t oracle_grid_run(oracle_grid_t *grid, fc_error_t *error) {
  run_t run = {.grid = grid, .clock = fc_clock_system(), .mutex = PTHREAD_MUTEX_INITIALIZER};
  run.started_ns = run.clock.monotonic_ns(run.clock.self);
  fc_status_t status = open_file(&run, error);
  if (status == FC_OK) status = copy_cells(&run, error);
  if (status == FC_OK) status = take_cells(&run, error);
  if (status == FC_OK && run.n_pieces > 0) status = jobs_run(grid->jobs, run.n_pieces, search, NULL, &run, error);
  if (run.file != NULL && fclose(run.file) != 0 && status == FC_OK)
    status = fc_error_set(error, FC_EIO, "%s: cannot be written: %s", grid->path, strerror(errno));
  free(run.pieces);
  return status;
}

void oracle_grid_clear(oracle_grid_t *grid) {
  for (int32_t i = 0; i < grid->n_cells; ++i) {
    oracle_cell_t *cell = &grid->cells[i];
    for (int32_t s = 0; cell->searches != NULL && s < n_plans(grid, cell); ++s) oracle_search_clear(&cell->searches[s]);
    free(cell->searches);
    free(cell->hint);
    free(cell->choices);
    particles_clear(&cell->particles);
  }
  free(grid->cells);
  grid->cells = NULL;
  grid->n_cells = 0;
}
