/* device.c - the host as a device, and which device a name means: see faasconf/device.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_kind.h"

enum { ALIGNMENT_BYTES = 64 };

/* ---- the host ---- */

static void host_close(fc_device_t *device) {
  free(device);
}

static fc_status_t host_take(fc_device_t *device, size_t bytes, void **out, fc_error_t *error) {
  (void)device;
  const size_t whole = (bytes + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
  *out = whole < bytes ? NULL : aligned_alloc(ALIGNMENT_BYTES, whole > 0 ? whole : ALIGNMENT_BYTES);
  if (*out == NULL) return fc_error_set(error, FC_ENOMEM, "out of memory for %zu MiB", bytes >> 20);
  memset(*out, 0, whole);
  return FC_OK;
}

static fc_status_t host_set_stack(fc_device_t *device, size_t bytes, fc_error_t *error) {
  (void)device;
  (void)bytes;
  (void)error;
  return FC_OK;
}

static void host_give(fc_device_t *device, void *memory) {
  (void)device;
  free(memory);
}

static fc_status_t host_copy(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error) {
  (void)device;
  (void)error;
  if (bytes > 0) memcpy(to, from, bytes);
  return FC_OK;
}

static fc_status_t host_wait(fc_device_t *device, fc_error_t *error) {
  (void)device;
  (void)error;
  return FC_OK;
}

static fc_status_t host_parcel_open(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error) {
  (void)device;
  parcel->data = calloc(parcel->bytes > 0 ? parcel->bytes : 1, 1);
  return parcel->data != NULL ? FC_OK : fc_error_set(error, FC_ENOMEM, "out of memory for %zu bytes", parcel->bytes);
}

static void host_parcel_close(fc_device_t *device, fc_parcel_t *parcel) {
  (void)device;
  free(parcel->data);
}

static fc_status_t host_parcel_send(fc_device_t *device, uint8_t *to, const void *from, size_t bytes,
                                    fc_error_t *error) {
  return host_copy(device, to, from, bytes, error);
}

static fc_status_t host_parcel_done(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error) {
  (void)parcel;
  return host_wait(device, error);
}

static fc_status_t host_record(fc_device_t *device, fc_error_t *error) {
  return fc_error_set(error, FC_ESTATE, "%s: the host runs ops at once and records none", device->name);
}

static fc_status_t host_keep(fc_device_t *device, fc_recording_t **out, fc_error_t *error) {
  *out = NULL;
  return host_record(device, error);
}

static fc_status_t host_replay(fc_device_t *device, fc_recording_t *recording, fc_error_t *error) {
  (void)recording;
  return host_record(device, error);
}

static void host_forget(fc_device_t *device, fc_recording_t *recording) {
  (void)device;
  (void)recording;
}

static const device_kind_t host_kind = {.close = host_close,
                                        .set_stack = host_set_stack,
                                        .take = host_take,
                                        .give = host_give,
                                        .write = host_copy,
                                        .read = host_copy,
                                        .wait = host_wait,
                                        .parcel_open = host_parcel_open,
                                        .parcel_close = host_parcel_close,
                                        .parcel_send = host_parcel_send,
                                        .parcel_seal = host_parcel_done,
                                        .parcel_await = host_parcel_done,
                                        .record = host_record,
                                        .keep = host_keep,
                                        .replay = host_replay,
                                        .forget = host_forget};

fc_status_t fc_device_open_host(const fc_ops_t *ops, fc_device_t **out, fc_error_t *error) {
  *out = NULL;
  const char *missing = fc_ops_missing(ops);
  if (missing != NULL) return fc_error_set(error, FC_EINTERNAL, "backend %s lacks the op %s", ops->backend, missing);
  fc_device_t *device = calloc(1, sizeof *device);
  if (device == NULL) return fc_error_set(error, FC_ENOMEM, "out of memory for a device");
  device->kind = &host_kind;
  device->ops = ops;
  snprintf(device->name, sizeof device->name, "%s %s", ops->backend, ops->isa);
  *out = device;
  return FC_OK;
}

/* ---- any device ---- */

fc_status_t fc_device_open(const char *backend, fc_device_t **out, fc_error_t *error) {
  *out = NULL;
  if (strcmp(backend, "cpu") == 0) return fc_device_open_host(fc_ops_cpu(), out, error);
  if (strcmp(backend, "cuda") == 0) return device_open_cuda(out, error);
  if (strcmp(backend, "auto") != 0)
    return fc_error_set(error, FC_EINVAL, "backend `%s`: expected cpu, cuda or auto", backend);
  if (device_open_cuda(out, NULL) == FC_OK) return FC_OK;
  return fc_device_open_host(fc_ops_cpu(), out, error);
}

void fc_device_close(fc_device_t **device) {
  if (device == NULL || *device == NULL) return;
  (*device)->kind->close(*device);
  *device = NULL;
}

const fc_ops_t *fc_device_ops(const fc_device_t *device) {
  return device->ops;
}

fc_stream_t *fc_device_stream(const fc_device_t *device) {
  return device->stream;
}

const char *fc_device_name(const fc_device_t *device) {
  return device->name;
}

fc_status_t fc_device_set_stack(fc_device_t *device, size_t bytes, fc_error_t *error) {
  return device->kind->set_stack(device, bytes, error);
}

fc_status_t fc_device_take(fc_device_t *device, size_t bytes, void **out, fc_error_t *error) {
  *out = NULL;
  return device->kind->take(device, bytes, out, error);
}

void fc_device_give(fc_device_t *device, void *memory) {
  if (memory != NULL) device->kind->give(device, memory);
}

fc_status_t fc_device_write(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error) {
  return device->kind->write(device, to, from, bytes, error);
}

fc_status_t fc_device_read(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error) {
  return device->kind->read(device, to, from, bytes, error);
}

fc_status_t fc_device_wait(fc_device_t *device, fc_error_t *error) {
  return device->kind->wait(device, error);
}

fc_status_t fc_parcel_new(fc_device_t *device, size_t bytes, fc_parcel_t **out, fc_error_t *error) {
  *out = NULL;
  fc_parcel_t *parcel = calloc(1, sizeof *parcel);
  if (parcel == NULL) return fc_error_set(error, FC_ENOMEM, "out of memory for a parcel");
  parcel->bytes = bytes;
  const fc_status_t status = device->kind->parcel_open(device, parcel, error);
  if (status != FC_OK) {
    fc_parcel_destroy(device, &parcel);
    return status;
  }
  *out = parcel;
  return FC_OK;
}

void fc_parcel_destroy(fc_device_t *device, fc_parcel_t **parcel) {
  if (*parcel == NULL) return;
  device->kind->parcel_close(device, *parcel);
  free(*parcel);
  *parcel = NULL;
}

fc_status_t fc_parcel_send(fc_device_t *device, fc_parcel_t *parcel, size_t at, const void *from, size_t bytes,
                           fc_error_t *error) {
  FC_ASSERT(at <= parcel->bytes && bytes <= parcel->bytes - at);
  return bytes == 0 ? FC_OK : device->kind->parcel_send(device, parcel->data + at, from, bytes, error);
}

fc_status_t fc_parcel_seal(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error) {
  return device->kind->parcel_seal(device, parcel, error);
}

fc_status_t fc_parcel_await(fc_device_t *device, fc_parcel_t *parcel, const uint8_t **data, fc_error_t *error) {
  FC_TRY(device->kind->parcel_await(device, parcel, error));
  *data = parcel->data;
  return FC_OK;
}

fc_status_t fc_device_record(fc_device_t *device, fc_error_t *error) {
  return device->kind->record(device, error);
}

fc_status_t fc_device_keep(fc_device_t *device, fc_recording_t **out, fc_error_t *error) {
  return device->kind->keep(device, out, error);
}

fc_status_t fc_device_replay(fc_device_t *device, fc_recording_t *recording, fc_error_t *error) {
  return device->kind->replay(device, recording, error);
}

void fc_device_forget(fc_device_t *device, fc_recording_t **recording) {
  if (*recording != NULL) device->kind->forget(device, *recording);
  *recording = NULL;
}
