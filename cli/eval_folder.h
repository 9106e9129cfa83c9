/* eval_folder.h - the folder of --out: one experiment with one set of options.
 *
 * settings.json says what the results in it were measured with, so that a run that goes on later measures the same:
 * offline rows, budgets and traces are not part of a cell's name. Blocks on file I/O.
 */
#ifndef CLI_EVAL_FOLDER_H
#define CLI_EVAL_FOLDER_H

#include "faasconf/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes `folder` one of these settings, an object of strings and whole numbers by the names of options, "experiment"
 * among them, and perhaps "workflows", the digests of those that are measured now; takes *settings. A folder that has
 * other settings, or results without any, is refused and left as it is: FC_EMISMATCH names the option. The program's
 * commit joins the list of those that took part; stderr says when it is not the only one. FC_EIO, FC_EFORMAT. */
fc_status_t eval_folder_open(const char *folder, fc_json_t **settings, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
