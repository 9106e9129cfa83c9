/* workflow_file.c - see workflow_file.h. */
#include "workflow_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reader of configuration files takes at most 1 MiB; one byte more shows that a file is larger. */
enum { PATH_SIZE = 4096, LARGEST_BYTES = 1048576 };

static fc_status_t read_text(const char *path, char **text, size_t *size, fc_error_t *error) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", path, strerror(errno));
  *text = malloc(LARGEST_BYTES + 1);
  *size = *text != NULL ? fread(*text, 1, LARGEST_BYTES + 1, file) : 0;
  const bool failed = *text == NULL || ferror(file) != 0;
  (void)fclose(file);
  if (!failed) return FC_OK;
  free(*text);
  *text = NULL;
  return fc_error_set(error, FC_EIO, "%s: cannot read", path);
}

fc_status_t workflow_file_read(const char *name_or_path, fc_workflow_t **out, char **text, size_t *size,
                               fc_error_t *error) {
  char path[PATH_SIZE];
  *out = NULL;
  FC_TRY(fc_workflow_resolve(name_or_path, path, sizeof path, error));
  FC_TRY(read_text(path, text, size, error));
  const fc_status_t status = fc_workflow_parse(*text, *size, path, out, error);
  if (status != FC_OK) {
    free(*text);
    *text = NULL;
  }
  return status;
}

fc_status_t workflow_file_register(store_t *store, const char *name_or_path, fc_workflow_t **out, fc_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  bool created = false;
  FC_TRY(workflow_file_read(name_or_path, out, &text, &size, error));
  const fc_status_t status = store_put_workflow(store, *out, text, size, &created, error);
  free(text);
  if (status != FC_OK) fc_workflow_destroy(out);
  return status;
}
