// The step function of the simulator, run on a CUDA device: one thread per simulator, each with a copy of the state
// that simulator.c prepared.
#pragma once
#include <cstdint>

#include "state.h"

namespace fc_test {

// What of a window to run: its beginning (a fresh one, or the next of a stretch) to its end, or only what follows it.
enum class GpuStep { kOpenAndRun, kReopenAndRun, kDrain };

struct GpuRun {
  double kernel_s = 0;      // of the kernel alone, without the copies
  double mib = 0;           // state on the device
  char failure[256] = {0};  // empty: it worked
  char device[256] = {0};   // name of the device
};

// The name of the first CUDA device, or false with the reason in run->failure.
__attribute__((visibility("default"))) bool gpu_device(GpuRun *run);

// Copies the n simulators to the device, runs `step` of window windows[i] under configurations + i * n_functions on
// each (both unread for kDrain), and copies all state back. Blocks. False with the reason in run->failure.
__attribute__((visibility("default"))) bool step_on_gpu(simulator_t *const *simulators, int32_t n, GpuStep step,
                                                        const int64_t *windows,
                                                        const fc_function_configuration_t *configurations, GpuRun *run);

}  // namespace fc_test
