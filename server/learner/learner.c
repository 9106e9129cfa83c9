/* learner.c - the thread around the courses: waits, rounds, lockstep replies, questions (learner.h). */
#include "learner.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "course.h"

enum { MAX_COURSES = 256, MAX_HELD_REPLIES = 256, QUESTIONS = 64 };

struct learner {
  learner_options_t options;
  store_t *store;     /* read-only */
  queue_t *questions; /* of learner_question_t */
  queue_t *stop;      /* closed: end after the update at hand */
  pthread_t thread;
  bool running;
  course_t *courses[MAX_COURSES];
  int32_t n_courses;
  writer_reply_t held[MAX_HELD_REPLIES]; /* lockstep replies of this round */
  int32_t n_held;
};

void learner_question_clear(learner_question_t *question) {
  fc_observation_clear(&question->before);
  free(question->decided);
  question->decided = NULL;
}

static void set_problem(learner_t *self, const char *workflow, const fc_error_t *error) {
  FC_LOG_E(self->options.log, "learner", "`%s`: %s", workflow, error->message);
  stats_problem(self->options.stats, STATS_SOURCE_LEARNER, error->message);
}

static bool stopping(const learner_t *self) {
  struct pollfd item = {.fd = queue_fd(self->stop), .events = POLLIN};
  return poll(&item, 1, 0) > 0;
}

/* ---- courses ---- */

static course_t *find_course(const learner_t *self, const char *workflow) {
  for (int32_t i = 0; i < self->n_courses; ++i) {
    if (strcmp(self->courses[i]->workflow->name, workflow) == 0) return self->courses[i];
  }
  return NULL;
}

