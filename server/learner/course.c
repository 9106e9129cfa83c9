/* course.c - rows, updates, candidates, records and checkpoints of one workflow (course.h). */
#include "course.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "derive.h"

static int64_t now_ns(const course_t *course) {
  return course->options->clock.monotonic_ns(course->options->clock.self);
}

/* ---- rows ---- */

typedef struct {
  course_t *course;
  int64_t n;
} reading_t;

static fc_status_t visit_row(void *context, int64_t id, bool heldout, const fc_transition_t *transition) {
  reading_t *reading = context;
  course_t *course = reading->course;
  const fc_status_t status = trainer_insert(course->trainer, transition, heldout);
  if (status == FC_ENOMEM || status == FC_EIO) return status;
  if (status != FC_OK) course->refused_rows += 1; /* other semantics: stored, not trained on */
  course->position = id;
  trainer_set_position(course->trainer, id);
  reading->n += 1;
  return FC_OK;
}

/* While the trainer is still what is live, new held-out rows judge the live policy too. */
static void measure_live_again(course_t *course) {
  double r2, mean_square;
  if (!course->trainer_is_live) return;
  if (trainer_heldout(course->trainer, &r2, &mean_square) == FC_OK) course->live_error = mean_square;
}

fc_status_t course_read(course_t *course, int64_t *n, fc_error_t *error) {
  reading_t reading = {.course = course};
  const fc_status_t status =
      store_each_transition(course->store, course->workflow, course->position, visit_row, &reading, error);
  *n = reading.n;
  if (reading.n > 0) {
    course->safety_due = true;
    measure_live_again(course);
  }
  return status;
}

/* ---- updates ---- */

fc_status_t course_update(course_t *course, int64_t *n_done, fc_error_t *error) {
  *n_done = 0;
  const int64_t due = trainer_updates_due(course->trainer), round = trainer_round(course->trainer);
  if (trainer_rows(course->trainer) < course->options->min_rows || due <= 0) return FC_OK;
  algorithm_report_t report;
  const int64_t n = due < round ? due : round;
  const fc_status_t status = trainer_update(course->trainer, n, &report, error);
  if (status == FC_ESTATE) return FC_OK; /* every row so far is held out */
  if (status != FC_OK) return fc_error_prefix(error, "training has stopped, the policies that are live stay");
  if (!isfinite(report.critic_loss)) {
    return fc_error_set(error, FC_EUNSAFE, "the critic's loss is not finite after %" PRId64 " updates",
                        trainer_updates_done(course->trainer));
  }
  course->trainer_is_live = false;
  *n_done = n;
  return FC_OK;
}

/* ---- candidates ---- */

/* Is the candidate to go live? `why` says so for the log. */
static bool goes_live(course_t *course, double candidate_error, const char **why) {
  const registry_snapshot_t *snapshot = registry_acquire(course->options->registry);
  const registry_entry_t *entry = registry_find(snapshot, course->workflow->name);
  const registry_policy_t *live = entry == NULL || entry->n_policies == 0 ? NULL : entry->policies[0];
  bool yes = true;
  *why = "there was no live policy";
  if (live != NULL) {
    if (live->hint.version != course->live_version) { /* went live before this process, or by other hands */
      course->live_version = live->hint.version;
      course->live_error = fc_policy_manifest(live->policy)->heldout_error;
    }
    if (isnan(candidate_error) || isnan(course->live_error)) {
      *why = "no held-out error to compare";
    } else {
      yes = candidate_error <= course->live_error;
      *why = yes ? "its held-out error is not worse" : "its held-out error is worse";
    }
  }
  registry_release(&snapshot);
  return yes;
}

