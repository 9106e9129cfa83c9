/* folder_tree.c - see folder_tree.h. */
#include "folder_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, LONGEST_TAIL = 64 };

static fc_status_t make_named(const char *directory, char *path, size_t size, fc_error_t *error) {
  if (strlen(directory) >= size - LONGEST_TAIL) return fc_error_set(error, FC_EINVAL, "--dir is too long");
  snprintf(path, size, "%s", directory);
  if (mkdir(path, 0700) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "--dir %s: %s", path, strerror(errno));
  return FC_OK;
}

static fc_status_t make_temporary(const char *prefix, char *path, size_t size, fc_error_t *error) {
  const char *base = getenv("TMPDIR");
  const int n = snprintf(path, size - LONGEST_TAIL, "%s/%s-XXXXXX", base != NULL ? base : "/tmp", prefix);
  if (n < 0 || n >= (int)(size - LONGEST_TAIL)) return fc_error_set(error, FC_EINVAL, "TMPDIR is too long");
  if (mkdtemp(path) == NULL) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  return FC_OK;
}

fc_status_t folder_tree_make(const char *directory, const char *prefix, char *path, size_t size, fc_error_t *error) {
  char store[PATH_SIZE];
  char *whole = NULL;
  FC_TRY(directory != NULL ? make_named(directory, path, size, error) : make_temporary(prefix, path, size, error));
  /* As others will name it: without links. */
  whole = realpath(path, NULL);
  const bool fits = whole != NULL && strlen(whole) < size - LONGEST_TAIL;
  if (fits) memcpy(path, whole, strlen(whole) + 1);
  free(whole);
  if (!fits) return fc_error_set(error, FC_EINVAL, "%s: cannot be resolved, or is too long", path);
  if (strchr(path, '\'') != NULL) return fc_error_set(error, FC_EINVAL, "--dir %s: a path without ' is needed", path);
  if (snprintf(store, sizeof store, "%s/store", path) < (int)sizeof store && access(store, F_OK) == 0)
    return fc_error_set(error, FC_EEXISTS, "--dir %s: holds a run already; remove it or name another", path);
  return FC_OK;
}

void folder_tree_remove(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    char name[PATH_SIZE];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= (int)sizeof name) continue;
    if (unlink(name) != 0) folder_tree_remove(name);
  }
  (void)closedir(folder);
  (void)rmdir(path);
}
