/* cgroup_files.c - see cgroup_files.h. */
#include "cgroup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_PATH_SIZE = CGROUP_PATH_SIZE + 64 };

/* Without printf: also called between fork and exec. */
static bool join(const char *folder, const char *name, char *path) {
  const size_t n = strlen(folder), m = strlen(name);
  if (n + 1 + m + 1 > FILE_PATH_SIZE) return false;
  memcpy(path, folder, n);
  path[n] = '/';
  memcpy(path + n + 1, name, m + 1);
  return true;
}

int cgroup_files_read(const char *folder, const char *name, char *text, size_t size) {
  char path[FILE_PATH_SIZE];
  text[0] = '\0';
  if (!join(folder, name, path)) return ENAMETOOLONG;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  size_t length = 0;
  int code = 0;
  while (length + 1 < size) {
    const ssize_t n = read(file, text + length, size - 1 - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) code = errno;
    if (n <= 0) break;
    length += (size_t)n;
  }
  text[length] = '\0';
  (void)close(file);
  return code;
}

int cgroup_files_write(const char *folder, const char *name, const char *value) {
  char path[FILE_PATH_SIZE];
  if (!join(folder, name, path)) return ENAMETOOLONG;
  const int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (file < 0) return errno;
  const size_t length = strlen(value);
  const ssize_t n = write(file, value, length);
  const int code = n < 0 ? errno : (size_t)n == length ? 0 : EIO;
  (void)close(file);
  return code;
}

int cgroup_files_may_write(const char *folder, const char *name) {
  char path[FILE_PATH_SIZE];
  if (!join(folder, name, path)) return ENAMETOOLONG;
  return faccessat(AT_FDCWD, path, name[0] == '\0' ? W_OK | X_OK : W_OK, AT_EACCESS) == 0 ? 0 : errno;
}

bool cgroup_files_value(const char *text, const char *key, int64_t *value) {
  const size_t length = strlen(key);
  for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    if (strncmp(line, key, length) != 0 || line[length] != ' ') continue;
    char *end = NULL;
    errno = 0;
    const long long found = strtoll(line + length + 1, &end, 10);
    if (errno != 0 || end == line + length + 1) return false;
    *value = found;
    return true;
  }
  return false;
}

bool cgroup_files_has_word(const char *text, const char *word) {
  const size_t length = strlen(word);
  for (const char *at = text; *at;) {
    at += strspn(at, " ,\n");
    const size_t n = strcspn(at, " ,\n");
    if (n == length && strncmp(at, word, n) == 0) return true;
    at += n;
  }
  return false;
}

fc_status_t cgroup_files_error(const char *folder, const char *name, const char *what, int code, fc_error_t *error) {
  const char *slash = name[0] == '\0' ? "" : "/";
  if (code == EACCES || code == EPERM || code == EROFS)
    return fc_error_set(error, FC_EUNSAFE,
                        "%s%s%s: cannot %s: %s: run the agent as root, or give its unit Delegate=yes (systemd) and a "
                        "writable /sys/fs/cgroup",
                        folder, slash, name, what, strerror(code));
  return fc_error_set(error, FC_EIO, "%s%s%s: cannot %s: %s", folder, slash, name, what, strerror(code));
}

fc_status_t cgroup_files_number(const char *folder, const char *name, int64_t *value, fc_error_t *error) {
  char text[128];
  const int code = cgroup_files_read(folder, name, text, sizeof text);
  if (code != 0) return cgroup_files_error(folder, name, "read", code, error);
  if (strncmp(text, "max", 3) == 0) {
    *value = -1;
    return FC_OK;
  }
  char *end = NULL;
  errno = 0;
  const long long found = strtoll(text, &end, 10);
  if (errno != 0 || end == text || (*end != '\n' && *end != '\0' && *end != ' '))
    return fc_error_set(error, FC_EFORMAT, "%s/%s: expected a number, found \"%.20s\"", folder, name, text);
  *value = found;
  return FC_OK;
}
