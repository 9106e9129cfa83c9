/* checkpoint.c - see checkpoint.h. Order of writing after Pillai et al., OSDI 2014. */
#include "checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faasconf/digest.h"

enum { PATH_SIZE = 2048, KEPT = 2, MAX_CHECKPOINTS = 64 };
static const char *const prefix = "checkpoint-";
static const size_t largest_file = (size_t)4 << 30;

static fc_status_t failed(const char *path, fc_error_t *error) {
  return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static fc_status_t make_folder(const char *path, fc_error_t *error) {
  char parent[PATH_SIZE];
  if (mkdir(path, 0700) == 0 || errno == EEXIST) return FC_OK;
  if (errno != ENOENT) return failed(path, error);
  snprintf(parent, sizeof parent, "%s", path);
  char *slash = strrchr(parent, '/');
  if (slash == NULL || slash == parent) return failed(path, error);
  *slash = '\0';
  FC_TRY(make_folder(parent, error));
  return mkdir(path, 0700) == 0 || errno == EEXIST ? FC_OK : failed(path, error);
}

static fc_status_t write_file(const char *folder, const char *name, const uint8_t *bytes, size_t size,
                              fc_error_t *error) {
  char path[PATH_SIZE];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path, error);
  size_t written = 0;
  while (written < size) {
    const ssize_t n = write(fd, bytes + written, size - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += (size_t)n;
  }
  const bool good = written == size && fsync(fd) == 0;
  const fc_status_t status = good ? FC_OK : failed(path, error);
  (void)close(fd);
  return status;
}

static fc_status_t sync_folder(const char *path, fc_error_t *error) {
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool good = fd >= 0 && fsync(fd) == 0;
  const fc_status_t status = good ? FC_OK : failed(path, error);
  if (fd >= 0) (void)close(fd);
  return status;
}

/* A checkpoint's folder holds files only. */
static void remove_folder(const char *path) {
  char child[PATH_SIZE + 300];
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' || entry->d_name[1] == '.')) continue;
    snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
    (void)unlink(child);
  }
  (void)closedir(folder);
  (void)rmdir(path);
}

/* Numbers of the checkpoints in a directory, newest first. */
static int32_t list_numbers(const char *directory, int64_t numbers[MAX_CHECKPOINTS]) {
  int32_t n = 0;
  DIR *folder = opendir(directory);
  if (folder == NULL) return 0;
  for (const struct dirent *entry = readdir(folder); entry != NULL && n < MAX_CHECKPOINTS; entry = readdir(folder)) {
    char *end = NULL;
    if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0) continue;
    const long long number = strtoll(entry->d_name + strlen(prefix), &end, 10);
    if (end == entry->d_name + strlen(prefix) || *end != '\0' || number < 0) continue;
    int32_t at = n++;
    for (; at > 0 && numbers[at - 1] < number; --at) numbers[at] = numbers[at - 1];
    numbers[at] = number;
  }
  (void)closedir(folder);
  return n;
}

static void folder_of(const char *directory, int64_t number, char path[PATH_SIZE]) {
  snprintf(path, PATH_SIZE, "%s/%s%012" PRId64, directory, prefix, number);
}

static void remove_old(const char *directory) {
  int64_t numbers[MAX_CHECKPOINTS];
  char path[PATH_SIZE];
  const int32_t n = list_numbers(directory, numbers);
  for (int32_t i = KEPT; i < n; ++i) {
    folder_of(directory, numbers[i], path);
    remove_folder(path);
  }
}

/* {"format", "number", "files": {name: {bytes, sha256}}, "facts": {...}} */
static char *make_manifest(int64_t number, fc_json_t **facts, const checkpoint_file_t *files, int32_t n_files) {
  fc_json_t *manifest = fc_json_object(), *list = fc_json_object();
  for (int32_t i = 0; i < n_files; ++i) {
    fc_json_t *entry = fc_json_object();
    uint8_t digest[FC_DIGEST_SIZE];
    char hex[FC_HEX_SIZE];
    fc_sha256(files[i].bytes, files[i].size, digest);
    fc_hex(digest, FC_DIGEST_SIZE, hex);
    fc_json_set_int(entry, "bytes", (int64_t)files[i].size);
    fc_json_set_string(entry, "sha256", hex);
    fc_json_set(list, files[i].name, &entry);
  }
  /* The facts have their own digest: the manifest must not be less protected than what it describes. */
  char *facts_text = fc_json_dump(*facts, 0), hex[FC_HEX_SIZE];
  uint8_t digest[FC_DIGEST_SIZE];
  fc_sha256(facts_text, strlen(facts_text), digest);
  fc_hex(digest, FC_DIGEST_SIZE, hex);
  free(facts_text);
  fc_json_set_string(manifest, "format", "faasconf-checkpoint-1");
  fc_json_set_int(manifest, "number", number);
  fc_json_set(manifest, "files", &list);
  fc_json_set(manifest, "facts", facts);
  fc_json_set_string(manifest, "facts_sha256", hex);
  char *text = fc_json_dump(manifest, 1);
  fc_json_destroy(&manifest);
  return text;
}

