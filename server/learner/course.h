/* course.h - one workflow in the learner's care: its trainer, what it has read, and what became of its candidates.
 *
 * The learner thread holds one per registered workflow. All functions belong to that thread; they may block on disk.
 */
#ifndef SERVER_LEARNER_COURSE_H
#define SERVER_LEARNER_COURSE_H

#include "learner.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const learner_options_t *options; /* borrowed */
  store_t *store;                   /* borrowed; the learner's read-only connection */
  fc_workflow_t *workflow;          /* owned; the trainer borrows it */
  trainer_t *trainer;
  char checkpoint[1400]; /* folder */
  int64_t position;      /* id of the last row read */
  int64_t updates_at_candidate, updates_at_checkpoint;
  int64_t last_version;            /* of the candidates made here */
  int64_t live_version;            /* of the live policy whose held-out error is live_error */
  double live_error;               /* NaN: none */
  bool trainer_is_live;            /* no update since the live policy was exported */
  int64_t candidate_ns, safety_ns; /* when the last one was made */
  bool safety_due;
  int64_t refused_rows; /* of other semantics, or that do not fit */
} course_t;

/* Resumes from the newest checkpoint, else starts anew, and reads what the store has beyond it. */
fc_status_t course_init(course_t *course, const learner_options_t *options, store_t *store, const char *workflow,
                        fc_error_t *error);
/* Without a checkpoint. */
void course_clear(course_t *course);

/* Reads and inserts the rows that are new in the store; *n says how many. */
fc_status_t course_read(course_t *course, int64_t *n, fc_error_t *error);

/* A round of the updates that are due (trainer_round); *n_done is 0 when none was. */
fc_status_t course_update(course_t *course, int64_t *n_done, fc_error_t *error);

/* Exports a candidate when enough updates and time passed (hurry: whatever the time) and hands it to the writer. */
fc_status_t course_candidate(course_t *course, bool hurry, fc_error_t *error);

/* Derives SES records when rows arrived and enough time passed (hurry: whatever the time), and hands them on. */
fc_status_t course_safety(course_t *course, bool hurry, fc_error_t *error);

/* Writes a checkpoint when enough updates passed (force: when there was any). */
fc_status_t course_checkpoint(course_t *course, bool force, fc_error_t *error);

/* Nanoseconds until something that waits for time is due; INT64_MAX when nothing waits. */
int64_t course_wait_ns(const course_t *course);

#ifdef __cplusplus
}
#endif
#endif
