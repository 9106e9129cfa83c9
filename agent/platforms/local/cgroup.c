/* cgroup.c - making, limiting and removing groups: see cgroup.h. */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_files.h"

enum { PERIOD_US = 100000, US_PER_MILLICORE = 100, VALUE_SIZE = 64 };
static const int64_t MIB = 1 << 20;

/* ---- groups --------------------------------------------------------------------------------------------------- */

fc_status_t cgroup_child(const cgroup_t *parent, const char *name, cgroup_t *child, fc_error_t *error) {
  *child = *parent;
  for (int32_t i = 0; i < parent->n_folders; ++i) {
    char path[2 * CGROUP_PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", parent->folders[i].path, name) >= CGROUP_PATH_SIZE)
      return fc_error_set(error, FC_EINVAL, "cgroup: %.200s/%.100s: the path is too long", parent->folders[i].path,
                          name);
    memcpy(child->folders[i].path, path, strlen(path) + 1);
  }
  return FC_OK;
}

static fc_status_t refuse_hand_down(const char *path, fc_error_t *error) {
  return fc_error_set(error, FC_ESTATE,
                      "%s: processes are in this group, so that it cannot hand controllers down: give the agent a unit "
                      "of its own with Delegate=yes",
                      path);
}

/* v2 only: the controllers of this folder are handed to the groups below it. */
static fc_status_t hand_down(const cgroup_t *parent, int32_t folder, fc_error_t *error) {
  const char *path = parent->folders[folder].path;
  static const struct {
    cgroup_controller_t controller;
    const char *word, *plus;
  } wanted[] = {{CGROUP_CPU, "cpu", "+cpu"}, {CGROUP_MEMORY, "memory", "+memory"}};
  char words[CGROUP_TEXT_SIZE];
  int code = cgroup_files_read(path, "cgroup.subtree_control", words, sizeof words);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted && code == 0; ++i) {
    if (parent->of[wanted[i].controller] != folder || cgroup_files_has_word(words, wanted[i].word)) continue;
    code = cgroup_files_write(path, "cgroup.subtree_control", wanted[i].plus);
  }
  if (code == EBUSY) return refuse_hand_down(path, error);
  return code == 0 ? FC_OK : cgroup_files_error(path, "cgroup.subtree_control", "write", code, error);
}

fc_status_t cgroup_make(const cgroup_t *parent, const cgroup_t *child, fc_error_t *error) {
  for (int32_t i = 0; i < child->n_folders; ++i) {
    fc_status_t status = child->folders[i].version == 2 ? hand_down(parent, i, error) : FC_OK;
    if (status == FC_OK && mkdir(child->folders[i].path, 0755) != 0) {
      status = errno == EEXIST
                   ? fc_error_set(error, FC_EEXISTS, "cgroup %s: it is there already", child->folders[i].path)
                   : cgroup_files_error(child->folders[i].path, "", "make the group", errno, error);
    }
    if (status == FC_OK) continue;
    while (i-- > 0) (void)rmdir(child->folders[i].path);
    return status;
  }
  return FC_OK;
}

/* hand_down without writing. The root of the hierarchy hands down whatever is in it: it has no cgroup.type. */
static fc_status_t check_hand_down(const cgroup_t *parent, int32_t folder, fc_error_t *error) {
  const char *path = parent->folders[folder].path;
  char words[CGROUP_TEXT_SIZE], procs[CGROUP_TEXT_SIZE], type[VALUE_SIZE];
  int code = cgroup_files_read(path, "cgroup.subtree_control", words, sizeof words);
  if (code != 0) return cgroup_files_error(path, "cgroup.subtree_control", "read", code, error);
  const bool cpu = parent->of[CGROUP_CPU] != folder || cgroup_files_has_word(words, "cpu");
  const bool memory = parent->of[CGROUP_MEMORY] != folder || cgroup_files_has_word(words, "memory");
  if (cpu && memory) return FC_OK;
  code = cgroup_files_may_write(path, "cgroup.subtree_control");
  if (code != 0) return cgroup_files_error(path, "cgroup.subtree_control", "write", code, error);
  const bool is_root = cgroup_files_read(path, "cgroup.type", type, sizeof type) != 0;
  if (is_root || (cgroup_files_read(path, "cgroup.procs", procs, sizeof procs) == 0 && procs[0] == '\0')) return FC_OK;
  return refuse_hand_down(path, error);
}

fc_status_t cgroup_check(const cgroup_t *parent, fc_error_t *error) {
  for (int32_t i = 0; i < parent->n_folders; ++i) {
    const int code = cgroup_files_may_write(parent->folders[i].path, "");
    if (code != 0) return cgroup_files_error(parent->folders[i].path, "", "make a group in it", code, error);
    if (parent->folders[i].version == 2) FC_TRY(check_hand_down(parent, i, error));
  }
  return FC_OK;
}

