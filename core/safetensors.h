/* safetensors.h - inside core and for checkpoints: named float32 tensors as one byte string.
 *
 * The public safetensors format: u64 little-endian header length, a JSON header {name: {dtype, shape, data_offsets}},
 * then the data. Ours are F32 only, written in the given order without holes, the header padded with blanks to 8 bytes:
 * same tensors, same bytes. Reading checks every offset, shape and byte; nothing from outside is trusted.
 */
#ifndef CORE_SAFETENSORS_H
#define CORE_SAFETENSORS_H

#include "faasconf/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Caller owns *bytes and frees it with free(). Shapes: 1 to 4 dims, each >= 1; names unique. FC_EINVAL, FC_ENOMEM. */
fc_status_t safetensors_encode(const fc_tensor_t *tensors, int32_t n, uint8_t **bytes, size_t *size, fc_error_t *error);

/* Fills tensors[max] with views into `bytes`, which must be 8-byte aligned and outlive them. FC_EFORMAT says what is
 * wrong. */
fc_status_t safetensors_decode(const uint8_t *bytes, size_t size, fc_tensor_t *tensors, int32_t max, int32_t *n,
                               fc_error_t *error);

/* Elements of a tensor. */
int64_t safetensors_elements(const fc_tensor_t *tensor);

#ifdef __cplusplus
}
#endif
#endif
