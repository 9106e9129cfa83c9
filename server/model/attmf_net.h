/* attmf_net.h - the two nets of AttMF, each one MLP behind one attention mean field, as one flat parameter block.
 *
 *   actor   x_j = [s_j, s~_j]              pi_j = sigmoid(mlp(x_j))      (B,N,O) -> (B,N,A)
 *   critic  x_j = [s_j, s~_j, a_j, a~_j]   Q_j  = mlp(x_j)               (B,N,O), (B,N,A) -> (B,N)
 *   with s~_j = sum_k w_jk s_k, a~_j = sum_k w_jk a_k over the neighbours k of j, w from the net's own attention
 *
 * A pass keeps the activations of the last forward; backward refers to that forward. Passes and workspaces are bound
 * once to memory of the owner (arena.h) for up to n_batch rows; nothing here allocates. All functions share the nets,
 * so that no parameter depends on N. One thread per pass.
 */
#ifndef SERVER_MODEL_ATTMF_NET_H
#define SERVER_MODEL_ATTMF_NET_H

#include "attention_field.h"
#include "mlp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  parameters_t parameters; /* layout of the block: w1 ... b3, attention.query, attention.key (none when uniform) */
  mlp_t mlp;
  attention_field_t field;
  int32_t n_features, n_knobs; /* O, A */
} attmf_net_t;

typedef struct {
  attention_field_pass_t field;
  mlp_pass_t mlp; /* mlp.y: actions (L,B,N,A) of an actor, Q (L,B,N) of a critic */
} attmf_pass_t;

typedef struct {
  attention_field_workspace_t field;
  mlp_workspace_t mlp;
  fc_real_t *grad_x; /* (L,R,I) */
  fc_real_t *grad_y; /* (L,R,C) */
} attmf_workspace_t;

/* dims gives L, O, A, H, D. Borrows ops and the arrays of neighbours for as long as the net is used. */
void attmf_net_init_actor(attmf_net_t *net, const fc_ops_t *ops, const fc_dims_t *dims, fc_neighbours_t neighbours,
                          attention_t attention, norm_t norm);
void attmf_net_init_critic(attmf_net_t *net, const fc_ops_t *ops, const fc_dims_t *dims, fc_neighbours_t neighbours,
                           attention_t attention, norm_t norm);

/* Other ops, and where they are queued (NULL until it is set). Borrowed. */
void attmf_net_set_backend(attmf_net_t *net, const fc_ops_t *ops, fc_stream_t *stream);

void attmf_pass_bind(const attmf_net_t *net, int32_t n_batch, attmf_pass_t *pass, arena_t *arena);
void attmf_workspace_bind(const attmf_net_t *net, int32_t n_batch, attmf_workspace_t *workspace, arena_t *arena);

/* features (L,B,N,O) -> pass->mlp.y (L,B,N,A), pass->field.weight (L,B,E). statistics: see mlp_forward. */
void attmf_actor_forward(const attmf_net_t *actor, const fc_real_t *parameters, fc_real_t *statistics, net_mode_t mode,
                         int32_t n_batch, const fc_real_t *features, attmf_pass_t *pass, attmf_workspace_t *workspace);

/* grad_action (L,B,N,A) -> gradients (L, block), accumulated. */
void attmf_actor_backward(const attmf_net_t *actor, const fc_real_t *parameters, const fc_real_t *statistics,
                          net_mode_t mode, int32_t n_batch, const fc_real_t *features, const attmf_pass_t *pass,
                          const fc_real_t *grad_action, fc_real_t *gradients, attmf_workspace_t *workspace);

/* features (L,B,N,O), action (L,B,N,A) -> pass->mlp.y (L,B,N). */
void attmf_critic_forward(const attmf_net_t *critic, const fc_real_t *parameters, fc_real_t *statistics,
                          net_mode_t mode, int32_t n_batch, const fc_real_t *features, const fc_real_t *action,
                          attmf_pass_t *pass, attmf_workspace_t *workspace);

/* The critic's own step: grad_q (L,B,N) -> gradients (L, block) of net and attention, accumulated. */
void attmf_critic_backward(const attmf_net_t *critic, const fc_real_t *parameters, const fc_real_t *statistics,
                           net_mode_t mode, int32_t n_batch, const fc_real_t *features, const fc_real_t *action,
                           const attmf_pass_t *pass, const fc_real_t *grad_q, fc_real_t *gradients,
                           attmf_workspace_t *workspace);

/* The actor's step through the critic: grad_q -> grad_action (L,B,N,A), written. Attention weights are constants; every
 * function's action gets the gradient of its own Q and, through the mean action, of its neighbours'. */
void attmf_critic_action_gradient(const attmf_net_t *critic, const fc_real_t *parameters, const fc_real_t *statistics,
                                  net_mode_t mode, int32_t n_batch, const fc_real_t *action, const attmf_pass_t *pass,
                                  const fc_real_t *grad_q, fc_real_t *grad_action, attmf_workspace_t *workspace);

#ifdef __cplusplus
}
#endif
#endif
