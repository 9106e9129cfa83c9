// Every op on the CUDA device against the CPU in double, over every shape; the same call gives the same bytes.
#include <gtest/gtest.h>

#include "on_gpu.h"
#include "op_backend.h"
#include "op_compare.h"

namespace {

using op_test::describe;
using op_test::Result;
using op_test::Shape;
using op_test::Values;

class EveryOpOnGpu : public fc_test::OnGpu<testing::TestWithParam<int>> {
 protected:
  Result call(int index, const Shape &shape, const Values &inputs) {
    op_test::DeviceMemory memory(device_);
    return op_test::call_table(fc_device_ops(device_), memory, index, shape, inputs);
  }
};

TEST_P(EveryOpOnGpu, AgreesWithTheCpuInDouble) {
  const int index = GetParam();
  double worst = 0;
  for (const Shape &shape : op_test::shapes_of(index)) {
    const Values inputs = op_test::inputs_of(index, shape);
    const Result expected = op_test::call_double(index, shape, inputs);
    const Result found = call(index, shape, inputs);
    for (const auto &[name, values] : expected.outputs) {
      const double off = op_test::worst_of_bound(values, found.outputs.at(name), 2e-6, 2e-5);
      EXPECT_LE(off, 1) << describe(index, shape) << " " << name;
      worst = std::max(worst, off);
    }
    EXPECT_EQ(found.outputs, call(index, shape, inputs).outputs) << describe(index, shape);
  }
  RecordProperty("percent_of_bound", static_cast<int>(100 * worst));
}

// Sizes from which on products are cuBLAS's where it is there, one learner and several.
class WideProductsOnGpu : public EveryOpOnGpu {};

TEST_P(WideProductsOnGpu, AgreeWithTheCpuInDouble) {
  const int index = GetParam();
  for (const Shape &shape : {Shape{1, 2050, 4, 16, 33, 8, 0, 0.01, false}, Shape{2, 2050, 4, 33, 16, 8, 0, 0, true},
                             Shape{2, 75, 4, 200, 130, 8, 0, 0.01, false}}) {
    const Values inputs = op_test::inputs_of(index, shape);
    const Result expected = op_test::call_double(index, shape, inputs);
    const Result found = call(index, shape, inputs);
    for (const auto &[name, values] : expected.outputs)
      EXPECT_LE(op_test::worst_of_bound(values, found.outputs.at(name), 2e-6, 2e-5), 1)
          << describe(index, shape) << name;
    EXPECT_EQ(found.outputs, call(index, shape, inputs).outputs) << describe(index, shape);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, WideProductsOnGpu,
                         testing::Values(FC_OP_linear_forward, FC_OP_linear_relu_forward, FC_OP_linear_backward),
                         op_test::name_of_instance);

INSTANTIATE_TEST_SUITE_P(Ops, EveryOpOnGpu, testing::ValuesIn(op_test::all_ops()), op_test::name_of_instance);

}  // namespace
