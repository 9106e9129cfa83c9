/* batch.c - a batch's memory and its rounds: see batch.h. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "batch_image.h"
#include "sizes.h"

enum { BATCH_MAX_WINDOWS = 1 << 22, STACK_BYTES = 8192 };

struct batch {
  const fc_workflow_t *workflow;
  fc_device_t *device;
  simulator_t *simulator; /* on the host: what every image is a copy of */
  int32_t capacity, users;
  bool placed; /* the images are those of `simulator` as it is */
  batch_layout_t layout;
  uint8_t *host_image;
  /* on the device */
  uint8_t *image; /* the one that is copied */
  plan_node_t *nodes;
  normal_table_t *normal;
  batch_arrays_t arrays;
  int32_t *same_users; /* on the host: (capacity) the options' */
};

/* ---- the image ---- */

static size_t padded(size_t bytes) {
  return (bytes + 15) & ~(size_t)15;
}

static size_t sample_values(const simulator_t *simulator) {
  return ((size_t)simulator->n_functions + 1) * (size_t)simulator->counts.latencies.capacity;
}

static void lay_out(const simulator_t *simulator, batch_layout_t *layout) {
  const size_t places = (size_t)simulator->n_places, replicas = (size_t)simulator->n_replicas,
               calls = (size_t)simulator->n_calls, entities = replicas + calls + places + 1;
  layout->open_loop = simulator->free_next != NULL;
  layout->functions = padded(sizeof *simulator);
  layout->replicas = layout->functions + padded((size_t)simulator->n_functions * sizeof(function_state_t));
  layout->ready = layout->replicas + padded(replicas * sizeof(replica_t));
  layout->calls = layout->ready + padded(replicas * sizeof(int32_t));
  layout->progress = layout->calls + padded(calls * sizeof(call_t));
  layout->users = layout->progress + padded(places * (size_t)simulator->n_nodes * sizeof(plan_progress_t));
  layout->free_next = layout->users + padded(places * sizeof(user_t));
  layout->heap = layout->free_next + padded(layout->open_loop ? places * sizeof(int32_t) : 0);
  layout->position = layout->heap + padded(entities * sizeof(event_t));
  layout->samples = layout->position + padded(entities * sizeof(int32_t));
  layout->bytes = layout->samples + padded(sample_values(simulator) * sizeof(float));
}

/* The simulator as bytes. Pointers are set on the device; engine_open begins everything else but the positions of
 * entities in the event set, which are -1 between windows. */
static void fill_image(batch_t *batch) {
  const simulator_t *simulator = batch->simulator;
  const size_t entities = (batch->layout.samples - batch->layout.position) / sizeof(int32_t);
  memset(batch->host_image, 0, batch->layout.bytes);
  memcpy(batch->host_image, simulator, sizeof *simulator);
  memcpy(batch->host_image + batch->layout.functions, simulator->functions,
         (size_t)simulator->n_functions * sizeof(function_state_t));
  int32_t *position = (int32_t *)(void *)(batch->host_image + batch->layout.position);
  for (size_t i = 0; i < entities; ++i) position[i] = -1;
}

static fc_status_t place_images(batch_t *batch, fc_error_t *error) {
  const simulator_t *simulator = batch->simulator;
  fill_image(batch);
  FC_TRY(fc_device_write(batch->device, batch->image, batch->host_image, batch->layout.bytes, error));
  FC_TRY(fc_device_write(batch->device, batch->nodes, simulator->nodes,
                         (size_t)simulator->n_nodes * sizeof *simulator->nodes, error));
  FC_TRY(fc_device_write(batch->device, batch->normal, simulator->normal, sizeof *simulator->normal, error));
  batch_place(batch->image, batch->arrays.images, batch->capacity, batch->layout, batch->nodes, batch->normal,
              fc_device_stream(batch->device));
  batch->placed = true;
  return FC_OK;
}

/* ---- life ---- */

