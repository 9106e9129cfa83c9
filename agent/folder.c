/* folder.c - the state folder: see folder.h. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static fc_status_t io_error(fc_error_t *error, const folder_t *folder, const char *name, const char *what) {
  return fc_error_set(error, FC_EIO, "%s/%s: cannot %s: %s", folder->path, name, what, strerror(errno));
}

/* mkdir -p: parents with the usual rights, the folder itself for the agent's user only. */
static fc_status_t make_folder(const char *path, fc_error_t *error) {
  char text[FOLDER_PATH_SIZE];
  const size_t length = strlen(path);
  if (length == 0 || length >= sizeof((folder_t *)0)->path)
    return fc_error_set(error, FC_EINVAL, "state folder: the path has %zu bytes, expected 1 to %zu", length,
                        sizeof((folder_t *)0)->path - 1);
  memcpy(text, path, length + 1);
  for (size_t i = 1; i < length; ++i) {
    if (text[i] != '/') continue;
    text[i] = '\0';
    if (mkdir(text, 0755) != 0 && errno != EEXIST)
      return fc_error_set(error, FC_EIO, "%s: cannot make the folder: %s", text, strerror(errno));
    text[i] = '/';
  }
  if (mkdir(text, 0700) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "%s: cannot make the folder: %s", text, strerror(errno));
  return FC_OK;
}

fc_status_t folder_read_epoch(const folder_t *folder, uint64_t *epoch, fc_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  *epoch = 0;
  const fc_status_t status = folder_read(folder, "epoch", 64, &text, &size, error);
  if (status != FC_OK) return status == FC_ENOTFOUND ? FC_OK : status;
  char *end = NULL;
  errno = 0;
  *epoch = strtoull(text, &end, 10);
  const bool good = text[0] >= '0' && text[0] <= '9' && errno == 0 && (*end == '\n' || *end == '\0');
  free(text);
  if (good) return FC_OK;
  return fc_error_set(error, FC_EFORMAT,
                      "%s/epoch: expected one number; it is damaged, and guessing could reuse sequence numbers: "
                      "write a number higher than any used before, or start with an empty state folder and a new "
                      "agent name",
                      folder->path);
}

static fc_status_t start_epoch(folder_t *folder, fc_error_t *error) {
  uint64_t epoch = 0;
  FC_TRY(folder_read_epoch(folder, &epoch, error));
  folder->epoch = epoch + 1;
  char line[32];
  const int written = snprintf(line, sizeof line, "%" PRIu64 "\n", folder->epoch);
  return folder_write(folder, "epoch", line, (size_t)written, error);
}

fc_status_t folder_open(const char *path, folder_t *folder, fc_error_t *error) {
  memset(folder, 0, sizeof *folder);
  folder->descriptor = folder->lock = -1;
  FC_TRY(make_folder(path, error));
  memcpy(folder->path, path, strlen(path) + 1);
  folder->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder->descriptor < 0) return io_error(error, folder, ".", "open the folder");
  folder->lock = openat(folder->descriptor, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  fc_status_t status = FC_OK;
  if (folder->lock < 0) {
    status = io_error(error, folder, "lock", "open");
  } else if (flock(folder->lock, LOCK_EX | LOCK_NB) != 0) {
    status = errno == EWOULDBLOCK
                 ? fc_error_set(error, FC_EEXISTS,
                                "%s: another agent uses this state folder: stop it, or give this agent its own", path)
                 : io_error(error, folder, "lock", "lock");
  } else {
    status = start_epoch(folder, error);
  }
  if (status != FC_OK) folder_close(folder);
  return status;
}

fc_status_t folder_open_to_look(const char *path, folder_t *folder, fc_error_t *error) {
  memset(folder, 0, sizeof *folder);
  folder->lock = -1;
  const size_t length = strlen(path);
  if (length == 0 || length >= sizeof folder->path)
    return fc_error_set(error, FC_EINVAL, "state folder: the path has %zu bytes, expected 1 to %zu", length,
                        sizeof folder->path - 1);
  memcpy(folder->path, path, length + 1);
  folder->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder->descriptor >= 0) return FC_OK;
  return fc_error_set(error, errno == ENOENT ? FC_ENOTFOUND : FC_EIO, "%s: %s", path, strerror(errno));
}

/* A line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 4711 08:01:131090 0 EOF"; a waiting one has "->" before FLOCK. The
 * device is not compared: file systems in layers have another one there than for stat. */
static bool is_lock_of(const char *line, uint64_t inode, int32_t *pid) {
  char kind[16], device[32];
  int found = 0;
  uint64_t number = 0;
  if (sscanf(line, "%*d: %15s %*s %*s %d %31s", kind, &found, device) != 3 || /* NOLINT(cert-err34-c): of the kernel */
      strcmp(kind, "FLOCK") != 0)
    return false;
  const char *colon = strrchr(device, ':');
  if (!colon) return false;
  number = strtoull(colon + 1, NULL, 10);
  *pid = found > 0 ? found : 0;
  return number == inode;
}

