/* gather_transitions_cpu.c - a batch of a replay's rows, ops.h: gather_transitions. */
#include <string.h>

#include "cpu.h"

void FC_CPU(gather_transitions)(fc_real_t *features, fc_real_t *next_features, fc_real_t *action, fc_real_t *reward,
                                uint8_t *terminal, fc_rows_t rows, const int32_t *index, int32_t n_batch,
                                int32_t n_feature_columns, int32_t n_action_columns, fc_stream_t *stream) {
  (void)stream;
  const int64_t c = n_feature_columns, a = n_action_columns;
  for (int64_t b = 0; b < n_batch; ++b) {
    const int64_t row = index[b];
    memcpy(features + b * c, rows.features + row * c, (size_t)c * sizeof *features);
    memcpy(next_features + b * c, rows.next_features + row * c, (size_t)c * sizeof *features);
    memcpy(action + b * a, rows.action + row * a, (size_t)a * sizeof *action);
    reward[b] = rows.reward[row];
    terminal[b] = rows.terminal[row];
  }
}
