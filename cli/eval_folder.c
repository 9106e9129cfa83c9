/* eval_folder.c - see eval_folder.h. */
#include "eval_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit.h"
#include "file.h"

enum { MAX_BYTES = 1 << 20, PATH_SIZE = 1200, VALUE_SIZE = 48 };

/* Digests by the names of workflows. */
static const char WORKFLOWS[] = "workflows";

/* As people write it, cut where it is long; "none" where the key is missing. */
static void show_value(const fc_json_t *value, char text[VALUE_SIZE]) {
  int64_t number = 0;
  const char *string = fc_json_string(value);
  if (string != NULL && string[0] == '\0')
    snprintf(text, VALUE_SIZE, "at its default");
  else if (string != NULL && strlen(string) < VALUE_SIZE - 2)
    snprintf(text, VALUE_SIZE, "'%s'", string);
  else if (string != NULL)
    snprintf(text, VALUE_SIZE, "'%.40s...'", string);
  else if (fc_json_int(value, &number))
    snprintf(text, VALUE_SIZE, "%lld", (long long)number);
  else
    snprintf(text, VALUE_SIZE, "none");
}

static bool same_value(const fc_json_t *a, const fc_json_t *b) {
  int64_t x = 0, y = 0;
  if (fc_json_int(a, &x)) return fc_json_int(b, &y) && x == y;
  const char *text = fc_json_string(a), *other = fc_json_string(b);
  return text != NULL && other != NULL && strcmp(text, other) == 0;
}

/* Both have some of them; those of one side only are of no concern. */
static fc_status_t compare_workflows(const char *folder, const fc_json_t *old, const fc_json_t *new,
                                     fc_error_t *error) {
  for (size_t i = 0; i < fc_json_size(new); ++i) {
    const char *name = fc_json_key_at(new, i);
    const fc_json_t *was = fc_json_get(old, name);
    if (was != NULL && !same_value(was, fc_json_get(new, name)))
      return fc_error_set(
          error, FC_EMISMATCH,
          "--out %s: workflow %s is another one than its results were measured with (other QoS, prices, "
          "ranges or parameters); name another folder",
          folder, name);
  }
  return FC_OK;
}

/* Those of old that are not in `settings` join them. */
static void keep_workflows(const fc_json_t *old, fc_json_t *settings) {
  const fc_json_t *before = fc_json_get(old, WORKFLOWS), *now = fc_json_get(settings, WORKFLOWS);
  if (now == NULL) return;
  fc_json_t *all = fc_json_object();
  for (size_t i = 0; i < fc_json_size(before); ++i) {
    const char *name = fc_json_key_at(before, i), *digest = fc_json_string(fc_json_get(before, name));
    if (digest != NULL && fc_json_get(now, name) == NULL) fc_json_set_string(all, name, digest);
  }
  for (size_t i = 0; i < fc_json_size(now); ++i) {
    const char *name = fc_json_key_at(now, i);
    fc_json_set_string(all, name, fc_json_string(fc_json_get(now, name)));
  }
  fc_json_set(settings, WORKFLOWS, &all);
}

static fc_status_t compare(const char *folder, const fc_json_t *old, const fc_json_t *new, fc_error_t *error) {
  char was[VALUE_SIZE], is[VALUE_SIZE];
  for (size_t i = 0; i < fc_json_size(new); ++i) {
    const char *key = fc_json_key_at(new, i);
    const fc_json_t *a = fc_json_get(old, key), *b = fc_json_get(new, key);
    if (strcmp(key, WORKFLOWS) == 0) {
      FC_TRY(compare_workflows(folder, a, b, error));
      continue;
    }
    if (same_value(a, b)) continue;
    show_value(a, was);
    show_value(b, is);
    if (strcmp(key, "experiment") == 0)
      return fc_error_set(error, FC_EMISMATCH, "--out %s: has results of experiment %s, not %s; name another folder",
                          folder, was, is);
    return fc_error_set(
        error, FC_EMISMATCH,
        "--out %s: its results were measured with --%s %s, this run has %s; repeat it with the same, or "
        "name another folder",
        folder, key, was, is);
  }
  return FC_OK;
}

/* Results of nobody knows which settings. */
static fc_status_t refuse_results(const char *folder, fc_error_t *error) {
  static const char *const results[] = {"cells.csv", "series.csv", "report.html"};
  char path[PATH_SIZE];
  for (size_t i = 0; i < sizeof results / sizeof results[0]; ++i) {
    snprintf(path, sizeof path, "%s/%s", folder, results[i]);
    if (access(path, F_OK) == 0)
      return fc_error_set(error, FC_EMISMATCH,
                          "--out %s: has %s, but no settings.json that says how it was measured; name another folder",
                          folder, results[i]);
  }
  return FC_OK;
}

/* *old: NULL where there is no file. */
static fc_status_t read_settings(const char *path, fc_json_t **old, fc_error_t *error) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  if (access(path, F_OK) != 0) return FC_OK;
  FC_TRY(file_read(path, MAX_BYTES, &bytes, &size, error));
  fc_status_t status = fc_json_parse((const char *)bytes, size, old, error);
  if (status == FC_OK && !fc_json_is_object(*old)) status = fc_error_set(error, FC_EFORMAT, "expected an object");
  free(bytes);
  return status == FC_OK ? FC_OK : fc_error_prefix(error, "%s", path);
}

/* The commits of old and this one into `settings`. */
static void list_commits(const char *folder, const fc_json_t *old, fc_json_t *settings) {
  const fc_json_t *before = fc_json_get(old, "commits");
  fc_json_t *commits = fc_json_array();
  bool is_known = false;
  for (size_t i = 0; i < fc_json_size(before); ++i) {
    const char *commit = fc_json_string(fc_json_at(before, i));
    if (commit == NULL) continue;
    is_known = is_known || strcmp(commit, FAASCONF_COMMIT) == 0;
    fc_json_append_string(commits, commit);
  }
  if (!is_known) fc_json_append_string(commits, FAASCONF_COMMIT);
  if (fc_json_size(commits) > 1)
    fprintf(stderr, "%s: its results come from %d versions of the program (settings.json)\n", folder,
            (int)fc_json_size(commits));
  fc_json_set(settings, "commits", &commits);
}

static fc_status_t open_folder(const char *folder, fc_json_t *settings, fc_error_t *error) {
  char path[PATH_SIZE];
  fc_json_t *old = NULL;
  if (strlen(folder) > PATH_SIZE - 32) return fc_error_set(error, FC_EINVAL, "--out: the path is too long");
  struct stat found;
  if (mkdir(folder, 0777) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "--out %s: %s", folder, strerror(errno));
  if (stat(folder, &found) == 0 && !S_ISDIR(found.st_mode))
    return fc_error_set(error, FC_EINVAL, "--out %s: there is a file of this name; name a folder", folder);
  snprintf(path, sizeof path, "%s/settings.json", folder);
  fc_status_t status = read_settings(path, &old, error);
  if (status == FC_OK) status = old != NULL ? compare(folder, old, settings, error) : refuse_results(folder, error);
  if (status == FC_OK) {
    list_commits(folder, old, settings);
    keep_workflows(old, settings);
    char *text = fc_json_dump(settings, 2);
    status = file_replace(path, text, strlen(text), error);
    free(text);
  }
  fc_json_destroy(&old);
  return status;
}

fc_status_t eval_folder_open(const char *folder, fc_json_t **settings, fc_error_t *error) {
  const fc_status_t status = open_folder(folder, *settings, error);
  fc_json_destroy(settings);
  return status;
}
