// bench_decide: how long one decision of an AttMF policy takes, one thread.
//
//   bench_decide [--workflow sequential,parallel,branch,tcktapp] [--rounds 9] [--quick] [--json]
//
// One decision = features of one observation, actor, action decoded to a configuration: what the agent does once per
// window and the server per query. Weights as at creation; their values do not change the work. Reported: median over
// rounds of the mean of a round, its best, and the 99th percentile of single decisions.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench.h"
#include "options.h"

extern "C" {
#include "faasconf/policy.h"
#include "trainer.h"
}

namespace {

using fc_bench::give_up;
using fc_bench::now_s;

enum { DECISIONS_PER_ROUND = 20000 };

struct Result {
  std::string workflow;
  int n_functions;
  double median_us, best_us, p99_us;
};

// The policy of an untrained learner of this workflow.
fc_policy_t *make_policy(const fc_workflow_t *workflow) {
  fc_error_t error = {};
  const trainer_options_t options = trainer_options_default(VARIANT_REPAIRED);
  trainer_t *trainer = nullptr;
  char *manifest = nullptr;
  uint8_t *weights = nullptr;
  size_t manifest_size = 0, weights_size = 0;
  fc_policy_t *policy = nullptr;
  if (trainer_new(workflow, &options, &trainer, &error) != FC_OK ||
      trainer_export(trainer, 1, &manifest, &manifest_size, &weights, &weights_size, &error) != FC_OK ||
      fc_policy_from_bytes(manifest, manifest_size, weights, weights_size, &policy, &error) != FC_OK)
    give_up("bench_decide", error);
  std::free(manifest);
  std::free(weights);
  trainer_destroy(&trainer);
  return policy;
}

// The start configuration with every metric present.
void fill(const fc_workflow_t *workflow, fc_observation_t *observation) {
  observation->duration_s = workflow->window_s;
  observation->load = {FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT, 1.5, 9.9};
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    observation->configuration[f] = workflow->functions[f].start;
    fc_function_metrics_t *m = &observation->metrics[f];
    m->present = (1u << FC_FUNCTION_METRIC_COUNT) - 1;
    m->cpu_utilization_pct = 20 + f;
    m->throttled_periods = 30;
    m->mem_utilization_pct = 5;
    m->net_rx_bytes_per_s = 20000;
    m->latency_p75_s = 1.5;
    m->latency_p95_s = 2.5;
  }
}

Result measure(const std::string &name, int rounds) {
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  if (fc_workflow_load(name.c_str(), &workflow, &error) != FC_OK) give_up("bench_decide", error);
  fc_policy_t *policy = make_policy(workflow);
  fc_observation_t observation = {};
  if (fc_observation_init(&observation, workflow->n_functions) != FC_OK) std::exit(1);
  fill(workflow, &observation);
  const size_t n = static_cast<size_t>(workflow->n_functions);
  std::vector<float> scratch(fc_policy_scratch_floats(policy, workflow)), action(n * FC_KNOBS),
      attention(static_cast<size_t>(workflow->neighbours.n_edges));
  std::vector<fc_function_configuration_t> configuration(n);
  std::vector<double> means, singles;
  for (int round = -1; round < rounds; ++round) {  // the first one warms up
    const double start = now_s();
    double last = start;
    for (int i = 0; i < DECISIONS_PER_ROUND; ++i) {
      if (fc_policy_decide(policy, workflow, &observation, scratch.data(), action.data(), attention.data()) != FC_OK)
        std::exit(1);
      fc_knobs_decode(workflow, FC_RANGES_MEASURED, FC_DECODE_UNIFORM, action.data(), configuration.data());
      const double now = now_s();
      if (round >= 0) singles.push_back(now - last);
      last = now;
    }
    if (round >= 0) means.push_back((last - start) / DECISIONS_PER_ROUND);
  }
  std::sort(means.begin(), means.end());
  std::sort(singles.begin(), singles.end());
  const Result result = {name, workflow->n_functions, 1e6 * means[means.size() / 2], 1e6 * means.front(),
                         1e6 * singles[singles.size() * 99 / 100]};
  fc_observation_clear(&observation);
  fc_policy_destroy(&policy);
  fc_workflow_destroy(&workflow);
  return result;
}

void print_json(const std::vector<Result> &results) {
  fc_json_t *out = fc_json_object(), *rows = fc_json_array();
  fc_json_set_string(out, "bench", "decide");
  for (const Result &r : results) {
    fc_json_t *row = fc_json_object();
    fc_json_set_string(row, "workflow", r.workflow.c_str());
    fc_json_set_int(row, "functions", r.n_functions);
    fc_json_set_double(row, "decide_us", r.median_us);
    fc_json_set_double(row, "best_decide_us", r.best_us);
    fc_json_set_double(row, "p99_decide_us", r.p99_us);
    fc_json_append(rows, &row);
  }
  fc_json_set(out, "rows", &rows);
  fc_bench::print(out);
}

}  // namespace

int main(int argc, char **argv) {
  std::string workflows = "sequential,parallel,branch,tcktapp";
  int rounds = 9;
  bool quick = false, json = false;
  fc_bench::parse("bench_decide",
                  {{"workflow", &workflows}, {"rounds", &rounds, 1}, {"quick", &quick}, {"json", &json}}, argc, argv);
  if (quick) rounds = std::min(rounds, 3);
  std::vector<Result> results;
  for (const std::string &name : fc_bench::split(workflows)) results.push_back(measure(name, rounds));
  if (json) {
    print_json(results);
    return 0;
  }
  std::printf("%-12s %5s %12s %12s %12s\n", "workflow", "N", "decide us", "best us", "p99 us");
  for (const Result &r : results)
    std::printf("%-12s %5d %12.2f %12.2f %12.2f\n", r.workflow.c_str(), r.n_functions, r.median_us, r.best_us,
                r.p99_us);
  return 0;
}
