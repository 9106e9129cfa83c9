/* policy_mlp.c - the actor of every learned kind: two hidden layers, each relu and norm, then a sigmoid (docs/
 * algorithms.md).
 *
 * Float32 in one fixed order: every sum runs upwards from its first term by explicit fma, exp is our own, so that
 * agent, server and every instruction set decide with the same bits.
 */
#include "policy_mlp.h"

#include <math.h>
#include <string.h>

static const float norm_epsilon = 1e-5f;

/* In a function of its own that is inlined, so that fma is an instruction where the processor has it. */
static inline float exp_of(float x) {
  if (isnan(x)) return x; /* has no integer part */
  if (x > 88.0f) x = 88.0f;
  if (x < -87.0f) return 0.0f;
  const float n = rintf(x * 1.44269504f);
  float r = fmaf(n, -0.693359375f, x);
  r = fmaf(n, 2.12194440e-4f, r);
  /* Degree-6 minimax on [-ln2/2, ln2/2] (Cephes expf coefficients). */
  float p = 1.9875691500e-4f;
  p = fmaf(p, r, 1.3981999507e-3f);
  p = fmaf(p, r, 8.3334519073e-3f);
  p = fmaf(p, r, 4.1665795894e-2f);
  p = fmaf(p, r, 1.6666665459e-1f);
  p = fmaf(p, r, 5.0000001201e-1f);
  p = fmaf(p * r, r, r) + 1.0f;
  const uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
  float scale;
  memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

POLICY_PER_INSTRUCTION_SET
float policy_exp(float x) {
  return exp_of(x);
}

static inline float sigmoid_of(float x) {
  return 1.0f / (1.0f + exp_of(-x));
}

POLICY_PER_INSTRUCTION_SET
float policy_sigmoid(float x) {
  return sigmoid_of(x);
}

POLICY_PER_INSTRUCTION_SET
void policy_sigmoids(float *x, int64_t n) {
  for (int64_t k = 0; k < n; ++k)
    x[k] = isfinite(x[k]) ? sigmoid_of(x[k]) : NAN; /* a sigmoid would hide the infinity */
}

/* y (n_out) = b + x (n_in) W (n_in, n_out); b may be NULL. Terms in order of the input, per output. */
POLICY_PER_INSTRUCTION_SET
static void linear(const float *restrict x, const float *restrict w, const float *restrict b, int64_t n_in,
                   int64_t n_out, float *restrict y) {
  for (int64_t u = 0; u < n_out; ++u) y[u] = b != NULL ? b[u] : 0.0f;
  for (int64_t i = 0; i < n_in; ++i) {
    const float xi = x[i];
    const float *row = w + i * n_out;
    for (int64_t u = 0; u < n_out; ++u) y[u] = fmaf(xi, row[u], y[u]);
  }
}

/* relu (what is not finite becomes or stays NaN: the caller must see it), then layer normalisation (repaired) or the
 * folded scale and shift (faithful), in place. */
POLICY_PER_INSTRUCTION_SET
static void activate(float *h, const float *scale, const float *shift, int64_t n, bool is_folded) {
  float mean = 0.0f, variance = 0.0f;
  for (int64_t u = 0; u < n; ++u) {
    h[u] = h[u] < 0.0f ? 0.0f * h[u] + 0.0f : h[u]; /* 0 * -inf is NaN */
    mean += h[u];
  }
  if (is_folded) {
    for (int64_t u = 0; u < n; ++u) h[u] = fmaf(h[u], scale[u], shift[u]);
    return;
  }
  mean /= (float)n;
  for (int64_t u = 0; u < n; ++u) variance = fmaf(h[u] - mean, h[u] - mean, variance);
  const float inverse = 1.0f / sqrtf(variance / (float)n + norm_epsilon);
  for (int64_t u = 0; u < n; ++u) h[u] = fmaf((h[u] - mean) * inverse, scale[u], shift[u]);
}

static int64_t columns_of(const fc_policy_t *policy, const char *name) {
  const fc_tensor_t *tensor = fc_policy_tensor(policy, name);
  return tensor != NULL && tensor->n_dims == 2 ? tensor->shape[1] : -1;
}

fc_status_t policy_mlp_check(const fc_policy_t *policy, int64_t n_actors, int64_t n_in, int64_t n_out,
                             fc_error_t *error) {
  const int64_t h = columns_of(policy, "actor.w2");
  if (h < 1) return fc_error_set(error, FC_EFORMAT, "the policy has no tensor actor.w2 (H, H)");
  FC_TRY(policy_require(policy, "actor.w1", 2, n_actors * n_in, h, error));
  FC_TRY(policy_require(policy, "actor.w2", 2, n_actors * h, h, error));
  FC_TRY(policy_require(policy, "actor.w3", 2, n_actors * h, n_out, error));
  static const char *const vectors[] = {"actor.b1",          "actor.b2",          "actor.norm1.scale",
                                        "actor.norm1.shift", "actor.norm2.scale", "actor.norm2.shift"};
  for (int i = 0; i < 6; ++i) FC_TRY(policy_require(policy, vectors[i], 1, n_actors * h, 1, error));
  return policy_require(policy, "actor.b3", 1, n_actors * n_out, 1, error);
}

int64_t policy_mlp_hidden(const fc_policy_t *policy) {
  return policy_parts(policy)->w2->shape[1];
}

policy_mlp_t policy_mlp_actor(const fc_policy_t *policy, int64_t actor, int64_t n_in, int64_t n_out, bool is_folded) {
  const policy_parts_t *parts = policy_parts(policy);
  const int64_t h = policy_mlp_hidden(policy);
  return (policy_mlp_t){.n_in = n_in,
                        .n_hidden = h,
                        .n_out = n_out,
                        .is_folded = is_folded,
                        .w1 = parts->w1->data + actor * n_in * h,
                        .b1 = parts->b1->data + actor * h,
                        .scale1 = parts->scale1->data + actor * h,
                        .shift1 = parts->shift1->data + actor * h,
                        .w2 = parts->w2->data + actor * h * h,
                        .b2 = parts->b2->data + actor * h,
                        .scale2 = parts->scale2->data + actor * h,
                        .shift2 = parts->shift2->data + actor * h,
                        .w3 = parts->w3->data + actor * h * n_out,
                        .b3 = parts->b3->data + actor * n_out};
}

void policy_mlp_act(const policy_mlp_t *mlp, const float *x, float *hidden, float *action) {
  const int64_t h = mlp->n_hidden;
  float *h1 = hidden, *h2 = hidden + h;
  linear(x, mlp->w1, mlp->b1, mlp->n_in, h, h1);
  activate(h1, mlp->scale1, mlp->shift1, h, mlp->is_folded);
  linear(h1, mlp->w2, mlp->b2, h, h, h2);
  activate(h2, mlp->scale2, mlp->shift2, h, mlp->is_folded);
  linear(h2, mlp->w3, mlp->b3, h, mlp->n_out, action);
  policy_sigmoids(action, mlp->n_out);
}