static fc_status_t export_candidate(course_t *course, fc_error_t *error) {
  double r2 = NAN, mean_square = NAN;
  if (trainer_heldout(course->trainer, &r2, &mean_square) != FC_OK) mean_square = NAN;
  int64_t version = 0;
  FC_TRY(store_next_policy_version(course->store, course->workflow->name, &version, error));
  /* The writer may not have committed the candidate before this one yet. */
  if (version <= course->last_version) version = course->last_version + 1;
  char *manifest = NULL;
  uint8_t *weights = NULL;
  size_t manifest_size = 0, weights_size = 0;
  FC_TRY(trainer_export(course->trainer, version, &manifest, &manifest_size, &weights, &weights_size, error));
  writer_job_t job;
  memset(&job, 0, sizeof job);
  job.kind = WRITER_POLICY;
  FC_TRY(registry_policy_new(course->options->registry, &manifest, manifest_size, &weights, weights_size,
                             &job.as.publication.policy, error));
  const char *why = NULL;
  job.as.publication.live = goes_live(course, mean_square, &why);
  FC_LOG_I(course->options->log, "learner", "candidate %" PRId64 " of `%s` after %" PRId64 " updates: %s, %s", version,
           course->workflow->name, trainer_updates_done(course->trainer),
           job.as.publication.live ? "goes live" : "kept", why);
  const bool live = job.as.publication.live;
  const fc_status_t status = writer_submit(course->options->writer, &job);
  if (status != FC_OK) {
    writer_job_clear(&job);
    return fc_error_set(error, status, "the store's writer has stopped");
  }
  course->last_version = version;
  if (live) {
    course->live_version = version;
    course->live_error = mean_square;
    course->trainer_is_live = true;
  }
  return FC_OK;
}

static bool has_live_policy(const course_t *course) {
  const registry_snapshot_t *snapshot = registry_acquire(course->options->registry);
  const bool has = registry_live_version(snapshot, course->workflow->name) > 0;
  registry_release(&snapshot);
  return has;
}

/* Are there updates that no candidate has shown yet, enough of them? */
static bool candidate_waits(const course_t *course) {
  const int64_t fresh = trainer_updates_done(course->trainer) - course->updates_at_candidate;
  return fresh >= course->options->candidate_every_updates;
}

static int64_t candidate_wait_ns(const course_t *course) {
  const int64_t interval_ns = (int64_t)(course->options->candidate_interval_s * 1e9);
  const int64_t left_ns = course->candidate_ns + interval_ns - now_ns(course);
  return course->candidate_ns == 0 || left_ns < 0 ? 0 : left_ns;
}

fc_status_t course_candidate(course_t *course, bool hurry, fc_error_t *error) {
  const bool first = trainer_updates_done(course->trainer) > 0 && course->last_version == 0 && !has_live_policy(course);
  if (!first && (!candidate_waits(course) || (!hurry && candidate_wait_ns(course) > 0))) return FC_OK;
  course->updates_at_candidate = trainer_updates_done(course->trainer);
  course->candidate_ns = now_ns(course);
  return export_candidate(course, error);
}

/* ---- SES records ---- */

static int64_t safety_wait_ns(const course_t *course) {
  const int64_t interval_ns = (int64_t)(course->options->safety_interval_s * 1e9);
  const int64_t left_ns = course->safety_ns + interval_ns - now_ns(course);
  return course->safety_ns == 0 || left_ns < 0 ? 0 : left_ns;
}

fc_status_t course_safety(course_t *course, bool hurry, fc_error_t *error) {
  if (!course->safety_due || (!hurry && safety_wait_ns(course) > 0)) return FC_OK;
  course->safety_ns = now_ns(course); /* also a failure waits for its turn */
  writer_job_t job;
  memset(&job, 0, sizeof job);
  job.kind = WRITER_SAFETY;
  memcpy(job.as.safety.workflow, course->workflow->name, sizeof job.as.safety.workflow);
  FC_TRY(derive_records(course->store, course->workflow, course->options->training.semantics, &course->options->bounds,
                        &job.as.safety.records, &job.as.safety.n, error));
  course->safety_due = false;
  const fc_status_t status = writer_submit(course->options->writer, &job);
  if (status != FC_OK) {
    writer_job_clear(&job);
    return fc_error_set(error, status, "the store's writer has stopped");
  }
  return FC_OK;
}

/* ---- checkpoints ---- */

