/* faasconf/ops.h - the one list of maths ops: name, signature, shapes, equation, what is written or accumulated.
 *
 * Every backend is a table with one slot per op (fc_ops_t); the learner calls slots, never a backend by name, so that
 * CPU and CUDA stay interchangeable. The list below is an X-macro: the table, the check at start that no slot is empty
 * and the tests' table of shapes are all generated from it. docs/adding-an-op.md has the check-list.
 *
 * Order of arguments, always: outputs, inputs, parameters, dims, scratch, stream. Pointers are raw memory of the
 * backend (host for CPU), row-major, and may overlap only where an op says "in place". The learner axis L comes first:
 * activations are dense (L, ...); a learner's parameters lie in one flat block, and `parameter_stride` is the number of
 * values from one learner's block to the next (the same for gradients). Ops never allocate, never fail and never print;
 * reductions run in a fixed order: same machine, same instruction set, same bytes.
 *
 * Letters: those of dims.h; R rows (= B*N where an op does not care about the two), I and C widths of a row.
 * Any thread; two calls may run at once when their outputs and scratch differ.
 */
#ifndef FAASCONF_OPS_H
#define FAASCONF_OPS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* float32 everywhere; tests compile kernels and nets a second time in double as their own oracle. */
#ifdef FC_REAL_DOUBLE
typedef double fc_real_t;
#define fc_ops_cpu fc_ops_cpu_double
#define fc_ops_cpu_isa fc_ops_cpu_isa_double
#define fc_ops_missing fc_ops_missing_double
#else
typedef float fc_real_t;
#endif

/* Where asynchronous backends queue their work. The CPU ignores it; pass NULL. */
typedef struct fc_stream fc_stream_t;

/* Neighbourhoods in CSR plus the same edges sorted by column, so that forward and backward both gather in a fixed
 * order. Borrows all arrays from whoever filled it (memory of the backend). Rows without edges are allowed. */
typedef struct {
  int32_t n_functions;           /* N */
  int32_t n_edges;               /* E */
  const int32_t *row_start;      /* (N+1) edges of row i are [row_start[i], row_start[i+1]) */
  const int32_t *column;         /* (E) whom the row looks at */
  const int32_t *row;            /* (E) who looks */
  const int32_t *incoming_start; /* (N+1) edges that look at j are incoming[incoming_start[j] ...) */
  const int32_t *incoming;       /* (E) edge indices, ascending per column */
} fc_neighbours_t;

/* Transitions of a replay, R rows of one width each. Borrows all arrays (memory of the backend). */
typedef struct {
  const fc_real_t *features, *next_features; /* (R, N*O) */
  const fc_real_t *action;                   /* (R, N*A) */
  const fc_real_t *reward;                   /* (R) */
  const uint8_t *terminal;                   /* (R) */
} fc_rows_t;

/* The same arrays, to be filled in. */
typedef struct {
  fc_real_t *features, *next_features, *action, *reward;
  uint8_t *terminal;
} fc_row_memory_t;

enum { FC_VECTOR_PAD = 16 }; /* rows of packed matrices are padded to this many values */

/* Constants of the two published nets. */
#define FC_NORM_EPSILON 1e-5             /* layer and batch normalisation */
#define FC_SQUARE_ATTENTION_EPSILON 1e-3 /* the authors' +0.001 in the denominator */

