/* decide.c - step 8: see decide.h. */
#include "decide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/rng.h"

static const uint64_t NOISE_STREAM = 0x65787031; /* keeps exploration apart from every other consumer of the seed */

struct decide {
  const fc_workflow_t *workflow;
  uint64_t seed;
  fc_policy_t *policy;
  float *scratch;
  float *action;    /* (N, A) */
  float *towards;   /* (N, A) */
  float *attention; /* (E) */
};

fc_status_t decide_new(const fc_workflow_t *workflow, uint64_t seed, decide_t **out, fc_error_t *error) {
  *out = NULL;
  decide_t *decide = calloc(1, sizeof *decide);
  const size_t n = (size_t)workflow->n_functions * FC_KNOBS;
  if (decide) {
    decide->action = calloc(n, sizeof *decide->action);
    decide->towards = calloc(n, sizeof *decide->towards);
    decide->attention = calloc((size_t)workflow->neighbours.n_edges + 1, sizeof *decide->attention);
  }
  if (!decide || !decide->action || !decide->towards || !decide->attention) {
    decide_destroy(&decide);
    return fc_error_set(error, FC_ENOMEM, "decide: out of memory");
  }
  decide->workflow = workflow;
  decide->seed = seed;
  *out = decide;
  return FC_OK;
}

void decide_destroy(decide_t **decide) {
  if (!*decide) return;
  fc_policy_destroy(&(*decide)->policy);
  free((*decide)->scratch);
  free((*decide)->action);
  free((*decide)->towards);
  free((*decide)->attention);
  free(*decide);
  *decide = NULL;
}

fc_status_t decide_take_policy(decide_t *decide, fc_policy_t **policy, fc_error_t *error) {
  const size_t floats = fc_policy_scratch_floats(*policy, decide->workflow);
  float *scratch = calloc(floats ? floats : 1, sizeof *scratch);
  if (!scratch) return fc_error_set(error, FC_ENOMEM, "decide: out of memory for a policy");
  fc_policy_destroy(&decide->policy);
  free(decide->scratch);
  decide->scratch = scratch;
  decide->policy = *policy;
  *policy = NULL;
  return FC_OK;
}

const fc_policy_t *decide_policy(const decide_t *decide) {
  return decide->policy;
}

static float reflect(double x) {
  /* Clipping would pile the noise up on the edges, where single values of replicas and concurrency sit. */
  x = fabs(x);
  if (x > 1) x = 2 - x;
  return (float)(x < 0 ? 0 : x > 1 ? 1 : x);
}

static void explore(decide_t *decide, const fc_policy_manifest_t *manifest, int64_t window,
                    const decide_exploration_t *exploration) {
  const size_t n = (size_t)decide->workflow->n_functions * FC_KNOBS;
  if (exploration->towards && exploration->retreat > 0) {
    fc_knobs_encode(decide->workflow, manifest->ranges, manifest->decode, exploration->towards, decide->towards);
    for (size_t i = 0; i < n; ++i)
      decide->action[i] = (float)((1 - exploration->retreat) * (double)decide->action[i] +
                                  exploration->retreat * (double)decide->towards[i]);
  }
  if (!(exploration->sigma > 0)) return;
  fc_rng_t rng;
  fc_rng_init(&rng, decide->seed, NOISE_STREAM + ((uint64_t)window << 32));
  for (size_t i = 0; i < n; ++i)
    decide->action[i] = reflect((double)decide->action[i] + exploration->sigma * fc_rng_normal(&rng));
}

fc_status_t decide_window(decide_t *decide, const fc_observation_t *observation,
                          const decide_exploration_t *exploration, fc_function_configuration_t *configuration,
                          fc_error_t *error) {
  if (!decide->policy) return fc_error_set(error, FC_ESTATE, "no policy held");
  const fc_policy_manifest_t *manifest = fc_policy_manifest(decide->policy);
  const fc_status_t status = fc_policy_decide(decide->policy, decide->workflow, observation, decide->scratch,
                                              decide->action, decide->attention);
  if (status != FC_OK)
    return fc_error_set(error, status, "policy version %lld gave no usable action: %s", (long long)manifest->version,
                        fc_status_text(status));
  if (exploration) explore(decide, manifest, observation->window, exploration);
  fc_knobs_decode(decide->workflow, manifest->ranges, manifest->decode, decide->action, configuration);
  return FC_OK;
}

const float *decide_action(const decide_t *decide) {
  return decide->action;
}
const float *decide_attention(const decide_t *decide) {
  return decide->attention;
}
