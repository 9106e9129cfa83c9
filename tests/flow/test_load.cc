// `faasconf load` against a real HTTP server: what counts as a success, how failures are told apart, how it ends.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>

#include "http_server.h"
#include "processes.h"

using fc_test::faasconf;
using fc_test::Finished;
using fc_test::HttpRequest;
using fc_test::HttpServer;
using fc_test::Json;

namespace {

HttpServer::Reply ok(const HttpRequest &) {
  return HttpServer::answer(200, "{\"ok\":true}");
}

// A short load of 2 users with --json; `more` goes behind it.
Finished load(const std::string &url, const std::vector<std::string> &more = {}, bool short_run = true) {
  std::vector<std::string> arguments = {"load", url, "--json"};
  if (short_run) arguments.insert(arguments.end(), {"--users", "2", "--spawn-rate", "1000", "--duration-s", "0.2"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return faasconf(arguments);
}

// Every request ended in one way: this many, and it is said under this key.
void expect_all(const Finished &finished, const char *key) {
  ASSERT_EQ(0, finished.exit_code) << finished.err;
  const Json json(finished.out);
  EXPECT_GT(json.number(key), 0) << finished.out;
  double ended = 0;
  for (const char *one : {"successes", "failed_status", "failed_body", "failed_connection", "failed_timeout"})
    ended += json.number(one);
  EXPECT_EQ(json.number(key), ended) << finished.out;
  EXPECT_EQ(json.number("requests"), ended + json.number("unfinished")) << finished.out;
  EXPECT_EQ(json.number("failures"), ended - json.number("successes"));
}

// A port of 127.0.0.1 on which nobody listens: bound, so that nobody else takes it meanwhile.
class DeafPort {
 public:
  DeafPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(0, bind(socket_, reinterpret_cast<sockaddr *>(&address), size));
    EXPECT_EQ(0, getsockname(socket_, reinterpret_cast<sockaddr *>(&address), &size));
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }
  ~DeafPort() { close(socket_); }
  const std::string &url() const { return url_; }

 private:
  int socket_;
  std::string url_;
};

}  // namespace

TEST(Load, CountsWhatTheServerAnsweredAndKeepsConnections) {
  HttpServer server(ok);
  const Finished finished = load(server.url("/path?x=1"), {"--window-s", "0.05"});
  expect_all(finished, "successes");
  const Json json(finished.out);
  EXPECT_EQ(server.requests().size(), static_cast<size_t>(json.number("requests")));
  EXPECT_EQ(2, server.connections()) << "one per user";
  EXPECT_EQ(2, json.number("connections"));
  EXPECT_EQ("/path?x=1", server.requests()[0].path);
  EXPECT_EQ("GET", server.requests()[0].method);
  EXPECT_EQ(11 * json.number("requests"), json.number("body_bytes"));
  EXPECT_GT(json.number("latency_p50_s"), 0);
  EXPECT_LE(json.number("latency_p50_s"), json.number("latency_p99_s"));
  EXPECT_LE(json.number("latency_p99_s"), json.number("latency_max_s"));
  EXPECT_EQ("windows", json.text("end"));
  EXPECT_EQ("users", json.text("load"));
  ASSERT_EQ(4u, fc_json_size(json["windows"]));
  double successes = 0;
  for (size_t w = 0; w < 4; ++w) {
    double n = 0;
    EXPECT_TRUE(fc_json_double(fc_json_get(fc_json_at(json["windows"], w), "successes"), &n));
    successes += n;
  }
  EXPECT_EQ(json.number("successes"), successes);
  double of_200 = 0;
  EXPECT_TRUE(fc_json_double(fc_json_get(json["statuses"], "200"), &of_200));
  EXPECT_EQ(json.number("requests"), of_200);
}

TEST(Load, SendsTheMethodTheHeadersAndTheBody) {
  HttpServer server(ok);
  const fc_test::TemporaryFolder folder;
  const std::string body("a\0b\r\n\r\nc", 8);
  fc_test::write_file(folder.path("body"), body);
  expect_all(load(server.url("/"), {"--body-file", folder.path("body"), "--header", "X-One: 1", "--header",
                                    "Content-Type: image/x", "--method", "PUT"}),
             "successes");
  const HttpRequest put = server.requests().front();
  EXPECT_EQ("PUT", put.method);
  EXPECT_EQ(body, put.body);
  EXPECT_NE(std::string::npos, put.head.find("\r\nX-One: 1\r\n")) << put.head;
  EXPECT_NE(std::string::npos, put.head.find("\r\nContent-Type: image/x\r\n")) << put.head;
  const size_t before = server.requests().size();
  expect_all(load(server.url("/"), {"--body", "{}"}), "successes");
  const HttpRequest post = server.requests()[before];
  EXPECT_EQ("POST", post.method);
  EXPECT_EQ("{}", post.body);
  EXPECT_EQ(std::string::npos, post.head.find("Content-Type")) << "nobody said what it is";
  expect_all(load(server.url("/"), {"--method", "HEAD"}), "successes");
}

TEST(Load, StatusesDecideSuccess) {
  HttpServer server(
      [](const HttpRequest &request) { return HttpServer::answer(std::stoi(request.path.substr(1)), ""); });
  expect_all(load(server.url("/204")), "successes");
  expect_all(load(server.url("/302")), "failed_status");
  expect_all(load(server.url("/302"), {"--status", "200-399"}), "successes");
  expect_all(load(server.url("/503")), "failed_status");
  const Finished refused = load(server.url("/429"));
  expect_all(refused, "failed_status");
  const Json json(refused.out);
  EXPECT_EQ(json.number("failures"), json.number("rejected"));
  EXPECT_TRUE(std::isnan(json.number("latency_p95_s"))) << "without a success there is no latency";
}

TEST(Load, TheBodyDecidesSuccessToo) {
  HttpServer server(ok);
  expect_all(load(server.url("/"), {"--expect", "\"ok\":true"}), "successes");
  expect_all(load(server.url("/"), {"--expect", "\"ok\":false"}), "failed_body");
}

TEST(Load, ARefusedConnectionIsAFailureWithItsReason) {
  const DeafPort port;
  const Finished finished = load(port.url(), {"--rate", "50", "--duration-s", "0.3"}, false);
  expect_all(finished, "failed_connection");
  EXPECT_NE(std::string::npos, Json(finished.out).text("first_connection_failure").find("connect")) << finished.out;
  const Finished text = faasconf({"load", port.url(), "--rate", "50", "--duration-s", "0.3"});
  EXPECT_EQ(0, text.exit_code);
  EXPECT_NE(std::string::npos, text.out.find("the first failed connection: ")) << text.out;
}

TEST(Load, WhatIsNoWholeAnswerIsAFailedConnection) {
  HttpServer server([](const HttpRequest &request) -> HttpServer::Reply {
    if (request.path == "/garbage") return {"\x16\x03 not http\r\n\r\n", true, false};
    if (request.path == "/short") return {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true, false};
    return {"", true, false};
  });
  for (const char *path : {"/garbage", "/short", "/nothing"}) {
    SCOPED_TRACE(path);
    expect_all(load(server.url(path)), "failed_connection");
  }
}

TEST(Load, ASlowAnswerIsATimeOut) {
  HttpServer server([](const HttpRequest &) -> HttpServer::Reply { return {"", false, true}; });
  const Finished finished = load(server.url("/"), {"--timeout-s", "0.05"});
  expect_all(finished, "failed_timeout");
  EXPECT_NEAR(Json(finished.out).number("mean_in_flight"), 2, 0.3) << "both users always wait";
}

TEST(Load, WhatIsInFlightAtTheEndIsUnfinishedAndWaitedFor) {
  HttpServer server([](const HttpRequest &) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300)); /* the server's work, not a wait of the test */
    return HttpServer::answer(200, "");
  });
  const Finished finished = load(server.url("/"));
  ASSERT_EQ(0, finished.exit_code) << finished.err;
  const Json json(finished.out);
  EXPECT_EQ(0, json.number("successes"));
  EXPECT_EQ(2, json.number("unfinished"));
  EXPECT_EQ(2, json.number("in_flight"));
  EXPECT_EQ(2, json.number("drained_successes"));
  EXPECT_GE(json.number("drained_max_s"), 0.3);
}

