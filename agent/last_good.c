/* last_good.c - configurations known good, by load: see last_good.h. */
#include "last_good.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "configuration.h"

enum { MAX_ENTRIES = 16, FILE_MAX_BYTES = 8 << 20 };
static const double BAND = 0.25;      /* loads within this relative distance share an entry */
static const double LOAD_SLACK = 0.1; /* a load this much lower counts as >= now: measured loads vary */

typedef struct {
  double mean_in_flight; /* highest at which it was good: the conservative index */
  int32_t streak;        /* windows in a row that met QoS */
  uint64_t used;         /* order of updates: the oldest gives way */
} entry_t;

struct last_good {
  const fc_workflow_t *workflow;
  int32_t good_windows;
  int32_t n_entries;
  uint64_t clock;
  entry_t entries[MAX_ENTRIES];
  fc_function_configuration_t *good; /* (MAX_ENTRIES, N) */
  fc_function_configuration_t *seen; /* (N) configuration of the running streak */
  int32_t seen_streak;
  double seen_load;
};

fc_status_t last_good_new(const fc_workflow_t *workflow, int32_t good_windows, last_good_t **out, fc_error_t *error) {
  *out = NULL;
  last_good_t *table = calloc(1, sizeof *table);
  const size_t n = (size_t)workflow->n_functions;
  if (table) {
    table->good = calloc(MAX_ENTRIES * n, sizeof *table->good);
    table->seen = calloc(n, sizeof *table->seen);
  }
  if (!table || !table->good || !table->seen) {
    last_good_destroy(&table);
    return fc_error_set(error, FC_ENOMEM, "last good configurations: out of memory");
  }
  table->workflow = workflow;
  table->good_windows = good_windows;
  *out = table;
  return FC_OK;
}

void last_good_destroy(last_good_t **table) {
  if (!*table) return;
  free((*table)->good);
  free((*table)->seen);
  free(*table);
  *table = NULL;
}

static fc_function_configuration_t *row(const last_good_t *table, int32_t i) {
  return table->good + (size_t)i * (size_t)table->workflow->n_functions;
}

static bool same_band(double a, double b) {
  const double larger = a > b ? a : b;
  return fabs(a - b) <= BAND * larger;
}

/* Entry of this load's band, the nearest when bands overlap, or -1. */
static int32_t find_band(const last_good_t *table, double load) {
  int32_t best = -1;
  for (int32_t i = 0; i < table->n_entries; ++i) {
    if (!same_band(table->entries[i].mean_in_flight, load)) continue;
    if (best < 0 || fabs(table->entries[i].mean_in_flight - load) < fabs(table->entries[best].mean_in_flight - load))
      best = i;
  }
  return best;
}

static int32_t take_slot(last_good_t *table) {
  if (table->n_entries < MAX_ENTRIES) return table->n_entries++;
  int32_t oldest = 0;
  for (int32_t i = 1; i < MAX_ENTRIES; ++i)
    if (table->entries[i].used < table->entries[oldest].used) oldest = i;
  return oldest;
}

static void remove_entry(last_good_t *table, int32_t i) {
  const int32_t last = --table->n_entries;
  if (i == last) return;
  table->entries[i] = table->entries[last];
  configuration_copy(table->workflow, row(table, i), row(table, last));
}

bool last_good_update(last_good_t *table, double load, const fc_function_configuration_t *configuration,
                      fc_qos_verdict_t verdict) {
  if (verdict == FC_QOS_UNKNOWN || !(load >= 0)) return false;
  const bool same = table->seen_streak > 0 && same_band(table->seen_load, load) &&
                    configuration_equal(table->workflow, table->seen, configuration);
  if (verdict == FC_QOS_VIOLATED) {
    table->seen_streak = 0;
    return false;
  }
  table->seen_streak = same ? table->seen_streak + 1 : 1;
  if (!same) configuration_copy(table->workflow, table->seen, configuration);
  table->seen_load = load;
  int32_t i = find_band(table, load);
  const bool proven = table->seen_streak >= table->good_windows;
  if (i >= 0 && !proven && table->entries[i].streak >= table->good_windows) return false;
  if (i < 0) {
    i = take_slot(table);
    table->entries[i] = (entry_t){.mean_in_flight = load};
  }
  entry_t *entry = &table->entries[i];
  const bool unchanged = entry->streak > 0 && configuration_equal(table->workflow, row(table, i), configuration);
  const bool matured = entry->streak < table->good_windows && proven;
  entry->streak = table->seen_streak;
  entry->used = ++table->clock;
  entry->mean_in_flight = unchanged && entry->mean_in_flight > load ? entry->mean_in_flight : load;
  if (!unchanged) configuration_copy(table->workflow, row(table, i), configuration);
  return !unchanged || matured;
}

