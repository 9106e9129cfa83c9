/* act.h - step 10 and the choke point: the only file that writes to the platform.
 *
 * act_apply takes the platform from one configuration to another: intent into the journal, functions whose reserved
 * cost grows before those whose cost falls (so that every prefix of an interrupted change reserves in total at least
 * the smaller of both costs), each write read back, then the journal is closed. A write that fails or reads back as
 * something else takes the change back in the same order rule. A crash anywhere is settled at the next start by
 * act_recover. In the modes observe and recommend, while paused and after the kill switch nothing is ever written:
 * act_apply refuses. Functions that other agents own (ownership.h) are never written, whoever asks and whatever the
 * journal says. A function of which nothing is up may be written, too: the configuration it had is then the one last
 * read back. One thread; blocks on the platform and on file I/O.
 */
#ifndef AGENT_ACT_H
#define AGENT_ACT_H

#include "folder.h"
#include "journal.h"
#include "ownership.h"
#include "platform.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* May the agent write now? Asked before every change. Writes the reason into why[size] when it may not. */
typedef struct {
  void *self;
  bool (*allows)(void *self, const char **why);
} act_permission_t;

typedef struct act act_t;

typedef struct {
  int64_t changes;    /* changes carried out and verified */
  int64_t writes;     /* single function writes, rollbacks included */
  int64_t refused;    /* asked for while writing was not allowed */
  int64_t failures;   /* changes that were taken back or left open */
  int64_t recoveries; /* interrupted changes settled at start or later */
} act_counters_t;

/* ownership: NULL = all. Borrows all until act_destroy. Caller owns the result and destroys it with act_destroy. */
fc_status_t act_new(const fc_workflow_t *workflow, platform_t *platform, const folder_t *folder, agent_mode_t mode,
                    act_permission_t permission, const ownership_t *ownership, act_t **out, fc_error_t *error);
void act_destroy(act_t **act);

/* Settles a change that an earlier run left in the journal: to its end when it was a restore, back otherwise. Functions
 * that somebody else changed meanwhile are left alone. *settled says whether there was one. FC_EUNSAFE when writing is
 * not allowed: the journal stays. */
fc_status_t act_recover(act_t *act, bool *settled, fc_error_t *error);

/* What is in force (N), read from the platform. */
fc_status_t act_read_back(const act_t *act, fc_function_configuration_t *configuration, fc_error_t *error);

/* From what is in force to what this agent owns of `to` (N). `completes`: a crash in between is completed, not reverted
 * (restores). FC_EUNSAFE: not allowed to write, nothing was written. Another failure: the old configuration is in force
 * again, or, when even that failed, the journal stays open and the next call settles it first (FC_ESTATE until it can);
 * one that completes goes over it instead,
 * and when nothing of a function is up (FC_ESTATE of the platform) is not taken back but stays open. */
fc_status_t act_apply(act_t *act, int64_t window, const fc_function_configuration_t *to, bool completes,
                      fc_error_t *error);

/* The order in which functions are written: order (N) gets function indices, returns how many differ. */
int32_t act_order(const fc_workflow_t *workflow, const fc_function_configuration_t *from,
                  const fc_function_configuration_t *to, int32_t *order);

const act_counters_t *act_counters(const act_t *act);

#ifdef __cplusplus
}
#endif
#endif
