/* batch_rows.cu - the kernels of batch_rows.h. */
#include "batch_rows_kernels.h"
#include "cost_terms.h"
#include "cuda.cuh"
#include "qos_terms.h"

/* A thread per window and function. */
static __global__ void draw_kernel(batch_arrays_t arrays, batch_rows_constants_t constants, int64_t first, int32_t n) {
  const int64_t n_all = static_cast<int64_t>(n) * constants.n_functions;
  for (int64_t i = cuda_index(); i < n_all; i += cuda_step()) {
    const int64_t w = i / constants.n_functions, window = first + w;
    const int32_t f = static_cast<int32_t>(i % constants.n_functions);
    uint32_t words[4];
    batch_rows_words(constants.seed, window, 1u + static_cast<uint32_t>(f), words);
    const fc_knob_range_t *ranges = constants.functions[f].ranges;
    fc_function_configuration_t *configuration = &arrays.configurations[i];
    configuration->cpu_millicores =
        batch_rows_pick(words[FC_KNOB_CPU], ranges[FC_KNOB_CPU].min, ranges[FC_KNOB_CPU].max);
    configuration->mem_mib = batch_rows_pick(words[FC_KNOB_MEM], ranges[FC_KNOB_MEM].min, ranges[FC_KNOB_MEM].max);
    configuration->replicas =
        batch_rows_pick(words[FC_KNOB_REPLICAS], ranges[FC_KNOB_REPLICAS].min, ranges[FC_KNOB_REPLICAS].max);
    configuration->concurrency =
        batch_rows_pick(words[FC_KNOB_CONCURRENCY], ranges[FC_KNOB_CONCURRENCY].min, ranges[FC_KNOB_CONCURRENCY].max);
    if (f > 0) continue;
    batch_rows_words(constants.seed, window / BATCH_SERIES, 0, words);
    arrays.windows[w] = window;
    arrays.users[w] = batch_rows_pick(words[0], constants.least_users, constants.most_users);
  }
}

/* (O) normalised features of function f in window w. */
static __device__ void fill_features(const batch_arrays_t &arrays, const batch_rows_constants_t &constants, int64_t w,
                                     int32_t f, fc_real_t *to) {
  const batch_function_t *function = &constants.functions[f];
  feature_place_t place;
  place.load = &arrays.load[w];
  place.metrics = &arrays.metrics[w * constants.n_functions + f];
  place.configuration = &arrays.configurations[w * constants.n_functions + f];
  place.ranges = function->ranges;
  place.decode = constants.decode;
  place.visits = function->visits;
  place.depth = function->depth;
  place.in_degree = function->in_degree;
  place.out_degree = function->out_degree;
  for (int32_t o = 0; o < constants.n_features; ++o) {
    const feature_column_t *feature = &constants.features[o];
    const float value = feature_value(feature->source, feature->transform, &place);
    to[o] = constants.raw ? value : feature_normalised(value, feature->mean, feature->scale);
  }
}

static __device__ fc_real_t reward_of(const batch_arrays_t &arrays, const batch_rows_constants_t &constants,
                                      int64_t w) {
  double cost = 0, excess = 0;
  for (int32_t f = 0; f < constants.n_functions; ++f)
    cost += cost_function_usd_h(&constants.prices, &arrays.configurations[w * constants.n_functions + f]);
  for (int32_t t = 0; t < constants.n_qos_terms; ++t)
    excess += qos_log_excess(qos_violation(&constants.qos_terms[t], constants.semantics, &arrays.outcome[w],
                                           constants.window_s, arrays.load[w].mean_in_flight));
  return static_cast<fc_real_t>(qos_reward(cost, constants.cost_ref_usd_h, excess));
}

/* A thread per row and function. */
static __global__ void fill_kernel(batch_arrays_t arrays, batch_rows_constants_t constants, int32_t n_rows,
                                   fc_row_memory_t to) {
  const int64_t n_all = static_cast<int64_t>(n_rows) * constants.n_functions;
  for (int64_t i = cuda_index(); i < n_all; i += cuda_step()) {
    const int64_t row = i / constants.n_functions;
    const int32_t f = static_cast<int32_t>(i % constants.n_functions);
    const int64_t before = row / (BATCH_SERIES - 1) * BATCH_SERIES + row % (BATCH_SERIES - 1), after = before + 1;
    const fc_function_configuration_t *acted = &arrays.configurations[after * constants.n_functions + f];
    fill_features(arrays, constants, before, f, to.features + i * constants.n_features);
    fill_features(arrays, constants, after, f, to.next_features + i * constants.n_features);
    for (int knob = 0; knob < FC_KNOBS; ++knob)
      to.action[i * FC_KNOBS + knob] =
          knob_encode(knob_setting(acted, knob), knob, constants.functions[f].ranges[knob], constants.decode);
    if (f > 0) continue;
    to.reward[row] = reward_of(arrays, constants, after);
    to.terminal[row] = constants.terminal;
  }
}

extern "C" void batch_rows_draw_windows(batch_arrays_t arrays, batch_rows_constants_t constants, int64_t first,
                                        int32_t n, fc_stream_t *stream) {
  FC_LAUNCH(draw_kernel, cuda_blocks(static_cast<int64_t>(n) * constants.n_functions), CUDA_BLOCK, stream, arrays,
            constants, first, n);
}

extern "C" void batch_rows_fill(batch_arrays_t arrays, batch_rows_constants_t constants, int32_t n_series,
                                fc_row_memory_t to, fc_stream_t *stream) {
  const int32_t n_rows = n_series * (BATCH_SERIES - 1);
  FC_LAUNCH(fill_kernel, cuda_blocks(static_cast<int64_t>(n_rows) * constants.n_functions), CUDA_BLOCK, stream, arrays,
            constants, n_rows, to);
}