static fc_status_t take_memory(batch_t *batch, fc_error_t *error) {
  fc_device_t *device = batch->device;
  const simulator_t *simulator = batch->simulator;
  const size_t n = (size_t)batch->capacity, functions = n * (size_t)simulator->n_functions;
  batch_arrays_t *arrays = &batch->arrays;
  FC_TRY(fc_device_take(device, batch->layout.bytes, (void **)&batch->image, error));
  FC_TRY(fc_device_take(device, (size_t)simulator->n_nodes * sizeof *batch->nodes, (void **)&batch->nodes, error));
  FC_TRY(fc_device_take(device, sizeof *batch->normal, (void **)&batch->normal, error));
  FC_TRY(fc_device_take(device, n * batch->layout.bytes, (void **)&arrays->images, error));
  FC_TRY(fc_device_take(device, n * sizeof *arrays->windows, (void **)&arrays->windows, error));
  FC_TRY(fc_device_take(device, n * sizeof *arrays->users, (void **)&arrays->users, error));
  FC_TRY(fc_device_take(device, functions * sizeof *arrays->configurations, (void **)&arrays->configurations, error));
  FC_TRY(fc_device_take(device, n * sizeof *arrays->load, (void **)&arrays->load, error));
  FC_TRY(fc_device_take(device, n * sizeof *arrays->outcome, (void **)&arrays->outcome, error));
  FC_TRY(fc_device_take(device, functions * sizeof *arrays->metrics, (void **)&arrays->metrics, error));
  return FC_OK;
}

static fc_status_t build(batch_t *batch, const simulator_options_t *options, bool with_latencies, fc_error_t *error) {
  /* Durations fill most of the samples: where nobody reads them, room for a workflow every two seconds of each user. */
  const simulator_sizes_t few = {.spare_replicas = 1, .samples_per_user = 16, .min_samples = 128, .max_samples = 8192};
  const simulator_sizes_t usual = {
      .spare_replicas = 1, .samples_per_user = 64, .min_samples = 1024, .max_samples = 8192};
  FC_TRY(simulator_new_sized(batch->workflow, options, with_latencies ? &usual : &few, &batch->simulator, error));
  if (!with_latencies) simulator_set_outcomes_only(batch->simulator);
  lay_out(batch->simulator, &batch->layout);
  batch->host_image = malloc(batch->layout.bytes);
  batch->same_users = malloc((size_t)batch->capacity * sizeof *batch->same_users);
  if (batch->host_image == NULL || batch->same_users == NULL)
    return fc_error_set(error, FC_ENOMEM, "batch of workflow %s: no memory", batch->workflow->name);
  for (int32_t i = 0; i < batch->capacity; ++i) batch->same_users[i] = options->users;
  FC_TRY(fc_device_set_stack(batch->device, STACK_BYTES, error)); /* nested calls are walked recursively */
  return take_memory(batch, error);
}

fc_status_t batch_new(const fc_workflow_t *workflow, const simulator_options_t *options, bool with_latencies,
                      int32_t capacity, fc_device_t *device, batch_t **out, fc_error_t *error) {
  *out = NULL;
  if (strcmp(fc_device_ops(device)->backend, "cuda") != 0)
    return fc_error_set(error, FC_EINVAL, "a batch of windows needs a CUDA device, not %s", fc_device_name(device));
  if (capacity < 1 || capacity > BATCH_MAX_WINDOWS)
    return fc_error_set(error, FC_EINVAL, "a batch of %d windows: expected 1 to %d", (int)capacity, BATCH_MAX_WINDOWS);
  batch_t *batch = calloc(1, sizeof *batch);
  if (batch == NULL) return fc_error_set(error, FC_ENOMEM, "batch of workflow %s: no memory", workflow->name);
  batch->workflow = workflow;
  batch->device = device;
  batch->capacity = capacity;
  batch->users = options->users;
  const fc_status_t status = build(batch, options, with_latencies, error);
  if (status != FC_OK) {
    batch_destroy(&batch);
    return status;
  }
  *out = batch;
  return FC_OK;
}

void batch_destroy(batch_t **batch) {
  batch_t *self = *batch;
  if (self == NULL) return;
  void *const all[] = {self->image,
                       self->nodes,
                       self->normal,
                       self->arrays.images,
                       self->arrays.windows,
                       self->arrays.users,
                       self->arrays.configurations,
                       self->arrays.load,
                       self->arrays.outcome,
                       self->arrays.metrics};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) fc_device_give(self->device, all[i]);
  simulator_destroy(&self->simulator);
  free(self->host_image);
  free(self->same_users);
  free(self);
  *batch = NULL;
}

