/* policy_attmf.c - inference of kind "attmf": attention over the neighbours, then one shared actor (paper Eq. 9).
 *
 * Equations and tensor names: docs/algorithms.md. Float32 in one fixed order: every sum runs upwards from its first
 * term by explicit fma, exp is our own, so that agent, server and every instruction set decide with the same bits.
 */
#include <math.h>
#include <string.h>

#include "policy_kind.h"

/* The compiler may use wider registers per clone; each output still sums its own terms in the same order. Sanitizers do
 * not get along with the dispatch, FC_POLICY_PLAIN is the test's second build. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) && !defined(FC_POLICY_PLAIN)
#define PER_INSTRUCTION_SET __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PER_INSTRUCTION_SET
#endif

static const float norm_epsilon = 1e-5f;
static const float square_epsilon = 1e-3f; /* the published 0.001 */
static const float faithful_lowest = 0.1f, faithful_highest = 0.9f;

float policy_exp(float x) {
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

float policy_sigmoid(float x) {
  return 1.0f / (1.0f + policy_exp(-x));
}

static int64_t columns_of(const fc_policy_t *policy, const char *name) {
  return fc_policy_tensor(policy, name)->shape[1];
}

static fc_status_t check(const fc_policy_t *policy, fc_error_t *error) {
  const fc_policy_manifest_t *m = fc_policy_manifest(policy);
  const fc_tensor_t *query = fc_policy_tensor(policy, "actor.attention.query");
  const fc_tensor_t *w2 = fc_policy_tensor(policy, "actor.w2");
  if (query == NULL || w2 == NULL || query->n_dims != 2 || w2->n_dims != 2)
    return fc_error_set(error, FC_EFORMAT,
                        "a policy of kind attmf needs actor.attention.query (O, D) and actor.w2 (H, H)");
  const int64_t n_features = m->n_features, n_attention = query->shape[1], n_hidden = w2->shape[1];
  if (strcmp(m->variant, "repaired") != 0 && strcmp(m->variant, "faithful") != 0)
    return fc_error_set(error, FC_EFORMAT, "variant: expected repaired or faithful, found %s", m->variant);
  FC_TRY(policy_require(policy, "actor.attention.query", 2, n_features, n_attention, error));
  FC_TRY(policy_require(policy, "actor.attention.key", 2, n_features, n_attention, error));
  FC_TRY(policy_require(policy, "actor.w1", 2, 2 * n_features, n_hidden, error));
  FC_TRY(policy_require(policy, "actor.w2", 2, n_hidden, n_hidden, error));
  FC_TRY(policy_require(policy, "actor.w3", 2, n_hidden, FC_KNOBS, error));
  static const char *const vectors[] = {"actor.b1",          "actor.b2",          "actor.norm1.scale",
                                        "actor.norm1.shift", "actor.norm2.scale", "actor.norm2.shift"};
  for (int i = 0; i < 6; ++i) FC_TRY(policy_require(policy, vectors[i], 1, n_hidden, 1, error));
  return policy_require(policy, "actor.b3", 1, FC_KNOBS, 1, error);
}

/* Query and key of every function, weights of every edge, one function's input and two hidden rows. */
static size_t scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  const size_t n = (size_t)workflow->n_functions, e = (size_t)workflow->neighbours.n_edges;
  const size_t d = (size_t)columns_of(policy, "actor.attention.query");
  const size_t h = (size_t)columns_of(policy, "actor.w2");
  const size_t o = (size_t)fc_policy_manifest(policy)->n_features;
  return 2 * n * d + e + 2 * o + 2 * h;
}

/* y (n_out) = b + x (n_in) W (n_in, n_out); b may be NULL. Terms in order of the input, per output. */
PER_INSTRUCTION_SET
static void linear(const float *restrict x, const float *restrict w, const float *restrict b, int64_t n_in,
                   int64_t n_out, float *restrict y) {
  for (int64_t u = 0; u < n_out; ++u) y[u] = b != NULL ? b[u] : 0.0f;
  for (int64_t i = 0; i < n_in; ++i) {
    const float xi = x[i];
    const float *row = w + i * n_out;
    for (int64_t u = 0; u < n_out; ++u) y[u] = fmaf(xi, row[u], y[u]);
  }
}

PER_INSTRUCTION_SET
static float dot(const float *a, const float *b, int64_t n) {
  float sum = 0.0f;
  for (int64_t i = 0; i < n; ++i) sum = fmaf(a[i], b[i], sum);
  return sum;
}

/* Weights of the edges of row j, from the scores in place. */
static void softmax(float *weight, int32_t n) {
  float largest = n > 0 ? weight[0] : 0.0f, sum = 0.0f;
  for (int32_t e = 1; e < n; ++e) largest = weight[e] > largest ? weight[e] : largest;
  for (int32_t e = 0; e < n; ++e) {
    weight[e] = policy_exp(weight[e] - largest);
    sum += weight[e];
  }
  for (int32_t e = 0; e < n; ++e) weight[e] /= sum;
}

