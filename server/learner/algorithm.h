/* algorithm.h - step 6 of the flow: the one interface of every learning algorithm.
 *
 * "attmf", and what it is compared with: "mean_field", "maddpg", "ddpg", "firm" (docs/algorithms.md). An algorithm owns
 * its networks, targets, optimiser moments and random stream in one flat parameter block; it sees normalised features
 * and actions in [0,1], never a metric or a millicore. Each algorithm is one file that reads as its equations
 * (attmf.c); the trainer (trainer.h) owns replay, normalisation, schedule and checkpoints. One thread per instance.
 * update() and act() never allocate. The same number of
 * threads gives the same bytes.
 */
#ifndef SERVER_LEARNER_ALGORITHM_H
#define SERVER_LEARNER_ALGORITHM_H

#include "faasconf/policy.h"
#include "faasconf/rng.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Only attmf has a faithful variant; create of the others refuses it with FC_EINVAL. */
typedef enum { VARIANT_REPAIRED = 0, VARIANT_FAITHFUL = 1 } algorithm_variant_t;

typedef struct {
  algorithm_variant_t variant;
  int32_t n_batch;     /* B; 64 */
  int32_t n_hidden;    /* H; 64 */
  int32_t n_attention; /* D; 32 */
  float learning_rate; /* 1e-4 faithful; the repaired default is the algorithm's own */
  float soft_update;   /* tau; 0.01 */
  float discount;      /* gamma; 0.9 faithful, 0 repaired */
  uint64_t seed;
  int32_t n_threads; /* of one update, at most B; 0 and 1: the caller's alone. More for attmf and mean_field only */
} algorithm_options_t;

/* B transitions of one workflow; row-major. Borrowed until update() returns. */
typedef struct {
  int32_t n_batch;            /* B */
  const float *features;      /* (B, N, O) of s, normalised */
  const float *action;        /* (B, N, A) of the configuration decided after s */
  const float *reward;        /* (B) shared by all functions */
  const float *next_features; /* (B, N, O) of s' */
  const uint8_t *terminal;    /* (B) 1: no bootstrap */
} algorithm_batch_t;

typedef struct {
  double critic_loss;
  double actor_loss;
  double critic_grad_norm;
  double actor_grad_norm; /* of the actor network and its attention */
} algorithm_report_t;

/* One named block of state, for checkpoints: `data` is borrowed from the algorithm and stays valid until destroy. */
typedef struct {
  char name[FC_NAME_SIZE];
  float *data;
  int64_t n;
} algorithm_state_t;

enum { ALGORITHM_MAX_STATES = 16 };

typedef struct algorithm algorithm_t;

typedef struct {
  const char *name; /* "attmf" */
  /* Options with the algorithm's defaults for a variant. */
  algorithm_options_t (*defaults)(algorithm_variant_t variant);
  /* For one workflow and O features; caller owns *out and destroys it. FC_ENOMEM, FC_EINVAL. */
  fc_status_t (*create)(const algorithm_options_t *options, const fc_workflow_t *workflow, int32_t n_features,
                        algorithm_t **out, fc_error_t *error);
  void (*destroy)(algorithm_t **self);
  /* Critic step, actor step, soft update. batch->n_batch == options.n_batch. */
  void (*update)(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report);
  /* features (B, N, O) -> action (B, N, A); any B up to options.n_batch. */
  void (*act)(algorithm_t *self, int32_t n_batch, const float *features, float *action);
  /* Q per transition, mean over functions: (B). */
  void (*q)(algorithm_t *self, int32_t n_batch, const float *features, const float *action, float *q);
  /* Weights the agent needs (actor and its attention, norms folded in as the kind expects); tensors borrow from self.
   * Sets manifest->kind and ->variant. Returns how many were written, at most FC_MAX_POLICY_TENSORS. */
  int32_t (*export_policy)(algorithm_t *self, fc_policy_manifest_t *manifest, fc_tensor_t *tensors);
  /* Every float that the next update depends on (weights, targets, moments, running statistics); returns how many. The
   * step counter and RNG are in *step and *rng. Writing into these blocks restores. */
  int32_t (*state)(algorithm_t *self, algorithm_state_t *blocks, int64_t **step, fc_rng_t **rng);
} algorithm_interface_t;

/* By name ("attmf"), or NULL. names, when not NULL, gets a comma-separated list of all for messages. */
const algorithm_interface_t *algorithm_find(const char *name, const char **names);

#ifdef __cplusplus
}
#endif
#endif
