// Closed-loop clients on keep-alive connections: how every request ended, and how long it took.
#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fc_test {

// One GET on a connection of its own; the status, or 0 when there was no answer. *body may be null.
int http_get(int port, const std::string &path, std::string *body = nullptr);

class HttpLoad {
 public:
  HttpLoad(int port, int clients, const std::string &path = "/");
  ~HttpLoad() { stop(); }
  HttpLoad(const HttpLoad &) = delete;
  HttpLoad &operator=(const HttpLoad &) = delete;
  // Waits until so many more requests were answered; false when that takes longer than timeout_s.
  bool wait_for(int64_t more, int timeout_s = 60);
  void stop();
  // After stop: status -> how many; 0: the connection broke.
  std::map<int, int64_t> statuses() const { return statuses_; }
  int64_t answered() const { return answered_; }
  // Anything but 200, as text; "" when all went well.
  std::string losses() const;
  double quantile_s(double q) const;

 private:
  void run(int port, const std::string &path);
  std::atomic<bool> ends_{false};
  std::atomic<int64_t> answered_{0};
  std::mutex lock_;
  std::map<int, int64_t> statuses_;
  std::vector<double> latencies_s_;
  std::vector<std::thread> threads_;
};

}  // namespace fc_test
