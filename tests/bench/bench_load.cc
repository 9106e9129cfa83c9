// bench_load: how many requests per second `faasconf load` sends to a server that does nothing, beside `hey`.
//
//   bench_load [--users 1,10,50] [--seconds 5] [--rounds 5] [--quick] [--json]
//
// The server is a thread of this program: epoll, kept connections, 3 bytes for an answer. `hey` (Debian's package) is
// run with the same connections when it is installed; the two alternate. Reported: medians over rounds.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "bench.h"
#include "options.h"
#include "support.h"

namespace {

struct Measured {
  double rate_per_s, p50_ms, p99_ms;
};

struct Row {
  int users;
  Measured ours, hey;
};

// Listens on a free port of 127.0.0.1.
int listen_there(int *port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr *>(&address), size) != 0 || listen(listener, 1024) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size) != 0)
    std::exit(1);
  *port = ntohs(address.sin_port);
  return listener;
}

void serve(int listener) {
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event = {EPOLLIN, {}}, events[64];
  event.data.fd = listener;
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  char bytes[65536];
  while (true) {
    const int n = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < n; ++i) {
      const int socket = events[i].data.fd;
      if (socket == listener) {
        const int yes = 1;
        for (int peer; (peer = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
          event.data.fd = peer;
          epoll_ctl(poll, EPOLL_CTL_ADD, peer, &event);
        }
      } else if (recv(socket, bytes, sizeof bytes, 0) <= 0 ||
                 send(socket, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) {
        close(socket);
      }
    }
  }
}

Measured run_ours(const std::string &url, int users, double seconds) {
  const auto finished =
      fc_test::run({fc_test::program("faasconf"), "load", url, "--json", "--users", std::to_string(users),
                    "--spawn-rate", "1000", "--duration-s", std::to_string(seconds)});
  fc_error_t error = {};
  fc_json_t *json = nullptr;
  if (finished.exit_code != 0 || fc_json_parse(finished.out.data(), finished.out.size(), &json, &error) != FC_OK)
    fc_bench::give_up("bench_load: faasconf load", error);
  double rate = 0, p50 = 0, p99 = 0;
  fc_json_double(fc_json_get(json, "rate_per_s"), &rate);
  fc_json_double(fc_json_get(json, "latency_p50_s"), &p50);
  fc_json_double(fc_json_get(json, "latency_p99_s"), &p99);
  fc_json_destroy(&json);
  return {rate, 1000 * p50, 1000 * p99};
}

// The number behind (or, for percentiles, after) a label of hey's report.
double number_after(const std::string &text, const std::string &label) {
  const size_t at = text.find(label);
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + label.size(), nullptr);
}

Measured run_hey(const std::string &hey, const std::string &url, int users, double seconds) {
  const auto finished = fc_test::run({hey, "-z", std::to_string(seconds) + "s", "-c", std::to_string(users), url});
  if (finished.exit_code != 0) fc_bench::give_up("bench_load: hey", {FC_EIO, "hey failed"});
  return {number_after(finished.out, "Requests/sec:"), 1000 * number_after(finished.out, "50% in"),
          1000 * number_after(finished.out, "99% in")};
}

Measured median(const std::vector<Measured> &all) {
  const auto middle = [&](double Measured::*field) {
    std::vector<double> values;
    for (const Measured &one : all) values.push_back(one.*field);
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
  };
  return {middle(&Measured::rate_per_s), middle(&Measured::p50_ms), middle(&Measured::p99_ms)};
}

std::string find_hey() {
  std::istringstream folders(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/hey").c_str(), X_OK) == 0) return folder + "/hey";
  return "";
}

void print_row(const Row &row, bool json, bool with_hey) {
  if (!json) {
    std::printf("%5d  %9.0f %8.3f %8.3f", row.users, row.ours.rate_per_s, row.ours.p50_ms, row.ours.p99_ms);
    if (with_hey)
      std::printf("  %9.0f %8.1f %8.1f  %5.2f", row.hey.rate_per_s, row.hey.p50_ms, row.hey.p99_ms,
                  row.ours.rate_per_s / row.hey.rate_per_s);
    std::printf("\n");
    std::fflush(stdout);
    return;
  }
  fc_json_t *out = fc_json_object();
  fc_json_set_string(out, "bench", "load");
  fc_json_set_int(out, "users", row.users);
  fc_json_set_double(out, "rate_per_s", row.ours.rate_per_s);
  fc_json_set_double(out, "p50_ms", row.ours.p50_ms);
  fc_json_set_double(out, "p99_ms", row.ours.p99_ms);
  if (with_hey) fc_json_set_double(out, "hey_rate_per_s", row.hey.rate_per_s);
  fc_bench::print(out);
}

}  // namespace

int main(int argc, char **argv) {
  std::string users = "1,10,50";
  double seconds = 5;
  int rounds = 5;
  bool quick = false, json = false;
  const std::vector<fc_bench::Option> table = {
      {"users", &users}, {"seconds", &seconds, 0.1}, {"rounds", &rounds, 1}, {"quick", &quick}, {"json", &json}};
  fc_bench::parse("bench_load", table, argc, argv);
  const std::vector<int> counts = fc_bench::counts("bench_load", users);
  if (quick) {
    seconds = std::min(seconds, 1.0);
    rounds = 1;
  }
  int port = 0;
  const int listener = listen_there(&port);
  std::thread(serve, listener).detach();
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/", hey = find_hey();
  if (!json)
    std::printf("requests per second to a server that does nothing; %d rounds of %g s%s\n%5s  %9s %8s %8s%s\n", rounds,
                seconds, hey.empty() ? "; hey is not installed" : "", "users", "ours 1/s", "p50 ms", "p99 ms",
                hey.empty() ? "" : "    hey 1/s   p50 ms   p99 ms  ratio");
  for (const int n : counts) {
    std::vector<Measured> ours, theirs;
    for (int round = 0; round < rounds; ++round) {
      ours.push_back(run_ours(url, n, seconds));
      if (!hey.empty()) theirs.push_back(run_hey(hey, url, n, seconds));
    }
    print_row({n, median(ours), median(theirs)}, json, !hey.empty());
  }
  return 0;
}
