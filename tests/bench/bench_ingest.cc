// bench_ingest: durable transitions per second through a real faasconfd, and how long an acknowledgement takes.
//
//   bench_ingest [--quick] [--seconds 5] [--agents 4] [--rate 50000] [--only
//   alone,single,batched,bare,append,learner,paced]
//   [--json]
//
// Agents (threads, one DEALER socket each) send transitions of the Parallel workflow (6 functions), encoded beforehand,
// with 1 or 64 per message over loopback and keep a window of messages in flight; a transition counts once it is
// acknowledged, that is after the group commit with synchronous=FULL. `alone` is one agent that waits for each
// acknowledgement. Generator and server share the machine's cores. Latency runs from the send to the acknowledgement.
// The last column is the cost of one fsync in the same folder, which bounds what any durable server can do. `bare`: the
// same messages to a ROUTER in a process of its own that answers each with as many bytes as an acknowledgement has and
// does nothing else. `append`: the same bytes to a plain file, synced every 1,000 rows. `learner`: updates/s of a
// server that always has updates to make, alone and while transitions come in at --rate. `paced` (only when it is asked
// for): `batched` at --rate.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <thread>

#include "echo.h"
#include "options.h"
#include "service.h"

extern "C" {
#include "faasconf/histogram.h"
}

namespace {

using Clock = std::chrono::steady_clock;
using fc_test::Batch;
using fc_test::Message;
using fc_test::Service;
using fc_test::Socket;

constexpr size_t kAcknowledgementBytes = 64;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Result {
  uint64_t acknowledged = 0, exhausted = 0;
  fc_histogram_t latency;
};

// One agent. Its first rows are encoded beforehand: what is measured is the server, and making messages is none of its
// work.
class Agent {
 public:
  Agent(const Service &service, int index, int per_message, double rows_ahead)
      : socket_(Socket::kDealer, service.ingest()),
        rows_(static_cast<size_t>(per_message)),
        batch_(service.workflow(), "agent-" + std::to_string(index), 1, std::vector<uint64_t>(rows_, 1)) {
    socket_.ask(fc_test::hello(service.workflow(), "agent-" + std::to_string(index), 1));
    while (static_cast<double>(next_) <= rows_ahead) ahead_.push_back(encode_next());
    next_ = 1;
  }

  // For `seconds`: `window` messages in flight; with a rate, no more rows per second.
  void run(size_t window, double seconds, double rate_per_s = 0) {
    fc_histogram_init(&result.latency);
    std::deque<Clock::time_point> sent;
    const Clock::time_point start = Clock::now();
    for (bool sending = true; sending || !sent.empty();) {
      const double since = seconds_since(start);
      sending = since < seconds;
      if (sending && rate_per_s > 0 && sent.empty() && static_cast<double>(next_) > since * rate_per_s) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      while (sending && sent.size() < window &&
             (rate_per_s <= 0 || static_cast<double>(next_) <= seconds_since(start) * rate_per_s)) {
        sent.push_back(Clock::now());
        send_next();
      }
      if (sent.empty() && sending) continue;
      if (sent.empty()) break;
      const Message ack = socket_.receive();
      if (ack.type() != FC_WIRE_ACK) {
        fprintf(stderr, "bench_ingest: no acknowledgement\n");
        exit(1);
      }
      fc_histogram_add(&result.latency, seconds_since(sent.front()));
      sent.pop_front();
      (ack->as.ack.code == FC_RPC_OK ? result.acknowledged : result.exhausted) += rows_;
    }
  }

  Result result;

 private:
  std::string encode_next() {
    for (size_t i = 0; i < rows_; ++i) batch_[i].sequence = next_++;
    return fc_test::encode(batch_.message());
  }
  void send_next() {
    const size_t message = (next_ - 1) / rows_;
    if (message < ahead_.size()) {
      socket_.send_bytes(ahead_[message]);
      next_ += rows_;
    } else {
      socket_.send_bytes(encode_next());
    }
  }

