/* journal.h - a change in progress, on disk: what a restarted agent completes or reverts.
 *
 * One small file, journal.json, durable before the first write of a change and removed after the last one was verified.
 * It names both configurations and which of the two an interrupted change ends in. Progress is not recorded: recovery
 * reads the platform back, which is the only truth. One thread; blocks on file I/O.
 */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include "faasconf/workflow.h"
#include "folder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t window;                    /* the change was decided after */
  bool completes;                    /* true: recovery goes on to `to` (a restore); false: back to `from` */
  fc_function_configuration_t *from; /* (N) */
  fc_function_configuration_t *to;   /* (N) */
} journal_t;

/* Arrays for N functions; freed with journal_clear. FC_ENOMEM. */
fc_status_t journal_init(journal_t *journal, const fc_workflow_t *workflow);
void journal_clear(journal_t *journal);

/* Durable when it returns FC_OK. */
fc_status_t journal_begin(const folder_t *folder, const fc_workflow_t *workflow, const journal_t *journal,
                          fc_error_t *error);
fc_status_t journal_end(const folder_t *folder, fc_error_t *error);

/* FC_ENOTFOUND: no change was interrupted. FC_EFORMAT or FC_EMISMATCH: the file is not one of this workflow. */
fc_status_t journal_read(const folder_t *folder, const fc_workflow_t *workflow, journal_t *journal, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
