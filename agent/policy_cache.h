/* policy_cache.h - which policies this agent trusts, and the last good one on disk.
 *
 * A policy from the server is accepted only when the hint is signed by the pinned key, its version is above the highest
 * ever accepted (persisted: no rollback by replaying an old hint; only when the copy on disk was lost may the very same
 * bytes come again), the bytes have the signed digest, every weight is
 * finite, and it fits the workflow (name, digest, N). Then it is kept in state/policy/, which is what the agent decides
 * with after a restart and while the server is away; returning to this own last good one is always allowed.
 * The server key comes from agent.yaml, else from the first WELCOME (trust on first use, kept in trust.json); another
 * key later is refused until an operator removes trust.json. One thread; accepting blocks on file I/O.
 */
#ifndef AGENT_POLICY_CACHE_H
#define AGENT_POLICY_CACHE_H

#include "faasconf/policy.h"
#include "faasconf/wire.h"
#include "folder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const folder_t *folder;
  const fc_workflow_t *workflow;
  bool has_key;
  bool key_from_settings;
  uint8_t key[FC_PUBLIC_KEY_SIZE];
  int64_t high_water; /* highest version ever accepted */
  bool has_digest;
  uint8_t digest[FC_DIGEST_SIZE]; /* of that version */
  int64_t held;                   /* version of the policy on disk; 0 = none */
  int64_t rejected;               /* policies refused since start */
} policy_cache_t;

/* Reads trust.json. settings_key: pin of agent.yaml, or NULL. Borrows folder and workflow. FC_EFORMAT when trust.json
 * is damaged (without it the high-water is unknown), FC_EMISMATCH when agent.yaml pins another key than trust.json. */
fc_status_t policy_cache_open(const folder_t *folder, const fc_workflow_t *workflow, const uint8_t *settings_key,
                              policy_cache_t *cache, fc_error_t *error);

/* The key of a WELCOME: pins it when none is pinned. FC_EUNSAFE when it is another one. */
fc_status_t policy_cache_check_key(policy_cache_t *cache, const uint8_t key[FC_PUBLIC_KEY_SIZE], fc_error_t *error);

/* Is this hint signed by the pinned key and new? FC_EUNSAFE says why not; FC_EEXISTS: not newer than what is held. */
fc_status_t policy_cache_check_hint(policy_cache_t *cache, const fc_wire_hint_t *hint, fc_error_t *error);

/* Checks the whole policy against its hint, keeps it on disk, raises the high-water. Caller owns *out and destroys it
 * with fc_policy_destroy. FC_EUNSAFE, FC_EFORMAT or FC_EMISMATCH: refused, counted, nothing changed. */
fc_status_t policy_cache_accept(policy_cache_t *cache, const fc_wire_hint_t *hint, const uint8_t *manifest,
                                const uint8_t *weights, fc_policy_t **out, fc_error_t *error);

/* The last good policy of the state folder. FC_ENOTFOUND: none yet. A damaged one (by its digest) or one of another
 * workflow is refused. Caller owns *out. */
fc_status_t policy_cache_load(policy_cache_t *cache, fc_policy_t **out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
