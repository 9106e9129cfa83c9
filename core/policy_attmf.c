/* policy_attmf.c - inference of kind "attmf": attention over the neighbours, then one shared actor (paper Eq. 9).
 *
 * Equations and tensor names: docs/algorithms.md. Float32 in one fixed order: every sum runs upwards from its first
 * term by explicit fma, exp is our own, so that agent, server and every instruction set decide with the same bits.
 */
#include <math.h>
#include <string.h>

#include "policy_mlp.h"

static const float square_epsilon = 1e-3f; /* the published 0.001 */
static const float faithful_lowest = 0.1f, faithful_highest = 0.9f;

static int64_t columns_of(const fc_policy_t *policy, const char *name) {
  return fc_policy_tensor(policy, name)->shape[1];
}

static fc_status_t check(const fc_policy_t *policy, fc_error_t *error) {
  const fc_policy_manifest_t *m = fc_policy_manifest(policy);
  const fc_tensor_t *query = fc_policy_tensor(policy, "actor.attention.query");
  if (query == NULL || query->n_dims != 2)
    return fc_error_set(error, FC_EFORMAT, "a policy of kind attmf needs actor.attention.query (O, D)");
  const int64_t n_features = m->n_features, n_attention = query->shape[1];
  if (strcmp(m->variant, "repaired") != 0 && strcmp(m->variant, "faithful") != 0)
    return fc_error_set(error, FC_EFORMAT, "variant: expected repaired or faithful, found %s", m->variant);
  FC_TRY(policy_require(policy, "actor.attention.query", 2, n_features, n_attention, error));
  FC_TRY(policy_require(policy, "actor.attention.key", 2, n_features, n_attention, error));
  return policy_mlp_check(policy, 1, 2 * n_features, FC_KNOBS, error);
}

/* Query and key of every function, weights of every edge, one function's input and two hidden rows. */
static size_t scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  const size_t n = (size_t)workflow->n_functions, e = (size_t)workflow->neighbours.n_edges;
  const size_t d = (size_t)columns_of(policy, "actor.attention.query");
  const size_t h = (size_t)policy_mlp_hidden(policy);
  const size_t o = (size_t)fc_policy_manifest(policy)->n_features;
  return 2 * n * d + e + 2 * o + 2 * h;
}

POLICY_PER_INSTRUCTION_SET
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
    policy_linear(features + j * o, wq, NULL, o, d, query + j * d);
    policy_linear(features + j * o, wk, NULL, o, d, key + j * d);
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

static void decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                   float *action, float *attention) {
  const fc_policy_manifest_t *m = fc_policy_manifest(policy);
  const fc_topology_t *csr = &workflow->neighbours;
  const bool faithful = strcmp(m->variant, "faithful") == 0;
  const int64_t o = m->n_features, d = columns_of(policy, "actor.attention.query");
  const policy_mlp_t actor = policy_mlp_actor(policy, 0, 2 * o, FC_KNOBS, faithful);
  const size_t n = (size_t)workflow->n_functions;
  float *query = scratch, *key = query + n * (size_t)d, *weight = key + n * (size_t)d;
  float *x = weight + csr->n_edges, *hidden = x + 2 * o;
  attend(policy, workflow, faithful, features, query, key, weight);
  for (int32_t j = 0; j < workflow->n_functions; ++j) {
    memcpy(x, features + j * o, (size_t)o * sizeof *x);
    memset(x + o, 0, (size_t)o * sizeof *x);
    for (int32_t e = csr->row_start[j]; e < csr->row_start[j + 1]; ++e)
      for (int64_t i = 0; i < o; ++i) x[o + i] = fmaf(weight[e], features[csr->column[e] * o + i], x[o + i]);
    policy_mlp_act(&actor, x, hidden, action + j * FC_KNOBS);
    for (int k = 0; faithful && k < FC_KNOBS; ++k) {
      float *a = &action[j * FC_KNOBS + k];
      *a = *a < faithful_lowest ? faithful_lowest : *a > faithful_highest ? faithful_highest : *a;
    }
  }
  if (attention != NULL) memcpy(attention, weight, (size_t)csr->n_edges * sizeof *attention);
}

const policy_kind_t policy_kind_attmf = {"attmf", check, scratch_floats, decide};
