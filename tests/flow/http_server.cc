#include "http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace fc_test {
namespace {

// False when nothing came before the peer or the server went.
bool receive(int connection, const std::atomic<bool> &stopping, std::string &into) {
  char bytes[65536];
  while (!stopping) {
    pollfd readable = {connection, POLLIN, 0};
    if (poll(&readable, 1, 20) <= 0) continue;
    const ssize_t n = recv(connection, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    into.append(bytes, static_cast<size_t>(n));
    return true;
  }
  return false;
}

size_t content_length(const std::string &head) {
  std::istringstream lines(head);
  for (std::string line; std::getline(lines, line);)
    if (strncasecmp(line.c_str(), "Content-Length:", 15) == 0) return std::strtoul(line.c_str() + 15, nullptr, 10);
  return 0;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(0, bind(listener_, reinterpret_cast<sockaddr *>(&address), size));
  EXPECT_EQ(0, listen(listener_, 128));
  EXPECT_EQ(0, getsockname(listener_, reinterpret_cast<sockaddr *>(&address), &size));
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  acceptor_.join();
  for (auto &thread : threads_) thread.join();
  close(listener_);
}

std::string HttpServer::url(const std::string &path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<HttpRequest> HttpServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

HttpServer::Reply HttpServer::answer(int status, const std::string &body, const std::string &headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Text\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              headers + "\r\n" + body,
          false, false};
}

void HttpServer::accept_all() {
  while (!stopping_) {
    pollfd readable = {listener_, POLLIN, 0};
    if (poll(&readable, 1, 20) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const int yes = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connections_ += 1;
    threads_.emplace_back([this, connection] {
      serve(connection);
      close(connection);
    });
  }
}

void HttpServer::stay_silent(int connection) const {
  std::string ignored;
  while (receive(connection, stopping_, ignored)) continue;
}

void HttpServer::serve(int connection) {
  std::string received;
  while (true) {
    size_t end;
    while ((end = received.find("\r\n\r\n")) == std::string::npos)
      if (!receive(connection, stopping_, received)) return;
    HttpRequest request;
    request.head = received.substr(0, end + 2);
    received.erase(0, end + 4);
    std::istringstream(request.head) >> request.method >> request.path;
    const size_t size = content_length(request.head);
    while (received.size() < size)
      if (!receive(connection, stopping_, received)) return;
    request.body = received.substr(0, size);
    received.erase(0, size);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      requests_.push_back(request);
    }
    const Reply reply = handler_(request);
    if (reply.silent) return stay_silent(connection);
    if (send(connection, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL) < 0 || reply.close) return;
  }
}

}  // namespace fc_test
