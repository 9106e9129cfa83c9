// An HTTP client on a plain socket, so that nothing of the code under test tests itself.
#pragma once
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace fc_test {

class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
  }
  ~Client() { close(fd_); }
  bool connected() const { return connected_; }
  void send(const std::string &text) {
    size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  }
  void post(const std::string &path, const std::string &body) {
    send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  // Header and body of one answer.
  std::string receive() {
    std::string text;
    size_t end = std::string::npos, length = 0;
    char bytes[4096];
    for (;;) {
      if (end == std::string::npos && (end = text.find("\r\n\r\n")) != std::string::npos) {
        const size_t at = text.find("Content-Length: ");
        length = at == std::string::npos ? 0 : std::stoul(text.substr(at + 16));
      }
      if (end != std::string::npos && text.size() >= end + 4 + length) return text;
      const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) return text;
      text.append(bytes, static_cast<size_t>(n));
    }
  }

 private:
  int fd_;
  bool connected_ = false;
};

struct Answered {
  int status;  // 0: no answer
  std::string body;
};

// One request on a connection of its own.
inline Answered exchange(int port, const std::string &method, const std::string &path, const std::string &body = "") {
  Client client(port);
  client.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  const std::string text = client.receive();
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || text.size() < 12) return {0, ""};
  return {std::stoi(text.substr(9, 3)), text.substr(end + 4)};
}

}  // namespace fc_test