fc_status_t checkpoint_write(const char *directory, fc_json_t **facts, const checkpoint_file_t *files, int32_t n_files,
                             fc_error_t *error) {
  int64_t numbers[MAX_CHECKPOINTS];
  const int64_t number = list_numbers(directory, numbers) > 0 ? numbers[0] + 1 : 1;
  char fresh[PATH_SIZE], final[PATH_SIZE];
  fc_status_t status = FC_OK;
  char *manifest = make_manifest(number, facts, files, n_files);
  if (snprintf(fresh, sizeof fresh, "%s/.new", directory) >= (int)sizeof fresh - 64) {
    free(manifest);
    return fc_error_set(error, FC_EINVAL, "the path of the checkpoints is too long");
  }
  folder_of(directory, number, final);
  FC_TRY_GOTO(make_folder(directory, error), status, done);
  remove_folder(fresh);
  FC_TRY_GOTO(make_folder(fresh, error), status, done);
  for (int32_t i = 0; i < n_files; ++i)
    FC_TRY_GOTO(write_file(fresh, files[i].name, files[i].bytes, files[i].size, error), status, done);
  FC_TRY_GOTO(write_file(fresh, "manifest.json", (const uint8_t *)manifest, strlen(manifest), error), status, done);
  FC_TRY_GOTO(sync_folder(fresh, error), status, done);
  remove_folder(final);
  if (rename(fresh, final) != 0) FC_TRY_GOTO(failed(final, error), status, done);
  FC_TRY_GOTO(sync_folder(directory, error), status, done);
  remove_old(directory);
done:
  if (status != FC_OK) remove_folder(fresh);
  free(manifest);
  return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static fc_status_t read_file(const char *folder, const char *name, uint8_t **bytes, size_t *size, fc_error_t *error) {
  char path[PATH_SIZE + 80];
  struct stat info;
  *bytes = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) return fc_error_set(error, FC_EFORMAT, "%s: %s", path, strerror(errno));
  fc_status_t status = FC_OK;
  if (fstat(fileno(file), &info) != 0 || info.st_size < 0 || (size_t)info.st_size > largest_file) {
    status = fc_error_set(error, FC_EFORMAT, "%s: not a file of ours", path);
  } else {
    *size = (size_t)info.st_size;
    *bytes = malloc(*size + 16);
    if (*bytes == NULL || fread(*bytes, 1, *size, file) != *size)
      status = fc_error_set(error, *bytes == NULL ? FC_ENOMEM : FC_EFORMAT, "%s: cannot be read", path);
  }
  (void)fclose(file);
  if (status != FC_OK) {
    free(*bytes);
    *bytes = NULL;
  }
  return status;
}

static bool digest_is(const void *bytes, size_t size, const char *hex) {
  uint8_t expected[FC_DIGEST_SIZE], actual[FC_DIGEST_SIZE];
  if (hex == NULL || !fc_unhex(hex, expected, FC_DIGEST_SIZE)) return false;
  fc_sha256(bytes, size, actual);
  return memcmp(expected, actual, FC_DIGEST_SIZE) == 0;
}

