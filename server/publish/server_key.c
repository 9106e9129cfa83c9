/* server_key.c - the file holds 128 hex digits of the secret key, whose second half is the public key (server_key.h).
 */
#include "server_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1200, TEXT_SIZE = 2 * FC_SECRET_KEY_SIZE };

/* Writes under a temporary name and links it into place: a crash leaves the whole key or none. */
static fc_status_t make_key(const char *path, server_key_t *key, fc_error_t *error) {
  char temporary[PATH_SIZE + 32], text[TEXT_SIZE + 2];
  FC_TRY(fc_sign_keypair(key->public_key, key->secret_key));
  fc_hex(key->secret_key, FC_SECRET_KEY_SIZE, text);
  text[TEXT_SIZE] = '\n';
  snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
  const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fc_error_set(error, FC_EIO, "%s: cannot create: %s", temporary, strerror(errno));
  const bool written = write(file, text, TEXT_SIZE + 1) == TEXT_SIZE + 1 && fsync(file) == 0;
  const bool closed = close(file) == 0;
  explicit_bzero(text, sizeof text);
  if (!written || !closed || rename(temporary, path) != 0) {
    fc_error_set(error, FC_EIO, "%s: cannot write: %s", path, strerror(errno));
    (void)unlink(temporary);
    return FC_EIO;
  }
  return FC_OK;
}

static fc_status_t read_key(const char *path, int file, server_key_t *key, fc_error_t *error) {
  struct stat about;
  char text[TEXT_SIZE + 2];
  if (fstat(file, &about) != 0) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  if ((about.st_mode & 077) != 0) {
    return fc_error_set(error, FC_EUNSAFE, "%s: others may read this secret key (mode %03o): chmod 600 it", path,
                        (unsigned)(about.st_mode & 0777));
  }
  const ssize_t got = read(file, text, sizeof text);
  const bool whole = (got == TEXT_SIZE || (got == TEXT_SIZE + 1 && text[TEXT_SIZE] == '\n'));
  if (whole) text[TEXT_SIZE] = '\0';
  const bool good = whole && fc_unhex(text, key->secret_key, FC_SECRET_KEY_SIZE);
  explicit_bzero(text, sizeof text);
  if (!good) {
    return fc_error_set(
        error, FC_EFORMAT,
        "%s: not a server key (%d hex digits expected): restore it, or remove it to get a new one, which "
        "agents will have to accept",
        path, (int)TEXT_SIZE);
  }
  memcpy(key->public_key, key->secret_key + FC_SECRET_KEY_SIZE - FC_PUBLIC_KEY_SIZE, FC_PUBLIC_KEY_SIZE);
  return FC_OK;
}

fc_status_t server_key_load(const char *directory, server_key_t *key, fc_error_t *error) {
  char path[PATH_SIZE];
  if ((size_t)snprintf(path, sizeof path, "%s/server.key", directory) >= sizeof path) {
    return fc_error_set(error, FC_EINVAL, "%s: the path is too long", directory);
  }
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return make_key(path, key, error);
  if (file < 0) return fc_error_set(error, FC_EIO, "%s: cannot open: %s", path, strerror(errno));
  const fc_status_t status = read_key(path, file, key, error);
  (void)close(file);
  return status;
}

void server_key_clear(server_key_t *key) {
  explicit_bzero(key, sizeof *key);
}
