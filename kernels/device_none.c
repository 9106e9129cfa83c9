/* device_none.c - a build without CUDA: there is no CUDA device. */
#include "device_kind.h"

fc_status_t device_open_cuda(fc_device_t **out, fc_error_t *error) {
  *out = NULL;
  return fc_error_set(error, FC_ENOTFOUND,
                      "backend cuda: this program was built without CUDA (build it where nvcc is found, or with "
                      "-DFAASCONF_CUDA=ON, which says what is missing)");
}
