// See step_on_gpu.h. The step function's own sources are compiled here as device code: nothing of them is written
// twice.
#include "step_on_gpu.h"

#include <cuda_runtime.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "draws.c"
#include "engine.c"
#include "fleet.c"
#include "percentiles.c"
#include "walk.c"

namespace fc_test {
namespace {

// One array of a simulator: its pointer on the host, and the pointer to it in the image that goes to the device.
struct Array {
  void **host, **image;
  size_t bytes;
};

constexpr size_t padded(size_t bytes) {
  return (bytes + 15) & ~size_t{15};
}

// The arrays of `simulator`; `image` is a shallow copy of it, with `functions` as its functions.
std::vector<Array> arrays_of(simulator_t *simulator, simulator_t *image, function_state_t *functions) {
  const size_t places = size_t(simulator->n_places), replicas = size_t(simulator->n_replicas),
               calls = size_t(simulator->n_calls), entities = replicas + calls + places + 1;
  std::vector<Array> arrays;
  const auto add = [&arrays](auto **host, auto **image_pointer, size_t count) {
    if (*host != nullptr)
      arrays.push_back(
          {reinterpret_cast<void **>(host), reinterpret_cast<void **>(image_pointer), count * sizeof(**host)});
  };
  add(&simulator->normal, &image->normal, 1);
  add(&simulator->nodes, &image->nodes, size_t(simulator->n_nodes));
  add(&simulator->replicas, &image->replicas, replicas);
  add(&simulator->calls, &image->calls, calls);
  add(&simulator->progress, &image->progress, places * size_t(simulator->n_nodes));
  add(&simulator->users, &image->users, places);
  add(&simulator->free_next, &image->free_next, places);
  add(&simulator->events.heap, &image->events.heap, entities);
  add(&simulator->events.position, &image->events.position, entities);
  add(&simulator->counts.latencies.kept, &image->counts.latencies.kept, size_t(simulator->counts.latencies.capacity));
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    function_state_t *from = &simulator->functions[f];
    add(&from->ready, &functions[f].ready, size_t(from->n_slots));
    add(&from->durations.kept, &functions[f].durations.kept, size_t(from->durations.capacity));
  }
  return arrays;
}

// A simulator in the memory of all: the struct, its functions, its arrays, each at a multiple of 16 bytes.
size_t image_bytes(simulator_t *simulator) {
  std::vector<function_state_t> functions(size_t(simulator->n_functions));
  simulator_t image;
  size_t bytes = padded(sizeof image) + padded(functions.size() * sizeof functions[0]);
  for (const Array &array : arrays_of(simulator, &image, functions.data())) bytes += padded(array.bytes);
  return bytes;
}

// Writes the image of `simulator` at `to`, with pointers that hold when the image lies at `device`.
void write_image(simulator_t *simulator, uint8_t *to, uint8_t *device) {
  const size_t function_bytes = size_t(simulator->n_functions) * sizeof(function_state_t);
  std::vector<function_state_t> functions(simulator->functions, simulator->functions + simulator->n_functions);
  simulator_t image = *simulator;
  size_t at = padded(sizeof image) + padded(function_bytes);
  for (const Array &array : arrays_of(simulator, &image, functions.data())) {
    std::memcpy(to + at, *array.host, array.bytes);
    *array.image = device + at;
    at += padded(array.bytes);
  }
  image.workflow = nullptr;  // the step function reads none of it
  image.functions = reinterpret_cast<function_state_t *>(device + padded(sizeof image));
  std::memcpy(to, &image, sizeof image);
  std::memcpy(to + padded(sizeof image), functions.data(), function_bytes);
}

// The reverse: everything of the image at `from` becomes the simulator's, its own pointers excepted.
void read_image(const uint8_t *from, simulator_t *simulator) {
  simulator_t image;
  std::memcpy(&image, from, sizeof image);
  std::vector<function_state_t> functions(size_t(simulator->n_functions));
  std::memcpy(functions.data(), from + padded(sizeof image), functions.size() * sizeof functions[0]);
  const size_t function_bytes = padded(functions.size() * sizeof functions[0]);
  size_t at = padded(sizeof image) + function_bytes;
  for (const Array &array : arrays_of(simulator, &image, functions.data())) {
    std::memcpy(*array.host, from + at, array.bytes);
    *array.image = *array.host;
    at += padded(array.bytes);
  }
  image.workflow = simulator->workflow;
  image.functions = simulator->functions;
  std::memcpy(image.functions, functions.data(), functions.size() * sizeof functions[0]);
  image.samples = simulator->samples;
  image.ready = simulator->ready;
  *simulator = image;
}

__global__ void run_step(uint8_t *images, const size_t *offsets, int32_t n, GpuStep step, const int64_t *windows,
                         const fc_function_configuration_t *configurations) {
  const int32_t i = int32_t(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n) return;
  simulator_t *simulator = reinterpret_cast<simulator_t *>(images + offsets[i]);
  const fc_function_configuration_t *configuration = configurations + size_t(i) * size_t(simulator->n_functions);
  if (step == GpuStep::kDrain) {
    engine_drain(simulator);
    return;
  }
  if (step == GpuStep::kOpenAndRun) {
    engine_open(simulator, windows[i], configuration);
  } else {
    engine_reopen(simulator, windows[i], configuration);
  }
  engine_run(simulator);
}

bool worked(cudaError_t code, const char *what, GpuRun *run) {
  if (code == cudaSuccess) return true;
  std::snprintf(run->failure, sizeof run->failure, "%s: %s", what, cudaGetErrorString(code));
  return false;
}

// Device memory of one call, freed with it.
class Memory {
 public:
  ~Memory() {
    for (void *pointer : taken_) cudaFree(pointer);
  }
  template <typename T>
  bool take(size_t count, T **out, GpuRun *run) {
    if (!worked(cudaMalloc(out, count * sizeof(T)), "memory of the device", run)) return false;
    taken_.push_back(*out);
    return true;
  }
  template <typename T>
  bool take_copy(const std::vector<T> &from, T **out, GpuRun *run) {
    return take(from.size(), out, run) &&
           worked(cudaMemcpy(*out, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice), "copy", run);
  }

