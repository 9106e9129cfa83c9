/* soft_update_cpu.c - target network drifts towards its source, ops.h: soft_update. */
#include "cpu.h"

void FC_CPU(soft_update)(fc_real_t *target, const fc_real_t *source, double tau, int64_t n_values,
                         fc_stream_t *stream) {
  (void)stream;
  const fc_real_t t = (fc_real_t)tau;
  fc_real_t *restrict to = target;
  const fc_real_t *restrict from = source;
  for (int64_t i = 0; i < n_values; ++i) to[i] += t * (from[i] - to[i]);
}
