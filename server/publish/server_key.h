/* server_key.h - the Ed25519 key the server signs policies with, kept in STORE/server.key.
 *
 * Made at the first start, mode 0600; refused when others may read it. The public half travels in WELCOME, so that
 * agents notice a policy that this server did not publish. It protects against other peers and tampered storage, not
 * against a stolen server. Plain data; any thread may read it.
 */
#ifndef SERVER_PUBLISH_SERVER_KEY_H
#define SERVER_PUBLISH_SERVER_KEY_H

#include "faasconf/digest.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uint8_t public_key[FC_PUBLIC_KEY_SIZE];
  uint8_t secret_key[FC_SECRET_KEY_SIZE];
} server_key_t;

/* Reads directory/server.key, or makes it. FC_EFORMAT: damaged; FC_EUNSAFE: readable by others; FC_EIO. Blocks on file
 * I/O. */
fc_status_t server_key_load(const char *directory, server_key_t *key, fc_error_t *error);

/* Overwrites the secret. */
void server_key_clear(server_key_t *key);

#ifdef __cplusplus
}
#endif
#endif
