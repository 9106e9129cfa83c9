/* device_kind.h - inside kernels: what a kind of device (host, CUDA) brings; device.c forwards to it. */
#ifndef KERNELS_DEVICE_KIND_H
#define KERNELS_DEVICE_KIND_H

#include "faasconf/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/* data and mark are the kind's. */
struct fc_parcel {
  uint8_t *data;
  size_t bytes;
  void *mark; /* of the seal */
};

typedef struct {
  void (*close)(fc_device_t *device);
  fc_status_t (*set_stack)(fc_device_t *device, size_t bytes, fc_error_t *error);
  fc_status_t (*take)(fc_device_t *device, size_t bytes, void **out, fc_error_t *error);
  void (*give)(fc_device_t *device, void *memory);
  fc_status_t (*write)(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error);
  fc_status_t (*read)(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error);
  fc_status_t (*wait)(fc_device_t *device, fc_error_t *error);
  fc_status_t (*parcel_open)(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error); /* bytes is set */
  void (*parcel_close)(fc_device_t *device, fc_parcel_t *parcel); /* also of one that did not open whole */
  fc_status_t (*parcel_send)(fc_device_t *device, uint8_t *to, const void *from, size_t bytes, fc_error_t *error);
  fc_status_t (*parcel_seal)(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error);
  fc_status_t (*parcel_await)(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error);
  fc_status_t (*record)(fc_device_t *device, fc_error_t *error);
  fc_status_t (*keep)(fc_device_t *device, fc_recording_t **out, fc_error_t *error);
  fc_status_t (*replay)(fc_device_t *device, fc_recording_t *recording, fc_error_t *error);
  void (*forget)(fc_device_t *device, fc_recording_t *recording);
} device_kind_t;

/* The head of every device; a kind appends what it needs. */
struct fc_device {
  const device_kind_t *kind;
  const fc_ops_t *ops;
  fc_stream_t *stream;
  char name[256];
};

/* The first CUDA device. FC_ENOTFOUND where this build or this machine has none. */
fc_status_t device_open_cuda(fc_device_t **out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
