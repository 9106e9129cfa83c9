/* local_look.c - what a start would find, looked at without making anything: see local.h. In step with make_groups of
 * local_start.c: below this process's own group, or where that cannot be, below the top one. */
#include <stdio.h>
#include <string.h>

#include "local_state.h"

static bool is_left(const char *state, const cgroup_t *parent) {
  char folder[LOCAL_PATH_SIZE];
  snprintf(folder, sizeof folder, "%.1100s/local", state);
  return local_record_has(folder, parent->folders[0].path);
}

fc_status_t platform_local_look(const char *root, const char *agent, const char *state, platform_local_groups_t *groups,
                                fc_error_t *error) {
  char name[FC_NAME_SIZE + 16];
  memset(groups, 0, sizeof *groups);
  snprintf(name, sizeof name, "faasconf-%s", agent);
  FC_TRY(cgroup_find(root, &groups->own, &groups->top, error));
  for (int i = 0; i < 2; ++i) {
    const cgroup_t *place = i == 0 ? &groups->own : &groups->top;
    cgroup_t parent;
    FC_TRY(cgroup_child(place, name, &parent, error));
    const bool is_there = cgroup_exists(&parent);
    groups->allowed = is_there ? FC_OK : cgroup_check(place, &groups->why);
    if (groups->allowed != FC_OK) continue;
    groups->parent = parent;
    groups->is_below_own = i == 0;
    groups->is_there = is_there;
    groups->is_left = is_there && is_left(state, &parent);
    break;
  }
  return FC_OK;
}