TEST(Load, AServerThatClosesItsConnectionsLosesNoRequest) {
  // Unannounced, behind every third answer, and announced with every answer.
  std::atomic<int> n{0};
  HttpServer server([&](const HttpRequest &request) {
    auto reply = HttpServer::answer(200, "x", request.path == "/announced" ? "Connection: close\r\n" : "");
    reply.close = request.path == "/announced" || ++n % 3 == 0;
    return reply;
  });
  for (const char *path : {"/announced", "/unannounced"}) {
    SCOPED_TRACE(path);
    const int before = server.connections();
    const Finished finished = load(server.url(path));
    expect_all(finished, "successes");
    EXPECT_GT(server.connections() - before, 4);
    EXPECT_EQ(server.connections() - before, Json(finished.out).number("connections"));
  }
}

TEST(Load, AStallOfTheServerShowsInThePercentilesOfAnOpenLoop) {
  // One connection, 100 arrivals per second, a stall of 0.5 s in a second: counted from the sending only one request of
  // the hundred would have noticed.
  std::atomic<int> n{0};
  HttpServer server([&](const HttpRequest &) {
    if (++n == 20) std::this_thread::sleep_for(std::chrono::milliseconds(500)); /* the stall */
    return HttpServer::answer(200, "");
  });
  const Finished finished =
      load(server.url("/"), {"--rate", "100", "--connections", "1", "--window-s", "1", "--windows", "1"}, false);
  expect_all(finished, "successes");
  const Json json(finished.out);
  EXPECT_GT(json.number("latency_p75_s"), 0.1);
  EXPECT_GT(json.number("latency_p95_s"), 0.3);
  EXPECT_GT(json.number("late_place"), 20);
  bool bottleneck = false;
  EXPECT_TRUE(fc_json_bool(json["generator_bottleneck"], &bottleneck));
  EXPECT_TRUE(bottleneck);
}

