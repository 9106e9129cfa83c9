/* cgroup.h - control groups of the kernel: found, made, limited, measured, removed.
 *
 * A group is one folder per hierarchy that holds one of the three controllers wanted here: cpu, cpuacct and memory. On
 * cgroup v2 that is one folder; on v1 up to three, as separate mounts; on a hybrid machine a mixture. Where they are is
 * read from /proc/self/mountinfo and /proc/self/cgroup, never assumed. All file access is below a `root` folder ("" =
 * the machine's), so that tests run on a tree of plain files. One thread per group; functions block on file I/O of the
 * kernel only. Sources: the kernel's admin-guide/cgroup-v1 and cgroup-v2.
 */
#ifndef AGENT_PLATFORMS_LOCAL_CGROUP_H
#define AGENT_PLATFORMS_LOCAL_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CGROUP_PATH_SIZE = 512,
  CGROUP_MIN_MILLICORES = 10, /* the kernel takes no quota below 1000 us; the period is 100 ms */
  CGROUP_MIN_MIB = 4
};

typedef enum { CGROUP_CPU = 0, CGROUP_CPUACCT = 1, CGROUP_MEMORY = 2, CGROUP_CONTROLLERS = 3 } cgroup_controller_t;

typedef struct {
  int version; /* of the hierarchy: 1 or 2 */
  char path[CGROUP_PATH_SIZE];
} cgroup_folder_t;

/* Plain data. */
typedef struct {
  int32_t n_folders;
  cgroup_folder_t folders[CGROUP_CONTROLLERS]; /* (n_folders) distinct */
  int32_t of[CGROUP_CONTROLLERS];              /* controller -> index in folders */
} cgroup_t;

/* Counters since the group was made, memory now. */
typedef struct {
  double cpu_s;
  double throttled_s;
  int64_t throttled_periods;
  int64_t memory_bytes; /* without file pages that nobody used lately (inactive_file): what is really needed */
  int64_t oom_kills;
} cgroup_usage_t;

/* Finds the hierarchies of the three controllers. *own gets the group this process is in, *top the root of each mount.
 * FC_ENOTFOUND names the controller that is in no hierarchy; FC_EFORMAT, FC_EIO. */
fc_status_t cgroup_find(const char *root, cgroup_t *own, cgroup_t *top, fc_error_t *error);

/* Names the group `name` below parent; makes nothing. FC_EINVAL when a path gets too long. */
fc_status_t cgroup_child(const cgroup_t *parent, const char *name, cgroup_t *child, fc_error_t *error);

/* Makes the folders of a child; on v2 its parent first hands the controllers down. Nothing stays behind a failure.
 * FC_EEXISTS; FC_EUNSAFE with what is needed when this process may not; FC_EIO. */
fc_status_t cgroup_make(const cgroup_t *parent, const cgroup_t *child, fc_error_t *error);
/* Could cgroup_make make a group below parent? Looks only. FC_EUNSAFE with what is needed when this process may not;
 * FC_ESTATE: on v2 processes are in parent, which has not handed its controllers down; FC_EIO. */
fc_status_t cgroup_check(const cgroup_t *parent, fc_error_t *error);
/* v2 only, where a group with processes cannot hand controllers down (a unit with Delegate=yes): when this process is
 * the only one in its own group, it moves to a group `agent` below it. *own stays what it was. Nothing on v1. False
 * when there are others or it may not. */
bool cgroup_step_aside(const cgroup_t *own);
/* Is at least one of its folders there? */
bool cgroup_exists(const cgroup_t *group);
/* Removes the folders; absent is fine. FC_ESTATE while processes or groups are in it. */
fc_status_t cgroup_remove(const cgroup_t *group, fc_error_t *error);

/* Moves the calling process into the group. Returns 0 or errno. Async-signal-safe: for a child before exec. */
int cgroup_enter(const cgroup_t *group);
/* Sends the signal to every process in the group (not in groups below). Returns how many it was sent to. */
int32_t cgroup_signal(const cgroup_t *group, int number);

/* CFS quota per period of 100 ms. FC_EINVAL below CGROUP_MIN_MILLICORES, FC_EIO. Running processes take it at once. */
fc_status_t cgroup_set_cpu(const cgroup_t *group, int32_t millicores, fc_error_t *error);
/* Memory limit. FC_EUNSAFE when more than that is in use: the limit stays as it was and nothing is killed. FC_EIO. */
fc_status_t cgroup_set_memory(const cgroup_t *group, int32_t mib, fc_error_t *error);

/* The limits in force, from the kernel; rounded to whole units; 0 = none. FC_EIO, FC_EFORMAT. */
fc_status_t cgroup_limits(const cgroup_t *group, int32_t *millicores, int32_t *mib, fc_error_t *error);
fc_status_t cgroup_usage(const cgroup_t *group, cgroup_usage_t *usage, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
