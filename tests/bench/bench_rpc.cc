// bench_rpc: how long a policy query takes over loopback TCP, beside a bare ZeroMQ ping of the same sizes.
//
//   bench_rpc [--workflow tcktapp] [--queries 2000] [--rounds 5] [--quick] [--json]
//
// A query carries an observation of all functions and is answered with a configuration, by a real faasconfd with a
// policy of the default size. A ping is a DEALER that sends as many bytes to a ROUTER in a process of its own, which
// sends as many back as the answer has. Both are one at a time, alternating by round. Reported: median and 99th
// percentile over all rounds, and their ratios.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "bench.h"
#include "echo.h"
#include "options.h"
#include "service.h"

extern "C" {
#include "faasconf/client.h"
}

namespace {

using fc_bench::Echo;
using fc_bench::give_up;
using fc_bench::now_s;
using fc_test::Service;
using fc_test::Socket;

// A policy query as a client of libfaasconf makes it.
class Query {
 public:
  explicit Query(const Service &service) {
    fc_error_t error = {};
    const fc_workflow_t *workflow = service.workflow();
    std::snprintf(request_.workflow, sizeof request_.workflow, "%s", workflow->name);
    request_.has_observation = true;
    if (fc_observation_init(&request_.observation, workflow->n_functions) != FC_OK) std::exit(1);
    fc_observation_t *o = &request_.observation;
    o->duration_s = workflow->window_s;
    o->load = {FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT, 1.5, 9.9};
    for (int32_t f = 0; f < workflow->n_functions; ++f) {
      o->configuration[f] = workflow->functions[f].start;
      o->metrics[f].present = (1u << FC_FUNCTION_METRIC_COUNT) - 1;
      o->metrics[f].cpu_utilization_pct = 20 + f;
    }
    if (fc_client_new(service.rpc().c_str(), 10000, &client_, &error) != FC_OK) give_up("bench_rpc", error);
    fc_wire_buffer_t bytes = {};
    if (fc_rpc_encode_decide_request(&request_, &bytes, &error) != FC_OK) give_up("bench_rpc", error);
    request_bytes = bytes.size;
    fc_wire_buffer_clear(&bytes);
    fc_rpc_decide_response_t response = ask();
    if (fc_rpc_encode_decide_response(&response, &bytes, &error) != FC_OK) give_up("bench_rpc", error);
    answer_bytes = bytes.size;
    fc_wire_buffer_clear(&bytes);
    fc_rpc_decide_response_clear(&response);
  }
  ~Query() {
    fc_client_destroy(&client_);
    fc_observation_clear(&request_.observation);
  }
  Query(const Query &) = delete;
  Query &operator=(const Query &) = delete;
  void run() {
    fc_rpc_decide_response_t response = ask();
    fc_rpc_decide_response_clear(&response);
  }
  size_t request_bytes, answer_bytes;

 private:
  fc_rpc_decide_response_t ask() {
    fc_error_t error = {};
    fc_rpc_decide_response_t response = {};
    if (fc_client_decide(client_, &request_, &response, &error) != FC_OK) give_up("bench_rpc", error);
    return response;
  }
  fc_client_t *client_ = nullptr;
  fc_rpc_decide_request_t request_ = {};
};

struct Times {
  std::vector<double> seconds;
  double us(double p) const { return 1e6 * seconds[static_cast<size_t>(p * static_cast<double>(seconds.size() - 1))]; }
};

template <typename Work>
void measure(int n, Work work, Times *times) {
  for (int i = -n / 10; i < n; ++i) {  // the first tenth warms up
    const double start = now_s();
    work();
    if (i >= 0) times->seconds.push_back(now_s() - start);
  }
}

void print(const std::string &workflow, const Query &query, const Times &ours, const Times &ping, bool json) {
  if (!json) {
    std::printf("%-10s request %zu B, answer %zu B\n%-6s %12s %12s\n", workflow.c_str(), query.request_bytes,
                query.answer_bytes, "", "median us", "p99 us");
    std::printf("%-6s %12.1f %12.1f\n%-6s %12.1f %12.1f\n%-6s %12.2f %12.2f\n", "query", ours.us(0.5), ours.us(0.99),
                "ping", ping.us(0.5), ping.us(0.99), "ratio", ours.us(0.5) / ping.us(0.5),
                ours.us(0.99) / ping.us(0.99));
    return;
  }
  fc_json_t *out = fc_json_object();
  fc_json_set_string(out, "bench", "rpc");
  fc_json_set_string(out, "workflow", workflow.c_str());
  fc_json_set_int(out, "request_bytes", static_cast<int64_t>(query.request_bytes));
  fc_json_set_int(out, "answer_bytes", static_cast<int64_t>(query.answer_bytes));
  fc_json_set_double(out, "query_us", ours.us(0.5));
  fc_json_set_double(out, "query_p99_us", ours.us(0.99));
  fc_json_set_double(out, "ping_us", ping.us(0.5));
  fc_json_set_double(out, "ping_p99_us", ping.us(0.99));
  fc_bench::print(out);
}

}  // namespace

int main(int argc, char **argv) {
  std::string workflow = "tcktapp";
  int queries = 2000, rounds = 5;
  bool quick = false, json = false;
  fc_bench::parse(
      "bench_rpc",
      {{"workflow", &workflow}, {"queries", &queries, 100}, {"rounds", &rounds, 1}, {"quick", &quick}, {"json", &json}},
      argc, argv);
  if (quick) rounds = std::min(rounds, 2);
  Service service("learner: {seed: 3, samples_per_insert: 8, batch: 8, min_rows: 4}\nlog: {level: warn}\n");
  service.start();
  service.register_workflow(fc_test::read_file(fc_test::source_file("workflows/" + workflow + ".yaml")));
  Socket agent(Socket::kDealer, service.ingest());
  agent.ask(fc_test::hello(service.workflow(), "agent", 1));
  if (fc_test::train_in_lockstep(service, &agent, "agent", 12) < 1) {
    std::fprintf(stderr, "bench_rpc: no policy came to life\n");
    return 1;
  }
  Query query(service);
  const Echo echo(query.answer_bytes);
  Socket pinger(Socket::kDealer, echo.endpoint());
  const std::string payload(query.request_bytes, 'x');
  Times ours, ping;
  for (int round = 0; round < rounds; ++round) {
    measure(
        queries, [&] { query.run(); }, &ours);
    measure(
        queries, [&] { pinger.send_bytes(payload), pinger.receive_bytes(); }, &ping);
  }
  std::sort(ours.seconds.begin(), ours.seconds.end());
  std::sort(ping.seconds.begin(), ping.seconds.end());
  print(workflow, query, ours, ping, json);
  service.stop();
  return 0;
}
