/* faasconf/digest.h - SHA-256, Ed25519 and secure random bytes, over libsodium (core/digest.c is its only includer).
 *
 * Pure but for fc_random_bytes; any thread after fc_digest_init().
 */
#ifndef FAASCONF_DIGEST_H
#define FAASCONF_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faasconf/dims.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FC_SIGNATURE_SIZE = 64, FC_PUBLIC_KEY_SIZE = 32, FC_SECRET_KEY_SIZE = 64, FC_HEX_SIZE = 65 };

/* Must be called once by main() before the rest. FC_EINTERNAL when libsodium cannot start. */
fc_status_t fc_digest_init(void);

void fc_sha256(const void *data, size_t size, uint8_t digest[FC_DIGEST_SIZE]);

/* Incremental SHA-256. */
typedef struct {
  uint64_t state[32]; /* opaque */
} fc_sha256_t;
void fc_sha256_start(fc_sha256_t *hash);
void fc_sha256_update(fc_sha256_t *hash, const void *data, size_t size);
void fc_sha256_final(fc_sha256_t *hash, uint8_t digest[FC_DIGEST_SIZE]);

/* Lower-case hex with NUL: text[2 * size + 1]. */
void fc_hex(const uint8_t *bytes, size_t size, char *text);
/* Inverse; false when the text is not exactly 2 * size hex digits. */
bool fc_unhex(const char *text, uint8_t *bytes, size_t size);

fc_status_t fc_sign_keypair(uint8_t public_key[FC_PUBLIC_KEY_SIZE], uint8_t secret_key[FC_SECRET_KEY_SIZE]);
void fc_sign(const void *data, size_t size, const uint8_t secret_key[FC_SECRET_KEY_SIZE],
             uint8_t signature[FC_SIGNATURE_SIZE]);
bool fc_verify(const void *data, size_t size, const uint8_t public_key[FC_PUBLIC_KEY_SIZE],
               const uint8_t signature[FC_SIGNATURE_SIZE]);

/* From the kernel. */
void fc_random_bytes(void *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