TEST(Load, PlaysATrace) {
  HttpServer server(ok);
  const fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("t.csv"), "minute,users_small,invocations\n0,1,6000\n1,3,0\n");
  const std::vector<std::string> trace = {"--trace", folder.path("t.csv"), "--minute-s", "0.25", "--window-s",
                                          "0.25",    "--spawn-rate",       "1000"};
  auto more = trace;
  more.insert(more.end(), {"--column", "users_small"});
  const Finished users = load(server.url("/"), more, false);
  ASSERT_EQ(0, users.exit_code) << users.err;
  const Json json(users.out);
  ASSERT_EQ(2u, fc_json_size(json["windows"])) << "as long as the trace";
  double first = 0, second = 0;
  fc_json_double(fc_json_get(fc_json_at(json["windows"], 0), "users"), &first);
  fc_json_double(fc_json_get(fc_json_at(json["windows"], 1), "users"), &second);
  EXPECT_EQ(1, first);
  EXPECT_EQ(3, second);
  more.back() = "invocations";
  const Finished arrivals = load(server.url("/"), more, false);
  ASSERT_EQ(0, arrivals.exit_code) << arrivals.err;
  const Json open(arrivals.out);
  // What was due: one that is due at the very end of a window starts in the next.
  fc_json_double(fc_json_get(fc_json_at(open["windows"], 0), "intended_rate_per_s"), &first);
  fc_json_double(fc_json_get(fc_json_at(open["windows"], 1), "intended_rate_per_s"), &second);
  EXPECT_NEAR(100, first, 80) << "6000 per minute";
  EXPECT_EQ(0, second);
  EXPECT_NEAR(first / 4, open.number("requests") + open.number("not_started"), 1e-6);
}

