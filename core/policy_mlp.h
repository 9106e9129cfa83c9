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

/* The tensors that decisions read, looked up once when a policy is made; NULL where it has none of that name. */
#define POLICY_PARTS(X)             \
  X(query, "actor.attention.query") \
  X(key, "actor.attention.key")     \
  X(w1, "actor.w1")                 \
  X(b1, "actor.b1")                 \
  X(scale1, "actor.norm1.scale")    \
  X(shift1, "actor.norm1.shift")    \
  X(w2, "actor.w2")                 \
  X(b2, "actor.b2")                 \
  X(scale2, "actor.norm2.scale")    \
  X(shift2, "actor.norm2.shift")    \
  X(w3, "actor.w3")                 \
  X(b3, "actor.b3")
typedef struct {
#define POLICY_PART(member, name) const fc_tensor_t *member;
  POLICY_PARTS(POLICY_PART)
#undef POLICY_PART
} policy_parts_t;
const policy_parts_t *policy_parts(const fc_policy_t *policy);

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
