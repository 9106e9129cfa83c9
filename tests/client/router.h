// A ROUTER on loopback in a thread of its own that answers frames with what the test tells it.
#pragma once
#include <functional>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include "faasconf/rpc.h"
}

namespace fc_test {

class Router {
 public:
  // Gets each request; returns the messages to send back, each one frame (or anything).
  using Answer = std::function<std::vector<std::string>(const fc_wire_rpc_request_t &)>;
  explicit Router(Answer answer, const std::string &address = "tcp://127.0.0.1:*");
  ~Router();
  Router(const Router &) = delete;
  Router &operator=(const Router &) = delete;
  const std::string &endpoint() const { return endpoint_; }

 private:
  void serve();
  Answer answer_;
  void *context_, *socket_, *stop_, *stopper_;
  std::string endpoint_;
  std::thread thread_;
};

// Frames the answers are made of.
std::string response_frame(uint64_t request_id, fc_rpc_code_t code, const std::string &message,
                           const std::string &payload);
std::string refusal_frame(fc_rpc_code_t code, const std::string &message);

// A fixed decision for two functions, with bounds and two edges, as payload.
std::string decision_payload();

}  // namespace fc_test