static fc_status_t start_course(learner_t *self, const fc_workflow_t *workflow, fc_error_t *error) {
  if (self->n_courses == MAX_COURSES) {
    return fc_error_set(error, FC_EEXHAUSTED, "no more than %d workflows are trained at once", (int)MAX_COURSES);
  }
  course_t *course = calloc(1, sizeof *course);
  if (course == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to train `%s`", workflow->name);
  const fc_status_t status = course_init(course, &self->options, self->store, workflow->name, error);
  if (status != FC_OK) {
    free(course);
    return status;
  }
  self->courses[self->n_courses++] = course;
  return FC_OK;
}

static void end_course(learner_t *self, int32_t index) {
  course_clear(self->courses[index]);
  free(self->courses[index]);
  self->courses[index] = self->courses[--self->n_courses];
}

/* One course per registered workflow; a workflow whose file changed starts anew. */
static void follow_registry(learner_t *self) {
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  for (int32_t i = 0; i < registry_count(snapshot); ++i) {
    const fc_workflow_t *workflow = registry_at(snapshot, i)->workflow;
    fc_error_t error = {.status = FC_OK};
    course_t *course = find_course(self, workflow->name);
    if (course != NULL && memcmp(course->workflow->digest, workflow->digest, FC_DIGEST_SIZE) != 0) {
      for (int32_t k = 0; k < self->n_courses; ++k) {
        if (self->courses[k] == course) end_course(self, k);
      }
      course = NULL;
    }
    if (course == NULL && start_course(self, workflow, &error) != FC_OK) set_problem(self, workflow->name, &error);
  }
  registry_release(&snapshot);
}

/* ---- questions ---- */

static void answer_question(learner_t *self, const learner_question_t *question) {
  learner_answer_t answer = {.token = question->token};
  course_t *course = find_course(self, question->workflow);
  if (course != NULL && course->workflow->n_functions == question->before.n_functions &&
      trainer_updates_done(course->trainer) > 0) {
    answer.known =
        trainer_q(course->trainer, &question->before, question->before.configuration, &answer.q_now) == FC_OK &&
        trainer_q(course->trainer, &question->before, question->decided, &answer.q_decided) == FC_OK;
  }
  (void)queue_try_push(self->options.answers, &answer); /* a full queue: the client is answered without Q */
}

static void answer_questions(learner_t *self) {
  learner_question_t question;
  while (queue_pop(self->questions, &question, 0) == FC_OK) {
    answer_question(self, &question);
    learner_question_clear(&question);
  }
}

/* ---- rounds ---- */

static void count_rows(learner_t *self) {
  uint64_t rows = 0;
  for (int32_t i = 0; i < self->n_courses; ++i) rows += (uint64_t)trainer_rows(self->courses[i]->trainer);
  stats_set(self->options.stats, STATS_replay_rows, rows);
}

/* All updates due, questions in between. FC_ECLOSED when the stop came first. */
static fc_status_t do_updates(learner_t *self, course_t *course, fc_error_t *error) {
  for (int64_t n_done = 1; n_done > 0;) {
    if (stopping(self)) return FC_ECLOSED;
    FC_TRY(course_update(course, &n_done, error));
    stats_add(self->options.stats, STATS_learner_updates, n_done);
    FC_TRY(course_checkpoint(course, false, error));
    answer_questions(self);
  }
  return FC_OK;
}

static bool is_hurried(const learner_t *self, const course_t *course) {
  for (int32_t i = 0; i < self->n_held; ++i) {
    if (strcmp(self->held[i].workflow, course->workflow->name) == 0) return true;
  }
  return false;
}

static fc_status_t do_round(learner_t *self, course_t *course, fc_error_t *error) {
  const bool hurry = is_hurried(self, course);
  int64_t n = 0;
  FC_TRY(course_read(course, &n, error));
  count_rows(self);
  FC_TRY(do_updates(self, course, error));
  FC_TRY(course_candidate(course, hurry, error));
  return course_safety(course, hurry, error);
}

/* Lockstep: the rows are consumed and what came of them is in the writer's queue, ahead of this. */
static void release_replies(learner_t *self) {
  for (int32_t i = 0; i < self->n_held; ++i) {
    writer_job_t job;
    memset(&job, 0, sizeof job);
    job.kind = WRITER_RELEASE;
    job.as.release = self->held[i];
    (void)writer_submit(self->options.writer, &job);
  }
  self->n_held = 0;
}

static void take_notes(learner_t *self) {
  writer_note_t note;
  while (self->n_held < MAX_HELD_REPLIES && queue_pop(self->options.notes, &note, 0) == FC_OK) {
    if (note.lockstep) self->held[self->n_held++] = note.reply;
  }
}

static void do_rounds(learner_t *self) {
  follow_registry(self);
  bool well = true;
  for (int32_t i = 0; i < self->n_courses; ++i) {
    fc_error_t error = {.status = FC_OK};
    const fc_status_t status = do_round(self, self->courses[i], &error);
    if (status == FC_ECLOSED) { /* stopping: the agents send again, to the next server */
      self->n_held = 0;
      return;
    }
    if (status != FC_OK) {
      set_problem(self, self->courses[i]->workflow->name, &error);
      well = false;
    }
  }
  if (well) stats_problem(self->options.stats, STATS_SOURCE_LEARNER, NULL);
  release_replies(self);
}

/* Milliseconds until a candidate or record that waits for time is due; -1 when none does. */
static int wait_ms(const learner_t *self) {
  int64_t wait_ns = INT64_MAX;
  for (int32_t i = 0; i < self->n_courses; ++i) {
    const int64_t course_ns = course_wait_ns(self->courses[i]);
    if (course_ns < wait_ns) wait_ns = course_ns;
  }
  if (wait_ns == INT64_MAX) return -1;
  const int64_t ms = wait_ns / 1000000 + 1;
  return ms > 60000 ? 60000 : (int)ms;
}

static void *run(void *argument) {
  learner_t *self = argument;
  while (!stopping(self)) {
    do_rounds(self);
    struct pollfd items[3] = {{.fd = queue_fd(self->options.notes), .events = POLLIN},
                              {.fd = queue_fd(self->questions), .events = POLLIN},
                              {.fd = queue_fd(self->stop), .events = POLLIN}};
    do {
      if (poll(items, 3, wait_ms(self)) == 0) break;
      answer_questions(self);
    } while (items[0].revents == 0 && items[2].revents == 0);
    take_notes(self);
  }
  for (int32_t i = 0; i < self->n_courses; ++i) {
    fc_error_t error = {.status = FC_OK};
    if (course_checkpoint(self->courses[i], true, &error) != FC_OK) {
      set_problem(self, self->courses[i]->workflow->name, &error);
    }
  }
  return NULL;
}

/* ---- life ---- */

/* Records, and the policy of a checkpoint where none is live, are on their way before the first agent connects. */
static void start_courses(learner_t *self) {
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  for (int32_t i = 0; i < registry_count(snapshot); ++i) {
    const fc_workflow_t *workflow = registry_at(snapshot, i)->workflow;
    fc_error_t error = {.status = FC_OK};
    fc_status_t status = start_course(self, workflow, &error);
    if (status == FC_OK) status = course_candidate(self->courses[self->n_courses - 1], false, &error);
    if (status == FC_OK) status = course_safety(self->courses[self->n_courses - 1], true, &error);
    if (status != FC_OK) set_problem(self, workflow->name, &error); /* serving goes on without learning */
  }
  registry_release(&snapshot);
  count_rows(self);
}

fc_status_t learner_new(const learner_options_t *options, learner_t **out, fc_error_t *error) {
  const char *names = NULL;
  if (algorithm_find(options->training.algorithm, &names) == NULL) {
    return fc_error_set(error, FC_EINVAL, "there is no algorithm `%s`; there are: %s", options->training.algorithm,
                        names);
  }
  learner_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the learner");
  self->options = *options;
  fc_status_t status = queue_new(QUESTIONS, sizeof(learner_question_t), &self->questions, error);
  if (status == FC_OK) status = queue_new(1, 1, &self->stop, error);
  if (status == FC_OK) status = store_open(options->store, STORE_READ_ONLY, "", &self->store, error);
  if (status != FC_OK) {
    learner_destroy(&self);
    return status;
  }
  start_courses(self);
  *out = self;
  return FC_OK;
}

fc_status_t learner_start(learner_t *learner, fc_error_t *error) {
  if (pthread_create(&learner->thread, NULL, run, learner) != 0) {
    return fc_error_set(error, FC_EEXHAUSTED, "cannot start the learner thread");
  }
  learner->running = true;
  return FC_OK;
}

void learner_stop(learner_t *learner) {
  if (learner->stop == NULL) return;
  queue_close(learner->stop);
  if (learner->questions != NULL) queue_close(learner->questions);
  queue_close(learner->options.notes);
  if (!learner->running) return;
  pthread_join(learner->thread, NULL);
  learner->running = false;
}

void learner_destroy(learner_t **learner) {
  if (learner == NULL || *learner == NULL) return;
  learner_t *self = *learner;
  learner_stop(self);
  if (self->questions != NULL) answer_questions(self);
  while (self->n_courses > 0) end_course(self, self->n_courses - 1);
  store_destroy(&self->store);
  queue_destroy(&self->questions);
  queue_destroy(&self->stop);
  free(self);
  *learner = NULL;
}

fc_status_t learner_ask(learner_t *learner, const learner_question_t *question) {
  return queue_try_push(learner->questions, question);
}
