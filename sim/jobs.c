/* jobs.c - see jobs.h. The pieces are dealt out by one atomic counter; progress is told by the calling thread only. */
#include "jobs.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct {
  jobs_piece_t piece;
  jobs_progress_t progress;
  void *context;
  int64_t n_pieces;
  atomic_llong next, done;
  atomic_bool failed;
} jobs_t;

typedef struct {
  jobs_t *jobs;
  int32_t worker;
  fc_status_t status;
  int64_t failed_piece;
  fc_error_t error;
  pthread_t thread;
} worker_t;

static void work(worker_t *worker) {
  jobs_t *jobs = worker->jobs;
  while (!atomic_load(&jobs->failed)) {
    const int64_t piece = atomic_fetch_add(&jobs->next, 1);
    if (piece >= jobs->n_pieces) return;
    worker->status = jobs->piece(jobs->context, worker->worker, piece, &worker->error);
    const int64_t done = atomic_fetch_add(&jobs->done, 1) + 1;
    if (worker->status != FC_OK) {
      worker->failed_piece = piece;
      atomic_store(&jobs->failed, true);
      return;
    }
    if (worker->worker == 0 && jobs->progress != NULL) jobs->progress(jobs->context, done);
  }
}

static void *run_thread(void *argument) {
  work(argument);
  return NULL;
}

fc_status_t jobs_run(int32_t n_workers, int64_t n_pieces, jobs_piece_t piece, jobs_progress_t progress, void *context,
                     fc_error_t *error) {
  if (n_workers < 1 || n_workers > JOBS_MAX_WORKERS)
    return fc_error_set(error, FC_EINVAL, "%d workers: expected 1 to %d", (int)n_workers, JOBS_MAX_WORKERS);
  jobs_t jobs = {.piece = piece, .progress = progress, .context = context, .n_pieces = n_pieces};
  worker_t workers[JOBS_MAX_WORKERS];
  int32_t n_started = 1;
  if (n_workers > n_pieces) n_workers = n_pieces > 1 ? (int32_t)n_pieces : 1;
  for (int32_t w = 0; w < n_workers; ++w) workers[w] = (worker_t){.jobs = &jobs, .worker = w, .status = FC_OK};
  /* Where the system gives fewer threads, fewer do the same work. */
  for (int32_t w = 1; w < n_workers; ++w, ++n_started)
    if (pthread_create(&workers[w].thread, NULL, run_thread, &workers[w]) != 0) break;
  work(&workers[0]);
  for (int32_t w = 1; w < n_started; ++w) pthread_join(workers[w].thread, NULL);
  const worker_t *first = NULL;
  for (int32_t w = 0; w < n_started; ++w)
    if (workers[w].status != FC_OK && (first == NULL || workers[w].failed_piece < first->failed_piece))
      first = &workers[w];
  if (progress != NULL) progress(context, atomic_load(&jobs.done));
  if (first == NULL) return FC_OK;
  if (error != NULL) *error = first->error;
  return first->status;
}

int32_t jobs_default_workers(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int n = CPU_COUNT(&set);
  return n < 1 ? 1 : (n > JOBS_MAX_WORKERS ? JOBS_MAX_WORKERS : n);
}