/* Every process of the folder is this one. */
static bool is_alone(const char *folder) {
  char text[CGROUP_TEXT_SIZE];
  if (cgroup_files_read(folder, "cgroup.procs", text, sizeof text) != 0) return false;
  for (const char *line = text; *line;) {
    char *end = NULL;
    if (strtol(line, &end, 10) != (long)getpid() || end == line) return false;
    line = end + strspn(end, "\n");
  }
  return true;
}

bool cgroup_step_aside(const cgroup_t *own) {
  for (int32_t i = 0; i < own->n_folders; ++i) {
    char path[CGROUP_PATH_SIZE];
    if (own->folders[i].version != 2) continue;
    const int n = snprintf(path, sizeof path, "%s/agent", own->folders[i].path);
    if (n >= (int)sizeof path || !is_alone(own->folders[i].path)) return false;
    if (mkdir(path, 0755) != 0 && errno != EEXIST) return false;
    if (cgroup_files_write(path, "cgroup.procs", "0") != 0) return false;
  }
  return true;
}

bool cgroup_exists(const cgroup_t *group) {
  for (int32_t i = 0; i < group->n_folders; ++i)
    if (access(group->folders[i].path, F_OK) == 0) return true;
  return false;
}

fc_status_t cgroup_remove(const cgroup_t *group, fc_error_t *error) {
  fc_status_t status = FC_OK;
  for (int32_t i = 0; i < group->n_folders; ++i) {
    if (rmdir(group->folders[i].path) == 0 || errno == ENOENT) continue;
    if (errno == EBUSY || errno == ENOTEMPTY) {
      status = fc_error_set(error, FC_ESTATE, "cgroup %s: processes or groups are still in it", group->folders[i].path);
    } else {
      status = cgroup_files_error(group->folders[i].path, "", "remove the group", errno, error);
    }
  }
  return status;
}

int cgroup_enter(const cgroup_t *group) {
  for (int32_t i = 0; i < group->n_folders; ++i) {
    const int code = cgroup_files_write(group->folders[i].path, "cgroup.procs", "0");
    if (code != 0) return code;
  }
  return 0;
}

int32_t cgroup_signal(const cgroup_t *group, int number) {
  char text[CGROUP_TEXT_SIZE];
  int32_t sent = 0;
  if (group->n_folders == 0 || cgroup_files_read(group->folders[0].path, "cgroup.procs", text, sizeof text) != 0)
    return 0;
  for (char *line = text; *line;) {
    char *end = NULL;
    const long pid = strtol(line, &end, 10);
    if (end == line) break;
    if (pid > 1 && kill((pid_t)pid, number) == 0) sent += 1;
    line = end + strspn(end, "\n");
  }
  return sent;
}

/* ---- limits --------------------------------------------------------------------------------------------------- */

static const cgroup_folder_t *folder_of(const cgroup_t *group, cgroup_controller_t controller) {
  return &group->folders[group->of[controller]];
}

static fc_status_t write_value(const cgroup_folder_t *folder, const char *name, const char *value, fc_error_t *error) {
  const int code = cgroup_files_write(folder->path, name, value);
  if (code == 0) return FC_OK;
  char what[VALUE_SIZE + 16];
  snprintf(what, sizeof what, "write %s", value);
  return cgroup_files_error(folder->path, name, what, code, error);
}

fc_status_t cgroup_set_cpu(const cgroup_t *group, int32_t millicores, fc_error_t *error) {
  const cgroup_folder_t *folder = folder_of(group, CGROUP_CPU);
  if (millicores < CGROUP_MIN_MILLICORES)
    return fc_error_set(error, FC_EINVAL, "%s: %d millicores: expected at least %d", folder->path, (int)millicores,
                        CGROUP_MIN_MILLICORES);
  char value[VALUE_SIZE];
  const int64_t quota_us = (int64_t)millicores * US_PER_MILLICORE;
  if (folder->version == 2) {
    snprintf(value, sizeof value, "%" PRId64 " %d", quota_us, PERIOD_US);
    return write_value(folder, "cpu.max", value, error);
  }
  int64_t period_us = 0;
  FC_TRY(cgroup_files_number(folder->path, "cpu.cfs_period_us", &period_us, error));
  snprintf(value, sizeof value, "%d", PERIOD_US);
  if (period_us != PERIOD_US) FC_TRY(write_value(folder, "cpu.cfs_period_us", value, error));
  snprintf(value, sizeof value, "%" PRId64, quota_us);
  return write_value(folder, "cpu.cfs_quota_us", value, error);
}

