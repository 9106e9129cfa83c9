/* safetensors.c - see safetensors.h. */
#include "safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/json.h"

_Static_assert(sizeof(float) == 4, "F32");
#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors are little-endian, and so is every host we build for"
#endif

enum { LENGTH_BYTES = 8, MAX_HEADER_BYTES = 1 << 20 };
static const int64_t largest_tensor = (int64_t)1 << 28;

int64_t safetensors_elements(const fc_tensor_t *tensor) {
  int64_t n = 1;
  for (int32_t i = 0; i < tensor->n_dims; ++i) n *= tensor->shape[i];
  return n;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static fc_status_t check_tensor(const fc_tensor_t *tensor, fc_error_t *error) {
  if (tensor->n_dims < 1 || tensor->n_dims > 4 || tensor->name[0] == '\0' || tensor->data == NULL)
    return fc_error_set(error, FC_EINVAL, "tensor %s: needs a name, data and 1 to 4 dims", tensor->name);
  int64_t elements = 1;
  for (int32_t i = 0; i < tensor->n_dims; ++i) {
    if (tensor->shape[i] < 1 || tensor->shape[i] > largest_tensor / elements)
      return fc_error_set(error, FC_EINVAL, "tensor %s: dim %d is %" PRId64, tensor->name, i, tensor->shape[i]);
    elements *= tensor->shape[i];
  }
  return FC_OK;
}

static char *make_header(const fc_tensor_t *tensors, int32_t n) {
  fc_json_t *header = fc_json_object();
  int64_t offset = 0;
  for (int32_t i = 0; i < n; ++i) {
    fc_json_t *entry = fc_json_object(), *shape = fc_json_array(), *offsets = fc_json_array();
    for (int32_t d = 0; d < tensors[i].n_dims; ++d) fc_json_append_int(shape, tensors[i].shape[d]);
    fc_json_append_int(offsets, offset);
    offset += 4 * safetensors_elements(&tensors[i]);
    fc_json_append_int(offsets, offset);
    fc_json_set_string(entry, "dtype", "F32");
    fc_json_set(entry, "shape", &shape);
    fc_json_set(entry, "data_offsets", &offsets);
    fc_json_set(header, tensors[i].name, &entry);
  }
  char *text = fc_json_dump(header, 0);
  fc_json_destroy(&header);
  return text;
}

fc_status_t safetensors_encode(const fc_tensor_t *tensors, int32_t n, uint8_t **bytes, size_t *size,
                               fc_error_t *error) {
  size_t data_size = 0;
  *bytes = NULL;
  for (int32_t i = 0; i < n; ++i) {
    FC_TRY(check_tensor(&tensors[i], error));
    for (int32_t j = 0; j < i; ++j)
      if (strcmp(tensors[i].name, tensors[j].name) == 0)
        return fc_error_set(error, FC_EINVAL, "tensor %s is here twice", tensors[i].name);
    data_size += 4 * (size_t)safetensors_elements(&tensors[i]);
  }
  char *header = make_header(tensors, n);
  const size_t text_size = strlen(header), header_size = (text_size + 7) / 8 * 8;
  *size = LENGTH_BYTES + header_size + data_size;
  *bytes = malloc(*size);
  if (*bytes != NULL) {
    const uint64_t length = header_size;
    uint8_t *at = *bytes;
    memcpy(at, &length, LENGTH_BYTES);
    memset(at + LENGTH_BYTES, ' ', header_size);
    memcpy(at + LENGTH_BYTES, header, text_size);
    at += LENGTH_BYTES + header_size;
    for (int32_t i = 0; i < n; ++i) {
      const size_t tensor_size = 4 * (size_t)safetensors_elements(&tensors[i]);
      memcpy(at, tensors[i].data, tensor_size);
      at += tensor_size;
    }
  }
  free(header);
  return *bytes != NULL ? FC_OK : fc_error_set(error, FC_ENOMEM, "no memory for %zu bytes of tensors", *size);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static fc_status_t read_shape(const fc_json_t *shape, fc_tensor_t *tensor, fc_error_t *error) {
  const size_t n_dims = fc_json_is_array(shape) ? fc_json_size(shape) : 0;
  if (n_dims < 1 || n_dims > 4) return fc_error_set(error, FC_EFORMAT, "tensor %s: expected 1 to 4 dims", tensor->name);
  tensor->n_dims = (int32_t)n_dims;
  int64_t elements = 1;
  for (size_t i = 0; i < n_dims; ++i) {
    int64_t dim = 0;
    if (!fc_json_int(fc_json_at(shape, i), &dim) || dim < 1 || dim > largest_tensor)
      return fc_error_set(error, FC_EFORMAT, "tensor %s: dim %zu is not a size", tensor->name, i);
    elements *= dim;
    if (elements > largest_tensor) return fc_error_set(error, FC_EFORMAT, "tensor %s is too large", tensor->name);
    tensor->shape[i] = dim;
  }
  return FC_OK;
}

/* Tensors must follow each other without holes, so that every byte of the data belongs to exactly one. */
static fc_status_t read_entry(const fc_json_t *entry, const uint8_t *data, size_t data_size, size_t *offset,
                              fc_tensor_t *tensor, fc_error_t *error) {
  const char *dtype = fc_json_string(fc_json_get(entry, "dtype"));
  const fc_json_t *offsets = fc_json_get(entry, "data_offsets");
  int64_t begin = -1, end = -1;
  if (dtype == NULL || strcmp(dtype, "F32") != 0)
    return fc_error_set(error, FC_EFORMAT, "tensor %s: expected dtype F32", tensor->name);
  FC_TRY(read_shape(fc_json_get(entry, "shape"), tensor, error));
  const int64_t bytes = 4 * safetensors_elements(tensor);
  if (!fc_json_is_array(offsets) || fc_json_size(offsets) != 2 || !fc_json_int(fc_json_at(offsets, 0), &begin) ||
      !fc_json_int(fc_json_at(offsets, 1), &end) || begin < 0 || (uint64_t)begin != *offset || end - begin != bytes ||
      (uint64_t)end > data_size)
    return fc_error_set(error, FC_EFORMAT, "tensor %s: its offsets do not fit shape and data", tensor->name);
  tensor->data = (const float *)(const void *)(data + begin);
  *offset = (size_t)end;
  return FC_OK;
}

static fc_status_t read_header(const fc_json_t *header, const uint8_t *data, size_t data_size, fc_tensor_t *tensors,
                               int32_t max, int32_t *n, fc_error_t *error) {
  size_t offset = 0;
  if (!fc_json_is_object(header) || fc_json_size(header) > (size_t)max)
    return fc_error_set(error, FC_EFORMAT, "expected a header of at most %d tensors", max);
  for (size_t i = 0; i < fc_json_size(header); ++i) {
    const char *name = fc_json_key_at(header, i);
    fc_tensor_t *tensor = &tensors[*n];
    memset(tensor, 0, sizeof *tensor);
    if (strcmp(name, "__metadata__") == 0) continue;
    if (name[0] == '\0' || strlen(name) >= sizeof tensor->name)
      return fc_error_set(error, FC_EFORMAT, "a tensor's name is empty or too long");
    memcpy(tensor->name, name, strlen(name) + 1);
    FC_TRY(read_entry(fc_json_get(header, name), data, data_size, &offset, tensor, error));
    *n += 1;
  }
  if (offset != data_size) return fc_error_set(error, FC_EFORMAT, "%zu bytes belong to no tensor", data_size - offset);
  return FC_OK;
}

fc_status_t safetensors_decode(const uint8_t *bytes, size_t size, fc_tensor_t *tensors, int32_t max, int32_t *n,
                               fc_error_t *error) {
  uint64_t length = 0;
  fc_json_t *header = NULL;
  *n = 0;
  if (size < LENGTH_BYTES) return fc_error_set(error, FC_EFORMAT, "shorter than its length field");
  memcpy(&length, bytes, LENGTH_BYTES);
  if (length < 2 || length > MAX_HEADER_BYTES || length > size - LENGTH_BYTES || length % 8 != 0)
    return fc_error_set(error, FC_EFORMAT, "the header claims %" PRIu64 " bytes", length);
  fc_status_t status = fc_json_parse((const char *)bytes + LENGTH_BYTES, (size_t)length, &header, error);
  if (status != FC_OK) {
    (void)fc_error_prefix(error, "header");
    return status;
  }
  const size_t data_at = LENGTH_BYTES + (size_t)length;
  status = read_header(header, bytes + data_at, size - data_at, tensors, max, n, error);
  fc_json_destroy(&header);
  return status;
}
