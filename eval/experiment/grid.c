/* grid.c - see grid.h. */
#include "grid.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "jobs.h"

enum { TRACE_LEVELS = 5 };

/* One trial of a group. */
typedef struct {
  trial_t trial;
  const contender_t *contender;
  cell_t cell;
  fc_function_configuration_t *choice; /* (N) */
  trace_minute_t *minutes;             /* (n_minutes) of a trace */
} slot_t;

/* Trials that share workflow, seed, nominal world and track. */
typedef struct {
  const grid_t *grid;
  const fc_workflow_t *workflow;
  uint64_t seed;
  tuner_track_t track;
  world_t worlds[WORLD_KINDS];
  tuner_rows_t rows;
  slot_t *slots;
  int32_t n_slots, capacity;
  int64_t n_done_before, n_cells;
  char doing[160];
  pthread_mutex_t mutex; /* of telling; guards what follows */
  int64_t n_told;
} group_t;

static int32_t trace_levels(const trace_t *trace, int32_t users[OFFLINE_MAX_LOADS]) {
  int32_t least = trace->users[0], most = trace->users[0];
  for (int32_t m = 1; m < trace->n_minutes; ++m) {
    least = trace->users[m] < least ? trace->users[m] : least;
    most = trace->users[m] > most ? trace->users[m] : most;
  }
  for (int32_t i = 0; i < TRACE_LEVELS; ++i) users[i] = least + (most - least) * i / (TRACE_LEVELS - 1);
  return most > least ? TRACE_LEVELS : 1;
}

int32_t grid_levels(const grid_t *grid, const fc_workflow_t *workflow, int32_t users[OFFLINE_MAX_LOADS]) {
  if (grid->trace != NULL) return trace_levels(grid->trace, users);
  if (grid->n_users == 0) return offline_levels(workflow, users);
  for (int32_t i = 0; i < grid->n_users; ++i) users[i] = grid->users[i];
  return grid->n_users;
}

/* What trials are about: the levels, or one trace. */
static int32_t trial_levels(const grid_t *grid, const fc_workflow_t *workflow, int32_t users[OFFLINE_MAX_LOADS]) {
  if (grid->trace == NULL) return grid_levels(grid, workflow, users);
  users[0] = 0;
  return 1;
}

static int32_t count_worlds(const grid_t *grid) {
  int32_t n = 0;
  for (int i = 0; i < WORLD_KINDS; ++i) n += grid->worlds[i];
  return n;
}

int64_t grid_size(const grid_t *grid) {
  int64_t n = 0;
  int32_t users[OFFLINE_MAX_LOADS];
  for (int32_t w = 0; w < grid->n_workflows; ++w) n += trial_levels(grid, grid->workflows[w], users);
  return n * count_worlds(grid) * (grid->tracks[0] + grid->tracks[1]) * grid->contenders->n * grid->n_seeds;
}

/* Optimistic differs from all others in what is nominal. */
static bool belongs(world_kind_t kind, bool optimistic) {
  return (kind == WORLD_OPTIMISTIC) == optimistic;
}

/* Only where there is an oracle can one that knows the world take part. */
static bool takes_part(const group_t *group, const world_t *world, int32_t users, const contender_t *contender) {
  char truth[ORACLE_TRUTH_SIZE];
  double cost_usd_h = 0;
  if (!contender->tuner->knows_the_world) return true;
  if (group->grid->oracles == NULL) return false;
  oracle_truth(group->workflow, world, truth);
  return oracle_table_cost(group->grid->oracles, truth, users, contender->level, &cost_usd_h);
}

