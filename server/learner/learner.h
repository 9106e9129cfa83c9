/* learner.h - steps 4 to 6 of the flow as a thread: rows in, candidates out.
 *
 * One trainer per workflow. The thread sleeps until the writer notes that rows are durable, reads them from the store
 * through its own read-only connection (so that nothing is lost when notes are), runs the updates that are due, exports
 * a candidate, and derives the SES records anew. What comes out goes to the writer, which makes it durable and
 * publishes it. At start a trainer resumes from the newest checkpoint under `checkpoints`, or is rebuilt from the
 * store. Rows are only taken between rounds of updates, so that in lockstep one seed gives one result.
 */
#ifndef SERVER_LEARNER_LEARNER_H
#define SERVER_LEARNER_LEARNER_H

#include "faasconf/clock.h"
#include "faasconf/log.h"
#include "queue.h"
#include "registry.h"
#include "stats.h"
#include "trainer.h"
#include "writer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct learner learner_t;

typedef struct {
  const char *store;       /* folder; opened read-only */
  const char *checkpoints; /* folder; one below per workflow */
  trainer_options_t training;
  int32_t min_rows; /* no update before the replay has this many */
  int64_t candidate_every_updates;
  double candidate_interval_s; /* a lockstep row does not wait for it, nor does the first policy */
  int64_t checkpoint_every_updates;
  double safety_interval_s;
  fc_bounds_options_t bounds;
  registry_t *registry;
  stats_t *stats;
  const fc_log_t *log;
  fc_clock_t clock;
  writer_t *writer;
  queue_t *notes;   /* of writer_note_t, from the writer */
  queue_t *answers; /* of learner_answer_t, to rpc */
} learner_options_t;

/* What the critic thinks of a decision, for an explanation. */
typedef struct {
  uint64_t token;
  char workflow[FC_NAME_SIZE];
  fc_observation_t before;              /* owned */
  fc_function_configuration_t *decided; /* (N), malloc'd, owned */
} learner_question_t;

typedef struct {
  uint64_t token;
  bool known; /* false: no trainer, or it has not learned yet */
  double q_now, q_decided;
} learner_answer_t;

/* Opens the store and resumes or rebuilds a trainer for every registered workflow; the writer must run already. Borrows
 * everything until learner_destroy. Caller owns the result and destroys it with learner_destroy. Blocks on disk. */
fc_status_t learner_new(const learner_options_t *options, learner_t **out, fc_error_t *error);
fc_status_t learner_start(learner_t *learner, fc_error_t *error);
/* Ends after the update at hand, writes checkpoints, joins. The writer must still run. */
void learner_stop(learner_t *learner);
/* Stops when that was not done. */
void learner_destroy(learner_t **learner);

/* Any thread, never waits. Takes ownership of what *question owns when FC_OK; FC_EEXHAUSTED, FC_ECLOSED: no answer will
 * come. */
fc_status_t learner_ask(learner_t *learner, const learner_question_t *question);
void learner_question_clear(learner_question_t *question);

#ifdef __cplusplus
}
#endif
#endif