static fc_status_t refuse_shrink(const cgroup_folder_t *folder, int32_t mib, int64_t used, fc_error_t *error) {
  return fc_error_set(error, FC_EUNSAFE, "%s: a memory limit of %d MiB, but %.1f MiB are in use: the limit stays",
                      folder->path, (int)mib, (double)used / (double)MIB);
}

/* memory.max below what is used would have the kernel kill: memory.high only makes it reclaim, then is looked at what
 * is left. */
static fc_status_t set_memory_2(const cgroup_folder_t *folder, int32_t mib, fc_error_t *error) {
  char value[VALUE_SIZE];
  int64_t used = 0, high = 0, limit = 0;
  const int64_t bytes = mib * MIB;
  snprintf(value, sizeof value, "%" PRId64, bytes);
  FC_TRY(cgroup_files_number(folder->path, "memory.max", &limit, error));
  if (limit < 0 || limit > bytes) {
    FC_TRY(cgroup_files_number(folder->path, "memory.high", &high, error));
    FC_TRY(write_value(folder, "memory.high", value, error));
    FC_TRY(cgroup_files_number(folder->path, "memory.current", &used, error));
    char before[VALUE_SIZE] = "max";
    if (high >= 0) snprintf(before, sizeof before, "%" PRId64, high);
    FC_TRY(write_value(folder, "memory.high", used > bytes ? before : "max", error));
    if (used > bytes) return refuse_shrink(folder, mib, used, error);
  }
  return write_value(folder, "memory.max", value, error);
}

fc_status_t cgroup_set_memory(const cgroup_t *group, int32_t mib, fc_error_t *error) {
  const cgroup_folder_t *folder = folder_of(group, CGROUP_MEMORY);
  if (mib < CGROUP_MIN_MIB)
    return fc_error_set(error, FC_EINVAL, "%s: %d MiB: expected at least %d", folder->path, (int)mib, CGROUP_MIN_MIB);
  cgroup_usage_t usage;
  FC_TRY(cgroup_usage(group, &usage, error));
  if (usage.memory_bytes > mib * MIB) return refuse_shrink(folder, mib, usage.memory_bytes, error);
  if (folder->version == 2) return set_memory_2(folder, mib, error);
  char value[VALUE_SIZE];
  snprintf(value, sizeof value, "%" PRId64, mib * MIB);
  const int code = cgroup_files_write(folder->path, "memory.limit_in_bytes", value);
  if (code == EBUSY) return refuse_shrink(folder, mib, usage.memory_bytes, error);
  return code == 0 ? FC_OK : cgroup_files_error(folder->path, "memory.limit_in_bytes", "write", code, error);
}

fc_status_t cgroup_limits(const cgroup_t *group, int32_t *millicores, int32_t *mib, fc_error_t *error) {
  const cgroup_folder_t *cpu = folder_of(group, CGROUP_CPU), *memory = folder_of(group, CGROUP_MEMORY);
  int64_t quota_us = 0, period_us = PERIOD_US, bytes = 0;
  if (cpu->version == 2) {
    char text[VALUE_SIZE];
    const int code = cgroup_files_read(cpu->path, "cpu.max", text, sizeof text);
    if (code != 0) return cgroup_files_error(cpu->path, "cpu.max", "read", code, error);
    FC_TRY(cgroup_files_number(cpu->path, "cpu.max", &quota_us, error));
    const char *space = strchr(text, ' ');
    if (space) period_us = strtoll(space + 1, NULL, 10);
  } else {
    FC_TRY(cgroup_files_number(cpu->path, "cpu.cfs_quota_us", &quota_us, error));
    FC_TRY(cgroup_files_number(cpu->path, "cpu.cfs_period_us", &period_us, error));
  }
  if (period_us <= 0 || quota_us > INT32_MAX)
    return fc_error_set(error, FC_EFORMAT, "%s: a CPU quota of %" PRId64 " us in %" PRId64 " us", cpu->path, quota_us,
                        period_us);
  *millicores = quota_us <= 0 ? 0 : (int32_t)((quota_us * 1000 + period_us / 2) / period_us);
  FC_TRY(
      cgroup_files_number(memory->path, memory->version == 2 ? "memory.max" : "memory.limit_in_bytes", &bytes, error));
  const int64_t found_mib = bytes < 0 ? 0 : bytes / MIB + (bytes % MIB >= MIB / 2);
  *mib = found_mib > INT32_MAX ? 0 : (int32_t)found_mib; /* v1 says "none" as almost 2^63 */
  return FC_OK;
}
