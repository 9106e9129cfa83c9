/* local_record.c - what a crash would leave behind, written before it exists: see local_state.h.
 *
 * state/local/record has one word, one name and numbers a line:
 *   group PATH                                   a folder below which every group of this platform is
 *   function NAME CPU MEM REPLICAS CONCURRENCY   in force
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_files.h"
#include "file.h"
#include "local_state.h"

enum { MAX_RECORD_BYTES = 1 << 20, REMOVE_TRIES = 500, REMOVE_PAUSE_MS = 10 };
static const char PREFIX[] = "faasconf-";

static void record_path(const local_t *local, char *path, size_t size) {
  snprintf(path, size, "%s/record", local->folder);
}

bool local_record_has(const char *folder, const char *group) {
  char path[LOCAL_PATH_SIZE + 16];
  uint8_t *text = NULL;
  size_t size = 0;
  bool found = false;
  snprintf(path, sizeof path, "%.1190s/record", folder);
  if (file_read(path, MAX_RECORD_BYTES, &text, &size, NULL) != FC_OK) return false;
  char *rest = NULL;
  text[size] = '\0';
  for (const char *line = strtok_r((char *)text, "\n", &rest); line && !found; line = strtok_r(NULL, "\n", &rest))
    found = strncmp(line, "group ", 6) == 0 && strcmp(line + 6, group) == 0;
  free(text);
  return found;
}

fc_status_t local_record_write(const local_t *local, fc_error_t *error) {
  char path[LOCAL_PATH_SIZE + 16], *text = NULL;
  size_t size = 0;
  record_path(local, path, sizeof path);
  FILE *out = open_memstream(&text, &size);
  if (!out) return fc_error_set(error, FC_ENOMEM, "platform local: out of memory");
  for (int32_t i = 0; i < local->parent.n_folders; ++i) fprintf(out, "group %s\n", local->parent.folders[i].path);
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) {
    const fc_function_configuration_t *c = &local->functions[f].wanted;
    fprintf(out, "function %s %d %d %d %d\n", local->workflow->functions[f].name, (int)c->cpu_millicores,
            (int)c->mem_mib, (int)c->replicas, (int)c->concurrency);
  }
  fc_status_t status = fclose(out) == 0 ? FC_OK : fc_error_set(error, FC_ENOMEM, "platform local: out of memory");
  if (status == FC_OK) status = file_replace(path, text, size, error);
  free(text);
  return status;
}

void local_record_remove(const local_t *local) {
  char path[LOCAL_PATH_SIZE + 16];
  record_path(local, path, sizeof path);
  (void)unlink(path);
}

/* Kills what is in the folder and removes it. Processes need a moment to leave it. */
static bool remove_folder(const char *path) {
  cgroup_t group = {.n_folders = 1};
  snprintf(group.folders[0].path, sizeof group.folders[0].path, "%s", path);
  for (int tries = 0; tries < REMOVE_TRIES; ++tries) {
    (void)cgroup_signal(&group, SIGKILL);
    if (rmdir(path) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY) return false;
    const struct timespec pause = {0, REMOVE_PAUSE_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
  }
  return false;
}

static bool remove_tree(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return errno == ENOENT;
  bool good = true;
  for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
    char child[CGROUP_PATH_SIZE];
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    const int n = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
    good = n > 0 && n < (int)sizeof child && remove_folder(child) && good;
  }
  (void)closedir(folder);
  return remove_folder(path) && good;
}

static fc_status_t clear_group(const char *path, bool *found, fc_error_t *error) {
  const char *name = strrchr(path, '/');
  if (!name || strncmp(name + 1, PREFIX, sizeof PREFIX - 1) != 0 || strlen(path) >= CGROUP_PATH_SIZE)
    return fc_error_set(error, FC_EFORMAT, "platform local: the record names %s, which is no group of this program",
                        path);
  *found = *found || access(path, F_OK) == 0;
  if (remove_tree(path)) return FC_OK;
  return fc_error_set(error, FC_EIO, "platform local: %s, left by an earlier run, cannot be removed: %s", path,
                      strerror(errno));
}

static void take_configuration(local_t *local, const char *line) {
  char name[FC_NAME_SIZE];
  int numbers[FC_KNOBS], used = 0;
  if (sscanf(line, "%63s%n", name, &used) != 1) return; /* NOLINT(cert-err34-c): a name */
  const char *at = line + used;
  for (int k = 0; k < FC_KNOBS; ++k) {
    char *end = NULL;
    const long value = strtol(at, &end, 10);
    if (end == at || value < 1 || value > INT32_MAX) return;
    numbers[k] = (int)value;
    at = end;
  }
  const int32_t f = fc_workflow_find(local->workflow, name);
  const fc_function_configuration_t found = {numbers[0], numbers[1], numbers[2], numbers[3]};
  if (f >= 0 && local_validate(local, f, &found, NULL) == FC_OK) local->functions[f].wanted = found;
}

/* line by line: groups are removed, configurations taken when somebody (local) wants them. */
static fc_status_t go_through(const char *path, local_t *local, bool *found, fc_error_t *error) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  const fc_status_t status = file_read(path, MAX_RECORD_BYTES, &bytes, &size, error);
  if (status == FC_ENOTFOUND) return FC_OK;
  if (status != FC_OK) return status;
  bytes[size] = '\0';
  fc_status_t cleared = FC_OK;
  char *rest = NULL;
  for (char *line = strtok_r((char *)bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    if (strncmp(line, "group ", 6) == 0 && cleared == FC_OK) cleared = clear_group(line + 6, found, error);
    if (local && strncmp(line, "function ", 9) == 0) take_configuration(local, line + 9);
  }
  free(bytes);
  return cleared;
}

fc_status_t local_record_clear_away(local_t *local, fc_error_t *error) {
  char path[LOCAL_PATH_SIZE + 16];
  bool found = false;
  record_path(local, path, sizeof path);
  const fc_status_t status = go_through(path, local, &found, error);
  if (status == FC_OK && found)
    FC_LOG_W(local->options.log, "local", "what an earlier run left was stopped and removed");
  return status;
}

fc_status_t platform_local_clear_away(const char *state, bool *found, fc_error_t *error) {
  char path[LOCAL_PATH_SIZE + 32];
  *found = false;
  if (snprintf(path, sizeof path, "%s/local/record", state) >= (int)sizeof path)
    return fc_error_set(error, FC_EINVAL, "platform local: the path of the state folder is too long");
  FC_TRY(go_through(path, NULL, found, error));
  (void)unlink(path);
  return FC_OK;
}
