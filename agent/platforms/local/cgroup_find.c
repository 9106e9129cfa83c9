/* cgroup_find.c - where the hierarchies are: /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)).
 *
 * A line of mountinfo: id parent device root mountpoint options fields... - type source superoptions. A line of
 * cgroup: number:controllers:path, on v2 0::path. `root` is what part of the hierarchy is mounted; the group's folder
 * is the mount point and what of the path is below that part.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_files.h"

enum { MOUNT_FIELDS = 5, PROC_TEXT_SIZE = 1 << 18 };

static const char *const CONTROLLERS[CGROUP_CONTROLLERS] = {"cpu", "cpuacct", "memory"};

/* One mount of a cgroup file system. */
typedef struct {
  int version;
  char part[CGROUP_PATH_SIZE], point[CGROUP_PATH_SIZE];
  char controllers[CGROUP_PATH_SIZE];
} mount_t;

/* Copies the n bytes of a field, its octal escapes (\040 is a space) resolved. False when it is too long. */
static bool unescape(const char *field, size_t n, char *out, size_t size) {
  size_t length = 0;
  for (size_t i = 0; i < n; ++i) {
    char c = field[i];
    if (c == '\\' && i + 3 < n && strspn(field + i + 1, "01234567") >= 3) {
      c = (char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0'));
      i += 3;
    }
    if (length + 1 >= size) return false;
    out[length++] = c;
  }
  out[length] = '\0';
  return true;
}

/* False for any other file system. */
static bool parse_mount(const char *line, size_t n, mount_t *mount) {
  char text[4 * CGROUP_PATH_SIZE];
  if (n >= sizeof text) return false;
  memcpy(text, line, n);
  text[n] = '\0';
  char *separator = strstr(text, " - ");
  if (!separator) return false;
  *separator = '\0';
  const char *type = separator + 3;
  mount->version = strncmp(type, "cgroup ", 7) == 0 ? 1 : strncmp(type, "cgroup2 ", 8) == 0 ? 2 : 0;
  if (mount->version == 0) return false;
  const char *source = strchr(type, ' ');
  const char *options = source ? strchr(source + 1, ' ') : NULL;
  if (!options || !unescape(options + 1, strlen(options + 1), mount->controllers, sizeof mount->controllers))
    return false;
  const char *field = text;
  for (int i = 0; i < MOUNT_FIELDS && field; ++i) {
    const size_t length = strcspn(field, " ");
    if (i == 3 && !unescape(field, length, mount->part, sizeof mount->part)) return false;
    if (i == 4) return unescape(field, length, mount->point, sizeof mount->point);
    field = field[length] ? field + length + 1 : NULL;
  }
  return false;
}

/* On v1 the mount's options name its controllers; on v2 a file at its root does. */
static bool holds(const mount_t *mount, const char *root, const char *controller) {
  if (mount->version == 1) return cgroup_files_has_word(mount->controllers, controller);
  char folder[2 * CGROUP_PATH_SIZE], words[CGROUP_TEXT_SIZE];
  if (snprintf(folder, sizeof folder, "%s%s", root, mount->point) >= CGROUP_PATH_SIZE) return false;
  if (cgroup_files_read(folder, "cgroup.controllers", words, sizeof words) != 0) return false;
  /* v2 counts CPU time wherever it limits it */
  return cgroup_files_has_word(words, strcmp(controller, "cpuacct") == 0 ? "cpu" : controller);
}

static bool find_mount(const char *mounts, const char *root, const char *controller, mount_t *mount) {
  for (const char *line = mounts; *line;) {
    const size_t n = strcspn(line, "\n");
    if (parse_mount(line, n, mount) && holds(mount, root, controller)) return true;
    line += n + (line[n] == '\n');
  }
  return false;
}

/* The path of this process in the hierarchy of the controller; "/" when it is not told. */
static void find_path(const char *groups, int version, const char *controller, char *path, size_t size) {
  snprintf(path, size, "/");
  for (const char *line = groups; *line;) {
    const size_t n = strcspn(line, "\n");
    const char *names = memchr(line, ':', n);
    const char *where = names ? memchr(names + 1, ':', n - (size_t)(names + 1 - line)) : NULL;
    if (where) {
      char words[CGROUP_PATH_SIZE];
      snprintf(words, sizeof words, "%.*s", (int)(where - names - 1), names + 1);
      const bool ours = version == 2 ? words[0] == '\0' : cgroup_files_has_word(words, controller);
      if (ours) {
        snprintf(path, size, "%.*s", (int)(n - (size_t)(where + 1 - line)), where + 1);
        return;
      }
    }
    line += n + (line[n] == '\n');
  }
}

/* Below the mounted part; the mount point itself when the path is outside of it (another cgroup namespace). */
static const char *below_part(const char *path, const char *part) {
  const size_t n = strcmp(part, "/") == 0 ? 0 : strlen(part);
  if (strstr(path, "/..") || strncmp(path, part, n) != 0 || (path[n] != '/' && path[n] != '\0')) return "";
  return strcmp(path + n, "/") == 0 ? "" : path + n;
}

static bool add_folder(cgroup_t *group, cgroup_controller_t controller, int version, const char *root,
                       const char *point, const char *below) {
  char path[3 * CGROUP_PATH_SIZE];
  if (snprintf(path, sizeof path, "%s%s%s", root, point, below) >= CGROUP_PATH_SIZE) return false;
  int32_t i = 0;
  while (i < group->n_folders && strcmp(group->folders[i].path, path) != 0) ++i;
  if (i == group->n_folders) {
    group->folders[i].version = version;
    memcpy(group->folders[i].path, path, strlen(path) + 1);
    group->n_folders += 1;
  }
  group->of[controller] = i;
  return true;
}

static fc_status_t find_all(const char *mounts, const char *groups, const char *root, cgroup_t *own, cgroup_t *top,
                            fc_error_t *error) {
  for (int32_t c = 0; c < CGROUP_CONTROLLERS; ++c) {
    mount_t mount;
    char path[CGROUP_PATH_SIZE];
    if (!find_mount(mounts, root, CONTROLLERS[c], &mount))
      return fc_error_set(error, FC_ENOTFOUND,
                          "cgroup: the controller %s is in no mounted hierarchy (/proc/self/mountinfo): mount cgroup "
                          "v2, or v1 with this controller",
                          CONTROLLERS[c]);
    find_path(groups, mount.version, CONTROLLERS[c], path, sizeof path);
    const cgroup_controller_t controller = (cgroup_controller_t)c;
    if (!add_folder(own, controller, mount.version, root, mount.point, below_part(path, mount.part)) ||
        !add_folder(top, controller, mount.version, root, mount.point, ""))
      return fc_error_set(error, FC_EINVAL, "cgroup: the path of controller %s is longer than %d bytes", CONTROLLERS[c],
                          CGROUP_PATH_SIZE - 1);
  }
  return FC_OK;
}

fc_status_t cgroup_find(const char *root, cgroup_t *own, cgroup_t *top, fc_error_t *error) {
  memset(own, 0, sizeof *own);
  memset(top, 0, sizeof *top);
  char folder[CGROUP_PATH_SIZE];
  if (snprintf(folder, sizeof folder, "%s/proc/self", root) >= (int)sizeof folder)
    return fc_error_set(error, FC_EINVAL, "cgroup: the root folder's path is too long");
  char *mounts = malloc(PROC_TEXT_SIZE), *groups = malloc(PROC_TEXT_SIZE);
  fc_status_t status = FC_OK;
  if (!mounts || !groups) {
    status = fc_error_set(error, FC_ENOMEM, "cgroup: out of memory");
  } else {
    int code = cgroup_files_read(folder, "mountinfo", mounts, PROC_TEXT_SIZE);
    if (code == 0) code = cgroup_files_read(folder, "cgroup", groups, PROC_TEXT_SIZE);
    status = code == 0 ? find_all(mounts, groups, root, own, top, error)
                       : cgroup_files_error(folder, "mountinfo and cgroup", "read", code, error);
  }
  free(mounts);
  free(groups);
  return status;
}