  Socket socket_;
  size_t rows_;
  Batch batch_;
  std::vector<std::string> ahead_;
  uint64_t next_ = 1;
};

// All agents of a run, ready to send.
std::vector<std::unique_ptr<Agent>> agents_of(const Service &service, int n, int first, int per_message,
                                              double rows_ahead) {
  std::vector<std::unique_ptr<Agent>> agents;
  for (int a = 0; a < n; ++a)
    agents.push_back(std::make_unique<Agent>(service, first + a, per_message, std::min(rows_ahead, 100000.0) / n));
  return agents;
}

void run_all(const std::vector<std::unique_ptr<Agent>> &agents, size_t window, double seconds, double rate_per_s) {
  std::vector<std::thread> threads;
  for (const auto &agent : agents)
    threads.emplace_back(
        [&, window, seconds] { agent->run(window, seconds, rate_per_s / static_cast<double>(agents.size())); });
  for (std::thread &thread : threads) thread.join();
}

// Median seconds of writing 4 KiB and fsync.
double fsync_s(const std::string &folder) {
  const std::string path = folder + "/fsync.probe";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<double> times;
  const std::string block(4096, 'x');
  for (int i = 0; i < 50; ++i) {
    const Clock::time_point start = Clock::now();
    if (pwrite(file, block.data(), block.size(), i * 4096) < 0 || fsync(file) != 0) break;
    times.push_back(seconds_since(start));
  }
  close(file);
  unlink(path.c_str());
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void run(const char *name, int agents, int per_message, size_t window, double seconds, bool json,
         double rate_per_s = 0) {
  Service service("learner: {enabled: false}\nlog: {level: warn}\n");
  service.start();
  service.register_workflow(fc_test::read_file(fc_test::source_file("workflows/parallel.yaml")));
  const auto all = agents_of(service, agents, 0, per_message, 60000 * seconds);
  const Clock::time_point start = Clock::now();
  run_all(all, window, seconds, rate_per_s);
  const double wall_s = seconds_since(start);
  Result total;
  fc_histogram_init(&total.latency);
  for (const auto &agent : all) {
    total.acknowledged += agent->result.acknowledged;
    total.exhausted += agent->result.exhausted;
    fc_histogram_merge(&total.latency, &agent->result.latency);
  }
  const fc_rpc_status_response_t status = service.status();
  const double rate = static_cast<double>(total.acknowledged) / wall_s;
  const double p50_ms = 1e3 * fc_histogram_quantile_s(&total.latency, 0.5);
  const double p99_ms = 1e3 * fc_histogram_quantile_s(&total.latency, 0.99);
  const double commits = static_cast<double>(status.group_commits) / wall_s, sync_ms = 1e3 * fsync_s(service.store());
  if (json) {
    printf(
        "{\"name\":\"%s\",\"agents\":%d,\"per_message\":%d,\"transitions_per_s\":%.0f,\"ack_p50_ms\":%.3f,"
        "\"ack_p99_ms\":%.3f,\"commits_per_s\":%.1f,\"exhausted\":%llu,\"fsync_ms\":%.3f}\n",
        name, agents, per_message, rate, p50_ms, p99_ms, commits, static_cast<unsigned long long>(total.exhausted),
        sync_ms);
  } else {
    printf("%-10s %6d %11d %14.0f %11.2f %11.2f %10.1f %10llu %9.3f\n", name, agents, per_message, rate, p50_ms, p99_ms,
           commits, static_cast<unsigned long long>(total.exhausted), sync_ms);
  }
  fflush(stdout);
  service.stop();
}

// Messages per second to a ROUTER that only answers.
void run_bare(const char *name, int agents, int per_message, size_t window, double seconds, bool json) {
  Service service("learner: {enabled: false}\nlog: {level: warn}\n");
  service.start();
  service.register_workflow(fc_test::read_file(fc_test::source_file("workflows/parallel.yaml")));
  Batch batch(service.workflow(), "agent-0", 1, std::vector<uint64_t>(static_cast<size_t>(per_message), 1));
  const std::string bytes = fc_test::encode(batch.message());
  service.stop();
  const fc_bench::Echo echo(kAcknowledgementBytes);
  std::vector<uint64_t> answered(static_cast<size_t>(agents), 0);
  std::vector<std::thread> threads;
  const Clock::time_point start = Clock::now();
  for (int a = 0; a < agents; ++a) {
    threads.emplace_back([&, a] {
      Socket socket(Socket::kDealer, echo.endpoint());
      size_t in_flight = 0;
      for (bool sending = true; sending || in_flight > 0;) {
        sending = seconds_since(start) < seconds;
        for (; sending && in_flight < window; ++in_flight) socket.send_bytes(bytes);
        if (in_flight == 0) break;
        if (socket.receive_bytes().empty()) exit(1);
        in_flight -= 1;
        answered[static_cast<size_t>(a)] += 1;
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  double messages = 0;
  for (uint64_t n : answered) messages += static_cast<double>(n);
  const double rate = messages / seconds_since(start);
  printf(json ? "{\"name\":\"%s\",\"agents\":%d,\"per_message\":%d,\"messages_per_s\":%.0f,\"bytes\":%zu}\n"
              : "%-10s %6d %11d %14.0f messages/s of %zu bytes\n",
         name, agents, per_message, rate, bytes.size());
  fflush(stdout);
}

// Rows per second that one process can append to a file and make durable by the thousand: what no durable server on
// this disk can be faster than.
void run_append(const char *name, int per_message, double seconds, bool json) {
  Service service("learner: {enabled: false}\nlog: {level: warn}\n");
  service.start();
  service.register_workflow(fc_test::read_file(fc_test::source_file("workflows/parallel.yaml")));
  Batch batch(service.workflow(), "agent-0", 1, std::vector<uint64_t>(static_cast<size_t>(per_message), 1));
  std::string group;
  for (int row = 0; row < 1000; row += per_message) group += fc_test::encode(batch.message());
  const std::string path = service.store() + "/append.probe";
  service.stop();
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  double rows = 0;
  const Clock::time_point start = Clock::now();
  while (seconds_since(start) < seconds) {
    if (write(file, group.data(), group.size()) != static_cast<ssize_t>(group.size()) || fdatasync(file) != 0) exit(1);
    rows += 1000;
  }
  const double rate = rows / seconds_since(start);
  close(file);
  unlink(path.c_str());
  printf(json ? "{\"name\":\"%s\",\"per_message\":%d,\"transitions_per_s\":%.0f}\n"
              : "%-10s %18d %14.0f transitions/s to a plain file, fdatasync every 1,000\n",
         name, per_message, rate);
  fflush(stdout);
}

double updates_per_s(const Service &service, double seconds) {
  const auto before = static_cast<double>(service.status().learner_updates);
  const Clock::time_point start = Clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return (static_cast<double>(service.status().learner_updates) - before) / seconds_since(start);
}

// How much a learner that never rests is slowed down by rows that come in; medians of five pairs.
void run_learner(int agents, double rate_per_s, double seconds, bool json) {
  Service service(
      "learner: {samples_per_insert: 1000000, min_rows: 64, candidate_every_updates: 100000000, "
      "checkpoint_every_updates: 100000000}\nlog: {level: warn}\n");
  service.start();
  service.register_workflow(fc_test::read_file(fc_test::source_file("workflows/parallel.yaml")));
  Agent(service, 1000, 64, 10000).run(4, 0.2);
  std::vector<double> alone, beside, rates;
  for (int round = 0; round < 5; ++round) {
    const auto all = agents_of(service, agents, agents * round, 64, rate_per_s * seconds);
    alone.push_back(updates_per_s(service, seconds));
    std::thread generator([&] { run_all(all, 16, seconds, rate_per_s); });
    beside.push_back(updates_per_s(service, seconds));
    generator.join();
    double rows = 0;
    for (const auto &agent : all) rows += static_cast<double>(agent->result.acknowledged);
    rates.push_back(rows / seconds);
  }
  for (std::vector<double> *values : {&alone, &beside, &rates}) std::sort(values->begin(), values->end());
  printf(json
             ? "{\"name\":\"learner\",\"updates_per_s_alone\":%.1f,\"updates_per_s\":%.1f,\"transitions_per_s\":%.0f}\n"
             : "learner    %.1f updates/s alone, %.1f beside %.0f transitions/s\n",
         alone[2], beside[2], rates[2]);
  fflush(stdout);
  service.kill(); /* a checkpoint of no use */
}

bool wanted(const std::string &only, const char *name) {
  return only.empty() || ("," + only + ",").find("," + std::string(name) + ",") != std::string::npos;
}

}  // namespace

int main(int argc, char **argv) {
  double seconds = 5, rate = 50000;
  int agents = 4;
  std::string only;
  bool quick = false, json = false;
  fc_bench::parse("bench_ingest",
                  {{"seconds", &seconds, 0.1},
                   {"agents", &agents, 1},
                   {"rate", &rate, 1},
                   {"only", &only},
                   {"quick", &quick},
                   {"json", &json}},
                  argc, argv);
  for (const std::string &name : fc_bench::split(only)) {
    if (!wanted("alone,single,batched,bare,append,learner,paced", name.c_str()))
      fc_bench::usage("bench_ingest", "--only: there is no part " + name);
  }
  if (quick) seconds = std::min(seconds, 1.0);
  if (!json) {
    printf("%-10s %6s %11s %14s %11s %11s %10s %10s %9s\n", "name", "agents", "per_message", "transitions/s",
           "ack_p50_ms", "ack_p99_ms", "commits/s", "exhausted", "fsync_ms");
  }
  if (wanted(only, "alone")) run("alone", 1, 1, 1, seconds, json);
  if (wanted(only, "single")) run("single", agents, 1, 256, seconds, json);
  if (wanted(only, "batched")) run("batched", agents, 64, 16, seconds, json);
  if (only == "paced") run("paced", agents, 64, 16, seconds, json, rate);
  if (wanted(only, "bare")) run_bare("bare", agents, 1, 256, seconds, json);
  if (wanted(only, "append")) run_append("append", 1, seconds, json);
  if (wanted(only, "learner")) run_learner(agents, rate, seconds, json);
  return 0;
}
