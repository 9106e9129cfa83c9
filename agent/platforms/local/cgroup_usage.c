/* cgroup_usage.c - what a group used: see cgroup.h.
 *
 * v1: cpuacct.usage (ns), cpu.stat (nr_throttled, throttled_time in ns), memory.usage_in_bytes, memory.stat
 * (total_inactive_file), memory.oom_control (oom_kill). v2: cpu.stat (usage_usec, nr_throttled, throttled_usec),
 * memory.current, memory.stat (inactive_file), memory.events (oom_kill). Throttling is absent (0) without a quota.
 */
#include <string.h>

#include "cgroup_files.h"

static const double S_PER_NS = 1e-9, S_PER_US = 1e-6;

static fc_status_t read_text(const cgroup_folder_t *folder, const char *name, char *text, fc_error_t *error) {
  const int code = cgroup_files_read(folder->path, name, text, CGROUP_TEXT_SIZE);
  return code == 0 ? FC_OK : cgroup_files_error(folder->path, name, "read", code, error);
}

static fc_status_t read_cpu(const cgroup_t *group, cgroup_usage_t *usage, fc_error_t *error) {
  const cgroup_folder_t *cpu = &group->folders[group->of[CGROUP_CPU]];
  const cgroup_folder_t *account = &group->folders[group->of[CGROUP_CPUACCT]];
  char text[CGROUP_TEXT_SIZE];
  int64_t value = 0;
  FC_TRY(read_text(cpu, "cpu.stat", text, error));
  if (cgroup_files_value(text, "nr_throttled", &value)) usage->throttled_periods = value;
  const bool second = cpu->version == 2;
  if (cgroup_files_value(text, second ? "throttled_usec" : "throttled_time", &value))
    usage->throttled_s = (double)value * (second ? S_PER_US : S_PER_NS);
  if (account->version == 1) {
    FC_TRY(cgroup_files_number(account->path, "cpuacct.usage", &value, error));
    usage->cpu_s = (double)value * S_PER_NS;
    return FC_OK;
  }
  FC_TRY(read_text(account, "cpu.stat", text, error));
  if (!cgroup_files_value(text, "usage_usec", &value))
    return fc_error_set(error, FC_EFORMAT, "%s/cpu.stat: expected a line usage_usec", account->path);
  usage->cpu_s = (double)value * S_PER_US;
  return FC_OK;
}

static fc_status_t read_memory(const cgroup_t *group, cgroup_usage_t *usage, fc_error_t *error) {
  const cgroup_folder_t *memory = &group->folders[group->of[CGROUP_MEMORY]];
  const bool second = memory->version == 2;
  char text[CGROUP_TEXT_SIZE];
  int64_t inactive = 0, value = 0;
  FC_TRY(cgroup_files_number(memory->path, second ? "memory.current" : "memory.usage_in_bytes", &usage->memory_bytes,
                             error));
  FC_TRY(read_text(memory, "memory.stat", text, error));
  if (cgroup_files_value(text, second ? "inactive_file" : "total_inactive_file", &inactive))
    usage->memory_bytes = usage->memory_bytes > inactive ? usage->memory_bytes - inactive : 0;
  FC_TRY(read_text(memory, second ? "memory.events" : "memory.oom_control", text, error));
  if (cgroup_files_value(text, "oom_kill", &value)) usage->oom_kills = value;
  return FC_OK;
}

fc_status_t cgroup_usage(const cgroup_t *group, cgroup_usage_t *usage, fc_error_t *error) {
  memset(usage, 0, sizeof *usage);
  FC_TRY(read_cpu(group, usage, error));
  return read_memory(group, usage, error);
}
