/* oracle_table.c - see oracle_table.h. */
#include "oracle_table.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "configuration_text.h"
#include "file.h"

enum { MAX_FILE_BYTES = 1 << 26, PATH_SIZE = 4096, FIELDS = 12, MAX_FUNCTIONS = 1024 };

static const char *const header =
    "workflow,users,world,seed,level,cost_usd_h,p,searches,budget,windows,truth,configuration";

const char *oracle_table_header(void) {
  return header;
}

/* ---- reading ---- */

static bool read_number(const char *text, double minimum, double maximum, double *out) {
  char *end = NULL;
  *out = strtod(text, &end);
  return end != text && *end == '\0' && *out >= minimum && *out <= maximum;
}

static fc_status_t read_configuration(const char *text, oracle_row_t *row, fc_error_t *error) {
  int32_t n = 1;
  for (const char *c = text; *c != '\0'; ++c) n += *c == ' ';
  if (n > MAX_FUNCTIONS) return fc_error_set(error, FC_EFORMAT, "configuration: too many functions");
  row->configuration = calloc((size_t)n, sizeof *row->configuration);
  if (row->configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a row");
  row->n_functions = n;
  for (int32_t f = 0; f < n; ++f) {
    if (!configuration_text_read(&text, &row->configuration[f]) || *text != (f + 1 < n ? ' ' : '\0'))
      return fc_error_set(error, FC_EFORMAT, "configuration: expected groups of CPU/memory/replicas/concurrency");
    text += f + 1 < n;
  }
  return FC_OK;
}

static fc_status_t read_numbers(char *const fields[FIELDS], oracle_row_t *row, fc_error_t *error) {
  const struct {
    const char *name;
    int field;
    double minimum, maximum;
  } numbers[] = {{"users", 1, 1, 1 << 20},     {"seed", 3, 0, 9007199254740992.0},
                 {"level", 4, 1e-6, 1 - 1e-6}, {"searches", 7, 0, 1e6},
                 {"budget", 8, 0, 1e12},       {"windows", 9, 0, 1e15}};
  double values[sizeof numbers / sizeof numbers[0]];
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i)
    if (!read_number(fields[numbers[i].field], numbers[i].minimum, numbers[i].maximum, &values[i]))
      return fc_error_set(error, FC_EFORMAT, "%s: expected a number from %g to %g", numbers[i].name, numbers[i].minimum,
                          numbers[i].maximum);
  row->users = (int32_t)values[0];
  row->seed = (uint64_t)values[1];
  row->level = values[2];
  row->searches = (int32_t)values[3];
  row->budget = (int64_t)values[4];
  row->windows = (int64_t)values[5];
  row->found = strcmp(fields[5], "-") != 0;
  if (row->found && (!read_number(fields[5], 0, 1e9, &row->cost_usd_h) || !read_number(fields[6], 0, 1, &row->p)))
    return fc_error_set(error, FC_EFORMAT, "cost_usd_h, p: expected numbers, or -");
  return FC_OK;
}

/* Takes `line` apart in place. */
static fc_status_t read_row(char *line, oracle_row_t *row, fc_error_t *error) {
  char *fields[FIELDS];
  int n = 0;
  for (char *at = line; at != NULL && n < FIELDS; ++n) {
    fields[n] = at;
    at = strchr(at, ',');
    if (at != NULL) *at++ = '\0';
    if (n == FIELDS - 1 && at != NULL) n = FIELDS;
  }
  if (n != FIELDS) return fc_error_set(error, FC_EFORMAT, "expected %d columns: %s", FIELDS, header);
  if (snprintf(row->workflow, sizeof row->workflow, "%s", fields[0]) >= (int)sizeof row->workflow)
    return fc_error_set(error, FC_EFORMAT, "workflow: the name is too long");
  if (!world_find(fields[2], &row->world)) return fc_error_set(error, FC_EFORMAT, "world: expected %s", world_names());
  if (strlen(fields[10]) != ORACLE_TRUTH_SIZE - 1)
    return fc_error_set(error, FC_EFORMAT, "truth: expected %d digits", ORACLE_TRUTH_SIZE - 1);
  memcpy(row->truth, fields[10], ORACLE_TRUTH_SIZE);
  FC_TRY(read_numbers(fields, row, error));
  return row->found ? read_configuration(fields[11], row, error) : FC_OK;
}

