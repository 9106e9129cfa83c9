/* queue.c - a ring under one mutex, two conditions and one eventfd (queue.h).
 *
 * The eventfd is raised when the queue turns non-empty (or closes) and lowered when it turns empty, both under the
 * mutex, so that it never claims what is not there.
 */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct queue {
  pthread_mutex_t mutex;
  pthread_cond_t not_empty, not_full;
  uint8_t *ring; /* capacity x item_size */
  size_t item_size;
  int32_t capacity, size, head; /* head: next to pop */
  bool closed;
  int event_fd;
};

fc_status_t queue_new(int32_t capacity, size_t item_size, queue_t **out, fc_error_t *error) {
  FC_ASSERT(capacity >= 1 && item_size >= 1);
  queue_t *queue = calloc(1, sizeof *queue);
  if (queue == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a queue");
  queue->ring = calloc((size_t)capacity, item_size);
  queue->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (queue->ring == NULL || queue->event_fd < 0) {
    const int cause = errno;
    const bool no_memory = queue->ring == NULL;
    if (queue->event_fd >= 0) close(queue->event_fd);
    free(queue->ring);
    free(queue);
    return no_memory ? fc_error_set(error, FC_ENOMEM, "no memory for a queue of %d items", (int)capacity)
                     : fc_error_set(error, FC_EIO, "cannot make an eventfd: %s", strerror(cause));
  }
  pthread_condattr_t monotonic;
  FC_ASSERT_EQ(pthread_condattr_init(&monotonic), 0);
  FC_ASSERT_EQ(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC), 0);
  FC_ASSERT_EQ(pthread_mutex_init(&queue->mutex, NULL), 0);
  FC_ASSERT_EQ(pthread_cond_init(&queue->not_empty, &monotonic), 0);
  FC_ASSERT_EQ(pthread_cond_init(&queue->not_full, &monotonic), 0);
  pthread_condattr_destroy(&monotonic);
  queue->item_size = item_size;
  queue->capacity = capacity;
  *out = queue;
  return FC_OK;
}

void queue_destroy(queue_t **queue) {
  if (queue == NULL || *queue == NULL) return;
  queue_t *self = *queue;
  pthread_cond_destroy(&self->not_empty);
  pthread_cond_destroy(&self->not_full);
  pthread_mutex_destroy(&self->mutex);
  close(self->event_fd);
  free(self->ring);
  free(self);
  *queue = NULL;
}

/* The eventfd counter is 0 or 1: a write to a raised one is harmless, a read lowers it. */
static void event_raise(const queue_t *queue) {
  const uint64_t one = 1;
  const ssize_t written = write(queue->event_fd, &one, sizeof one);
  FC_ASSERT(written == (ssize_t)sizeof one || errno == EAGAIN);
}

static void event_lower(const queue_t *queue) {
  uint64_t count;
  const ssize_t got = read(queue->event_fd, &count, sizeof count);
  FC_ASSERT(got == (ssize_t)sizeof count || errno == EAGAIN);
}

static fc_status_t push(queue_t *queue, const void *item, bool wait) {
  fc_status_t status = FC_OK;
  pthread_mutex_lock(&queue->mutex);
  while (wait && !queue->closed && queue->size == queue->capacity) {
    pthread_cond_wait(&queue->not_full, &queue->mutex);
  }
  if (queue->closed) {
    status = FC_ECLOSED;
  } else if (queue->size == queue->capacity) {
    status = FC_EEXHAUSTED;
  } else {
    const int32_t tail = (queue->head + queue->size) % queue->capacity;
    memcpy(queue->ring + (size_t)tail * queue->item_size, item, queue->item_size);
    if (queue->size++ == 0) event_raise(queue);
    pthread_cond_signal(&queue->not_empty);
  }
  pthread_mutex_unlock(&queue->mutex);
  return status;
}

fc_status_t queue_push(queue_t *queue, const void *item) {
  return push(queue, item, true);
}

fc_status_t queue_try_push(queue_t *queue, const void *item) {
  return push(queue, item, false);
}

static struct timespec deadline_after(int64_t timeout_ms) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_sec += (time_t)(timeout_ms / 1000);
  at.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
  if (at.tv_nsec >= 1000000000L) {
    at.tv_sec += 1;
    at.tv_nsec -= 1000000000L;
  }
  return at;
}

fc_status_t queue_pop(queue_t *queue, void *item, int64_t timeout_ms) {
  fc_status_t status = FC_OK;
  const struct timespec deadline = deadline_after(timeout_ms > 0 ? timeout_ms : 0);
  pthread_mutex_lock(&queue->mutex);
  while (queue->size == 0 && !queue->closed && status == FC_OK) {
    if (timeout_ms == 0) {
      status = FC_ETIMEOUT;
    } else if (timeout_ms < 0) {
      pthread_cond_wait(&queue->not_empty, &queue->mutex);
    } else if (pthread_cond_timedwait(&queue->not_empty, &queue->mutex, &deadline) == ETIMEDOUT) {
      status = FC_ETIMEOUT;
    }
  }
  if (queue->size > 0) {
    memcpy(item, queue->ring + (size_t)queue->head * queue->item_size, queue->item_size);
    queue->head = (queue->head + 1) % queue->capacity;
    if (--queue->size == 0 && !queue->closed) event_lower(queue);
    pthread_cond_signal(&queue->not_full);
    status = FC_OK;
  } else if (queue->closed) {
    status = FC_ECLOSED;
  }
  pthread_mutex_unlock(&queue->mutex);
  return status;
}

void queue_close(queue_t *queue) {
  pthread_mutex_lock(&queue->mutex);
  if (!queue->closed) {
    queue->closed = true;
    event_raise(queue);
    pthread_cond_broadcast(&queue->not_empty);
    pthread_cond_broadcast(&queue->not_full);
  }
  pthread_mutex_unlock(&queue->mutex);
}

int queue_fd(const queue_t *queue) {
  return queue->event_fd;
}

int32_t queue_size(queue_t *queue) {
  pthread_mutex_lock(&queue->mutex);
  const int32_t size = queue->size;
  pthread_mutex_unlock(&queue->mutex);
  return size;
}
