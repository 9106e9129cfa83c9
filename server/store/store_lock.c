/* store_lock.c - DIR/lock: who writes here, and where to reach it. The kernel drops the lock when its holder dies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "faasconf/json.h"
#include "store_private.h"

static fc_status_t held(const store_t *store, int fd, fc_error_t *error) {
  char text[1024];
  const ssize_t n = pread(fd, text, sizeof text - 1, 0);
  int64_t pid = 0;
  char address[256] = "";
  fc_json_t *json = NULL;
  if (n > 0 && fc_json_parse(text, (size_t)n, &json, NULL) == FC_OK) {
    const char *found = fc_json_string(fc_json_get(json, "address"));
    (void)fc_json_int(fc_json_get(json, "pid"), &pid);
    if (found != NULL) snprintf(address, sizeof address, "%s", found);
    fc_json_destroy(&json);
  }
  if (address[0] != '\0')
    return fc_error_set(error, FC_ESTATE,
                        "store %s: faasconfd (pid %lld) serves it at %s; ask it there, or stop it first",
                        store->directory, (long long)pid, address);
  return fc_error_set(error, FC_ESTATE, "store %s: another program (pid %lld) writes it; wait for it, or stop it",
                      store->directory, (long long)pid);
}

fc_status_t store_write_lock(store_t *store, const char *address, fc_error_t *error) {
  fc_json_t *json = fc_json_object();
  fc_json_set_int(json, "pid", (int64_t)getpid());
  fc_json_set_string(json, "address", address);
  char *text = fc_json_dump(json, 0);
  fc_json_destroy(&json);
  const size_t size = strlen(text);
  const bool good = ftruncate(store->lock_fd, 0) == 0 && pwrite(store->lock_fd, text, size, 0) == (ssize_t)size;
  free(text);
  return good ? FC_OK : fc_error_set(error, FC_EIO, "store %s/lock: %s", store->directory, strerror(errno));
}

fc_status_t store_lock(store_t *store, const char *address, fc_error_t *error) {
  char path[STORE_PATH_SIZE + 16];
  snprintf(path, sizeof path, "%s/lock", store->directory);
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const fc_status_t status =
        errno == EWOULDBLOCK ? held(store, fd, error) : fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
    (void)close(fd);
    return status;
  }
  store->lock_fd = fd;
  return store_write_lock(store, address, error);
}

fc_status_t store_set_address(store_t *store, const char *address, fc_error_t *error) {
  if (store->lock_fd < 0) return fc_error_set(error, FC_ESTATE, "store %s is open for reading only", store->directory);
  return store_write_lock(store, address, error);
}