static fc_status_t add_row(oracle_table_t *table, char *line, fc_error_t *error) {
  if (table->n == table->capacity) {
    const int32_t capacity = table->capacity > 0 ? 2 * table->capacity : 64;
    oracle_row_t *rows = realloc(table->rows, (size_t)capacity * sizeof *rows);
    if (rows == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d rows", (int)capacity);
    table->rows = rows;
    table->capacity = capacity;
  }
  oracle_row_t *row = &table->rows[table->n];
  memset(row, 0, sizeof *row);
  const fc_status_t status = read_row(line, row, error);
  if (status == FC_OK) {
    table->n += 1;
  } else {
    free(row->configuration);
  }
  return status;
}

fc_status_t oracle_table_read(oracle_table_t *table, const char *path, fc_error_t *error) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  FC_TRY(file_read(path, MAX_FILE_BYTES, &bytes, &size, error));
  bytes[size] = '\0';
  fc_status_t status = FC_OK;
  int number = 0;
  char *line = (char *)bytes;
  while (status == FC_OK && line != NULL && *line != '\0') {
    char *next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    number += 1;
    if (line[0] != '#' && line[0] != '\0' && strcmp(line, header) != 0) status = add_row(table, line, error);
    line = next;
  }
  free(bytes);
  return status == FC_OK ? FC_OK : fc_error_prefix(error, "%s:%d", path, number);
}

/* ---- finding the files ---- */

static bool install_folder(char *path, size_t size) {
  char program[PATH_SIZE];
  const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
  if (n <= 0) return false;
  program[n] = '\0';
  char *slash = strrchr(program, '/');
  if (slash == NULL) return false;
  *slash = '\0';
  return snprintf(path, size, "%s/../share/faasconf/oracles", program) < (int)size;
}

static bool is_table(const char *name) {
  const size_t n = strlen(name);
  return n > 4 && strcmp(name + n - 4, ".csv") == 0;
}

static fc_status_t read_folder(oracle_table_t *table, const char *folder, bool *exists, fc_error_t *error) {
  struct dirent **names = NULL;
  const int n = scandir(folder, &names, NULL, alphasort);
  fc_status_t status = FC_OK;
  *exists = n >= 0;
  for (int i = 0; i < n; ++i) {
    char path[PATH_SIZE];
    if (status == FC_OK && is_table(names[i]->d_name) &&
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name) < (int)sizeof path)
      status = oracle_table_read(table, path, error);
    free(names[i]);
  }
  free(names);
  return status;
}

fc_status_t oracle_table_load(oracle_table_t *table, fc_error_t *error) {
  char installed[PATH_SIZE] = "";
  const char *environment = getenv("FAASCONF_ORACLES");
  if (!install_folder(installed, sizeof installed)) installed[0] = '\0';
  const char *const folders[] = {environment, FAASCONF_ORACLES_FOLDER, installed};
  for (int i = environment != NULL ? 0 : 1; i < 3; ++i) {
    bool exists = false;
    FC_TRY(read_folder(table, folders[i], &exists, error));
    if (exists) return FC_OK;
    if (i == 0) /* who names a folder means it */
      return fc_error_set(error, FC_EINVAL, "FAASCONF_ORACLES: there is no folder %s", environment);
  }
  return fc_error_set(error, FC_ENOTFOUND, "no folder of oracles %s (set FAASCONF_ORACLES to name one)",
                      FAASCONF_ORACLES_FOLDER);
}

