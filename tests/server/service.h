// A real faasconfd in a folder of its own, and raw sockets that speak its protocol: what the server's tests act
// through.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/json.h"
#include "faasconf/rpc.h"
#include "faasconf/wire.h"
}

namespace fc_test {

// A decoded message that frees itself; type FC_WIRE_NONE when nothing came.
class Message {
 public:
  Message() { message_.type = FC_WIRE_NONE; }
  ~Message() { fc_wire_message_clear(&message_); }
  Message(Message &&other) noexcept : message_(other.message_) { other.message_.type = FC_WIRE_NONE; }
  Message &operator=(Message &&other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  fc_wire_message_t *get() { return &message_; }
  const fc_wire_message_t *operator->() const { return &message_; }
  fc_wire_type_t type() const { return message_.type; }

 private:
  fc_wire_message_t message_ = {};
};

// One socket: DEALER (an agent or a client), REQ (a client) or SUB (an agent's ear for hints).
class Socket {
 public:
  enum Kind { kDealer, kReq, kSub };
  Socket(Kind kind, const std::string &endpoint, const std::string &subscription = "");
  ~Socket();
  Socket(const Socket &) = delete;
  Socket &operator=(const Socket &) = delete;
  void send_bytes(const std::string &bytes);
  void send_parts(const std::vector<std::string> &parts);
  void send(const fc_wire_message_t &message);
  // The next message's last part; "" when none came in time.
  std::string receive_bytes(int timeout_ms = 10000);
  Message receive(int timeout_ms = 10000);
  Message ask(const fc_wire_message_t &message, int timeout_ms = 10000);

 private:
  void *context_ = nullptr;
  void *socket_ = nullptr;
};

std::string encode(const fc_wire_message_t &message);

// faasconfd with a store in a temporary folder and free ports; several can run at once.
class Service {
 public:
  // `yaml`: sections beside store, listen and security.
  explicit Service(const std::string &yaml = "");
  ~Service();
  void start();
  int stop();   // SIGTERM; the exit code
  void kill();  // SIGKILL
  const std::string &ingest() const { return ingest_; }
  const std::string &hints() const { return hints_; }
  const std::string &rpc() const { return rpc_; }
  std::string store(const std::string &name = "") const {
    return folder_.path("store" + (name.empty() ? "" : "/" + name));
  }
  int pid() const { return process_->pid(); }
  std::string log() const { return process_->output(); }
  std::string config() const { return folder_.path("server.yaml"); }

  // One RPC on a DEALER of its own.
  Message call(const std::string &method, const std::string &payload, uint32_t deadline_ms = 10000) const;
  // Registers a workflow file's text (the test workflow of three functions) and keeps it in workflow().
  void register_workflow(const std::string &text = "");
  const fc_workflow_t *workflow() const { return workflow_; }
  // A number of server.status.
  fc_rpc_status_response_t status() const;

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
  std::string ingest_ = "tcp://127.0.0.1:*", hints_ = ingest_, rpc_ = ingest_, yaml_;
  fc_workflow_t *workflow_ = nullptr;
};

extern const char kWorkflow[];  // text of the test workflow "chain"

// Owns transitions of the test workflow for one TRANSITIONS message.
class Batch {
 public:
  Batch(const fc_workflow_t *workflow, const std::string &agent, uint64_t epoch, std::vector<uint64_t> sequences);
  ~Batch();
  Batch(const Batch &) = delete;
  Batch &operator=(const Batch &) = delete;
  fc_wire_message_t message(uint32_t flags = 0);
  fc_transition_t &operator[](size_t i) { return transitions_[i]; }

 private:
  std::vector<fc_transition_t> transitions_;
};

fc_wire_message_t hello(const fc_workflow_t *workflow, const std::string &agent, uint64_t epoch);

// Settings with which a policy is live after a handful of lockstep rows.
extern const char kQuickLearner[];
// Sends lockstep rows until a policy is live; returns its version.
int64_t train_in_lockstep(const Service &service, Socket *agent, const std::string &name, int rows);

}  // namespace fc_test
