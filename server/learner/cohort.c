/* cohort.c - see cohort.h. */
#include "cohort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attmf_learners.h"
#include "neighbours.h"
#include "options.h"

enum { MAX_LEARNERS = 4096, MAX_ROWS = 1 << 24 };

struct cohort {
  cohort_options_t options;
  fc_device_t *device;
  int32_t n_functions, n_features;
  int32_t n_rows; /* as far as they are set */
  attmf_learners_t learners;
  /* memory of the device */
  float *memory;         /* of learners and batches */
  int32_t *graph;        /* neighbourhoods */
  float *rows_memory;    /* rows but terminal */
  uint8_t *terminal;     /* (R) */
  uint64_t *seed;        /* (L) */
  int32_t *n_rows_there; /* (1) */
  int32_t *index;        /* (L,B) */
  uint8_t *batch_terminal;
  fc_rows_t rows;      /* views of what row_parts and terminal are */
  float *row_parts[4]; /* features, next_features (R,N,O), action (R,N,A), reward (R) */
  attmf_batches_t batches;
  float *batch_features, *batch_next_features, *batch_action, *batch_reward;
  size_t bytes;
  fc_recording_t *several, *one; /* of updates_per_launch updates, of one; NULL: not recorded yet */
  bool records;                  /* the device does */
  fc_parcel_t *parcels[2];       /* of cohort_send, in turns */
  int64_t n_sent;
};

cohort_options_t cohort_options_default(const char *algorithm, algorithm_variant_t variant) {
  cohort_options_t options = {.algorithm = algorithm, .n_learners = 1, .row_capacity = 65536, .updates_per_launch = 8};
  const algorithm_interface_t *interface = algorithm_find(algorithm, NULL);
  if (interface != NULL) options.learning = interface->defaults(variant);
  return options;
}