bool folder_is_held(const folder_t *folder, const char *root, int32_t *pid) {
  char path[FOLDER_PATH_SIZE], line[256];
  struct stat about;
  bool held = false;
  *pid = 0;
  if (fstatat(folder->descriptor, "lock", &about, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (snprintf(path, sizeof path, "%s/proc/locks", root) >= (int)sizeof path) return false;
  FILE *locks = fopen(path, "re");
  while (locks && !held && fgets(line, sizeof line, locks)) held = is_lock_of(line, (uint64_t)about.st_ino, pid);
  if (locks) (void)fclose(locks);
  if (!held) *pid = 0;
  return held;
}

void folder_close(folder_t *folder) {
  if (folder->lock >= 0) close(folder->lock);
  if (folder->descriptor >= 0) close(folder->descriptor);
  folder->lock = folder->descriptor = -1;
}

void folder_path(const folder_t *folder, const char *name, char *text) {
  const int length = snprintf(text, FOLDER_PATH_SIZE, "%s/%s", folder->path, name);
  FC_ASSERT(length > 0 && length < FOLDER_PATH_SIZE);
}

bool folder_has(const folder_t *folder, const char *name) {
  struct stat status;
  return fstatat(folder->descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static bool write_all(int descriptor, const char *data, size_t size) {
  while (size > 0) {
    const ssize_t n = write(descriptor, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= (size_t)n;
  }
  return true;
}

fc_status_t folder_write(const folder_t *folder, const char *name, const void *data, size_t size, fc_error_t *error) {
  char temporary[256];
  snprintf(temporary, sizeof temporary, "%s.tmp", name);
  const int descriptor = openat(folder->descriptor, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return io_error(error, folder, temporary, "create");
  fc_status_t status = FC_OK;
  if (!write_all(descriptor, data, size)) status = io_error(error, folder, temporary, "write");
  if (status == FC_OK && fsync(descriptor) != 0) status = io_error(error, folder, temporary, "sync");
  if (close(descriptor) != 0 && status == FC_OK) status = io_error(error, folder, temporary, "close");
  if (status == FC_OK && renameat(folder->descriptor, temporary, folder->descriptor, name) != 0)
    status = io_error(error, folder, name, "rename into place");
  if (status != FC_OK) {
    unlinkat(folder->descriptor, temporary, 0);
    return status;
  }
  if (fsync(folder->descriptor) != 0) return io_error(error, folder, name, "sync the folder of");
  return FC_OK;
}

fc_status_t folder_read(const folder_t *folder, const char *name, size_t max_size, char **text, size_t *size,
                        fc_error_t *error) {
  *text = NULL;
  *size = 0;
  const int descriptor = openat(folder->descriptor, name, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT) return fc_error_set(error, FC_ENOTFOUND, "%s/%s: not there", folder->path, name);
    return io_error(error, folder, name, "open");
  }
  struct stat about;
  fc_status_t status = FC_OK;
  if (fstat(descriptor, &about) != 0) {
    status = io_error(error, folder, name, "look at");
  } else if (!S_ISREG(about.st_mode) || (uint64_t)about.st_size > max_size) {
    status =
        fc_error_set(error, FC_EEXHAUSTED, "%s/%s: expected a file of at most %zu bytes", folder->path, name, max_size);
  }
  char *buffer = status == FC_OK ? malloc((size_t)about.st_size + 1) : NULL;
  if (status == FC_OK && !buffer) status = fc_error_set(error, FC_ENOMEM, "%s/%s: out of memory", folder->path, name);
  size_t have = 0;
  while (status == FC_OK && have < (size_t)about.st_size) {
    const ssize_t n = read(descriptor, buffer + have, (size_t)about.st_size - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) status = io_error(error, folder, name, "read");
    if (n <= 0) break;
    have += (size_t)n;
  }
  close(descriptor);
  if (status != FC_OK || !buffer) {
    free(buffer);
    return status;
  }
  buffer[have] = '\0';
  *text = buffer;
  *size = have;
  return FC_OK;
}

fc_status_t folder_remove(const folder_t *folder, const char *name, fc_error_t *error) {
  if (unlinkat(folder->descriptor, name, 0) != 0) {
    if (errno == ENOENT) return FC_OK;
    return io_error(error, folder, name, "remove");
  }
  if (fsync(folder->descriptor) != 0) return io_error(error, folder, name, "sync the folder of");
  return FC_OK;
}

fc_status_t folder_write_json(const folder_t *folder, const char *name, const fc_json_t *value, fc_error_t *error) {
  char *text = fc_json_dump(value, 0);
  if (!text) return fc_error_set(error, FC_ENOMEM, "%s/%s: out of memory", folder->path, name);
  const fc_status_t status = folder_write(folder, name, text, strlen(text), error);
  free(text);
  return status;
}

fc_status_t folder_read_json(const folder_t *folder, const char *name, size_t max_size, fc_json_t **value,
                             fc_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  FC_TRY(folder_read(folder, name, max_size, &text, &size, error));
  fc_status_t status = fc_json_parse(text, size, value, error);
  free(text);
  if (status != FC_OK) fc_error_prefix(error, "%s/%s", folder->path, name);
  return status;
}