static void squares(float *weight, int32_t n) {
  float sum = 0.0f;
  for (int32_t e = 0; e < n; ++e) {
    weight[e] *= weight[e];
    sum += weight[e];
  }
  for (int32_t e = 0; e < n; ++e) weight[e] /= sum + square_epsilon;
}

static void attend(const fc_policy_t *policy, const fc_workflow_t *workflow, bool faithful, const float *features,
                   float *query, float *key, float *weight) {
  const fc_topology_t *csr = &workflow->neighbours;
  const int64_t o = fc_policy_manifest(policy)->n_features, d = columns_of(policy, "actor.attention.query");
  const float *wq = fc_policy_tensor(policy, "actor.attention.query")->data;
  const float *wk = fc_policy_tensor(policy, "actor.attention.key")->data;
  const float inverse_root = 1.0f / sqrtf((float)d);
  for (int32_t j = 0; j < workflow->n_functions; ++j) {
    linear(features + j * o, wq, NULL, o, d, query + j * d);
    linear(features + j * o, wk, NULL, o, d, key + j * d);
  }
  for (int32_t j = 0; j < workflow->n_functions; ++j) {
    const int32_t begin = csr->row_start[j], n = csr->row_start[j + 1] - begin;
    for (int32_t e = 0; e < n; ++e) {
      const float score = dot(query + j * d, key + csr->column[begin + e] * d, d);
      weight[begin + e] = faithful ? score : score * inverse_root;
    }
    if (faithful)
      squares(weight + begin, n);
    else
      softmax(weight + begin, n);
  }
}

/* relu (what is not finite becomes or stays NaN: the caller must see it), then layer normalisation (repaired) or the
 * folded scale and shift (faithful), in place. */
PER_INSTRUCTION_SET
static void activate(float *h, const float *scale, const float *shift, int64_t n, bool faithful) {
  float mean = 0.0f, variance = 0.0f;
  for (int64_t u = 0; u < n; ++u) {
    h[u] = h[u] < 0.0f ? 0.0f * h[u] + 0.0f : h[u]; /* 0 * -inf is NaN */
    mean += h[u];
  }
  if (faithful) {
    for (int64_t u = 0; u < n; ++u) h[u] = fmaf(h[u], scale[u], shift[u]);
    return;
  }
  mean /= (float)n;
  for (int64_t u = 0; u < n; ++u) variance = fmaf(h[u] - mean, h[u] - mean, variance);
  const float inverse = 1.0f / sqrtf(variance / (float)n + norm_epsilon);
  for (int64_t u = 0; u < n; ++u) h[u] = fmaf((h[u] - mean) * inverse, scale[u], shift[u]);
}

static void decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                   float *action, float *attention) {
  const fc_policy_manifest_t *m = fc_policy_manifest(policy);
  const fc_topology_t *csr = &workflow->neighbours;
  const bool faithful = strcmp(m->variant, "faithful") == 0;
  const int64_t o = m->n_features, d = columns_of(policy, "actor.attention.query"), h = columns_of(policy, "actor.w2");
  const size_t n = (size_t)workflow->n_functions;
  float *query = scratch, *key = query + n * (size_t)d, *weight = key + n * (size_t)d;
  float *x = weight + csr->n_edges, *h1 = x + 2 * o, *h2 = h1 + h;
#define DATA(name) fc_policy_tensor(policy, name)->data
  attend(policy, workflow, faithful, features, query, key, weight);
  for (int32_t j = 0; j < workflow->n_functions; ++j) {
    memcpy(x, features + j * o, (size_t)o * sizeof *x);
    memset(x + o, 0, (size_t)o * sizeof *x);
    for (int32_t e = csr->row_start[j]; e < csr->row_start[j + 1]; ++e)
      for (int64_t i = 0; i < o; ++i) x[o + i] = fmaf(weight[e], features[csr->column[e] * o + i], x[o + i]);
    linear(x, DATA("actor.w1"), DATA("actor.b1"), 2 * o, h, h1);
    activate(h1, DATA("actor.norm1.scale"), DATA("actor.norm1.shift"), h, faithful);
    linear(h1, DATA("actor.w2"), DATA("actor.b2"), h, h, h2);
    activate(h2, DATA("actor.norm2.scale"), DATA("actor.norm2.shift"), h, faithful);
    linear(h2, DATA("actor.w3"), DATA("actor.b3"), h, FC_KNOBS, action + j * FC_KNOBS);
    for (int k = 0; k < FC_KNOBS; ++k) {
      float *a = &action[j * FC_KNOBS + k];
      *a = isfinite(*a) ? policy_sigmoid(*a) : NAN; /* a sigmoid would hide the infinity */
      if (faithful) *a = *a < faithful_lowest ? faithful_lowest : *a > faithful_highest ? faithful_highest : *a;
    }
  }
#undef DATA
  if (attention != NULL) memcpy(attention, weight, (size_t)csr->n_edges * sizeof *attention);
}

const policy_kind_t policy_kind_attmf = {"attmf", check, scratch_floats, decide};
