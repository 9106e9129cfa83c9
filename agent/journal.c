/* journal.c - a change in progress, on disk: see journal.h. */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "configuration.h"

static const char FILE_NAME[] = "journal.json";
enum { FILE_MAX_BYTES = 1 << 20 };

fc_status_t journal_init(journal_t *journal, const fc_workflow_t *workflow) {
  memset(journal, 0, sizeof *journal);
  journal->from = calloc((size_t)workflow->n_functions, sizeof *journal->from);
  journal->to = calloc((size_t)workflow->n_functions, sizeof *journal->to);
  if (journal->from && journal->to) return FC_OK;
  journal_clear(journal);
  return FC_ENOMEM;
}

void journal_clear(journal_t *journal) {
  free(journal->from);
  free(journal->to);
  journal->from = journal->to = NULL;
}

fc_status_t journal_begin(const folder_t *folder, const fc_workflow_t *workflow, const journal_t *journal,
                          fc_error_t *error) {
  fc_json_t *root = fc_json_object();
  fc_json_t *from = configuration_to_json(workflow, journal->from), *to = configuration_to_json(workflow, journal->to);
  fc_json_set_string(root, "workflow", workflow->name);
  fc_json_set_int(root, "window", journal->window);
  fc_json_set_bool(root, "completes", journal->completes);
  fc_json_set(root, "from", &from);
  fc_json_set(root, "to", &to);
  const fc_status_t status = folder_write_json(folder, FILE_NAME, root, error);
  fc_json_destroy(&root);
  return status;
}

fc_status_t journal_end(const folder_t *folder, fc_error_t *error) {
  return folder_remove(folder, FILE_NAME, error);
}

static fc_status_t decode(const fc_workflow_t *workflow, const fc_json_t *root, journal_t *journal, fc_error_t *error) {
  const char *name = fc_json_string(fc_json_get(root, "workflow"));
  if (!name || strcmp(name, workflow->name) != 0)
    return fc_error_set(error, FC_EMISMATCH, "%s: a change of workflow %s, this is %s", FILE_NAME, name ? name : "?",
                        workflow->name);
  if (!fc_json_int(fc_json_get(root, "window"), &journal->window) ||
      !fc_json_bool(fc_json_get(root, "completes"), &journal->completes))
    return fc_error_set(error, FC_EFORMAT, "%s: expected window and completes", FILE_NAME);
  FC_TRY(configuration_from_json(workflow, fc_json_get(root, "from"), journal->from, error));
  return configuration_from_json(workflow, fc_json_get(root, "to"), journal->to, error);
}

fc_status_t journal_read(const folder_t *folder, const fc_workflow_t *workflow, journal_t *journal, fc_error_t *error) {
  fc_json_t *root = NULL;
  FC_TRY(folder_read_json(folder, FILE_NAME, FILE_MAX_BYTES, &root, error));
  const fc_status_t status = decode(workflow, root, journal, error);
  fc_json_destroy(&root);
  return status;
}
