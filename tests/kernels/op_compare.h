// What the tests of ops share: names, shapes as text, which backward belongs to which forward, and bounds.
#pragma once
#include <gtest/gtest.h>

#include "op_call.h"

namespace op_test {

const char *op_name(int index);
// Every op, and its name, for tests that run once per op.
std::vector<int> all_ops();
std::string name_of_instance(const testing::TestParamInfo<int> &instance);
std::string describe(int index, const Shape &s);

// Largest |found - expected| in units of atol + rtol * (largest expected magnitude of the tensor, then of the value).
double worst_of_bound(const std::vector<double> &expected, const std::vector<double> &found, double atol, double rtol);

struct Pair {
  int forward, backward;
  const char *output;                // of the forward
  std::vector<const char *> inputs;  // whose gradient the backward gives
};
std::vector<Pair> pairs();
const Pair *pair_of_backward(int index);

// Inputs for one call in double: drawn, or for a backward made of its forward's inputs and outputs (mean, rstd,
// weight).
Values inputs_of(int index, const Shape &shape);

}  // namespace op_test