/* X(name, signature, shapes, equation, effect) */
#define FC_OPS(X)                                                                                                      \
  /* ---- dense layers ---- */                                                                                         \
  X(linear_forward,                                                                                                    \
    (fc_real_t * y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b, int32_t n_learners, int32_t n_rows,    \
     int32_t n_in, int32_t n_out, int64_t parameter_stride, fc_real_t *scratch, fc_stream_t *stream),                  \
    "y (L,R,C) x (L,R,I) w (I,C) b (C) or NULL", "y = x w + b", "writes y")                                            \
  X(linear_backward,                                                                                                   \
    (fc_real_t * grad_x, fc_real_t * grad_w, fc_real_t * grad_b, const fc_real_t *grad_y, const fc_real_t *x,          \
     const fc_real_t *w, int32_t n_learners, int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride,    \
     fc_real_t *scratch, fc_stream_t *stream),                                                                         \
    "grad_x (L,R,I), grad_w (I,C), grad_b (C) each or NULL; grad_y (L,R,C) x (L,R,I) w (I,C)",                         \
    "grad_x = grad_y w', grad_w += x' grad_y, grad_b += sum_r grad_y", "writes grad_x, accumulates grad_w, grad_b")    \
  X(linear_relu_forward,                                                                                               \
    (fc_real_t * y, const fc_real_t *x, const fc_real_t *w, const fc_real_t *b, double negative_slope,                 \
     int32_t n_learners, int32_t n_rows, int32_t n_in, int32_t n_out, int64_t parameter_stride, fc_real_t *scratch,    \
     fc_stream_t *stream),                                                                                             \
    "y (L,R,C) x (L,R,I) w (I,C) b (C) or NULL", "y = relu_forward(linear_forward(x)); its backward is theirs",        \
    "writes y")                                                                                                        \
  /* ---- elementwise ---- */                                                                                          \
  X(relu_forward, (fc_real_t * y, const fc_real_t *x, double negative_slope, int64_t n_values, fc_stream_t *stream),   \
    "y, x (n)", "y = max(x, 0) + slope min(x, 0), 0 <= slope < 1", "writes y, in place allowed")                       \
  X(relu_backward,                                                                                                     \
    (fc_real_t * grad_x, const fc_real_t *grad_y, const fc_real_t *y, double negative_slope, int64_t n_values,         \
     fc_stream_t *stream),                                                                                             \
    "all (n)", "grad_x = grad_y (y > 0 ? 1 : slope)", "writes grad_x, in place allowed")                               \
  X(sigmoid_forward, (fc_real_t * y, const fc_real_t *x, int64_t n_values, fc_stream_t *stream), "y, x (n)",           \
    "y = 1 / (1 + exp(-x))", "writes y, in place allowed")                                                             \
  X(sigmoid_backward,                                                                                                  \
    (fc_real_t * grad_x, const fc_real_t *grad_y, const fc_real_t *y, int64_t n_values, fc_stream_t *stream),          \
    "all (n)", "grad_x = grad_y y (1 - y)", "writes grad_x, in place allowed")                                         \
  X(tanh_forward, (fc_real_t * y, const fc_real_t *x, int64_t n_values, fc_stream_t *stream), "y, x (n)",              \
    "y = tanh x", "writes y, in place allowed")                                                                        \
  X(tanh_backward,                                                                                                     \
    (fc_real_t * grad_x, const fc_real_t *grad_y, const fc_real_t *y, int64_t n_values, fc_stream_t *stream),          \
    "all (n)", "grad_x = grad_y (1 - y^2)", "writes grad_x, in place allowed")                                         \
  X(fill, (fc_real_t * y, double value, int64_t n_values, fc_stream_t *stream), "y (n)", "y = value", "writes y")      \
  /* ---- normalisation ---- */                                                                                        \
  X(layernorm_forward,                                                                                                 \
    (fc_real_t * y, fc_real_t * mean, fc_real_t * rstd, const fc_real_t *x, const fc_real_t *scale,                    \
     const fc_real_t *shift, int32_t n_learners, int32_t n_rows, int32_t n_columns, int64_t parameter_stride,          \
     fc_stream_t *stream),                                                                                             \
    "y, x (L,R,C) mean, rstd (L,R) scale, shift (C)",                                                                  \
    "y = (x - mean_r) rstd_r scale + shift, rstd = 1 / sqrt(var + 1e-5), var biased", "writes y, mean, rstd")          \
  X(layernorm_backward,                                                                                                \
    (fc_real_t * grad_x, fc_real_t * grad_scale, fc_real_t * grad_shift, const fc_real_t *grad_y, const fc_real_t *x,  \
     const fc_real_t *mean, const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners, int32_t n_rows,         \
     int32_t n_columns, int64_t parameter_stride, fc_stream_t *stream),                                                \
    "grad_x, grad_y, x (L,R,C) mean, rstd (L,R) scale (C) grad_scale, grad_shift (C) or both NULL",                    \
    "with h = (x - mean) rstd, g = grad_y scale: grad_x = rstd (g - mean_c g - h mean_c(g h))",                        \
    "writes grad_x (in place of grad_y allowed), accumulates grad_scale, grad_shift")                                  \
  X(batchnorm_train_forward,                                                                                           \
    (fc_real_t * y, fc_real_t * mean, fc_real_t * rstd, fc_real_t * running_mean, fc_real_t * running_var,             \
     const fc_real_t *x, const fc_real_t *scale, const fc_real_t *shift, double momentum, int32_t n_learners,          \
     int32_t n_rows, int32_t n_columns, int64_t parameter_stride, int64_t statistics_stride, fc_stream_t *stream),     \
    "y, x (L,R,C) mean, rstd (L,C) scale, shift, running_mean, running_var (C)",                                       \
    "y = (x - mean_c) rstd_c scale + shift; running = (1 - momentum) running + momentum (mean, unbiased var)",         \
    "writes y, mean, rstd; blends running_mean, running_var (both may be NULL)")                                       \
  X(batchnorm_train_backward,                                                                                          \
    (fc_real_t * grad_x, fc_real_t * grad_scale, fc_real_t * grad_shift, const fc_real_t *grad_y, const fc_real_t *x,  \
     const fc_real_t *mean, const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners, int32_t n_rows,         \
     int32_t n_columns, int64_t parameter_stride, fc_real_t *scratch, fc_stream_t *stream),                            \
    "grad_x, grad_y, x (L,R,C) mean, rstd (L,C) scale (C) grad_scale, grad_shift (C) or both NULL",                    \
    "with h = (x - mean) rstd: grad_x = scale rstd (grad_y - mean_r grad_y - h mean_r(grad_y h))",                     \
    "writes grad_x (in place of grad_y allowed), accumulates grad_scale, grad_shift")                                  \
  X(batchnorm_eval_forward,                                                                                            \
    (fc_real_t * y, const fc_real_t *x, const fc_real_t *scale, const fc_real_t *shift, const fc_real_t *running_mean, \
     const fc_real_t *running_var, int32_t n_learners, int32_t n_rows, int32_t n_columns, int64_t parameter_stride,    \
     int64_t statistics_stride, fc_stream_t *stream),                                                                  \
    "y, x (L,R,C) the rest (C)", "y = (x - running_mean) / sqrt(running_var + 1e-5) scale + shift", "writes y")        \
  X(batchnorm_eval_backward,                                                                                           \
    (fc_real_t * grad_x, fc_real_t * grad_scale, fc_real_t * grad_shift, const fc_real_t *grad_y, const fc_real_t *x,  \
     const fc_real_t *scale, const fc_real_t *running_mean, const fc_real_t *running_var, int32_t n_learners,          \
     int32_t n_rows, int32_t n_columns, int64_t parameter_stride, int64_t statistics_stride, fc_real_t *scratch,       \
     fc_stream_t *stream),                                                                                             \
    "grad_x, grad_y, x (L,R,C) the rest (C); grad_scale, grad_shift or both NULL; scratch (2,C)",                      \
    "grad_x = grad_y scale / sqrt(running_var + 1e-5)",                                                                \
    "writes grad_x (in place of grad_y allowed), accumulates grad_scale, grad_shift")                                  \
  /* ---- attention and mean field ---- */                                                                             \
  X(attention_uniform_forward,                                                                                         \
    (fc_real_t * weight, fc_neighbours_t neighbours, int32_t n_learners, int32_t n_batch, fc_stream_t * stream),       \
    "weight (L,B,E)", "weight_jk = 1 / number of neighbours of j", "writes weight")                                    \
  X(attention_fold_forward,                                                                                            \
    (fc_real_t * fold, const fc_real_t *query, const fc_real_t *key, double scale, int32_t n_learners,                 \
     int32_t n_features, int32_t n_attention, int64_t parameter_stride, fc_stream_t *stream),                          \
    "fold (L,O,O) query, key (O,D) of each learner", "fold = scale query key': q_j.k_k = (s_j fold) . s_k",            \
    "writes fold")                                                                                                     \
  X(attention_fold_backward,                                                                                           \
    (fc_real_t * grad_query, fc_real_t * grad_key, const fc_real_t *grad_fold, const fc_real_t *query,                 \
     const fc_real_t *key, double scale, int32_t n_learners, int32_t n_features, int32_t n_attention,                  \
     int64_t parameter_stride, fc_stream_t *stream),                                                                   \
    "grad_query, grad_key, query, key (O,D) of each learner; grad_fold (L,O,O)",                                       \
    "grad_query += scale grad_fold key, grad_key += scale grad_fold' query", "accumulates grad_query, grad_key")       \
  X(attention_softmax_forward,                                                                                         \
    (fc_real_t * weight, const fc_real_t *query, const fc_real_t *key, const fc_real_t *edge_mask,                     \
     fc_neighbours_t neighbours, double scale, int32_t n_learners, int32_t n_batch, int32_t n_attention,               \
     fc_stream_t *stream),                                                                                             \
    "weight (L,B,E) query, key (L,B,N,D) edge_mask (E) or NULL",                                                       \
    "weight_jk = exp(z_jk) / sum_k exp(z_jk), z_jk = edge_mask_jk scale q_j.k_k over the neighbours k of j",           \
    "writes weight")                                                                                                   \
  X(attention_softmax_backward,                                                                                        \
    (fc_real_t * grad_query, fc_real_t * grad_key, const fc_real_t *grad_weight, const fc_real_t *weight,              \
     const fc_real_t *query, const fc_real_t *key, const fc_real_t *edge_mask, fc_neighbours_t neighbours,             \
     double scale, int32_t n_learners, int32_t n_batch, int32_t n_attention, fc_real_t *scratch, fc_stream_t *stream), \
    "grad_query, query, key (L,B,N,D) grad_key the same or NULL; grad_weight, weight (L,B,E) edge_mask (E) or NULL; "  \
    "scratch (L,B,E)",                                                                                                 \
    "dz_jk = weight_jk (grad_weight_jk - sum_m weight_jm grad_weight_jm) edge_mask_jk scale",                          \
    "writes grad_query, grad_key (0 where a function has no edge)")                                                    \
  X(attention_square_forward,                                                                                          \
    (fc_real_t * weight, const fc_real_t *query, const fc_real_t *key, fc_neighbours_t neighbours, int32_t n_learners, \
     int32_t n_batch, int32_t n_attention, fc_stream_t *stream),                                                       \
    "weight (L,B,E) query, key (L,B,N,D)", "weight_jk = (q_j.k_k)^2 / (sum_k (q_j.k_k)^2 + 0.001)", "writes weight")   \
  X(attention_square_backward,                                                                                         \
    (fc_real_t * grad_query, fc_real_t * grad_key, const fc_real_t *grad_weight, const fc_real_t *weight,              \
     const fc_real_t *query, const fc_real_t *key, fc_neighbours_t neighbours, int32_t n_learners, int32_t n_batch,    \
     int32_t n_attention, fc_real_t *scratch, fc_stream_t *stream),                                                    \
    "grad_query, query, key (L,B,N,D) grad_key the same or NULL; grad_weight, weight (L,B,E); scratch (L,B,E)",        \
    "dz_jk = 2 z_jk (grad_weight_jk - sum_m weight_jm grad_weight_jm) / (sum_m z_jm^2 + 0.001), z_jk = q_j.k_k",       \
    "writes grad_query, grad_key (0 where a function has no edge)")                                                    \
  X(mean_field_forward,                                                                                                \
    (fc_real_t * y, const fc_real_t *weight, const fc_real_t *x, fc_neighbours_t neighbours, int32_t n_learners,       \
     int32_t n_batch, int32_t n_columns, int32_t x_stride, int32_t y_stride, fc_stream_t *stream),                     \
    "y, x (L,B,N,C) as columns of rows x_stride, y_stride apart; weight (L,B,E)",                                      \
    "y_j = sum_k weight_jk x_k over the neighbours k of j; 0 for an isolated function", "writes the C columns of y")   \
  X(mean_field_backward,                                                                                               \
    (fc_real_t * grad_weight, fc_real_t * grad_x, const fc_real_t *grad_y, const fc_real_t *weight,                    \
     const fc_real_t *x, fc_neighbours_t neighbours, int32_t n_learners, int32_t n_batch, int32_t n_columns,           \
     int32_t x_stride, int32_t y_stride, int32_t grad_x_stride, fc_stream_t *stream),                                  \
    "grad_weight (L,B,E) or NULL; grad_x (L,B,N,C) or NULL, rows grad_x_stride apart; grad_y rows y_stride apart",     \
    "grad_weight_jk += grad_y_j . x_k; grad_x_k += sum_j weight_jk grad_y_j", "accumulates grad_weight, grad_x")       \
  /* ---- moving rows ---- */                                                                                          \
  X(concat_forward,                                                                                                    \
    (fc_real_t * y, const fc_real_t *x, int32_t first_column, int32_t n_learners, int32_t n_rows, int32_t n_columns,   \
     int32_t y_stride, fc_stream_t *stream),                                                                           \
    "y (L,R,y_stride) x (L,R,C)", "y[:, first : first + C] = x", "writes those columns of y")                          \
  X(concat_backward,                                                                                                   \
    (fc_real_t * grad_x, const fc_real_t *grad_y, int32_t first_column, int32_t n_learners, int32_t n_rows,            \
     int32_t n_columns, int32_t y_stride, fc_stream_t *stream),                                                        \
    "grad_x (L,R,C) grad_y (L,R,y_stride)", "grad_x = grad_y[:, first : first + C]", "writes grad_x")                  \
  X(gather_rows,                                                                                                       \
    (fc_real_t * y, const fc_real_t *x, const int32_t *index, int32_t n_learners, int32_t n_batch, int32_t n_rows,     \
     int32_t n_columns, fc_stream_t *stream),                                                                          \
    "y (L,B,C) x (L,R,C) index (L,B) in [0,R)", "y_b = x_index(b)", "writes y")                                        \
  X(gather_transitions,                                                                                                \
    (fc_real_t * features, fc_real_t * next_features, fc_real_t * action, fc_real_t * reward, uint8_t * terminal,      \
     fc_rows_t rows, const int32_t *index, int32_t n_batch, int32_t n_feature_columns, int32_t n_action_columns,       \
     fc_stream_t *stream),                                                                                             \
    "features, next_features (B,C) action (B,A) reward, terminal (B) index (B) in [0,R); B of all learners together",  \
    "each output_b = its rows_index(b)", "writes all five")                                                            \
  /* ---- sampling ---- */                                                                                             \
  X(advance, (int64_t * step, fc_stream_t * stream), "step (1)", "step = step + 1", "updates step")                    \
  X(draw_rows,                                                                                                         \
    (int32_t * index, const uint64_t *seed, const int64_t *step, const int32_t *n_rows, int32_t n_learners,            \
     int32_t n_batch, fc_stream_t *stream),                                                                            \
    "index (L,B) seed (L) step (1) n_rows (1)",                                                                        \
    "index_lb = floor(u n_rows / 2^32), u the first word of Philox(counter (b, 0, step), key seed_l)", "writes index") \
  /* ---- targets and losses ---- */                                                                                   \
  X(td_target,                                                                                                         \
    (fc_real_t * y, const fc_real_t *reward, const fc_real_t *next_q, const uint8_t *terminal, double discount,        \
     int32_t n_learners, int32_t n_batch, int32_t n_functions, fc_stream_t *stream),                                   \
    "y, next_q (L,B,N) reward (L,B) terminal (L,B); next_q may be NULL when discount is 0",                            \
    "y_bj = reward_b + discount (1 - terminal_b) next_q_bj", "writes y")                                               \
  X(mse_forward,                                                                                                       \
    (fc_real_t * loss, const fc_real_t *prediction, const fc_real_t *target, const fc_real_t *row_weight,              \
     double factor, int32_t n_learners, int32_t n_rows, fc_stream_t *stream),                                          \
    "loss (L) prediction, target (L,R) row_weight (L,R) or NULL = 1",                                                  \
    "loss = factor sum_r row_weight_r (target_r - prediction_r)^2", "writes loss")                                     \
  X(mse_backward,                                                                                                      \
    (fc_real_t * grad_prediction, const fc_real_t *prediction, const fc_real_t *target, const fc_real_t *row_weight,   \
     double factor, int32_t n_learners, int32_t n_rows, fc_stream_t *stream),                                          \
    "all (L,R)", "grad_prediction = 2 factor row_weight (prediction - target)", "writes grad_prediction")              \
  X(sum_loss_forward,                                                                                                  \
    (fc_real_t * loss, const fc_real_t *x, const fc_real_t *row_weight, double factor, int32_t n_learners,             \
     int32_t n_rows, fc_stream_t *stream),                                                                             \
    "loss (L) x (L,R) row_weight (L,R) or NULL = 1", "loss = factor sum_r row_weight_r x_r", "writes loss")            \
  X(sum_loss_backward,                                                                                                 \
    (fc_real_t * grad_x, const fc_real_t *row_weight, double factor, int32_t n_learners, int32_t n_rows,               \
     fc_stream_t *stream),                                                                                             \
    "grad_x, row_weight (L,R)", "grad_x = factor row_weight", "writes grad_x")                                         \
  /* ---- optimiser ---- */                                                                                            \
  X(adam,                                                                                                              \
    (fc_real_t * parameter, fc_real_t * moment1, fc_real_t * moment2, const fc_real_t *grad, double learning_rate,     \
     double beta1, double beta2, double epsilon, const int64_t *step, int64_t n_values, fc_stream_t *stream),          \
    "all (n); step (1) counts from 1",                                                                                 \
    "m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, p -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + epsilon)",             \
    "updates parameter, moment1, moment2")                                                                             \
  X(soft_update, (fc_real_t * target, const fc_real_t *source, double tau, int64_t n_values, fc_stream_t *stream),     \
    "both (n)", "target += tau (source - target)", "updates target")                                                   \
  X(sum_squares, (fc_real_t * sum, const fc_real_t *x, int32_t n_learners, int64_t n_values, fc_stream_t *stream),     \
    "sum (L) x (L,n)", "sum = sum_i x_i^2", "writes sum")

