/* td_target_cpu.c - what the critic is trained towards, ops.h: td_target. */
#include "cpu.h"

void FC_CPU(td_target)(fc_real_t *y, const fc_real_t *reward, const fc_real_t *next_q, const uint8_t *terminal,
                       double discount, int32_t n_learners, int32_t n_batch, int32_t n_functions, fc_stream_t *stream) {
  (void)stream;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t gamma = terminal[lb] ? 0 : (fc_real_t)discount;
    for (int32_t j = 0; j < n_functions; ++j) {
      const int64_t at = lb * n_functions + j;
      y[at] = reward[lb] + (next_q == NULL || terminal[lb] ? 0 : gamma * next_q[at]);
    }
  }
}
