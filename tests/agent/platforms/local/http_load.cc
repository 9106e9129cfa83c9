#include "http_load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace fc_test {
namespace {
using Clock = std::chrono::steady_clock;

int open_connection(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval timeout = {60, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0) return connection;
  close(connection);
  return -1;
}

// One exchange; *goes_on: the connection can be used again.
int exchange(int connection, const std::string &path, std::string *body, bool *goes_on) {
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
  *goes_on = false;
  if (send(connection, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return 0;
  std::string text;
  size_t head = std::string::npos, length = 0;
  while (head == std::string::npos || text.size() < head + 4 + length) {
    char buffer[4096];
    const ssize_t n = recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) return 0;
    text.append(buffer, static_cast<size_t>(n));
    if (head != std::string::npos || (head = text.find("\r\n\r\n")) == std::string::npos) continue;
    std::string lower = text.substr(0, head);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return static_cast<char>(tolower(c)); });
    const size_t at = lower.find("content-length: ");
    if (at != std::string::npos) length = std::stoul(lower.substr(at + 16));
    *goes_on = lower.find("connection: close") == std::string::npos;
  }
  if (body) *body = text.substr(head + 4);
  return std::stoi(text.substr(9, 3));
}
}  // namespace

int http_get(int port, const std::string &path, std::string *body) {
  const int connection = open_connection(port);
  if (connection < 0) return 0;
  bool goes_on;
  const int status = exchange(connection, path, body, &goes_on);
  close(connection);
  return status;
}

HttpLoad::HttpLoad(int port, int clients, const std::string &path) {
  for (int i = 0; i < clients; ++i) threads_.emplace_back([this, port, path] { run(port, path); });
}

void HttpLoad::run(int port, const std::string &path) {
  int connection = -1;
  while (!ends_) {
    if (connection < 0) connection = open_connection(port);
    bool goes_on = false;
    const auto start = Clock::now();
    const int status = connection < 0 ? 0 : exchange(connection, path, nullptr, &goes_on);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    {
      const std::lock_guard<std::mutex> guard(lock_);
      statuses_[status] += 1;
      if (status == 200) latencies_s_.push_back(seconds);
    }
    answered_ += 1;
    if (!goes_on && connection >= 0) {
      close(connection);
      connection = -1;
    }
  }
  if (connection >= 0) close(connection);
}

bool HttpLoad::wait_for(int64_t more, int timeout_s) {
  const int64_t until = answered_ + more;
  for (int i = 0; i < timeout_s * 1000 && answered_ < until; ++i) usleep(1000);
  return answered_ >= until;
}

void HttpLoad::stop() {
  ends_ = true;
  for (auto &thread : threads_) thread.join();
  threads_.clear();
}

std::string HttpLoad::losses() const {
  std::string text;
  for (const auto &[status, count] : statuses_)
    if (status != 200) text += std::to_string(count) + " x " + std::to_string(status) + " ";
  return text;
}

double HttpLoad::quantile_s(double q) const {
  std::vector<double> sorted = latencies_s_;
  if (sorted.empty()) return NAN;
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
}

}  // namespace fc_test
