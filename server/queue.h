/* queue.h - where threads of the server meet: a bounded, closable first-in-first-out queue of fixed-size items.
 *
 * Items are copied in and out; an item that owns memory hands it over with the copy. Any number of pushing and popping
 * threads. A full queue makes queue_push wait and queue_try_push answer FC_EEXHAUSTED: back-pressure is always the
 * caller's visible choice. After queue_close nothing goes in; what is inside still comes out, then FC_ECLOSED.
 * queue_fd is readable while something can be popped (or the queue is closed), so that a thread can wait for sockets
 * and queues together.
 */
#ifndef SERVER_QUEUE_H
#define SERVER_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct queue queue_t;

enum { QUEUE_WAIT_FOREVER = -1 };

/* capacity >= 1 items of item_size bytes; all memory is taken here. FC_ENOMEM, FC_EIO (no file descriptor left). Caller
 * owns the result and destroys it with queue_destroy. */
fc_status_t queue_new(int32_t capacity, size_t item_size, queue_t **out, fc_error_t *error);

/* No thread may use it any more. Items left inside are dropped as bytes: whoever needs more pops them first. */
void queue_destroy(queue_t **queue);

/* Waits for room. FC_ECLOSED: *item is still the caller's. */
fc_status_t queue_push(queue_t *queue, const void *item);

/* Never waits. FC_EEXHAUSTED (full) or FC_ECLOSED: *item is still the caller's. */
fc_status_t queue_try_push(queue_t *queue, const void *item);

/* Waits at most timeout_ms (0: not at all; QUEUE_WAIT_FOREVER). FC_ETIMEOUT; FC_ECLOSED once closed and empty. */
fc_status_t queue_pop(queue_t *queue, void *item, int64_t timeout_ms);

/* Wakes all who wait. Any thread, more than once. */
void queue_close(queue_t *queue);

/* Readable while queue_pop would not wait. Borrowed; never read it. */
int queue_fd(const queue_t *queue);

int32_t queue_size(queue_t *queue);

#ifdef __cplusplus
}
#endif
#endif