static fc_status_t add_slot(group_t *group, const world_t *world, int32_t users, const contender_t *contender,
                            fc_error_t *error) {
  const grid_t *grid = group->grid;
  slot_t *slot = &group->slots[group->n_slots];
  if (!takes_part(group, world, users, contender)) return FC_OK;
  slot->contender = contender;
  slot->trial = (trial_t){.workflow = group->workflow,
                          .world = world,
                          .rows = &group->rows,
                          .track = group->track,
                          .semantics = grid->semantics,
                          .ranges = grid->ranges,
                          .users = users,
                          .budget_windows = grid->budget_windows,
                          .judging_windows = grid->judging_windows,
                          .oracles = grid->oracles,
                          .cache = grid->cache,
                          .seed = group->seed};
  trial_name(&slot->trial, contender, grid->experiment, &slot->cell);
  if (grid->is_done != NULL && grid->is_done(grid->context, &slot->cell)) {
    group->n_done_before += 1;
    return FC_OK;
  }
  group->n_slots += 1;
  slot->choice = calloc((size_t)group->workflow->n_functions, sizeof *slot->choice);
  slot->minutes = calloc(grid->trace != NULL ? (size_t)grid->trace->n_minutes : 1, sizeof *slot->minutes);
  if (slot->choice == NULL || slot->minutes == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a trial");
  return FC_OK;
}

static fc_status_t fill_slots(group_t *group, bool optimistic, fc_error_t *error) {
  const grid_t *grid = group->grid;
  int32_t users[OFFLINE_MAX_LOADS];
  const int32_t n_users = trial_levels(grid, group->workflow, users);
  group->capacity = n_users * WORLD_KINDS * grid->contenders->n;
  group->slots = calloc((size_t)group->capacity, sizeof *group->slots);
  if (group->slots == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d trials", (int)group->capacity);
  bool takes_part[WORLD_KINDS];
  for (int kind = 0; kind < WORLD_KINDS; ++kind) {
    takes_part[kind] = grid->worlds[kind] && belongs((world_kind_t)kind, optimistic);
    if (takes_part[kind])
      FC_TRY(world_init(&group->worlds[kind], group->workflow, (world_kind_t)kind, group->seed, error));
  }
  /* Neighbours in this order need different plans, so that workers do not wait for each other's. */
  for (int32_t c = 0; c < grid->contenders->n; ++c)
    for (int kind = 0; kind < WORLD_KINDS; ++kind)
      for (int32_t u = 0; u < n_users && takes_part[kind]; ++u)
        FC_TRY(add_slot(group, &group->worlds[kind], users[u], &grid->contenders->items[c], error));
  return FC_OK;
}

static void clear_group(group_t *group) {
  for (int32_t i = 0; i < group->n_slots; ++i) {
    free(group->slots[i].choice);
    free(group->slots[i].minutes);
  }
  free(group->slots);
  for (int kind = 0; kind < WORLD_KINDS; ++kind) world_clear(&group->worlds[kind]);
  tuner_rows_clear(&group->rows);
  pthread_mutex_destroy(&group->mutex);
}

/* ---- the work ------------------------------------------------------------------------------------------------- */

static void show(const group_t *group, int64_t n_done) {
  const grid_t *grid = group->grid;
  if (grid->progress != NULL)
    grid->progress(grid->context, group->n_done_before + n_done, group->n_cells, group->doing);
}

static bool is_among(int32_t value, const int32_t *values, int32_t n) {
  for (int32_t i = 0; i < n; ++i)
    if (values[i] == value) return true;
  return false;
}

/* Whoever is tried at some of the usual levels has learned from all of them, as in the whole experiment. */
static int32_t offline_loads(const grid_t *grid, const fc_workflow_t *workflow, int32_t users[OFFLINE_MAX_LOADS]) {
  const int32_t n_usual = offline_levels(workflow, users);
  bool are_usual = grid->trace == NULL;
  for (int32_t i = 0; i < grid->n_users && are_usual; ++i) are_usual = is_among(grid->users[i], users, n_usual);
  return are_usual ? n_usual : grid_levels(grid, workflow, users);
}

static fc_status_t measure_rows(group_t *group, fc_error_t *error) {
  const grid_t *grid = group->grid;
  offline_t offline = {.workflow = group->workflow,
                       .world = group->slots[0].trial.world,
                       .semantics = grid->semantics,
                       .ranges = grid->ranges,
                       .n_rows = grid->n_rows[group->track],
                       .n_workers = grid->n_workers,
                       .seed = group->seed};
  offline.n_loads = offline_loads(grid, group->workflow, offline.users);
  snprintf(group->doing, sizeof group->doing, "%s: %d offline rows", group->workflow->name, (int)offline.n_rows);
  show(group, 0);
  return offline_measure(&offline, &group->rows, error);
}

/* One contender: training, planning, whatever it keeps. The first trial of it stands for all. */
static fc_status_t prepare(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  const group_t *group = context;
  const contender_t *contender = &group->grid->contenders->items[piece];
  (void)worker;
  for (int64_t i = 0; i < piece; ++i) /* another safety strategy or rails: the same training */
    if (group->grid->contenders->items[i].tuner == contender->tuner &&
        group->grid->contenders->items[i].variant == contender->variant &&
        group->grid->contenders->items[i].concurrency_is_fixed == contender->concurrency_is_fixed)
      return FC_OK;
  for (int32_t i = 0; i < group->n_slots; ++i)
    if (group->slots[i].contender == contender) return trial_prepare(&group->slots[i].trial, contender, error);
  return FC_OK;
}

static void show_preparing(void *context, int64_t n_done) {
  group_t *group = context;
  snprintf(group->doing, sizeof group->doing, "%s, seed %d: %d of %d methods prepared", group->workflow->name,
           (int)group->seed, (int)n_done, (int)group->grid->contenders->n);
  show(group, 0);
}

/* As soon as it is there, whoever measured it. */
static fc_status_t tell(group_t *group, const slot_t *slot, fc_error_t *error) {
  const grid_t *grid = group->grid;
  pthread_mutex_lock(&group->mutex);
  const fc_status_t status = grid->on_cell(grid->context, &slot->trial, &slot->cell, slot->choice,
                                           grid->trace != NULL ? slot->minutes : NULL, error);
  group->n_told += 1;
  show(group, group->n_told);
  pthread_mutex_unlock(&group->mutex);
  return status;
}

static fc_status_t run_slot(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  group_t *group = context;
  slot_t *slot = &group->slots[piece];
  const trace_t *trace = group->grid->trace;
  (void)worker;
  if (trace != NULL)
    FC_TRY(trace_run(&slot->trial, trace, slot->contender, slot->minutes, &slot->cell, error));
  else
    FC_TRY(trial_run(&slot->trial, slot->contender, &slot->cell, slot->choice, error));
  return tell(group, slot, error);
}

static fc_status_t run_group(group_t *group, bool optimistic, fc_error_t *error) {
  const grid_t *grid = group->grid;
  FC_TRY(fill_slots(group, optimistic, error));
  if (group->n_slots == 0) return FC_OK;
  FC_TRY(measure_rows(group, error));
  if (grid->cache != NULL)
    FC_TRY(jobs_run(grid->n_workers, grid->contenders->n, prepare, show_preparing, group, error));
  snprintf(group->doing, sizeof group->doing, "%s, seed %d, track %s", group->workflow->name, (int)group->seed,
           trial_track_name(group->track));
  return jobs_run(grid->n_workers, group->n_slots, run_slot, NULL, group, error);
}

fc_status_t grid_run(const grid_t *grid, fc_error_t *error) {
  int64_t n_done = 0;
  for (int32_t w = 0; w < grid->n_workflows; ++w)
    for (int32_t s = 0; s < grid->n_seeds; ++s)
      for (int track = 0; track < 2; ++track)
        for (int optimistic = 0; optimistic < 2; ++optimistic) {
          if (!grid->tracks[track]) continue;
          group_t group = {.grid = grid,
                           .workflow = grid->workflows[w],
                           .seed = grid->first_seed + (uint64_t)s,
                           .track = (tuner_track_t)track,
                           .n_done_before = n_done,
                           .n_cells = grid_size(grid),
                           .mutex = PTHREAD_MUTEX_INITIALIZER};
          const fc_status_t status = run_group(&group, optimistic != 0, error);
          n_done = group.n_done_before + group.n_slots;
          clear_group(&group);
          if (status != FC_OK) return status;
        }
  return FC_OK;
}
