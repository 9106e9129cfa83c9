/* faasconf/device.h - where a learner's arrays lie and its ops run: the host, or one CUDA device.
 *
 * A device owns memory, one stream of work and a table of ops (ops.h). On the host everything has happened when a call
 * returns. On a CUDA device ops, reads and writes follow each other on the stream; fc_device_wait and fc_device_read
 * return when they are done, and what went wrong in between is their failure (FC_ECUDA; the device is lost then and
 * only fc_device_close is left). A recording keeps what would have run, to be launched again and again (a CUDA graph);
 * the host has none to keep and says so.
 *
 * One thread per device.
 */
#ifndef FAASCONF_DEVICE_H
#define FAASCONF_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faasconf/ops.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_device fc_device_t;
typedef struct fc_recording fc_recording_t;

/* backend: "cpu", "cuda" (the first device that CUDA shows), or "auto": cuda where this build and this machine have it,
 * else cpu. Caller owns *out and closes it. FC_EINVAL for another name, FC_ENOTFOUND for "cuda" where there is none
 * (the message says why), FC_ENOMEM. */
fc_status_t fc_device_open(const char *backend, fc_device_t **out, fc_error_t *error);

/* Host memory with any table of ops that works on it; borrows ops until fc_device_close. */
fc_status_t fc_device_open_host(const fc_ops_t *ops, fc_device_t **out, fc_error_t *error);

/* NULL is fine; sets *device to NULL. Everything taken from it must have been given back. */
void fc_device_close(fc_device_t **device);

const fc_ops_t *fc_device_ops(const fc_device_t *device);
fc_stream_t *fc_device_stream(const fc_device_t *device); /* for ops; NULL on the host */
const char *fc_device_name(const fc_device_t *device);    /* "cpu avx512", "NVIDIA H200"; the device's */

/* At least so many bytes of stack for each thread of later kernels, for those that recurse. Does nothing on the host.
 */
fc_status_t fc_device_set_stack(fc_device_t *device, size_t bytes, fc_error_t *error);

/* Memory for `bytes` bytes, all 0, aligned to 64. FC_ENOMEM. Give it back with fc_device_give. */
fc_status_t fc_device_take(fc_device_t *device, size_t bytes, void **out, fc_error_t *error);
void fc_device_give(fc_device_t *device, void *memory);

/* From host memory, which may be reused when the call returns. */
fc_status_t fc_device_write(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error);
/* Into host memory, after all that was queued before; blocks until then. */
fc_status_t fc_device_read(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error);
/* Blocks until everything queued so far is done. */
fc_status_t fc_device_wait(fc_device_t *device, fc_error_t *error);

/* Host memory that copies from the device go to on their own, so that neither waits for the other: pieces are sent, the
 * parcel is sealed, more work is queued, and whoever wants to read it awaits the seal. Sent to and sealed again later,
 * it holds the newer pieces. `bytes` long; page-locked for a CUDA device. Caller owns *out; destroy it before the
 * device is closed. FC_ENOMEM. */
typedef struct fc_parcel fc_parcel_t;
fc_status_t fc_parcel_new(fc_device_t *device, size_t bytes, fc_parcel_t **out, fc_error_t *error);
void fc_parcel_destroy(fc_device_t *device, fc_parcel_t **parcel);
/* Queues a copy of device memory to bytes [at, at + bytes) of the parcel. Does not wait. */
fc_status_t fc_parcel_send(fc_device_t *device, fc_parcel_t *parcel, size_t at, const void *from, size_t bytes,
                           fc_error_t *error);
fc_status_t fc_parcel_seal(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error);
/* Blocks until all that was queued before the seal is done, not for what was queued after it. *data is the parcel's,
 * aligned to 8. FC_ECUDA. */
fc_status_t fc_parcel_await(fc_device_t *device, fc_parcel_t *parcel, const uint8_t **data, fc_error_t *error);

/* Between record and keep, ops are not run but kept, in their order. FC_ESTATE on the host. Free the recording with
 * fc_device_forget before the device is closed. */
fc_status_t fc_device_record(fc_device_t *device, fc_error_t *error);
fc_status_t fc_device_keep(fc_device_t *device, fc_recording_t **out, fc_error_t *error);
/* Queues all of it once. Does not wait. */
fc_status_t fc_device_replay(fc_device_t *device, fc_recording_t *recording, fc_error_t *error);
void fc_device_forget(fc_device_t *device, fc_recording_t **recording);

#ifdef __cplusplus
}
#endif
#endif
