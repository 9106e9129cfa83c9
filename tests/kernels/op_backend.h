// Calling an op of any backend in float32, with the memory it works on.
#pragma once
#include "op_call.h"

extern "C" {
#include "faasconf/device.h"
}

namespace op_test {

Result call_table(const fc_ops_t *ops, Memory &memory, int index, const Shape &shape, const Values &inputs);

// Memory of a device; what fails ends the test program with the device's message.
class DeviceMemory : public Memory {
 public:
  explicit DeviceMemory(fc_device_t *device) : device_(device) {}
  ~DeviceMemory() override;
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;
  void *stream() override { return fc_device_stream(device_); }
  void *place(const void *from, size_t bytes) override;
  void read(void *to, const void *from, size_t bytes) override;

 private:
  fc_device_t *device_;
  std::vector<void *> blocks_;
};

}  // namespace op_test