const fc_function_configuration_t *last_good_find(const last_good_t *table, double load) {
  int32_t best = -1;
  for (int32_t i = 0; i < table->n_entries; ++i) {
    if (table->entries[i].mean_in_flight < load * (1 - LOAD_SLACK)) continue;
    if (best < 0 || table->entries[i].mean_in_flight < table->entries[best].mean_in_flight) best = i;
  }
  return best < 0 ? NULL : row(table, best);
}

bool last_good_demote(last_good_t *table, const fc_function_configuration_t *configuration) {
  const int32_t before = table->n_entries;
  table->seen_streak = 0;
  for (int32_t i = table->n_entries - 1; i >= 0; --i)
    if (configuration_equal(table->workflow, row(table, i), configuration)) remove_entry(table, i);
  return table->n_entries != before;
}

static int32_t larger(int32_t a, int32_t b) {
  return a > b ? a : b;
}

bool last_good_restore(const last_good_t *table, double load, const fc_function_configuration_t *current,
                       fc_function_configuration_t *restored) {
  configuration_copy(table->workflow, restored, current);
  const fc_function_configuration_t *good = last_good_find(table, load);
  if (!good) return false;
  for (int32_t f = 0; f < table->workflow->n_functions; ++f) {
    restored[f].cpu_millicores = larger(current[f].cpu_millicores, good[f].cpu_millicores);
    restored[f].mem_mib = larger(current[f].mem_mib, good[f].mem_mib);
    restored[f].replicas = larger(current[f].replicas, good[f].replicas);
    restored[f].concurrency = good[f].concurrency;
  }
  return true;
}

int32_t last_good_size(const last_good_t *table) {
  return table->n_entries;
}

fc_status_t last_good_save(const last_good_t *table, const folder_t *folder, fc_error_t *error) {
  fc_json_t *root = fc_json_object(), *entries = fc_json_array();
  fc_json_set_string(root, "workflow", table->workflow->name);
  for (int32_t i = 0; i < table->n_entries; ++i) {
    fc_json_t *entry = fc_json_object(), *configuration = configuration_to_json(table->workflow, row(table, i));
    fc_json_set_double(entry, "mean_in_flight", table->entries[i].mean_in_flight);
    fc_json_set_int(entry, "streak", table->entries[i].streak);
    fc_json_set(entry, "configuration", &configuration);
    fc_json_append(entries, &entry);
  }
  fc_json_set(root, "entries", &entries);
  const fc_status_t status = folder_write_json(folder, "last_good.json", root, error);
  fc_json_destroy(&root);
  return status;
}

static fc_status_t read_entries(last_good_t *table, const fc_json_t *root, fc_error_t *error) {
  const char *name = fc_json_string(fc_json_get(root, "workflow"));
  if (!name || strcmp(name, table->workflow->name) != 0)
    return fc_error_set(error, FC_EMISMATCH, "last_good.json: written for workflow %s, this is %s", name ? name : "?",
                        table->workflow->name);
  const fc_json_t *entries = fc_json_get(root, "entries");
  for (size_t i = 0; i < fc_json_size(entries) && table->n_entries < MAX_ENTRIES; ++i) {
    const fc_json_t *entry = fc_json_at(entries, i);
    entry_t about = {.used = ++table->clock};
    int64_t streak = 0;
    if (!fc_json_double(fc_json_get(entry, "mean_in_flight"), &about.mean_in_flight) || !(about.mean_in_flight >= 0) ||
        !fc_json_int(fc_json_get(entry, "streak"), &streak) || streak < 1 || streak > INT32_MAX)
      return fc_error_set(error, FC_EFORMAT, "last_good.json: entry %zu: expected mean_in_flight and streak", i);
    about.streak = (int32_t)streak;
    FC_TRY(configuration_from_json(table->workflow, fc_json_get(entry, "configuration"), row(table, table->n_entries),
                                   error));
    table->entries[table->n_entries++] = about;
  }
  return FC_OK;
}

fc_status_t last_good_load(last_good_t *table, const folder_t *folder, fc_error_t *error) {
  fc_json_t *root = NULL;
  table->n_entries = 0;
  FC_TRY(folder_read_json(folder, "last_good.json", FILE_MAX_BYTES, &root, error));
  const fc_status_t status = read_entries(table, root, error);
  fc_json_destroy(&root);
  if (status != FC_OK) table->n_entries = 0;
  return status;
}
