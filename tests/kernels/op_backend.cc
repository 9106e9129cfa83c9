// op_backend.cc - see op_backend.h.
#include "op_backend.h"

#include <cstdio>
#include <cstdlib>

namespace op_test {

static void must(fc_status_t status, const fc_error_t &error) {
  if (status == FC_OK) return;
  std::fprintf(stderr, "%s\n", error.message);
  std::abort();
}

DeviceMemory::~DeviceMemory() {
  for (void *block : blocks_) fc_device_give(device_, block);
}

void *DeviceMemory::place(const void *from, size_t bytes) {
  fc_error_t error = {};
  void *block = nullptr;
  must(fc_device_take(device_, bytes, &block, &error), error);
  blocks_.push_back(block);
  must(fc_device_write(device_, block, from, bytes, &error), error);
  return block;
}

void DeviceMemory::read(void *to, const void *from, size_t bytes) {
  fc_error_t error = {};
  must(fc_device_read(device_, to, from, bytes, &error), error);
}

}  // namespace op_test