TEST(Load, TheSameSeedSendsTheSameArrivals) {
  HttpServer server(ok);
  const auto intended = [&](const char *seed) {
    const Finished finished =
        load(server.url("/"), {"--rate", "300", "--window-s", "0.1", "--windows", "3", "--seed", seed}, false);
    EXPECT_EQ(0, finished.exit_code) << finished.err;
    const Json json(finished.out);
    std::ostringstream text;
    for (size_t w = 0; w < fc_json_size(json["windows"]); ++w) {
      double rate = 0;
      fc_json_double(fc_json_get(fc_json_at(json["windows"], w), "intended_rate_per_s"), &rate);
      text << rate << " ";
    }
    return text.str();
  };
  const std::string first = intended("4");
  EXPECT_EQ(first, intended("4"));
  EXPECT_NE(first, intended("5"));
}

TEST(Load, CtrlCEndsItWithTheSummary) {
  HttpServer server(ok);
  for (const int number : {SIGINT, SIGTERM}) {
    fc_test::Process process({fc_test::program("faasconf"), "load", server.url("/"), "--rate", "50", "--window-s",
                              "0.1", "--windows", "10000"});
    ASSERT_NE("", process.wait_line("     1     0.20", 20)) << process.output();
    process.signal(number);
    EXPECT_EQ(0, process.wait_exit(20));
    EXPECT_NE(std::string::npos, process.output().find("ended by a signal")) << process.output();
    EXPECT_NE(std::string::npos, process.output().find("\n   all ")) << process.output();
  }
  fc_test::Process process({fc_test::program("faasconf"), "load", server.url("/"), "--json", "--windows", "10000"});
  ASSERT_NE("", process.wait_line("window", 20));
  process.signal(SIGINT);
  EXPECT_EQ(0, process.wait_exit(20));
  EXPECT_NE(std::string::npos, process.output().find("\"end\":\"signal\"")) << process.output();
}

TEST(Load, ASecondCtrlCEndsTheWaitForAnswers) {
  HttpServer server([](const HttpRequest &) -> HttpServer::Reply { return {"", false, true}; });
  fc_test::Process process(
      {fc_test::program("faasconf"), "load", server.url("/"), "--users", "1", "--duration-s", "0.1"});
  ASSERT_NE("", process.wait_line("     0     0.10", 20)) << process.output(); /* now it waits, for 30 s */
  process.signal(SIGINT);
  EXPECT_EQ(0, process.wait_exit(10));
  EXPECT_NE(std::string::npos, process.output().find("unfinished  1")) << process.output();
}

TEST(Load, TextHasOneLinePerWindowAndASummary) {
  HttpServer server(ok);
  const Finished finished = faasconf({"load", server.url("/"), "--users", "1", "--window-s", "0.1", "--windows", "3"});
  ASSERT_EQ(0, finished.exit_code) << finished.err;
  EXPECT_EQ("", finished.err);
  for (const char *line : {"GET http", "\nwindow ", "\n     0     0.10 ", "\n     2     0.30 ", "\n   all     0.30 ",
                           "\nfailures    0: ", "\nstatuses    200: ", "\nunfinished  ", "\nconnections 1 opened"})
    EXPECT_NE(std::string::npos, finished.out.find(line)) << line << " in\n" << finished.out;
}

