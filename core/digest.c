/* digest.c - libsodium behind our names; the only includer of sodium.h. */
#include "faasconf/digest.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(fc_sha256_t), "the opaque state is too small");
_Static_assert(crypto_sign_BYTES == FC_SIGNATURE_SIZE, "signature size");
_Static_assert(crypto_sign_SECRETKEYBYTES == FC_SECRET_KEY_SIZE, "secret key size");

fc_status_t fc_digest_init(void) {
  return sodium_init() < 0 ? FC_EINTERNAL : FC_OK;
}

void fc_sha256(const void *data, size_t size, uint8_t digest[FC_DIGEST_SIZE]) {
  (void)crypto_hash_sha256(digest, data, size);
}

void fc_sha256_start(fc_sha256_t *hash) {
  (void)crypto_hash_sha256_init((crypto_hash_sha256_state *)hash->state);
}

void fc_sha256_update(fc_sha256_t *hash, const void *data, size_t size) {
  (void)crypto_hash_sha256_update((crypto_hash_sha256_state *)hash->state, data, size);
}

void fc_sha256_final(fc_sha256_t *hash, uint8_t digest[FC_DIGEST_SIZE]) {
  (void)crypto_hash_sha256_final((crypto_hash_sha256_state *)hash->state, digest);
}

void fc_hex(const uint8_t *bytes, size_t size, char *text) {
  (void)sodium_bin2hex(text, 2 * size + 1, bytes, size);
}

bool fc_unhex(const char *text, uint8_t *bytes, size_t size) {
  size_t n = 0;
  const size_t length = strlen(text);
  if (length != 2 * size) return false;
  return sodium_hex2bin(bytes, size, text, length, NULL, &n, NULL) == 0 && n == size;
}

fc_status_t fc_sign_keypair(uint8_t public_key[FC_PUBLIC_KEY_SIZE], uint8_t secret_key[FC_SECRET_KEY_SIZE]) {
  return crypto_sign_keypair(public_key, secret_key) == 0 ? FC_OK : FC_EINTERNAL;
}

void fc_sign(const void *data, size_t size, const uint8_t secret_key[FC_SECRET_KEY_SIZE],
             uint8_t signature[FC_SIGNATURE_SIZE]) {
  (void)crypto_sign_detached(signature, NULL, data, size, secret_key);
}

bool fc_verify(const void *data, size_t size, const uint8_t public_key[FC_PUBLIC_KEY_SIZE],
               const uint8_t signature[FC_SIGNATURE_SIZE]) {
  return crypto_sign_verify_detached(signature, data, size, public_key) == 0;
}

void fc_random_bytes(void *out, size_t size) {
  randombytes_buf(out, size);
}
