// tests agent/platforms/prometheus/prometheus.c against an HTTP server of the test.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>

#include "fake_prometheus.h"
#include "support.h"

extern "C" {
#include "prometheus.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

class Client {
 public:
  explicit Client(const std::string &url, double timeout_s = 5) {
    EXPECT_OK(prometheus_new(url.c_str(), timeout_s, &client_, &error));
  }
  ~Client() {
    prometheus_answer_clear(&answer);
    prometheus_destroy(&client_);
  }
  Client(const Client &) = delete;
  Client &operator=(const Client &) = delete;
  fc_status_t query(const std::string &text, double time_s = NAN) {
    prometheus_answer_clear(&answer);
    return prometheus_query(client_, text.c_str(), time_s, &answer, &error);
  }
  prometheus_t *get() { return client_; }
  prometheus_answer_t answer = {};
  fc_error_t error = {};

 private:
  prometheus_t *client_ = nullptr;
};

HttpServer::Reply scalar(const std::string &value) {
  return HttpServer::answer(200,
                            R"({"status":"success","data":{"resultType":"scalar","result":[1,")" + value + R"("]}})");
}

TEST(PrometheusClient, PostsFormsOverOneConnection) {
  HttpServer server([](const HttpRequest &) { return scalar("3"); });
  Client client(server.url("/prom/"));
  const std::string query = "x{a=\"1&2\",b=~\"c+|d%\"}[5s]";
  fc_error_t &error = client.error;
  ASSERT_OK(client.query(query, 1700000000.25));
  ASSERT_OK(client.query("up"));
  prometheus_answer_clear(&client.answer);
  ASSERT_OK(prometheus_query_range(client.get(), "up", 10, 20, 2.5, &client.answer, &client.error));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].path, "/prom/api/v1/query");
  EXPECT_THAT(requests[0].head, HasSubstr("Content-Type: application/x-www-form-urlencoded"));
  auto form = form_of(requests[0].body);
  EXPECT_EQ(form["query"], query);
  EXPECT_EQ(form["time"], "1700000000.250");
  EXPECT_EQ(form_of(requests[1].body).count("time"), 0u) << "the server's now";
  EXPECT_EQ(requests[2].path, "/prom/api/v1/query_range");
  form = form_of(requests[2].body);
  EXPECT_EQ(form["start"] + " " + form["end"] + " " + form["step"], "10.000 20.000 2.500");
}

TEST(PrometheusClient, TellsWhatTheServerRefuses) {
  HttpServer server([](const HttpRequest &) {
    return HttpServer::answer(400, R"({"status":"error","errorType":"bad_data","error":"1:3: parse error: no"})");
  });
  Client client(server.url(""));
  EXPECT_EQ(client.query("x{"), FC_EINVAL);
  EXPECT_STREQ(client.error.message, "Prometheus: bad_data: 1:3: parse error: no");
}

TEST(PrometheusClient, ASilentServerTakesTheTimeoutOnly) {
  HttpServer server([](const HttpRequest &) { return HttpServer::Reply{"", false, true}; });
  Client client(server.url(""), 0.05);
  EXPECT_EQ(client.query("up"), FC_ETIMEOUT);
  EXPECT_THAT(client.error.message, HasSubstr(server.url("/api/v1/query")));
}

TEST(PrometheusClient, NobodyThereAnAnswerCutOffAndAPageAreErrors) {
  const int taken = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: nobody else gets the port */
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(0, bind(taken, reinterpret_cast<sockaddr *>(&address), size));
  ASSERT_EQ(0, getsockname(taken, reinterpret_cast<sockaddr *>(&address), &size));
  Client nobody("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  EXPECT_EQ(nobody.query("up"), FC_EIO);
  close(taken);

  HttpServer::Reply reply = {"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"status\"", true, false};
  HttpServer server([&](const HttpRequest &) { return reply; });
  Client client(server.url(""));
  EXPECT_EQ(client.query("up"), FC_EIO) << "cut off";
  reply = HttpServer::answer(404, "<html>not here</html>");
  EXPECT_EQ(client.query("up"), FC_EFORMAT);
  EXPECT_THAT(client.error.message, HasSubstr("HTTP status 404"));
  reply = scalar("1");
  EXPECT_EQ(client.query("up"), FC_OK) << "the client is as good as new";
}

TEST(PrometheusClient, StopsReadingAnAnswerThatIsTooLarge) {
  HttpServer server([](const HttpRequest &) {
    return HttpServer::Reply{"HTTP/1.1 200 OK\r\n\r\n" + std::string(2 * PROMETHEUS_MAX_BYTES, ' '), true, false};
  });
  Client client(server.url(""));
  EXPECT_EQ(client.query("up"), FC_EEXHAUSTED);
  EXPECT_THAT(client.error.message, HasSubstr("narrow the query"));
}

TEST(PrometheusClient, RefusesWhatIsNoAddress) {
  for (const char *url : {"", "prometheus", "ftp://127.0.0.1", "http://127.0.0.1/?a=b", "file:///etc/passwd"}) {
    prometheus_t *client = nullptr;
    fc_error_t error = {};
    EXPECT_EQ(prometheus_new(url, 1, &client, &error), FC_EINVAL) << url;
    EXPECT_EQ(client, nullptr);
  }
}

}  // namespace