TEST(Load, BadCallsAreRefusedWithTheirReason) {
  const fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("users.csv"), "minute,users\n0,30000\n");
  fc_test::write_file(folder.path("bad.csv"), "minute,users\n0,x\n");
  const struct {
    std::vector<std::string> arguments;
    int exit_code;
    const char *says;
  } calls[] = {
      {{}, 2, "URL is needed"},
      {{"a", "b"}, 2, "one argument too many"},
      {{"127.0.0.1:80"}, 2, "is no URL"},
      {{"ftp://127.0.0.1/"}, 2, "expected a URL of http or https"},
      {{"http://"}, 2, "is no URL"},
      {{"http://h/", "--users", "0"}, 2, "--users: expected a whole number between 1 and 20000"},
      {{"http://h/", "--users", "1", "--rate", "1"}, 2, "--users or --rate, not both"},
      {{"http://h/", "--trace", "t", "--rate", "1"}, 2, "--trace says the load itself"},
      {{"http://h/", "--rate", "1", "--think-s", "1"}, 2, "are of users"},
      {{"http://h/", "--connections", "5"}, 2, "users have one each"},
      {{"http://h/", "--windows", "5", "--duration-s", "1"}, 2, "not both"},
      {{"http://h/", "--minute-s", "5"}, 2, "go with --trace only"},
      {{"http://h/", "--body", "x", "--body-file", "y"}, 2, "not both"},
      {{"http://h/", "--expect", ""}, 2, "expected a text"},
      {{"http://h/", "--status", "20x"}, 2, "expected a status like 200"},
      {{"http://h/", "--header", "none"}, 2, "is no header"},
      {{"http://h/", "--header", "A: b\r\nC: d"}, 2, "is no header"},
      {{"http://h/", "--method", "GE T"}, 2, "is no method"},
      {{"http://h/", "--timeout-s", "nan"}, 2, "--timeout-s: expected a number"},
      {{"http://h/", "--rate", "1", "--duration-s", "1e7", "--window-s", "0.05"}, 2, "at most 100000"},
      {{"http://h/", "--body-file", folder.path("absent")}, 1, "absent"},
      {{"http://h/", "--trace", folder.path("absent")}, 1, "absent"},
      {{"http://h/", "--trace", folder.path("bad.csv")}, 1, "bad.csv:2"},
      {{"http://h/", "--trace", folder.path("users.csv")}, 2, "at most 20000"},
  };
  for (const auto &call : calls) {
    std::vector<std::string> arguments = {"load"};
    arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
    const Finished finished = faasconf(arguments, 20);
    EXPECT_EQ(call.exit_code, finished.exit_code) << call.says;
    EXPECT_NE(std::string::npos, finished.err.find(call.says)) << call.says << " in " << finished.err;
    EXPECT_EQ("", finished.out) << call.says;
  }
}

TEST(Load, ThereAreAtMost32Headers) {
  HttpServer server(ok);
  std::vector<std::string> headers;
  for (int i = 0; i < 32; ++i) headers.insert(headers.end(), {"--header", "X-" + std::to_string(i) + ": y"});
  expect_all(load(server.url("/"), headers), "successes");
  EXPECT_NE(std::string::npos, server.requests().front().head.find("\r\nX-31: y\r\n"));
  headers.insert(headers.end(), {"--header", "X-32: y"});
  const Finished finished = load(server.url("/"), headers);
  EXPECT_EQ(2, finished.exit_code);
  EXPECT_NE(std::string::npos, finished.err.find("--header: at most 32")) << finished.err;
}

TEST(Load, MoreConnectionsThanOpenFilesIsSaidAtTheStart) {
  HttpServer server(ok);
  // The hard limit of a child of a shell; the program itself cannot raise it again.
  const Finished finished = fc_test::run(
      {"/bin/sh", "-c", "ulimit -n 100; exec \"$0\" load \"$1\" --rate 10 --connections 60 --duration-s 0.1",
       fc_test::program("faasconf"), server.url("/")});
  EXPECT_EQ(1, finished.exit_code);
  EXPECT_NE(std::string::npos, finished.err.find("need 124 open files and only 100 are allowed")) << finished.err;
}

TEST(Load, HelpListsItsOptions) {
  const Finished finished = faasconf({"load", "--help"});
  EXPECT_EQ(0, finished.exit_code);
  for (const char *option : {"--users", "--rate", "--trace", "--expect", "--header", "--timeout-s", "--json"})
    EXPECT_NE(std::string::npos, finished.out.find(option)) << option;
}