void oracle_table_clear(oracle_table_t *table) {
  for (int32_t i = 0; i < table->n; ++i) free(table->rows[i].configuration);
  free(table->rows);
  memset(table, 0, sizeof *table);
}

/* ---- looking up ---- */

static bool is_of(const oracle_row_t *row, const char *truth, double level) {
  return fabs(row->level - level) < 1e-9 && strcmp(row->truth, truth) == 0;
}

/* Of two rows of the same cell the cheaper one is nearer to what an oracle should be. */
static bool is_better(const oracle_row_t *row, const oracle_row_t *than) {
  return than == NULL || (row->found && (!than->found || row->cost_usd_h < than->cost_usd_h));
}

const oracle_row_t *oracle_table_find(const oracle_table_t *table, const char truth[ORACLE_TRUTH_SIZE], int32_t users,
                                      double level) {
  const oracle_row_t *best = NULL;
  for (int32_t i = 0; i < table->n; ++i) {
    const oracle_row_t *row = &table->rows[i];
    if (row->users == users && is_of(row, truth, level) && is_better(row, best)) best = row;
  }
  return best;
}

/* The nearest rows at or below, and at or above `users`; either may be NULL. */
static void neighbours(const oracle_table_t *table, const char *truth, double users, double level,
                       const oracle_row_t **below, const oracle_row_t **above) {
  *below = *above = NULL;
  for (int32_t i = 0; i < table->n; ++i) {
    const oracle_row_t *row = &table->rows[i];
    if (!row->found || !is_of(row, truth, level)) continue;
    const bool is_below = *below == NULL || row->users > (*below)->users;
    const bool is_above = *above == NULL || row->users < (*above)->users;
    if (row->users <= users && (is_below || (row->users == (*below)->users && is_better(row, *below)))) *below = row;
    if (row->users >= users && (is_above || (row->users == (*above)->users && is_better(row, *above)))) *above = row;
  }
}

bool oracle_table_cost(const oracle_table_t *table, const char truth[ORACLE_TRUTH_SIZE], double users, double level,
                       double *cost_usd_h) {
  const oracle_row_t *below, *above;
  neighbours(table, truth, users, level, &below, &above);
  if (below == NULL) below = above;
  if (above == NULL) above = below;
  if (below == NULL) return false;
  const int32_t step = above->users - below->users;
  const double share = step > 0 ? (users - below->users) / step : 0;
  *cost_usd_h = below->cost_usd_h + share * (above->cost_usd_h - below->cost_usd_h);
  return true;
}

const oracle_row_t *oracle_table_at_load(const oracle_table_t *table, const char truth[ORACLE_TRUTH_SIZE], double users,
                                         double level) {
  const oracle_row_t *below, *above;
  neighbours(table, truth, users - 1e-9, level, &below, &above);
  return above != NULL ? above : below;
}

/* ---- writing ---- */

fc_status_t oracle_row_print(const oracle_row_t *row, char *text, size_t size, fc_error_t *error) {
  char cost[32] = "-", p[32] = "-";
  if (row->found) snprintf(cost, sizeof cost, "%.6f", row->cost_usd_h);
  if (row->found) snprintf(p, sizeof p, "%.5f", row->p);
  size_t used = (size_t)snprintf(text, size, "%s,%d,%s,%" PRIu64 ",%g,%s,%s,%d,%" PRId64 ",%" PRId64 ",%s,",
                                 row->workflow, (int)row->users, world_name(row->world), row->seed, row->level, cost, p,
                                 (int)row->searches, row->budget, row->windows, row->truth);
  if (row->found && used < size)
    used += configuration_text_print(text + used, size - used, row->configuration, row->n_functions, ' ');
  if (used < size) used += (size_t)snprintf(text + used, size - used, "%s\n", row->found ? "" : "-");
  if (used < size) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "the row of workflow %s does not fit a line", row->workflow);
}
