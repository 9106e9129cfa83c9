/* trial.c - see trial.h. */
#include "trial.h"

#include <stdlib.h>
#include <string.h>

#include "configuration.h"

enum { FILE_MAX_BYTES = 8 << 20, N_PARTS = 3 };
static const char NAME[] = "trial.json";
static const char *const PARTS[N_PARTS] = {"before", "current", "tried"};

fc_status_t trial_write(const folder_t *folder, const fc_workflow_t *workflow,
                        const fc_function_configuration_t *before, const fc_function_configuration_t *current,
                        const fc_function_configuration_t *tried, fc_error_t *error) {
  const fc_function_configuration_t *parts[N_PARTS] = {before, current, tried};
  fc_json_t *root = fc_json_object();
  fc_json_set_string(root, "workflow", workflow->name);
  for (int i = 0; i < N_PARTS; ++i) {
    fc_json_t *part = configuration_to_json(workflow, parts[i]);
    fc_json_set(root, PARTS[i], &part);
  }
  const fc_status_t status = folder_write_json(folder, NAME, root, error);
  fc_json_destroy(&root);
  return status;
}

fc_status_t trial_remove(const folder_t *folder, fc_error_t *error) {
  return folder_remove(folder, NAME, error);
}

/* parts (N_PARTS, N). */
static fc_status_t read_parts(const folder_t *folder, const fc_workflow_t *workflow, fc_function_configuration_t *parts,
                              fc_error_t *error) {
  fc_json_t *root = NULL;
  FC_TRY(folder_read_json(folder, NAME, FILE_MAX_BYTES, &root, error));
  const char *name = fc_json_string(fc_json_get(root, "workflow"));
  fc_status_t status = FC_OK;
  if (name == NULL || strcmp(name, workflow->name) != 0)
    status =
        fc_error_set(error, FC_EMISMATCH, "written for workflow %s, this is %s", name ? name : "?", workflow->name);
  for (int i = 0; i < N_PARTS && status == FC_OK; ++i)
    status = configuration_from_json(workflow, fc_json_get(root, PARTS[i]), &parts[i * workflow->n_functions], error);
  fc_json_destroy(&root);
  if (status != FC_OK)
    fc_error_prefix(error, "%s/%s: see on the platform what is in force, then remove it", folder->path, NAME);
  return status;
}

static fc_status_t settle(const folder_t *folder, const fc_workflow_t *workflow, act_t *act,
                          const fc_function_configuration_t *parts, fc_function_configuration_t *to, bool *settled,
                          fc_error_t *error) {
  const int32_t n = workflow->n_functions;
  const fc_function_configuration_t *before = parts, *current = parts + n, *tried = parts + 2 * n;
  FC_TRY(act_read_back(act, to, error));
  for (int32_t f = 0; f < n; ++f) {
    const bool is_tried = platform_same(&to[f], &current[f]) || platform_same(&to[f], &tried[f]);
    if (!is_tried || platform_same(&to[f], &before[f])) continue;
    to[f] = before[f];
    *settled = true;
  }
  if (*settled) FC_TRY(act_apply(act, -1, to, true, error));
  return trial_remove(folder, error);
}

fc_status_t trial_settle(const folder_t *folder, const fc_workflow_t *workflow, act_t *act, bool *settled,
                         fc_error_t *error) {
  *settled = false;
  const size_t n = (size_t)workflow->n_functions;
  fc_function_configuration_t *parts = calloc((N_PARTS + 1) * n, sizeof *parts);
  if (parts == NULL) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", NAME);
  fc_status_t status = read_parts(folder, workflow, parts, error);
  if (status == FC_ENOTFOUND) {
    status = FC_OK;
  } else if (status == FC_OK) {
    status = settle(folder, workflow, act, parts, parts + N_PARTS * n, settled, error);
  }
  if (status != FC_OK) *settled = false;
  free(parts);
  return status;
}