bool cohort_knows(const char *algorithm) {
  attention_t attention;
  norm_t norm;
  return attmf_learners_kind(algorithm, VARIANT_REPAIRED, &attention, &norm);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static fc_status_t check(const cohort_options_t *options, const fc_workflow_t *workflow, int32_t n_features,
                         fc_error_t *error) {
  if (!cohort_knows(options->algorithm))
    return fc_error_set(error, FC_EINVAL, "%s cannot be trained as a cohort: expected attmf or mean_field",
                        options->algorithm);
  if (options->n_learners < 1 || options->n_learners > MAX_LEARNERS)
    return fc_error_set(error, FC_EINVAL, "%d learners: expected 1 to %d", (int)options->n_learners, MAX_LEARNERS);
  if (options->row_capacity < 1 || options->row_capacity > MAX_ROWS)
    return fc_error_set(error, FC_EINVAL, "%d rows: expected 1 to %d", (int)options->row_capacity, MAX_ROWS);
  if (options->updates_per_launch < 1 || options->updates_per_launch > 1024)
    return fc_error_set(error, FC_EINVAL, "%d updates per launch: expected 1 to 1024",
                        (int)options->updates_per_launch);
  return options_check(options->algorithm, &options->learning, workflow->n_functions, n_features, error);
}

static fc_status_t take(cohort_t *self, size_t bytes, void **out, fc_error_t *error) {
  FC_TRY(fc_device_take(self->device, bytes, out, error));
  self->bytes += bytes;
  return FC_OK;
}

/* The workflow's neighbourhoods in memory of the device; `host` says how large they are. */
static fc_status_t place_graph(cohort_t *self, const fc_neighbours_t *host, fc_neighbours_t *there, fc_error_t *error) {
  const size_t n = (size_t)host->n_functions + 1, e = (size_t)host->n_edges;
  FC_TRY(take(self, (2 * n + 3 * e) * sizeof(int32_t), (void **)&self->graph, error));
  int32_t *row_start = self->graph, *incoming_start = row_start + n, *column = incoming_start + n, *row = column + e,
          *incoming = row + e;
  FC_TRY(fc_device_write(self->device, row_start, host->row_start, n * sizeof(int32_t), error));
  FC_TRY(fc_device_write(self->device, incoming_start, host->incoming_start, n * sizeof(int32_t), error));
  FC_TRY(fc_device_write(self->device, column, host->column, e * sizeof(int32_t), error));
  FC_TRY(fc_device_write(self->device, row, host->row, e * sizeof(int32_t), error));
  FC_TRY(fc_device_write(self->device, incoming, host->incoming, e * sizeof(int32_t), error));
  *there = (fc_neighbours_t){.n_functions = host->n_functions,
                             .n_edges = host->n_edges,
                             .row_start = row_start,
                             .column = column,
                             .row = row,
                             .incoming_start = incoming_start,
                             .incoming = incoming};
  return FC_OK;
}

static void bind_all(cohort_t *self, arena_t *arena) {
  const int64_t batch = (int64_t)self->options.n_learners * self->options.learning.n_batch, n = self->n_functions;
  attmf_learners_bind(&self->learners, arena);
  self->batch_features = arena_take(arena, batch * n * self->n_features);
  self->batch_next_features = arena_take(arena, batch * n * self->n_features);
  self->batch_action = arena_take(arena, batch * n * FC_KNOBS);
  self->batch_reward = arena_take(arena, batch);
}

static void bind_rows(cohort_t *self, arena_t *arena) {
  const int64_t r = self->options.row_capacity, n = self->n_functions;
  self->row_parts[0] = arena_take(arena, r * n * self->n_features);
  self->row_parts[1] = arena_take(arena, r * n * self->n_features);
  self->row_parts[2] = arena_take(arena, r * n * FC_KNOBS);
  self->row_parts[3] = arena_take(arena, r);
}

static fc_status_t take_arena(cohort_t *self, void (*bind)(cohort_t *, arena_t *), float **memory, fc_error_t *error) {
  arena_t arena = {NULL, 0};
  bind(self, &arena);
  FC_TRY(take(self, (size_t)arena.n_values * sizeof(float), (void **)memory, error));
  arena = (arena_t){*memory, 0};
  bind(self, &arena);
  return FC_OK;
}

/* Statistics of batch normalisation, and the seeds: what no instance brings. */
static fc_status_t begin(cohort_t *self, fc_error_t *error) {
  const mlp_t *mlp = &self->learners.actor.net.mlp;
  const size_t l = (size_t)self->options.n_learners;
  const size_t n = l * (size_t)mlp_statistics_values(mlp) * sizeof(float);
  float *statistics = malloc(n);
  uint64_t *seed = malloc(l * sizeof *seed);
  fc_status_t status = FC_ENOMEM;
  if (statistics != NULL && seed != NULL) {
    status = FC_OK;
    for (size_t i = 0; i < l; ++i) seed[i] = self->options.learning.seed + i;
    mlp_statistics_reset(mlp, statistics);
    float *const all[] = {self->learners.actor.statistics, self->learners.actor.target_statistics,
                          self->learners.critic.statistics, self->learners.critic.target_statistics};
    for (size_t i = 0; i < sizeof all / sizeof *all && status == FC_OK; ++i)
      status = fc_device_write(self->device, all[i], statistics, n, error);
    if (status == FC_OK) status = fc_device_write(self->device, self->seed, seed, l * sizeof *seed, error);
  } else {
    (void)fc_error_set(error, FC_ENOMEM, "out of memory for a cohort");
  }
  free(statistics);
  free(seed);
  return status;
}

static fc_status_t build(cohort_t *self, const fc_neighbours_t *neighbours, fc_error_t *error) {
  const size_t l = (size_t)self->options.n_learners, batch = l * (size_t)self->options.learning.n_batch;
  attention_t attention;
  norm_t norm;
  fc_neighbours_t there;
  attmf_learners_kind(self->options.algorithm, self->options.learning.variant, &attention, &norm);
  FC_TRY(place_graph(self, neighbours, &there, error));
  attmf_learners_init(&self->learners, fc_device_ops(self->device), fc_device_stream(self->device),
                      &self->options.learning, attention, norm, self->options.n_learners, self->n_features, there);
  FC_TRY(take_arena(self, bind_all, &self->memory, error));
  FC_TRY(take_arena(self, bind_rows, &self->rows_memory, error));
  FC_TRY(take(self, (size_t)self->options.row_capacity, (void **)&self->terminal, error));
  FC_TRY(take(self, l * sizeof *self->seed, (void **)&self->seed, error));
  FC_TRY(take(self, sizeof *self->n_rows_there, (void **)&self->n_rows_there, error));
  FC_TRY(take(self, batch * sizeof *self->index, (void **)&self->index, error));
  FC_TRY(take(self, batch, (void **)&self->batch_terminal, error));
  self->rows = (fc_rows_t){.features = self->row_parts[0],
                           .next_features = self->row_parts[1],
                           .action = self->row_parts[2],
                           .reward = self->row_parts[3],
                           .terminal = self->terminal};
  self->batches = (attmf_batches_t){.features = self->batch_features,
                                    .next_features = self->batch_next_features,
                                    .action = self->batch_action,
                                    .reward = self->batch_reward,
                                    .terminal = self->batch_terminal};
  return begin(self, error);
}

fc_status_t cohort_new(const fc_workflow_t *workflow, int32_t n_features, const cohort_options_t *options,
                       fc_device_t *device, cohort_t **out, fc_error_t *error) {
  *out = NULL;
  FC_TRY(check(options, workflow, n_features, error));
  neighbours_t neighbours;
  if (neighbours_init(&neighbours, &workflow->topology, FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "out of memory for %d edges", (int)workflow->topology.n_edges);
  cohort_t *self = calloc(1, sizeof *self);
  fc_status_t status = FC_OK;
  if (self == NULL) {
    status = fc_error_set(error, FC_ENOMEM, "out of memory for a cohort");
  } else {
    self->options = *options;
    self->device = device;
    self->n_functions = workflow->n_functions;
    self->n_features = n_features;
    self->records = true; /* until the device says otherwise */
    status = build(self, &neighbours.csr, error);
  }
  neighbours_clear(&neighbours);
  if (status != FC_OK) {
    cohort_destroy(&self);
    return status;
  }
  *out = self;
  return FC_OK;
}

void cohort_destroy(cohort_t **cohort) {
  cohort_t *self = *cohort;
  if (self == NULL) return;
  fc_device_forget(self->device, &self->several);
  fc_device_forget(self->device, &self->one);
  for (int i = 0; i < 2; ++i) fc_parcel_destroy(self->device, &self->parcels[i]);
  void *const all[] = {self->memory, self->graph,        self->rows_memory, self->terminal,
                       self->seed,   self->n_rows_there, self->index,       self->batch_terminal};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) fc_device_give(self->device, all[i]);
  free(self);
  *cohort = NULL;
}

size_t cohort_bytes(const cohort_t *cohort) {
  return cohort->bytes;
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

static fc_status_t check_rows(const cohort_t *self, int32_t first, int32_t n, fc_error_t *error) {
  if (first >= 0 && n >= 0 && n <= self->options.row_capacity - first) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "rows %d to %d of a cohort that has %d", (int)first, (int)(first + n - 1),
                      (int)self->options.row_capacity);
}

/* Batches may draw from rows [0, end) from now on. */
static fc_status_t reach(cohort_t *self, int32_t end, fc_error_t *error) {
  if (end <= self->n_rows) return FC_OK;
  self->n_rows = end;
  return fc_device_write(self->device, self->n_rows_there, &self->n_rows, sizeof self->n_rows, error);
}

static fc_row_memory_t rows_from(const cohort_t *self, int32_t first) {
  const int64_t f = (int64_t)self->n_functions * self->n_features, a = (int64_t)self->n_functions * FC_KNOBS;
  return (fc_row_memory_t){.features = self->row_parts[0] + first * f,
                           .next_features = self->row_parts[1] + first * f,
                           .action = self->row_parts[2] + first * a,
                           .reward = self->row_parts[3] + first,
                           .terminal = self->terminal + first};
}

fc_status_t cohort_set_rows(cohort_t *self, int32_t first, int32_t n, const float *features, const float *action,
                            const float *reward, const float *next_features, const uint8_t *terminal,
                            fc_error_t *error) {
  FC_TRY(check_rows(self, first, n, error));
  const size_t f = (size_t)self->n_functions * (size_t)self->n_features, a = (size_t)self->n_functions * FC_KNOBS;
  const fc_row_memory_t to = rows_from(self, first);
  float *const parts[4] = {to.features, to.next_features, to.action, to.reward};
  const float *const from[4] = {features, next_features, action, reward};
  const size_t width[4] = {f, f, a, 1};
  for (int i = 0; i < 4; ++i)
    FC_TRY(fc_device_write(self->device, parts[i], from[i], (size_t)n * width[i] * sizeof(float), error));
  FC_TRY(fc_device_write(self->device, to.terminal, terminal, (size_t)n, error));
  return reach(self, first + n, error);
}

fc_status_t cohort_lend_rows(cohort_t *self, int32_t first, int32_t n, fc_row_memory_t *to, fc_error_t *error) {
  FC_TRY(check_rows(self, first, n, error));
  *to = rows_from(self, first);
  return reach(self, first + n, error);
}

/* ---- weights ------------------------------------------------------------------------------------------------- */

/* The blocks of an instance and those of all learners together, which lie learner by learner. FC_EMISMATCH when the
 * instance is another kind. */
static fc_status_t match(cohort_t *self, int32_t l, const algorithm_interface_t *algorithm, algorithm_t *instance,
                         algorithm_state_t *host, algorithm_state_t *there, int64_t **step, int32_t *n,
                         fc_error_t *error) {
  fc_rng_t *rng;
  *n = algorithm->state(instance, host, step, &rng);
  bool fits = l >= 0 && l < self->options.n_learners && *n == attmf_learners_states(&self->learners, there);
  for (int32_t i = 0; fits && i < *n; ++i)
    fits = strcmp(host[i].name, there[i].name) == 0 && there[i].n == host[i].n * self->options.n_learners;
  if (fits) return FC_OK;
  return fc_error_set(error, FC_EMISMATCH, "learner %d of a cohort of %d %s: the instance is another kind", (int)l,
                      (int)self->options.n_learners, self->options.algorithm);
}

/* Copies every block of an instance to learner l's place, or back. */
static fc_status_t move(cohort_t *self, int32_t l, const algorithm_interface_t *algorithm, algorithm_t *instance,
                        bool back, fc_error_t *error) {
  algorithm_state_t host[ALGORITHM_MAX_STATES], there[ALGORITHM_MAX_STATES];
  int64_t *step;
  int32_t n;
  FC_TRY(match(self, l, algorithm, instance, host, there, &step, &n, error));
  for (int32_t i = 0; i < n; ++i) {
    const size_t bytes = (size_t)host[i].n * sizeof(float);
    float *at = there[i].data + l * host[i].n;
    FC_TRY(back ? fc_device_read(self->device, host[i].data, at, bytes, error)
                : fc_device_write(self->device, at, host[i].data, bytes, error));
  }
  return back ? fc_device_read(self->device, step, self->learners.step, sizeof *step, error)
              : fc_device_write(self->device, self->learners.step, step, sizeof *step, error);
}

fc_status_t cohort_put(cohort_t *self, int32_t l, const algorithm_interface_t *algorithm, algorithm_t *from,
                       fc_error_t *error) {
  return move(self, l, algorithm, from, false, error);
}

fc_status_t cohort_get(cohort_t *self, int32_t l, const algorithm_interface_t *algorithm, algorithm_t *into,
                       fc_error_t *error) {
  return move(self, l, algorithm, into, true, error);
}

/* ---- updates ------------------------------------------------------------------------------------------------- */

static void queue_update(cohort_t *self) {
  const fc_ops_t *ops = fc_device_ops(self->device);
  fc_stream_t *stream = fc_device_stream(self->device);
  const int32_t l = self->options.n_learners, b = self->options.learning.n_batch;
  ops->draw_rows(self->index, self->seed, self->learners.step, self->n_rows_there, l, b, stream);
  ops->gather_transitions(self->batch_features, self->batch_next_features, self->batch_action, self->batch_reward,
                          self->batch_terminal, self->rows, self->index, l * b, self->n_functions * self->n_features,
                          self->n_functions * FC_KNOBS, stream);
  attmf_learners_update(&self->learners, &self->batches);
}

/* Records n updates, once; on a device that records none it says so once. */
static fc_status_t record(cohort_t *self, int32_t n, fc_recording_t **recording, fc_error_t *error) {
  if (*recording != NULL || !self->records) return FC_OK;
  const fc_status_t status = fc_device_record(self->device, error);
  if (status == FC_ESTATE) {
    self->records = false;
    return FC_OK;
  }
  FC_TRY(status);
  for (int32_t i = 0; i < n; ++i) queue_update(self);
  return fc_device_keep(self->device, recording, error);
}

fc_status_t cohort_update(cohort_t *self, int64_t n, fc_error_t *error) {
  if (self->n_rows < 1) return fc_error_set(error, FC_ESTATE, "a cohort without rows has nothing to learn from");
  const int32_t several = self->options.updates_per_launch;
  if (n >= several) FC_TRY(record(self, several, &self->several, error));
  if (n % several != 0) FC_TRY(record(self, 1, &self->one, error));
  for (; self->records && n >= several; n -= several) FC_TRY(fc_device_replay(self->device, self->several, error));
  for (; n > 0; --n) {
    if (self->records) {
      FC_TRY(fc_device_replay(self->device, self->one, error));
    } else {
      queue_update(self);
    }
  }
  return FC_OK;
}

/* ---- reports, and the way to the host that nobody waits for ---------------------------------------------------- */

enum { REPORT_VALUES = 4 };

static void report_parts(const cohort_t *self, const float *parts[REPORT_VALUES]) {
  parts[0] = self->learners.critic_loss;
  parts[1] = self->learners.actor_loss;
  parts[2] = self->learners.critic_squares;
  parts[3] = self->learners.actor_squares;
}

static algorithm_report_t report_of(const float values[REPORT_VALUES]) {
  return (algorithm_report_t){.critic_loss = (double)values[0],
                              .actor_loss = (double)values[1],
                              .critic_grad_norm = sqrt((double)values[2]),
                              .actor_grad_norm = sqrt((double)values[3])};
}

fc_status_t cohort_report(cohort_t *self, int32_t l, algorithm_report_t *report, fc_error_t *error) {
  FC_ASSERT(l >= 0 && l < self->options.n_learners);
  const float *parts[REPORT_VALUES];
  float values[REPORT_VALUES];
  report_parts(self, parts);
  for (int i = 0; i < REPORT_VALUES; ++i)
    FC_TRY(fc_device_read(self->device, &values[i], parts[i] + l, sizeof values[i], error));
  *report = report_of(values);
  return FC_OK;
}

/* A parcel: | step | report | blocks, one after the other | */
fc_status_t cohort_send(cohort_t *self, int32_t l, fc_error_t *error) {
  FC_ASSERT(l >= 0 && l < self->options.n_learners);
  algorithm_state_t there[ALGORITHM_MAX_STATES];
  const float *parts[REPORT_VALUES];
  fc_parcel_t **parcel = &self->parcels[self->n_sent % 2];
  const int32_t n = attmf_learners_states(&self->learners, there);
  size_t bytes = sizeof *self->learners.step + REPORT_VALUES * sizeof(float), at = 0;
  for (int32_t i = 0; i < n; ++i) bytes += (size_t)(there[i].n / self->options.n_learners) * sizeof(float);
  if (*parcel == NULL) FC_TRY(fc_parcel_new(self->device, bytes, parcel, error));
  FC_TRY(fc_parcel_send(self->device, *parcel, at, self->learners.step, sizeof *self->learners.step, error));
  at += sizeof *self->learners.step;
  report_parts(self, parts);
  for (int i = 0; i < REPORT_VALUES; ++i, at += sizeof(float))
    FC_TRY(fc_parcel_send(self->device, *parcel, at, parts[i] + l, sizeof(float), error));
  for (int32_t i = 0; i < n; ++i) {
    const int64_t own = there[i].n / self->options.n_learners;
    FC_TRY(fc_parcel_send(self->device, *parcel, at, there[i].data + l * own, (size_t)own * sizeof(float), error));
    at += (size_t)own * sizeof(float);
  }
  FC_TRY(fc_parcel_seal(self->device, *parcel, error));
  self->n_sent += 1;
  return FC_OK;
}

fc_status_t cohort_receive(cohort_t *self, int32_t age, const algorithm_interface_t *algorithm, algorithm_t *into,
                           algorithm_report_t *report, fc_error_t *error) {
  FC_ASSERT(age == 0 || age == 1);
  const uint8_t *data;
  float values[REPORT_VALUES];
  if (self->n_sent <= age) return fc_error_set(error, FC_ESTATE, "a cohort from which nothing was sent");
  FC_TRY(fc_parcel_await(self->device, self->parcels[(self->n_sent - 1 - age) % 2], &data, error));
  memcpy(values, data + sizeof(int64_t), sizeof values);
  *report = report_of(values);
  if (into == NULL) return FC_OK;
  algorithm_state_t host[ALGORITHM_MAX_STATES], there[ALGORITHM_MAX_STATES];
  int64_t *step;
  int32_t n;
  FC_TRY(match(self, 0, algorithm, into, host, there, &step, &n, error));
  memcpy(step, data, sizeof *step);
  const uint8_t *at = data + sizeof *step + sizeof values;
  for (int32_t i = 0; i < n; ++i) {
    memcpy(host[i].data, at, (size_t)host[i].n * sizeof(float));
    at += (size_t)host[i].n * sizeof(float);
  }
  return FC_OK;
}
