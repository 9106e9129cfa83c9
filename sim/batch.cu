/* batch.cu - the kernels of a batch: see batch.h, batch_image.h. */
#include "cuda.cuh"
#include "faasconf/rng.h"

/* The step function, for the device alone: its own source. */
#undef FC_HOST_DEVICE
#define FC_HOST_DEVICE __device__
#include "batch_image.h"
#include "draws.c"
#include "engine.c"
#include "fleet.c"
#include "metrics.c"
#include "percentiles.c"
#include "walk.c"

/* Few threads a block: windows end at different times, and what waits for the last one is the block. */
constexpr int BATCH_BLOCK = 32;

static __device__ void set_pointers(uint8_t *image, const batch_layout_t &layout, plan_node_t *nodes,
                                    normal_table_t *normal) {
  simulator_t *simulator = reinterpret_cast<simulator_t *>(image);
  simulator->nodes = nodes;
  simulator->normal = normal;
  simulator->functions = reinterpret_cast<function_state_t *>(image + layout.functions);
  simulator->replicas = reinterpret_cast<replica_t *>(image + layout.replicas);
  simulator->ready = reinterpret_cast<int32_t *>(image + layout.ready);
  simulator->calls = reinterpret_cast<call_t *>(image + layout.calls);
  simulator->progress = reinterpret_cast<plan_progress_t *>(image + layout.progress);
  simulator->users = reinterpret_cast<user_t *>(image + layout.users);
  simulator->free_next = layout.open_loop ? reinterpret_cast<int32_t *>(image + layout.free_next) : nullptr;
  simulator->events.heap = reinterpret_cast<event_t *>(image + layout.heap);
  simulator->events.position = reinterpret_cast<int32_t *>(image + layout.position);
  simulator->samples = reinterpret_cast<float *>(image + layout.samples);
  simulator->counts.latencies.kept = simulator->samples + simulator->n_functions * simulator->counts.latencies.capacity;
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    function_state_t *function = &simulator->functions[f];
    function->ready = simulator->ready + function->first_replica;
    function->durations.kept = simulator->samples + f * function->durations.capacity;
  }
}

/* A block per image. */
static __global__ void place_kernel(const uint8_t *image, uint8_t *images, batch_layout_t layout, plan_node_t *nodes,
                                    normal_table_t *normal) {
  uint8_t *own = images + static_cast<int64_t>(blockIdx.x) * static_cast<int64_t>(layout.bytes);
  const uint64_t *from = reinterpret_cast<const uint64_t *>(image);
  uint64_t *to = reinterpret_cast<uint64_t *>(own);
  for (size_t i = threadIdx.x; i < layout.bytes / sizeof *to; i += blockDim.x) to[i] = from[i];
  __syncthreads();
  if (threadIdx.x == 0) set_pointers(own, layout, nodes, normal);
}

static __global__ void run_kernel(batch_arrays_t arrays, int32_t n, batch_layout_t layout) {
  const int64_t i = cuda_index();
  if (i >= n) return;
  simulator_t *simulator = reinterpret_cast<simulator_t *>(arrays.images + i * static_cast<int64_t>(layout.bytes));
  const int64_t first = i * simulator->n_functions;
  fc_observation_t observation = {};
  observation.n_functions = simulator->n_functions;
  observation.metrics = arrays.metrics + first;
  if (!layout.open_loop) simulator->n_users = arrays.users[i];
  simulator->continues = false;
  engine_open(simulator, arrays.windows[i], arrays.configurations + first);
  engine_run(simulator);
  metrics_fill(simulator, &observation);
  if (!simulator->outcomes_only) {
    engine_drain(simulator);
    metrics_fill_latencies(simulator, &observation);
  }
  arrays.load[i] = observation.load;
  arrays.outcome[i] = observation.outcome;
}

extern "C" void batch_place(const uint8_t *image, uint8_t *images, int32_t n, batch_layout_t layout, plan_node_t *nodes,
                            normal_table_t *normal, fc_stream_t *stream) {
  FC_LAUNCH(place_kernel, static_cast<unsigned>(n), CUDA_BLOCK, stream, image, images, layout, nodes, normal);
}

extern "C" void batch_launch(batch_arrays_t arrays, int32_t n, batch_layout_t layout, fc_stream_t *stream) {
  FC_LAUNCH(run_kernel, static_cast<unsigned>((n + BATCH_BLOCK - 1) / BATCH_BLOCK), BATCH_BLOCK, stream, arrays, n,
            layout);
}
