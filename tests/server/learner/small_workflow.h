// A workflow made by hand: names, topology and nothing else. What a learning algorithm reads of fc_workflow_t.
#pragma once
#include <cstring>
#include <utility>
#include <vector>

extern "C" {
#include "faasconf/workflow.h"
}

namespace fc_test {

class SmallWorkflow {
 public:
  // Directed data edges; each becomes a successor edge and its reverse a predecessor edge. `others` become sibling
  // edges in both directions.
  SmallWorkflow(int n_functions, const std::vector<std::pair<int, int>> &edges,
                const std::vector<std::pair<int, int>> &others = {})
      : functions_(n_functions), row_start_(n_functions + 1), visits_(n_functions, 1.0) {
    std::vector<std::vector<unsigned>> kinds(n_functions, std::vector<unsigned>(n_functions, 0));
    for (const auto &[from, to] : edges) {
      kinds[from][to] |= FC_EDGE_SUCCESSOR;
      kinds[to][from] |= FC_EDGE_PREDECESSOR;
    }
    for (const auto &[a, b] : others) {
      kinds[a][b] |= FC_EDGE_SIBLING;
      kinds[b][a] |= FC_EDGE_SIBLING;
    }
    for (int i = 0; i < n_functions; ++i) {
      row_start_[i] = static_cast<int32_t>(column_.size());
      for (int j = 0; j < n_functions; ++j) {
        if (kinds[i][j] == 0) continue;
        column_.push_back(j);
        kinds_.push_back(kinds[i][j]);
      }
    }
    row_start_[n_functions] = static_cast<int32_t>(column_.size());
    multiplicity_.assign(column_.size(), 1.0);
    std::memset(&workflow_, 0, sizeof workflow_);
    std::strcpy(workflow_.name, "small");
    workflow_.n_functions = n_functions;
    workflow_.functions = functions_.data();
    workflow_.visits = visits_.data();
    workflow_.topology.n_functions = n_functions;
    workflow_.topology.n_edges = static_cast<int32_t>(column_.size());
    workflow_.topology.row_start = row_start_.data();
    workflow_.topology.column = column_.data();
    workflow_.topology.edge_kinds = kinds_.data();
    workflow_.topology.multiplicity = multiplicity_.data();
  }
  SmallWorkflow(const SmallWorkflow &) = delete;
  SmallWorkflow &operator=(const SmallWorkflow &) = delete;

  const fc_workflow_t *get() const { return &workflow_; }

  // The Parallel workflow's graph: 0 -> 1 -> 2 -> 3 -> {4, 5}, 4 and 5 siblings.
  static std::vector<std::pair<int, int>> parallel_edges() { return {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {3, 5}}; }

 private:
  fc_workflow_t workflow_;
  std::vector<fc_function_t> functions_;
  std::vector<int32_t> row_start_, column_;
  std::vector<uint32_t> kinds_;
  std::vector<double> multiplicity_, visits_;
};

}  // namespace fc_test