fc_status_t batch_set_parameters(batch_t *batch, const fc_simulator_parameters_t *parameters, fc_error_t *error) {
  FC_TRY(simulator_set_parameters(batch->simulator, parameters, error));
  batch->placed = false;
  return FC_OK;
}

size_t batch_window_bytes(const batch_t *batch) {
  return batch->layout.bytes;
}

/* ---- windows ---- */

fc_status_t batch_check(const batch_t *batch, const fc_function_configuration_t *configuration, int32_t users,
                        fc_error_t *error) {
  FC_TRY(simulator_check_configuration(batch->simulator, configuration, error));
  if (users < 0 || users > batch->users)
    return fc_error_set(error, FC_EINVAL, "%d users: expected 0 to %d", (int)users, (int)batch->users);
  return FC_OK;
}

static fc_status_t check_all(const batch_t *batch, int64_t n, const int32_t *users,
                             const fc_function_configuration_t *configurations, fc_error_t *error) {
  for (int64_t i = 0; i < n; ++i) {
    const fc_status_t status = batch_check(batch, configurations + i * batch->simulator->n_functions,
                                           users == NULL ? batch->users : users[i], error);
    if (status == FC_OK) continue;
    (void)fc_error_prefix(error, "window %lld of the batch", (long long)i);
    return status;
  }
  return FC_OK;
}

batch_arrays_t batch_arrays(const batch_t *batch) {
  return batch->arrays;
}
int32_t batch_capacity(const batch_t *batch) {
  return batch->capacity;
}
bool batch_has_latencies(const batch_t *batch) {
  return !batch->simulator->outcomes_only;
}

fc_status_t batch_queue(batch_t *batch, int32_t n, fc_error_t *error) {
  FC_ASSERT(n >= 0 && n <= batch->capacity);
  if (!batch->placed) FC_TRY(place_images(batch, error));
  batch_launch(batch->arrays, n, batch->layout, fc_device_stream(batch->device));
  return FC_OK;
}

static fc_status_t read_part(batch_t *batch, void *to, const void *from, size_t bytes, fc_error_t *error) {
  return to == NULL ? FC_OK : fc_device_read(batch->device, to, from, bytes, error);
}

fc_status_t batch_run(batch_t *batch, int64_t n, const int64_t *windows, const int32_t *users,
                      const fc_function_configuration_t *configurations, const batch_results_t *results,
                      fc_error_t *error) {
  const int32_t n_functions = batch->simulator->n_functions;
  fc_device_t *device = batch->device;
  FC_TRY(check_all(batch, n, users, configurations, error));
  for (int64_t first = 0; first < n; first += batch->capacity) {
    const int32_t count = n - first < batch->capacity ? (int32_t)(n - first) : batch->capacity;
    const size_t windows_n = (size_t)count, functions_n = windows_n * (size_t)n_functions;
    FC_TRY(fc_device_write(device, batch->arrays.windows, windows + first, windows_n * sizeof *windows, error));
    FC_TRY(fc_device_write(device, batch->arrays.users, users == NULL ? batch->same_users : users + first,
                           windows_n * sizeof *users, error));
    FC_TRY(fc_device_write(device, batch->arrays.configurations, configurations + first * n_functions,
                           functions_n * sizeof *configurations, error));
    FC_TRY(batch_queue(batch, count, error));
    FC_TRY(read_part(batch, results->load == NULL ? NULL : results->load + first, batch->arrays.load,
                     windows_n * sizeof *results->load, error));
    FC_TRY(read_part(batch, results->outcome == NULL ? NULL : results->outcome + first, batch->arrays.outcome,
                     windows_n * sizeof *results->outcome, error));
    FC_TRY(read_part(batch, results->metrics == NULL ? NULL : results->metrics + first * n_functions,
                     batch->arrays.metrics, functions_n * sizeof *results->metrics, error));
  }
  return fc_device_wait(device, error);
}