/* The table of one backend. */
typedef struct {
  const char *backend; /* "cpu", ... */
  const char *isa;     /* instruction set the bodies were compiled for: "base", "avx2", "avx512" */
#define FC_OP_SLOT(name, signature, shapes, equation, effect) void(*name) signature;
  FC_OPS(FC_OP_SLOT)
#undef FC_OP_SLOT
} fc_ops_t;

/* How many ops there are. */
enum {
#define FC_OP_INDEX(name, signature, shapes, equation, effect) FC_OP_##name,
  FC_OPS(FC_OP_INDEX)
#undef FC_OP_INDEX
      FC_OP_COUNT
};

/* The CPU backend in the best instruction set of this machine. Static storage. */
const fc_ops_t *fc_ops_cpu(void);

/* The CPU backend of one instruction set ("base", "avx2", "avx512"); NULL when it is not built or this machine lacks
 * it. For tests and benchmarks. Static storage. */
const fc_ops_t *fc_ops_cpu_isa(const char *isa);

/* Name of the first op the backend lacks, or NULL when it is complete. Programs check at start and refuse to run. */
const char *fc_ops_missing(const fc_ops_t *ops);

/* Rows whose sums a device works out apart from each other's in batch normalisation. */
enum { FC_BATCHNORM_CHUNK_ROWS = 512 };
/* Values of scratch that batchnorm_train_backward needs for these dims. */
static inline size_t fc_batchnorm_scratch(int32_t n_learners, int32_t n_rows, int32_t n_columns) {
  const size_t chunks = ((size_t)n_rows + FC_BATCHNORM_CHUNK_ROWS - 1) / FC_BATCHNORM_CHUNK_ROWS;
  return 2 * (size_t)n_learners * (size_t)n_columns * (chunks + 1);
}

/* Values of scratch that linear_forward and linear_backward need for these dims. */
static inline size_t fc_linear_scratch(int32_t n_rows, int32_t n_in, int32_t n_out) {
  const size_t padded_in = ((size_t)n_in + FC_VECTOR_PAD - 1) / FC_VECTOR_PAD * FC_VECTOR_PAD;
  const size_t padded_out = ((size_t)n_out + FC_VECTOR_PAD - 1) / FC_VECTOR_PAD * FC_VECTOR_PAD;
  const size_t forward = (size_t)n_in * padded_out;
  const size_t input = (size_t)n_out * padded_in;
  const size_t weights = padded_out == (size_t)n_out ? 0 : (size_t)n_rows * padded_out;
  const size_t larger = forward > input ? forward : input;
  return larger > weights ? larger : weights;
}

#ifdef __cplusplus
}
#endif
#endif
