// A server in a thread with real sockets, doing exactly what a test tells it: the agent's link sees a real peer.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "agent_fixture.h"

extern "C" {
#include "faasconf/wire.h"
}

namespace fc_test {

// What it says. Copied when the thread starts; changed under `change`.
struct ServerScript {
  ServerKey key;        // signs policies and stands in WELCOME
  bool welcome = true;  // false: HELLO is not answered
  bool workflow_known = true;
  bool acknowledge = true;     // false: TRANSITIONS are read and not answered
  int exhausted_answers = 0;   // this many batches are answered RESOURCE_EXHAUSTED first
  std::set<uint64_t> invalid;  // a batch with one of these sequences is refused as a whole
  uint64_t credit_bytes = 1 << 20;
  bool garbage = false;  // every answer is preceded by a frame of noise
  int64_t live_version = 0;
  size_t chunk_bytes = 300;  // of a policy
  std::map<int64_t, PolicyBytes> policies;
  std::map<int64_t, fc_wire_hint_t> hints;  // what chunks of a version carry
  std::vector<fc_safety_record_t> records;  // borrowed
  int64_t records_version = 0;
};

class FakeServer {
 public:
  // Port 0: a free one; the same number again after a destroyed one is a restarted server.
  FakeServer(const Workflow &workflow, ServerScript script, int ingest_port = 0, int hints_port = 0);
  ~FakeServer();
  FakeServer(const FakeServer &) = delete;
  FakeServer &operator=(const FakeServer &) = delete;

  std::string ingest() const { return ingest_; }
  std::string hints() const { return hints_; }
  int ingest_port() const { return port_of(ingest_); }
  int hints_port() const { return port_of(hints_); }

  void change(const std::function<void(ServerScript &)> &edit);
  // Publishes a policy: stored, signed, live, hinted.
  void publish(int64_t version, const PolicyBytes &policy);

  // (epoch, sequence) of every acknowledged transition, each once.
  std::set<std::pair<uint64_t, uint64_t>> stored() const;
  // Starts as if this were already durable (a restart with the same store).
  void preload(const std::set<std::pair<uint64_t, uint64_t>> &stored);
  int64_t received() const { return received_; }  // transitions read, repeats included
  int64_t hellos() const { return hellos_; }
  int64_t proposals() const { return proposals_; }
  int64_t pulls() const { return pulls_; }
  int32_t largest_batch() const { return largest_batch_; }
  uint64_t announced() const { return announced_; }  // next_sequence of the last HELLO
  std::vector<int32_t> function_ids() const;         // of the last HELLO
  bool lockstep_seen() const { return lockstep_seen_; }

 private:
  static int port_of(const std::string &address);
  void loop();
  void answer(const std::string &peer, const fc_wire_message_t &request);
  void send(const std::string &peer, const fc_wire_message_t &message);
  void take_transitions(const std::string &peer, const fc_wire_message_t &request);
  void send_chunk(const std::string &peer, const fc_wire_pull_t &pull);
  void send_hints();

  const Workflow &workflow_;
  mutable std::mutex mutex_;
  ServerScript script_;
  std::set<std::pair<uint64_t, uint64_t>> stored_;
  std::vector<int64_t> to_hint_;
  std::vector<int32_t> function_ids_;
  void *context_ = nullptr, *router_ = nullptr, *xpub_ = nullptr;
  std::string ingest_, hints_;
  std::atomic<bool> stop_{false}, lockstep_seen_{false};
  std::atomic<int64_t> received_{0}, hellos_{0}, proposals_{0}, pulls_{0};
  std::atomic<int32_t> largest_batch_{0};
  std::atomic<uint64_t> announced_{0};
  std::thread thread_;
};

}  // namespace fc_test
