/* file.c - see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

fc_status_t file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *size, fc_error_t *error) {
  struct stat info;
  *bytes = NULL;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", path, strerror(errno));
  fc_status_t status = FC_OK;
  if (fstat(fileno(file), &info) != 0 || info.st_size < 0 || (size_t)info.st_size > max_bytes) {
    status = fc_error_set(error, FC_EFORMAT, "%s: larger than %zu MiB", path, max_bytes >> 20);
  } else {
    *size = (size_t)info.st_size;
    *bytes = malloc(*size + 1);
    if (*bytes == NULL || fread(*bytes, 1, *size, file) != *size)
      status = fc_error_set(error, FC_EIO, "%s: cannot be read", path);
  }
  (void)fclose(file);
  if (status != FC_OK) {
    free(*bytes);
    *bytes = NULL;
  }
  return status;
}

fc_status_t file_replace(const char *path, const void *bytes, size_t size, fc_error_t *error) {
  char temporary[PATH_SIZE];
  if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
    return fc_error_set(error, FC_EINVAL, "%.200s...: the path is too long", path);
  const int fd = mkostemp(temporary, O_CLOEXEC); /* a name that nobody has */
  if (fd < 0) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  size_t written = 0;
  while (written < size) {
    const ssize_t n = write(fd, (const uint8_t *)bytes + written, size - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += (size_t)n;
  }
  const bool good = written == size && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
  int problem = errno;
  (void)close(fd);
  if (good && rename(temporary, path) == 0) return FC_OK;
  if (good) problem = errno;
  (void)unlink(temporary);
  return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(problem));
}
