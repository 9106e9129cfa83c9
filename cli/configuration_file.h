/* configuration_file.h - a configuration (N) in a YAML or JSON file, for every command that takes one.
 *
 * The file maps each function of the workflow to its four knobs:
 *
 *   starter: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}
 *   rgb: ...
 *
 * What other commands print is understood too: the same under a key `configuration`, and a list of maps that carry the
 * name as `function`. Every function must be there once, with all four knobs; complaints name file, line and column.
 * Reading blocks on file I/O; any thread.
 */
#ifndef CLI_CONFIGURATION_FILE_H
#define CLI_CONFIGURATION_FILE_H

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills configuration, (N), from `path`. FC_ENOTFOUND or FC_EIO for the file, FC_EFORMAT for its content. */
fc_status_t configuration_file_read(const fc_workflow_t *workflow, const char *path,
                                    fc_function_configuration_t *configuration, fc_error_t *error);

/* The same for an option's value: "start" means the workflow's own start configuration, anything else is a path. */
fc_status_t configuration_file_option(const fc_workflow_t *workflow, const char *value,
                                      fc_function_configuration_t *configuration, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
