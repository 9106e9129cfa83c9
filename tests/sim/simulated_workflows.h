// The paper's fork-mode workflows built by hand, with the fitted parameters in full precision: tests of the simulator
// need neither files nor parser.
#pragma once
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "faasconf/workflow.h"
}

namespace fc_test {

// Owns everything an fc_workflow_t points to, as far as the simulator reads it.
class SimulatedWorkflow {
 public:
  explicit SimulatedWorkflow(const std::string &name) {
    std::snprintf(workflow_.name, sizeof workflow_.name, "%s", name.c_str());
    workflow_.window_s = 30;
    workflow_.prices.usd_per_millicore_hour = 0.000173;
    workflow_.prices.usd_per_mib_hour = 0.000012;
    fc_simulator_parameters_t &p = workflow_.simulator;
    p.present = true;
    p.orchestrator_startup_s = 0.891944521258963;
    p.orchestrator_startup_sigma = 0.3;
    p.orchestrator_finish_s = 0.038441956689514487;
    p.gateway_delay_s = 0.03;
    p.throttling_loss = 0.5259342800553433;
    p.warmup_share = 0.1371936848705699;
    p.sigma_window = 0.026323937617374605;
    p.sigma_function = 0.036974065166154285;
    p.sigma_replica = 0.12185638754998063;
    p.mem_idle_mib = 20;
    p.mem_waiting_share = 0.3;
    p.spawn_rate_per_s = 10;
    p.cold_start_median_s = 2.5;
    p.cold_start_sigma = 0.3;
  }
  SimulatedWorkflow(const SimulatedWorkflow &) = delete;
  SimulatedWorkflow &operator=(const SimulatedWorkflow &) = delete;

  int function(const std::string &name, const fc_function_simulator_t &parameters, fc_on_failure_t on_failure) {
    fc_function_t f = {};
    std::snprintf(f.name, sizeof f.name, "%s", name.c_str());
    f.on_failure = on_failure;
    const fc_knob_range_t measured[FC_KNOBS] = {{600, 2000}, {614, 2048}, {2, 8}, {2, 10}};
    const fc_knob_range_t full[FC_KNOBS] = {{250, 2000}, {256, 2048}, {1, 8}, {1, 10}};
    std::memcpy(f.ranges, measured, sizeof measured);
    std::memcpy(f.full_ranges, full, sizeof full);
    f.start = {1300, 1331, 5, 6};
    f.calls = -1;
    functions_.push_back(f);
    parameters_.push_back(parameters);
    return static_cast<int>(functions_.size()) - 1;
  }

  int call(int function, bool uses_previous_output = true) {
    fc_call_node_t node = plain(FC_CALL_FUNCTION);
    node.function = function;
    node.uses_previous_output = uses_previous_output;
    nodes_.push_back(node);
    return static_cast<int>(nodes_.size()) - 1;
  }

  int group(fc_call_kind_t kind, const std::vector<int> &children) {
    nodes_.push_back(plain(kind));
    const int group = static_cast<int>(nodes_.size()) - 1;
    for (size_t i = children.size(); i-- > 0;) {
      nodes_[children[i]].next_sibling = nodes_[group].first_child;
      nodes_[group].first_child = children[i];
    }
    return group;
  }

  fc_call_node_t &node(int index) { return nodes_[index]; }
  fc_function_t &function_at(int index) { return functions_[index]; }
  fc_function_simulator_t &parameters_at(int index) { return parameters_[index]; }
  fc_workflow_t &raw() { return workflow_; }

  // The workflow with `root` as its calls; valid until something is added.
  const fc_workflow_t *build(int root) {
    workflow_.n_functions = static_cast<int32_t>(functions_.size());
    workflow_.functions = functions_.data();
    workflow_.simulator.functions = parameters_.data();
    workflow_.n_call_nodes = static_cast<int32_t>(nodes_.size());
    workflow_.call_nodes = nodes_.data();
    workflow_.calls = root;
    return &workflow_;
  }

  const fc_workflow_t *get() const { return &workflow_; }

 private:
  static fc_call_node_t plain(fc_call_kind_t kind) {
    fc_call_node_t node = {};
    node.kind = kind;
    node.function = -1;
    node.first_child = node.next_sibling = -1;
    node.probability = 1;
    node.count.n_outcomes = 1;
    node.count.count[0] = 1;
    node.count.probability[0] = 1;
    node.uses_previous_output = true;
    return node;
  }