fc_status_t course_checkpoint(course_t *course, bool force, fc_error_t *error) {
  const int64_t done = trainer_updates_done(course->trainer);
  const int64_t fresh = done - course->updates_at_checkpoint;
  if (fresh < (force ? 1 : course->options->checkpoint_every_updates)) return FC_OK;
  FC_TRY(trainer_save(course->trainer, course->checkpoint, error));
  course->updates_at_checkpoint = done;
  stats_add(course->options->stats, STATS_checkpoints_written, 1);
  FC_LOG_I(course->options->log, "learner", "checkpoint of `%s` at %" PRId64 " updates", course->workflow->name, done);
  return FC_OK;
}

int64_t course_wait_ns(const course_t *course) {
  int64_t wait_ns = INT64_MAX;
  if (candidate_waits(course)) wait_ns = candidate_wait_ns(course);
  if (course->safety_due && safety_wait_ns(course) < wait_ns) wait_ns = safety_wait_ns(course);
  return wait_ns;
}

/* ---- life ---- */

static fc_status_t resume_or_begin(course_t *course, fc_error_t *error) {
  fc_error_t about = {.status = FC_OK};
  FC_TRY(trainer_new(course->workflow, &course->options->training, &course->trainer, error));
  const fc_status_t status = trainer_resume(course->trainer, course->checkpoint, &about);
  if (status == FC_OK) {
    course->position = trainer_position(course->trainer);
    FC_LOG_I(course->options->log, "learner", "`%s` resumes at %" PRId64 " updates with %d rows",
             course->workflow->name, trainer_updates_done(course->trainer), (int)trainer_rows(course->trainer));
    return FC_OK;
  }
  if (status != FC_ENOTFOUND) { /* another algorithm, variant or workflow, or damaged: the store has all it needs */
    FC_LOG_W(course->options->log, "learner", "`%s` starts anew, its checkpoint cannot be used: %s",
             course->workflow->name, about.message);
    trainer_destroy(&course->trainer);
    return trainer_new(course->workflow, &course->options->training, &course->trainer, error);
  }
  return FC_OK;
}

/* A trainer exactly as far as the live policy is the one that exported it: new rows can judge both. */
static void compare_with_live(course_t *course) {
  const registry_snapshot_t *snapshot = registry_acquire(course->options->registry);
  const registry_entry_t *entry = registry_find(snapshot, course->workflow->name);
  if (entry != NULL && entry->n_policies > 0) {
    const fc_policy_manifest_t *live = fc_policy_manifest(entry->policies[0]->policy);
    course->live_version = live->version;
    course->live_error = live->heldout_error;
    course->trainer_is_live = live->updates > 0 && live->updates == trainer_updates_done(course->trainer);
  }
  registry_release(&snapshot);
}

fc_status_t course_init(course_t *course, const learner_options_t *options, store_t *store, const char *workflow,
                        fc_error_t *error) {
  *course = (course_t){.options = options, .store = store, .live_error = NAN};
  const int used = snprintf(course->checkpoint, sizeof course->checkpoint, "%s/%s", options->checkpoints, workflow);
  if (used < 0 || (size_t)used >= sizeof course->checkpoint || strchr(workflow, '/') != NULL || workflow[0] == '.') {
    return fc_error_set(error, FC_EINVAL, "workflow `%s` cannot name a checkpoint folder", workflow);
  }
  int64_t n = 0;
  fc_status_t status = store_get_workflow(store, workflow, &course->workflow, error);
  if (status == FC_OK) status = resume_or_begin(course, error);
  if (status == FC_OK) compare_with_live(course);
  if (status == FC_OK) status = course_read(course, &n, error);
  if (status != FC_OK) {
    course_clear(course);
    return status;
  }
  course->updates_at_candidate = course->updates_at_checkpoint = trainer_updates_done(course->trainer);
  course->safety_due = course->position > 0; /* rows that a checkpoint covers were never news to this process */
  return FC_OK;
}

void course_clear(course_t *course) {
  trainer_destroy(&course->trainer);
  fc_workflow_destroy(&course->workflow);
}
