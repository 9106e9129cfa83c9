// Every CUDA body, run on the CPU thread by thread (tests/support/simt.h): against double on every shape, in both
// orders of a block's threads.
#include <gtest/gtest.h>

#include "op_backend.h"
#include "op_compare.h"
#include "simt.h"

extern "C" {
#include "table_cuda.h"
}

namespace {

using op_test::describe;
using op_test::Memory;
using op_test::Result;
using op_test::Shape;
using op_test::Values;

Result call(int index, const Shape &shape, const Values &inputs, simt::Order order) {
  Memory memory;
  simt::set_order(order);
  return op_test::call_table(&ops_table_cuda, memory, index, shape, inputs);
}

class EveryCudaOp : public testing::TestWithParam<int> {};

TEST_P(EveryCudaOp, AgreesWithDoubleAndNotOnTheOrderOfThreads) {
  const int index = GetParam();
  double worst = 0;
  for (const Shape &shape : op_test::shapes_of(index)) {
    const Values inputs = op_test::inputs_of(index, shape);
    const Result expected = op_test::call_double(index, shape, inputs);
    const Result found = call(index, shape, inputs, simt::Order::kAscending);
    ASSERT_FALSE(expected.outputs.empty());
    for (const auto &[name, values] : expected.outputs) {
      const double off = op_test::worst_of_bound(values, found.outputs.at(name), 2e-6, 2e-5);
      EXPECT_LE(off, 1) << describe(index, shape) << " " << name;
      worst = std::max(worst, off);
    }
    EXPECT_EQ(found.outputs, call(index, shape, inputs, simt::Order::kDescending).outputs) << describe(index, shape);
  }
  RecordProperty("percent_of_bound", static_cast<int>(100 * worst));
}

INSTANTIATE_TEST_SUITE_P(Ops, EveryCudaOp, testing::ValuesIn(op_test::all_ops()), op_test::name_of_instance);

TEST(CudaOps, TableIsComplete) {
  EXPECT_STREQ("cuda", ops_table_cuda.backend);
  EXPECT_EQ(nullptr, fc_ops_missing(&ops_table_cuda));
}

}  // namespace
