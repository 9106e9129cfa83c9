// A bare ZeroMQ ROUTER in a process of its own: what a message there and back costs without us.
#pragma once
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <csignal>
#include <cstdlib>
#include <string>

namespace fc_bench {

// Answers every message with `size` bytes until it is killed. The address goes into `out`.
[[noreturn]] inline void echo(size_t size, int out) {
  void *context = zmq_ctx_new(), *router = zmq_socket(context, ZMQ_ROUTER);
  char endpoint[128] = "", bytes[1 << 16];
  size_t length = sizeof endpoint;
  if (zmq_bind(router, "tcp://127.0.0.1:*") != 0 || zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &length) != 0 ||
      write(out, endpoint, sizeof endpoint) != sizeof endpoint)
    _exit(1);
  const std::string answer(size, 'x');
  for (char identity[256];;) {
    const int n = zmq_recv(router, identity, sizeof identity, 0);
    if (n < 0 || zmq_recv(router, bytes, sizeof bytes, 0) < 0) _exit(1);
    zmq_send(router, identity, static_cast<size_t>(n), ZMQ_SNDMORE);
    zmq_send(router, answer.data(), answer.size(), 0);
  }
}

class Echo {
 public:
  explicit Echo(size_t size) {
    int ends[2];
    char endpoint[128] = "";
    if (pipe(ends) != 0) std::exit(1);
    pid_ = fork();
    if (pid_ == 0) echo(size, ends[1]);
    if (pid_ < 0 || read(ends[0], endpoint, sizeof endpoint) != sizeof endpoint) std::exit(1);
    close(ends[0]);
    close(ends[1]);
    endpoint_ = endpoint;
  }
  ~Echo() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Echo(const Echo &) = delete;
  Echo &operator=(const Echo &) = delete;
  const std::string &endpoint() const { return endpoint_; }

 private:
  pid_t pid_;
  std::string endpoint_;
};

}  // namespace fc_bench