static fc_status_t read_listed(const char *folder, const fc_json_t *files, checkpoint_t *out, fc_error_t *error) {
  if (!fc_json_is_object(files) || fc_json_size(files) > CHECKPOINT_MAX_FILES)
    return fc_error_set(error, FC_EFORMAT, "%s/manifest.json: expected a list of files", folder);
  for (size_t i = 0; i < fc_json_size(files); ++i) {
    const char *name = fc_json_key_at(files, i);
    const fc_json_t *entry = fc_json_get(files, name);
    if (strlen(name) >= sizeof out->names[0] || strchr(name, '/') != NULL || name[0] == '.')
      return fc_error_set(error, FC_EFORMAT, "%s/manifest.json: %.32s is not a file name", folder, name);
    FC_TRY(read_file(folder, name, &out->bytes[i], &out->sizes[i], error));
    snprintf(out->names[i], sizeof out->names[i], "%s", name);
    out->n_files = (int32_t)i + 1;
    if (!digest_is(out->bytes[i], out->sizes[i], fc_json_string(fc_json_get(entry, "sha256"))))
      return fc_error_set(error, FC_EFORMAT, "%s/%s: its sha256 does not match the manifest", folder, name);
  }
  return FC_OK;
}

/* Moves the facts out of the manifest by parsing their text again: values have one owner. */
static fc_status_t take_facts(const char *folder, const fc_json_t *manifest, checkpoint_t *out, fc_error_t *error) {
  const fc_json_t *facts = fc_json_get(manifest, "facts");
  if (!fc_json_is_object(facts)) return fc_error_set(error, FC_EFORMAT, "%s/manifest.json: facts are missing", folder);
  char *text = fc_json_dump(facts, 0);
  fc_status_t status = FC_OK;
  if (!digest_is(text, strlen(text), fc_json_string(fc_json_get(manifest, "facts_sha256"))))
    status = fc_error_set(error, FC_EFORMAT, "%s/manifest.json: facts do not match their sha256", folder);
  if (status == FC_OK) status = fc_json_parse(text, strlen(text), &out->facts, error);
  free(text);
  return status;
}

static fc_status_t read_one(const char *directory, int64_t number, checkpoint_t *out, fc_error_t *error) {
  char folder[PATH_SIZE];
  uint8_t *text = NULL;
  size_t size = 0;
  fc_json_t *manifest = NULL;
  memset(out, 0, sizeof *out);
  folder_of(directory, number, folder);
  FC_TRY(read_file(folder, "manifest.json", &text, &size, error));
  fc_status_t status = fc_json_parse((const char *)text, size, &manifest, error);
  if (status != FC_OK) (void)fc_error_prefix(error, "%s/manifest.json", folder);
  free(text);
  int64_t named = -1;
  if (status == FC_OK && (!fc_json_int(fc_json_get(manifest, "number"), &named) || named != number))
    status = fc_error_set(error, FC_EFORMAT, "%s/manifest.json: is not the manifest of this checkpoint", folder);
  const char *format = fc_json_string(fc_json_get(manifest, "format"));
  if (status == FC_OK && (format == NULL || strcmp(format, "faasconf-checkpoint-1") != 0))
    status = fc_error_set(error, FC_EFORMAT, "%s/manifest.json: unknown format", folder);
  if (status == FC_OK) status = take_facts(folder, manifest, out, error);
  if (status == FC_OK) status = read_listed(folder, fc_json_get(manifest, "files"), out, error);
  fc_json_destroy(&manifest);
  out->number = number;
  if (status != FC_OK) checkpoint_clear(out);
  return status;
}

fc_status_t checkpoint_read(const char *directory, checkpoint_t *out, fc_error_t *refused, fc_error_t *error) {
  int64_t numbers[MAX_CHECKPOINTS];
  fc_error_t why = {FC_OK, ""};
  const int32_t n = list_numbers(directory, numbers);
  if (refused != NULL) *refused = why;
  for (int32_t i = 0; i < n; ++i) {
    if (read_one(directory, numbers[i], out, &why) == FC_OK) return FC_OK;
    if (refused != NULL && refused->status == FC_OK) *refused = why;
  }
  memset(out, 0, sizeof *out);
  if (n == 0) return fc_error_set(error, FC_ENOTFOUND, "%s: there is no checkpoint", directory);
  return fc_error_set(error, FC_EFORMAT, "%s: every checkpoint is damaged: %.300s", directory, why.message);
}

void checkpoint_clear(checkpoint_t *checkpoint) {
  for (int32_t i = 0; i < CHECKPOINT_MAX_FILES; ++i) free(checkpoint->bytes[i]);
  fc_json_destroy(&checkpoint->facts);
  memset(checkpoint, 0, sizeof *checkpoint);
}

int32_t checkpoint_find(const checkpoint_t *checkpoint, const char *name) {
  for (int32_t i = 0; i < checkpoint->n_files; ++i)
    if (strcmp(checkpoint->names[i], name) == 0) return i;
  return -1;
}