  fc_workflow_t workflow_ = {};
  std::vector<fc_function_t> functions_;
  std::vector<fc_function_simulator_t> parameters_;
  std::vector<fc_call_node_t> nodes_;
};

// One function or several without any noise, delay, start-up or loss: what queueing theory speaks of.
class PlainWorkflow : public SimulatedWorkflow {
 public:
  explicit PlainWorkflow(double window_s = 30) : SimulatedWorkflow("plain") {
    fc_simulator_parameters_t &p = raw().simulator;
    p.orchestrator_startup_s = p.orchestrator_startup_sigma = p.orchestrator_finish_s = p.gateway_delay_s = 0;
    p.throttling_loss = p.warmup_share = p.sigma_window = p.sigma_function = p.sigma_replica = 0;
    p.mem_idle_mib = 0;
    p.cold_start_median_s = p.cold_start_sigma = 0;
    p.spawn_rate_per_s = 1e9;
    raw().window_s = window_s;
  }
  // Work in CPU seconds, its lognormal sigma.
  int plain(const std::string &name, double work_cpu_s, double sigma = 0, fc_function_mode_t mode = FC_MODE_FORK) {
    const int f = function(name, {work_cpu_s, 0, 1, 0, 0, 0, 0, sigma, 0}, FC_ON_FAILURE_FAIL);
    function_at(f).mode = mode;
    return f;
  }
};

// Fitted parameters: work, start-up share, parallelism, MiB, contention, answer delay, bytes per call, sigma.
inline fc_function_simulator_t fitted(const std::string &function) {
  const double light = 0.9065724495939638, kappa = 0.03568415430123556, delay = 0.030642480801696955,
               sigma = 0.039331041026066466, onnx_delay = 0.008923909532589092;
  if (function == "starter") return {0.7307111542945117, light, 1, 40, kappa, delay, 154e3, sigma, 0};
  if (function == "rgb") return {0.7369695870045729, light, 1, 50, kappa, delay, 154e3, sigma, 0};
  if (function == "load")
    return {(0.7307111542945117 + 0.7369695870045729) / 2, light, 1, 50, kappa, delay, 154e3, sigma, 0};
  if (function == "resize") return {0.6639843031664258, light, 1, 50, kappa, delay, 53e3, sigma, 0};
  if (function == "update") return {0.6741814450479924, light, 1, 50, kappa, delay, 52e3, sigma, 0};
  if (function == "resnet")
    return {1.7450504855996238,
            0.39418059815659456,
            1.4937062656262243,
            310.08032351933764,
            0.01703869689828389,
            onnx_delay,
            49e3,
            sigma,
            0};
  return {1.059914800404108,
          0.7000252775060863,
          1.1785477470796388,
          134.72554449599497,
          0.015868139344316596,
          onnx_delay,
          144e3,
          sigma,
          0};  // mobilenet
}

// starter -> rgb -> resize -> update -> {resnet, mobilenet}; mobilenet gets the workflow's own input.
inline std::unique_ptr<SimulatedWorkflow> parallel_workflow() {
  auto w = std::make_unique<SimulatedWorkflow>("parallel");
  const int starter = w->function("starter", fitted("starter"), FC_ON_FAILURE_IGNORE);
  const int rgb = w->function("rgb", fitted("rgb"), FC_ON_FAILURE_POISON);
  const int resize = w->function("resize", fitted("resize"), FC_ON_FAILURE_POISON);
  const int update = w->function("update", fitted("update"), FC_ON_FAILURE_POISON);
  const int resnet = w->function("resnet", fitted("resnet"), FC_ON_FAILURE_FAIL);
  const int mobilenet = w->function("mobilenet", fitted("mobilenet"), FC_ON_FAILURE_FAIL);
  const int both = w->group(FC_CALL_PARALLEL, {w->call(resnet), w->call(mobilenet, false)});
  w->build(w->group(FC_CALL_SEQUENCE,
                    {w->call(starter, false), w->call(rgb, false), w->call(resize), w->call(update), both}));
  return w;
}

// starter -> load -> resize -> update -> resnet
inline std::unique_ptr<SimulatedWorkflow> sequential_workflow() {
  auto w = std::make_unique<SimulatedWorkflow>("sequential");
  const int starter = w->function("starter", fitted("starter"), FC_ON_FAILURE_IGNORE);
  const int load = w->function("load", fitted("load"), FC_ON_FAILURE_POISON);
  const int resize = w->function("resize", fitted("resize"), FC_ON_FAILURE_POISON);
  const int update = w->function("update", fitted("update"), FC_ON_FAILURE_POISON);
  const int resnet = w->function("resnet", fitted("resnet"), FC_ON_FAILURE_FAIL);
  w->build(w->group(FC_CALL_SEQUENCE, {w->call(starter, false), w->call(load, false), w->call(resize), w->call(update),
                                       w->call(resnet)}));
  return w;
}

// starter -> {0.4: rgb -> resize -> update -> mobilenet, 0.6: load -> resnet}
inline std::unique_ptr<SimulatedWorkflow> branch_workflow() {
  auto w = std::make_unique<SimulatedWorkflow>("branch");
  const int starter = w->function("starter", fitted("starter"), FC_ON_FAILURE_IGNORE);
  const int rgb = w->function("rgb", fitted("rgb"), FC_ON_FAILURE_POISON);
  const int resize = w->function("resize", fitted("resize"), FC_ON_FAILURE_POISON);
  const int update = w->function("update", fitted("update"), FC_ON_FAILURE_POISON);
  const int mobilenet = w->function("mobilenet", fitted("mobilenet"), FC_ON_FAILURE_FAIL);
  const int load = w->function("load", fitted("load"), FC_ON_FAILURE_POISON);
  const int resnet = w->function("resnet", fitted("resnet"), FC_ON_FAILURE_FAIL);
  const int left =
      w->group(FC_CALL_SEQUENCE, {w->call(rgb, false), w->call(resize), w->call(update), w->call(mobilenet, false)});
  const int right = w->group(FC_CALL_SEQUENCE, {w->call(load, false), w->call(resnet)});
  w->node(left).probability = 0.4;
  w->node(right).probability = 0.6;
  const int either = w->group(FC_CALL_CHOICE, {left, right});
  w->build(w->group(FC_CALL_SEQUENCE, {w->call(starter, false), either}));
  return w;
}

}  // namespace fc_test
