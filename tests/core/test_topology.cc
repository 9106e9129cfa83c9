// tests core/topology.c: edges, visits, depth and degrees of the paper's graphs and of small ones.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core_fixture.h"

namespace {
using fc_test::with;
using fc_test::Workflow;
using Pairs = std::set<std::pair<int, int>>;

Pairs edges(const fc_topology_t &csr, uint32_t kinds) {
  Pairs pairs;
  for (int i = 0; i < csr.n_functions; ++i)
    for (int e = csr.row_start[i]; e < csr.row_start[i + 1]; ++e)
      if (csr.edge_kinds[e] & kinds) pairs.emplace(i, csr.column[e]);
  return pairs;
}

double multiplicity(const Workflow &w, int from, int to) {
  for (int e = w->topology.row_start[from]; e < w->topology.row_start[from + 1]; ++e)
    if (w->topology.column[e] == to) return w->topology.multiplicity[e];
  return -1.0;
}

template <typename T>
std::vector<T> array(const T *values, int n) {
  return std::vector<T>(values, values + n);
}

// Rows in order, columns ascending, every edge with a kind, both directions present, nobody its own neighbour.
void expect_well_formed(const fc_topology_t &csr) {
  const std::map<uint32_t, uint32_t> opposite = {{FC_EDGE_SUCCESSOR, FC_EDGE_PREDECESSOR},
                                                 {FC_EDGE_SIBLING, FC_EDGE_SIBLING},
                                                 {FC_EDGE_DESCENDANT, FC_EDGE_ANCESTOR}};
  ASSERT_EQ(0, csr.row_start[0]);
  ASSERT_EQ(csr.n_edges, csr.row_start[csr.n_functions]);
  for (int i = 0; i < csr.n_functions; ++i) {
    ASSERT_LE(csr.row_start[i], csr.row_start[i + 1]);
    for (int e = csr.row_start[i]; e < csr.row_start[i + 1]; ++e) {
      EXPECT_NE(0u, csr.edge_kinds[e]);
      EXPECT_NE(i, csr.column[e]);
      EXPECT_TRUE(csr.column[e] >= 0 && csr.column[e] < csr.n_functions);
      if (e > csr.row_start[i]) {
        EXPECT_LT(csr.column[e - 1], csr.column[e]);
      }
    }
  }
  for (const auto &[kind, back] : opposite) {
    Pairs reversed;
    for (const auto &[i, j] : edges(csr, back)) reversed.emplace(j, i);
    EXPECT_EQ(edges(csr, kind), reversed);
  }
}

TEST(Topology, SequentialIsAChain) {
  const Workflow w = Workflow::shipped("sequential");
  expect_well_formed(w->topology);
  EXPECT_EQ((Pairs{{0, 1}, {1, 2}, {2, 3}, {3, 4}}), edges(w->topology, FC_EDGE_SUCCESSOR));
  EXPECT_EQ((Pairs{{0, 2}, {0, 3}, {0, 4}, {1, 3}, {1, 4}, {2, 4}}), edges(w->topology, FC_EDGE_DESCENDANT));
  EXPECT_EQ(Pairs{}, edges(w->topology, FC_EDGE_SIBLING));
  EXPECT_EQ((std::vector<double>(5, 1.0)), array(w->visits, 5));
  EXPECT_EQ((std::vector<int>{0, 1, 2, 3, 4}), array(w->depth, 5));
  EXPECT_EQ((std::vector<int>{0, 1, 1, 1, 1}), array(w->in_degree, 5));
  EXPECT_EQ((std::vector<int>{1, 1, 1, 1, 0}), array(w->out_degree, 5));
}

TEST(Topology, ParallelEndsInTwoSiblings) {
  const Workflow w = Workflow::shipped("parallel");
  expect_well_formed(w->topology);
  EXPECT_EQ((Pairs{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {3, 5}}), edges(w->topology, FC_EDGE_SUCCESSOR));
  EXPECT_EQ((Pairs{{4, 5}, {5, 4}}), edges(w->topology, FC_EDGE_SIBLING));
  EXPECT_EQ((std::vector<double>(6, 1.0)), array(w->visits, 6));
  EXPECT_EQ((std::vector<int>{0, 1, 2, 3, 4, 4}), array(w->depth, 6));
  EXPECT_EQ((std::vector<int>{1, 1, 1, 2, 0, 0}), array(w->out_degree, 6));
  EXPECT_EQ(1.0, multiplicity(w, 3, 4));
  EXPECT_EQ(0.0, multiplicity(w, 4, 5)) << "siblings exchange nothing";
}

TEST(Topology, BranchIsVisitedByItsProbabilities) {
  const Workflow w = Workflow::shipped("branch");
  expect_well_formed(w->topology);
  EXPECT_EQ((Pairs{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {0, 5}, {5, 6}}), edges(w->topology, FC_EDGE_SUCCESSOR));
  EXPECT_EQ((std::vector<double>{1, .4, .4, .4, .4, .6, .6}), array(w->visits, 7));
  EXPECT_EQ((std::vector<int>{0, 1, 2, 3, 4, 1, 2}), array(w->depth, 7));
  EXPECT_EQ(Pairs{}, edges(w->topology, FC_EDGE_SIBLING)) << "one or the other is not at once";
  EXPECT_DOUBLE_EQ(0.4, multiplicity(w, 0, 1));
  EXPECT_DOUBLE_EQ(0.6, multiplicity(w, 0, 5));
  EXPECT_DOUBLE_EQ(0.4, multiplicity(w, 2, 3));
  EXPECT_DOUBLE_EQ(0.6, multiplicity(w, 6, 5)) << "the other direction has the same";
}

TEST(Topology, TcktAppHasThePublishedDegrees) {
  const Workflow w = Workflow::shipped("tcktapp");
  expect_well_formed(w->topology);
  EXPECT_EQ((Pairs{{0, 1},
                   {0, 3},
                   {0, 6},
                   {0, 8},
                   {0, 10},
                   {0, 11},
                   {1, 4},
                   {1, 5},
                   {1, 7},
                   {1, 9},
                   {4, 3},
                   {7, 6},
                   {11, 2},
                   {11, 3},
                   {11, 6},
                   {11, 10}}),
            edges(w->topology, FC_EDGE_SUCCESSOR));
  std::vector<int> degrees;
  for (int f = 0; f < 12; ++f) degrees.push_back(w->in_degree[f] + w->out_degree[f]);
  EXPECT_EQ((std::vector<int>{6, 5, 1, 3, 2, 1, 3, 2, 1, 1, 2, 5}), degrees);
  EXPECT_EQ((std::vector<int>{0, 1, 2, 3, 2, 2, 3, 2, 1, 2, 2, 1}), array(w->depth, 12)) << "the longest way";
  const double trips = 0.872 + 2 * 0.082 + 3 * 0.046;
  EXPECT_DOUBLE_EQ(1.0, w->visits[0]);
  EXPECT_DOUBLE_EQ(2 * trips, w->visits[1]);
  EXPECT_DOUBLE_EQ(trips, w->visits[2]);
  EXPECT_DOUBLE_EQ(5 + 2 * trips + trips, w->visits[3]);
  EXPECT_DOUBLE_EQ(2 + 4 * trips + 2 * trips, w->visits[10]);
  EXPECT_DOUBLE_EQ(5, multiplicity(w, 0, 3));
  EXPECT_DOUBLE_EQ(2 * trips, multiplicity(w, 11, 10));
}

TEST(Topology, NeighboursAreTheDirectEdgesOnly) {
  for (const char *name : {"sequential", "parallel", "branch", "tcktapp"}) {
    const Workflow w = Workflow::shipped(name);
    const uint32_t direct = FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR;
    expect_well_formed(w->neighbours);
    EXPECT_EQ(edges(w->topology, direct), edges(w->neighbours, ~0u)) << name;
    fc_topology_t none;
    ASSERT_EQ(FC_OK, fc_topology_select(&w->neighbours, 1u << 20, &none));
    EXPECT_EQ(0, none.n_edges);
    EXPECT_EQ(0, none.row_start[w->n_functions]);
    fc_topology_clear(&none);
  }
}

Workflow chain_with(const std::string &calls) {
  return Workflow(with(fc_test::kChain, "calls: [a, b, c]", calls));
}

TEST(Topology, AStepThatMayBeSkippedIsSteppedOver) {
  for (const char *calls :
       {"calls: [a, {call: b, probability: 0.25}, c]", "calls: [a, {call: b, count: {0: 0.75, 1: 0.25}}, c]",
        "calls: [a, {repeat: 1, calls: [b], probability: 0.25}, c]",
        "calls: [a, {repeat: 1, calls: [{call: b, probability: 0.25}]}, c]"}) {
    SCOPED_TRACE(calls);
    const Workflow w = chain_with(calls);
    EXPECT_EQ((Pairs{{0, 1}, {1, 2}, {0, 2}}), edges(w->topology, FC_EDGE_SUCCESSOR));
    EXPECT_DOUBLE_EQ(0.25, multiplicity(w, 0, 1));
    EXPECT_DOUBLE_EQ(0.25, multiplicity(w, 1, 2));
    EXPECT_DOUBLE_EQ(0.75, multiplicity(w, 0, 2));
    EXPECT_EQ((std::vector<double>{1, 0.25, 1}), array(w->visits, 3));
    EXPECT_EQ((std::vector<int>{0, 1, 2}), array(w->depth, 3));
  }
}

TEST(Topology, EveryBranchThatMayBeSkippedIsSteppedOver) {
  const Workflow choice = chain_with(
      "calls: [a, {choice: [{probability: 0.5, calls: [b]}, {probability: 0.5, calls: [{call: b, probability: "
      "0.5}]}]}, c]");
  EXPECT_EQ((Pairs{{0, 1}, {1, 2}, {0, 2}}), edges(choice->topology, FC_EDGE_SUCCESSOR));
  EXPECT_DOUBLE_EQ(0.75, multiplicity(choice, 0, 1));
  EXPECT_DOUBLE_EQ(0.25, multiplicity(choice, 0, 2));
  const Workflow parallel = chain_with("calls: [a, {parallel: [[{call: b, probability: 0.5}], [c]]}]");
  EXPECT_EQ((Pairs{{0, 1}, {0, 2}}), edges(parallel->topology, FC_EDGE_SUCCESSOR));
  EXPECT_EQ((Pairs{{1, 2}, {2, 1}}), edges(parallel->topology, FC_EDGE_SIBLING));
}

TEST(Topology, AFunctionCalledTwiceClosesNoDepthCycle) {
  const Workflow w = chain_with("calls: [a, b, a, c]");
  EXPECT_EQ((Pairs{{0, 1}, {1, 0}, {0, 2}}), edges(w->topology, FC_EDGE_SUCCESSOR));
  EXPECT_EQ((std::vector<double>{2, 1, 1}), array(w->visits, 3));
  EXPECT_EQ((std::vector<int>{0, 1, 1}), array(w->depth, 3));
  expect_well_formed(w->topology);
}

TEST(Topology, CountsMultiplyVisits) {
  const Workflow w = chain_with("calls: [a, {repeat: {1: 0.5, 3: 0.5}, calls: [b, {call: c, count: 2}]}]");
  EXPECT_EQ((std::vector<double>{1, 2, 4}), array(w->visits, 3));
  EXPECT_DOUBLE_EQ(1, multiplicity(w, 0, 1)) << "only the first repetition follows a";
  EXPECT_DOUBLE_EQ(2, multiplicity(w, 1, 2)) << "every repetition";
}

TEST(Topology, AnUncalledFunctionStandsAlone) {
  const Workflow w = chain_with("calls: [a, c]");
  EXPECT_EQ(0.0, w->visits[1]);
  EXPECT_EQ(0, w->depth[1]);
  EXPECT_EQ(w->topology.row_start[1], w->topology.row_start[2]);
}

}  // namespace
