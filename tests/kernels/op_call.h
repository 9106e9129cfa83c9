// Calling any op by its index with named buffers of doubles, in float32 (per instruction set) and in double.
//
// op_call.cc is compiled once per precision; each op has one specialisation of Call there, and the tests loop over the
// X-macro of ops.h, so that an op without a call or without shapes does not compile.
#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace op_test {

// Where the arrays of a call lie: the host, each array exactly as long as it is, so that a sanitizer sees every step
// beyond. device_memory.h has that of a device.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual void *stream() { return nullptr; }
  // A copy, valid as long as this Memory.
  virtual void *place(const void *from, size_t bytes) {
    blocks_.push_back(std::make_unique<char[]>(bytes));
    if (bytes > 0) std::memcpy(blocks_.back().get(), from, bytes);
    return blocks_.back().get();
  }
  // After all ops that were called.
  virtual void read(void *to, const void *from, size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
};

// Dims of one call. Ops read the letters they need; rows R = b * n.
struct Shape {
  int l = 1, b = 3, n = 4;  // learners, batch, functions
  int in = 5, out = 7;      // widths: I and C
  int d = 8;                // attention width
  int graph = 0;            // 0 chain and star, 1 no edges, 2 complete with self, 3 last function isolated
  double parameter = 0;     // slope, momentum, discount, step ... whatever scalar the op has
  bool option = false;      // mask / bias / row weights / running statistics left out
};

using Values = std::map<std::string, std::vector<double>>;
struct Result {
  Values inputs;   // as used: given ones, and drawn ones for names that were not given
  Values outputs;  // accumulating outputs: what was added
};

// Runs op `index` (FC_OP_...) on inputs; what is missing in them is drawn from a fixed seed by name. The outputs start
// as NaN where the op says "writes" and at 0.5 where it accumulates. Returns empty maps when `isa` is not available.
Result call_float(const std::string &isa, int index, const Shape &shape, const Values &inputs);
Result call_double(int index, const Shape &shape, const Values &inputs);

// The shapes every op is tried with, ugly ones included.
std::vector<Shape> shapes_of(int index);
// Number of ops that have shapes; equals FC_OP_COUNT or it does not compile.
int ops_with_shapes();

// CSR arrays of a Shape's graph.
struct Graph {
  std::vector<int32_t> row_start, column, row, incoming_start, incoming;
};
Graph make_graph(int n, int kind);

}  // namespace op_test
