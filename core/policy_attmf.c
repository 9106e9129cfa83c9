/* policy_attmf.c - inference of kind "attmf": attention over the neighbours, then one shared actor (paper Eq. 9).
 *
 * Equations and tensor names: docs/algorithms.md. Float32 in one fixed order: every sum runs upwards from its first
 * term by explicit fma, exp is our own, so that agent, server and every instruction set decide with the same bits.
 */
#include <math.h>
#include <string.h>

#include "policy_rows.h"

static const float square_epsilon = 1e-3f; /* the published 0.001 */
static const float faithful_lowest = 0.1f, faithful_highest = 0.9f;

static int64_t attention_of(const fc_policy_t *policy) {
  return policy_parts(policy)->query->shape[1];
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

/* Query and key of every function, weights of every edge; input, hidden layers and actions of eight functions. */
static size_t scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  const size_t n = (size_t)workflow->n_functions, e = (size_t)workflow->neighbours.n_edges;
  const size_t d = (size_t)attention_of(policy);
  const size_t h = (size_t)policy_mlp_hidden(policy);
  const size_t o = (size_t)fc_policy_manifest(policy)->n_features;
  const size_t eight = 2 * o + 2 * h + FC_KNOBS;
  return 2 * n * d + e + (eight > 2 * o + d ? eight : 2 * o + d) * POLICY_ROWS;
}

/* score[e] = query . key of the e-th neighbour: the sums of four edges advance together, each in its own order. Where
 * fewer are left the last one is summed several times, at no cost. */
POLICY_PER_INSTRUCTION_SET
static void scores(float *score, const float *query, const float *key, const int32_t *column, int32_t n, int64_t d) {
  enum { TOGETHER = 4 };
  for (int32_t e = 0; e < n; e += TOGETHER) {
    const float *keys[TOGETHER];
    float sum[TOGETHER] = {0};
    for (int k = 0; k < TOGETHER; ++k) keys[k] = key + column[e + k < n ? e + k : n - 1] * d;
    for (int64_t i = 0; i < d; ++i)
      for (int k = 0; k < TOGETHER; ++k) sum[k] = fmaf(query[i], keys[k][i], sum[k]);
    for (int k = 0; k < TOGETHER && e + k < n; ++k) score[e + k] = sum[k];
  }
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
                   float *query, float *key, float *weight, float *eight) {
  const fc_topology_t *csr = &workflow->neighbours;
  const int32_t n_functions = workflow->n_functions;
  const int64_t o = fc_policy_manifest(policy)->n_features, d = attention_of(policy);
  const float *wq = policy_parts(policy)->query->data, *wk = policy_parts(policy)->key->data;
  const float inverse_root = 1.0f / sqrtf((float)d);
  float *x = eight, *projected = eight + o * POLICY_ROWS;
  for (int32_t j = 0; j < n_functions; j += POLICY_ROWS) {
    policy_rows_gather(features + j * o, o, n_functions - j, x);
    policy_rows_linear(x, wq, NULL, o, d, n_functions - j, projected);
    policy_rows_scatter(projected, d, n_functions - j, query + j * d);
    policy_rows_linear(x, wk, NULL, o, d, n_functions - j, projected);
    policy_rows_scatter(projected, d, n_functions - j, key + j * d);
  }
  for (int32_t j = 0; j < n_functions; ++j) {
    const int32_t begin = csr->row_start[j], n = csr->row_start[j + 1] - begin;
    scores(weight + begin, query + j * d, key, csr->column + begin, n, d);
    if (faithful) {
      squares(weight + begin, n);
    } else {
      for (int32_t e = begin; e < begin + n; ++e) weight[e] *= inverse_root;
      softmax(weight + begin, n);
    }
  }
}

static void decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                   float *action, float *attention) {
  const fc_policy_manifest_t *m = fc_policy_manifest(policy);
  const fc_topology_t *csr = &workflow->neighbours;
  const bool faithful = strcmp(m->variant, "faithful") == 0;
  const int64_t o = m->n_features, d = attention_of(policy);
  const policy_mlp_t actor = policy_mlp_actor(policy, 0, 2 * o, FC_KNOBS, faithful);
  const size_t n = (size_t)workflow->n_functions;
  float *query = scratch, *key = query + n * (size_t)d, *weight = key + n * (size_t)d;
  float *x = weight + csr->n_edges, *hidden = x + 2 * o * POLICY_ROWS;
  float *acted = hidden + 2 * actor.n_hidden * POLICY_ROWS;
  attend(policy, workflow, faithful, features, query, key, weight, x);
  for (int32_t j = 0; j < workflow->n_functions; j += POLICY_ROWS) {
    policy_rows_inputs(csr, weight, features, o, j, x);
    policy_rows_act(&actor, x, workflow->n_functions - j, hidden, acted);
    policy_rows_scatter(acted, FC_KNOBS, workflow->n_functions - j, action + j * FC_KNOBS);
  }
  for (size_t k = 0; faithful && k < n * FC_KNOBS; ++k)
    action[k] = action[k] < faithful_lowest    ? faithful_lowest
                : action[k] > faithful_highest ? faithful_highest
                                               : action[k];
  if (attention != NULL) memcpy(attention, weight, (size_t)csr->n_edges * sizeof *attention);
}

const policy_kind_t policy_kind_attmf = {"attmf", check, scratch_floats, decide};
