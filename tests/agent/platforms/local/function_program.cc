// A function for the tests: function_program PORT [CPU_MS [WAIT_MS [START_MS [MEM_MIB [STATUS]]]]]. Holds MEM_MIB. GET
// /health answers once START_MS are over; GET /seen answers "REQUESTS MOST_IN_FLIGHT"; every other request burns and
// waits, then answers STATUS (200). A thread per connection, one request per connection. SIGTERM ends it.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

namespace {
struct Settings {
  int port = 0, cpu_ms = 0, wait_ms = 0, start_ms = 0, mem_mib = 0, status = 200;
};

double clock_ms(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

void work(const Settings &settings) {
  const double start = clock_ms(CLOCK_THREAD_CPUTIME_ID);
  while (settings.cpu_ms > 0 && clock_ms(CLOCK_THREAD_CPUTIME_ID) - start < settings.cpu_ms) continue;
  if (settings.wait_ms > 0) usleep(static_cast<useconds_t>(settings.wait_ms) * 1000);
}

struct Seen {
  std::atomic<int> requests{0}, in_flight{0}, most{0};
};

void answer(int connection, const Settings &settings, double born_ms, Seen *seen) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    request.append(buffer, static_cast<size_t>(n));
  }
  std::string status = "200 OK";
  std::string body = "done\n";
  if (request.rfind("GET /health", 0) == 0) {
    if (clock_ms(CLOCK_MONOTONIC) - born_ms < settings.start_ms) status = "503 Starting";
  } else if (request.rfind("GET /seen", 0) == 0) {
    body = std::to_string(seen->requests) + " " + std::to_string(seen->most) + "\n";
  } else if (!request.empty()) {
    seen->requests += 1;
    const int now = seen->in_flight += 1;
    for (int most = seen->most; now > most && !seen->most.compare_exchange_weak(most, now);) continue;
    work(settings);
    seen->in_flight -= 1;
    status = std::to_string(settings.status) + " Answered";
  }
  const std::string head = "HTTP/1.1 " + status +
                           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                           body;
  (void)!send(connection, head.data(), head.size(), MSG_NOSIGNAL);
  shutdown(connection, SHUT_WR);
  while (recv(connection, buffer, sizeof buffer, 0) > 0) continue;
  close(connection);
}
}  // namespace

int main(int argc, char **argv) {
  Settings settings;
  int *const fields[] = {&settings.port,     &settings.cpu_ms,  &settings.wait_ms,
                         &settings.start_ms, &settings.mem_mib, &settings.status};
  for (int i = 1; i < argc && i <= 6; ++i) *fields[i - 1] = std::atoi(argv[i]);
  const double born_ms = clock_ms(CLOCK_MONOTONIC);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(settings.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 || listen(listener, 512) != 0) {
    std::perror("function_program");
    return 1;
  }
  static Seen seen;
  static const std::string memory(static_cast<size_t>(settings.mem_mib) << 20, 'm');
  for (;;) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) std::thread(answer, connection, settings, born_ms, &seen).detach();
  }
}
