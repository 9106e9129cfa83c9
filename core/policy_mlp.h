/* policy_mlp.h - inside core: the actor of every learned kind of policy.
 *
 *   h1 = norm1(relu(x W1 + b1)),  h2 = norm2(relu(h1 W2 + b2)),  action = sigmoid(h2 W3 + b3)
 *
 * Tensors actor.w1 ... actor.b3 hold one actor, or those of all functions one after the other (n_actors times the
 * rows). Pure; never allocates.
 */
#ifndef CORE_POLICY_MLP_H
#define CORE_POLICY_MLP_H

#include "policy_kind.h"

/* The compiler may use wider registers per clone; each output still sums its own terms in the same order. Sanitizers do
 * not get along with the dispatch, FC_POLICY_PLAIN is the test's second build. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) && !defined(FC_POLICY_PLAIN)
#define POLICY_PER_INSTRUCTION_SET __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define POLICY_PER_INSTRUCTION_SET
#endif

/* Borrows the policy's tensors. */
typedef struct {
  int64_t n_in, n_hidden, n_out; /* I, H, C */
  bool is_folded;                /* norm(h) = h scale + shift; otherwise layer normalisation comes before */
  const float *w1, *b1, *scale1, *shift1, *w2, *b2, *scale2, *shift2, *w3, *b3;
} policy_mlp_t;

/* Are all tensors there, with the shapes of so many actors? FC_EFORMAT names the first that is not. */
fc_status_t policy_mlp_check(const fc_policy_t *policy, int64_t n_actors, int64_t n_in, int64_t n_out,
                             fc_error_t *error);
/* H. */
int64_t policy_mlp_hidden(const fc_policy_t *policy);
/* One of the actors. */
policy_mlp_t policy_mlp_actor(const fc_policy_t *policy, int64_t actor, int64_t n_in, int64_t n_out, bool is_folded);
/* The sigmoid of n values in place, NaN where one is not finite. */
void policy_sigmoids(float *x, int64_t n);
/* x (I) -> action (C) in [0,1], NaN where it is not finite; hidden: 2H floats of scratch. */
void policy_mlp_act(const policy_mlp_t *mlp, const float *x, float *hidden, float *action);

#endif