 private:
  std::vector<void *> taken_;
};

bool launch(uint8_t *images, const size_t *offsets, int32_t n, GpuStep step, const int64_t *windows,
            const fc_function_configuration_t *configurations, GpuRun *run) {
  const int32_t threads = 32;
  // Nested calls are walked recursively: more than the default 1 KiB.
  if (!worked(cudaDeviceSetLimit(cudaLimitStackSize, 8192), "stack of the device's threads", run)) return false;
  const auto began = std::chrono::steady_clock::now();
  run_step<<<unsigned(n + threads - 1) / unsigned(threads), threads>>>(images, offsets, n, step, windows,
                                                                       configurations);
  if (!worked(cudaGetLastError(), "launch", run) || !worked(cudaDeviceSynchronize(), "kernel", run)) return false;
  run->kernel_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return true;
}

}  // namespace

bool gpu_device(GpuRun *run) {
  cudaDeviceProp properties;
  if (!worked(cudaGetDeviceProperties(&properties, 0), "CUDA device", run)) return false;
  std::snprintf(run->device, sizeof run->device, "%s", properties.name);
  return true;
}

bool step_on_gpu(simulator_t *const *simulators, int32_t n, GpuStep step, const int64_t *windows,
                 const fc_function_configuration_t *configurations, GpuRun *run) {
  std::vector<size_t> offsets(size_t(n) + 1, 0);
  for (size_t i = 0; i < size_t(n); ++i) offsets[i + 1] = offsets[i] + image_bytes(simulators[i]);
  std::vector<uint8_t> host(offsets.back());
  run->mib = double(host.size()) / (1 << 20);
  const size_t n_configurations = size_t(n) * size_t(simulators[0]->n_functions);
  const bool drains = step == GpuStep::kDrain;
  Memory memory;
  uint8_t *device;
  size_t *device_offsets;
  int64_t *device_windows;
  fc_function_configuration_t *device_configurations;
  if (!memory.take(host.size(), &device, run)) return false;
  for (size_t i = 0; i < size_t(n); ++i) write_image(simulators[i], host.data() + offsets[i], device + offsets[i]);
  if (!worked(cudaMemcpy(device, host.data(), host.size(), cudaMemcpyHostToDevice), "copy to the device", run) ||
      !memory.take_copy(offsets, &device_offsets, run) ||
      !memory.take_copy(drains ? std::vector<int64_t>(size_t(n)) : std::vector<int64_t>(windows, windows + n),
                        &device_windows, run) ||
      !memory.take_copy(
          drains ? std::vector<fc_function_configuration_t>(n_configurations)
                 : std::vector<fc_function_configuration_t>(configurations, configurations + n_configurations),
          &device_configurations, run) ||
      !launch(device, device_offsets, n, step, device_windows, device_configurations, run) ||
      !worked(cudaMemcpy(host.data(), device, host.size(), cudaMemcpyDeviceToHost), "copy from the device", run))
    return false;
  for (size_t i = 0; i < size_t(n); ++i) read_image(host.data() + offsets[i], simulators[i]);
  return true;
}

}  // namespace fc_test
