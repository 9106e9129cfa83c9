/* team_cpu.c - the ops of a team that need all members' rows, for one instruction set: see team.h.
 *
 * Statistics of batch normalisation: each member has mean and centred squares of its own rows; they are combined in the
 * order of the members (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
 * variances", 1979), which keeps the variance exact for columns far from zero.
 */
#include "columns_cpu.h"
#include "table_cpu.h"
#include "team_member.h"

/* mean and centred squares of all members' rows; returns how many rows those are. */
static fc_real_t combine_statistics(team_member_t *member, fc_real_t *mean, fc_real_t *squares, int32_t n_columns) {
  fc_real_t n_all = 0;
  for (int32_t rank = 0; rank < member->n_members; ++rank) {
    const fc_real_t *restrict m = team_slot(member, rank);
    const fc_real_t *restrict s = m + n_columns;
    const fc_real_t n = s[n_columns], n_before = n_all;
    n_all += n;
    for (int32_t c = 0; c < n_columns; ++c) {
      const fc_real_t delta = rank == 0 ? m[c] : m[c] - mean[c];
      mean[c] = rank == 0 ? m[c] : mean[c] + delta * (n / n_all);
      squares[c] = rank == 0 ? s[c] : squares[c] + s[c] + delta * delta * (n_before * n / n_all);
    }
  }
  return n_all;
}

static void team_batchnorm_train_forward(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, fc_real_t *running_mean,
                                         fc_real_t *running_var, const fc_real_t *x, const fc_real_t *scale,
                                         const fc_real_t *shift, double momentum, int32_t n_learners, int32_t n_rows,
                                         int32_t n_columns, int64_t parameter_stride, int64_t statistics_stride,
                                         fc_stream_t *stream) {
  team_member_t *member = team_member(stream);
  fc_real_t *given = team_slot(member, member->rank);
  (void)n_learners;
  (void)parameter_stride;
  (void)statistics_stride;
  columns_statistics(given, given + n_columns, x, n_rows, n_columns);
  given[2 * n_columns] = (fc_real_t)n_rows;
  team_meet(member);
  const fc_real_t n = combine_statistics(member, mean, rstd, n_columns);
  team_next_turn(member);
  const fc_real_t unbias = n > 1 ? n / (n - 1) : 0, blend = (fc_real_t)momentum;
  for (int32_t c = 0; c < n_columns; ++c) {
    const fc_real_t variance = rstd[c] / n;
    if (running_mean != NULL && member->rank == 0) {
      running_mean[c] += blend * (mean[c] - running_mean[c]);
      running_var[c] += blend * (variance * unbias - running_var[c]);
    }
    rstd[c] = 1 / fc_sqrt(variance + (fc_real_t)FC_NORM_EPSILON);
  }
  columns_normalise(y, x, mean, rstd, scale, shift, n_rows, n_columns);
}

/* grad_scale and grad_shift get this member's share; the optimiser adds up all members'. */
static void team_batchnorm_train_backward(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                          const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                          const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners,
                                          int32_t n_rows, int32_t n_columns, int64_t parameter_stride,
                                          fc_real_t *scratch, fc_stream_t *stream) {
  team_member_t *member = team_member(stream);
  fc_real_t *given = team_slot(member, member->rank);
  fc_real_t *restrict mean_g = scratch;
  fc_real_t *restrict mean_gh = scratch + n_columns;
  (void)n_learners;
  (void)parameter_stride;
  columns_gradients(given, given + n_columns, grad_scale, grad_shift, grad_y, x, mean, rstd, n_rows, n_columns);
  given[2 * n_columns] = (fc_real_t)n_rows;
  team_meet(member);
  fc_real_t n = 0;
  for (int32_t c = 0; c < 2 * n_columns; ++c) scratch[c] = 0;
  for (int32_t rank = 0; rank < member->n_members; ++rank) {
    const fc_real_t *restrict from = team_slot(member, rank);
    for (int32_t c = 0; c < 2 * n_columns; ++c) scratch[c] += from[c];
    n += from[2 * n_columns];
  }
  team_next_turn(member);
  for (int32_t c = 0; c < 2 * n_columns; ++c) scratch[c] /= n;
  for (int32_t r = 0; r < n_rows; ++r) {
    const fc_real_t *gy = grad_y + (int64_t)r * n_columns;
    const fc_real_t *restrict xr = x + (int64_t)r * n_columns;
    fc_real_t *gx = grad_x + (int64_t)r * n_columns;
    for (int32_t c = 0; c < n_columns; ++c) {
      const fc_real_t h = (xr[c] - mean[c]) * rstd[c];
      gx[c] = scale[c] * rstd[c] * (gy[c] - mean_g[c] - h * mean_gh[c]);
    }
  }
}

/* The slice of all members' gradients, added up in member 0's block; it is what adam then steps down. */
static void team_sum_squares(fc_real_t *sum, const fc_real_t *x, int32_t n_learners, int64_t n_values,
                             fc_stream_t *stream) {
  team_member_t *member = team_member(stream);
  int64_t first, end;
  member->given = x;
  team_meet(member);
  team_slice(member, n_values, &first, &end);
  fc_real_t *restrict total = (fc_real_t *)(uintptr_t)team_given(member, 0);
  for (int32_t rank = 1; rank < member->n_members; ++rank) {
    const fc_real_t *restrict g = team_given(member, rank);
    for (int64_t i = first; i < end; ++i) total[i] += g[i];
  }
  FC_CPU(sum_squares)(sum, total + first, n_learners, end - first, NULL);
}

static void team_adam(fc_real_t *parameter, fc_real_t *moment1, fc_real_t *moment2, const fc_real_t *grad,
                      double learning_rate, double beta1, double beta2, double epsilon, const int64_t *step,
                      int64_t n_values, fc_stream_t *stream) {
  team_member_t *member = team_member(stream);
  int64_t first, end;
  (void)grad;
  team_slice(member, n_values, &first, &end);
  FC_CPU(adam)
  (parameter + first, moment1 + first, moment2 + first, team_given(member, 0) + first, learning_rate, beta1, beta2,
   epsilon, step, end - first, NULL);
  team_meet(member);
}

static void team_soft_update(fc_real_t *target, const fc_real_t *source, double tau, int64_t n_values,
                             fc_stream_t *stream) {
  int64_t first, end;
  team_slice(team_member(stream), n_values, &first, &end);
  FC_CPU(soft_update)(target + first, source + first, tau, end - first, NULL);
}

static void team_advance(int64_t *step, fc_stream_t *stream) {
  if (team_member(stream)->rank == 0) *step += 1;
}

const fc_ops_t FC_CPU(ops_team) = {.backend = "cpu",
                                   .batchnorm_train_forward = team_batchnorm_train_forward,
                                   .batchnorm_train_backward = team_batchnorm_train_backward,
                                   .sum_squares = team_sum_squares,
                                   .adam = team_adam,
                                   .soft_update = team_soft_update,
                                   .advance = team_advance};
