// functions/http_server.c: requests at once, bodies, kept connections, and an end that cuts nobody off. The client is a
// plain socket, so that nothing of the server tests itself.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "plain_client.h"
#include "support.h"

extern "C" {
#include "http_server.h"
}

namespace {

using fc_test::Client;

// Answers the body and the query's "key"; the path /gate waits until the gate is opened.
struct Echo {
  std::mutex lock;
  std::condition_variable changed;
  bool open = false;
  int waiting = 0;
  void wait_for(int n) {
    std::unique_lock<std::mutex> held(lock);
    changed.wait(held, [&] { return waiting >= n; });
  }
  void open_gate() {
    const std::lock_guard<std::mutex> held(lock);
    open = true;
    changed.notify_all();
  }
  static void handle(void *context, const http_request_t *request, http_response_t *response) {
    auto *self = static_cast<Echo *>(context);
    if (strcmp(request->path, "/gate") == 0) {
      std::unique_lock<std::mutex> held(self->lock);
      self->waiting += 1;
      self->changed.notify_all();
      self->changed.wait(held, [&] { return self->open; });
    }
    const char *key = http_request_query(request, "key");
    response->status = HTTP_OK;
    response->body =
        strdup((std::string(request->method) + " " + (key != nullptr ? key : "-") + " " + request->body).c_str());
  }
};

class HttpServer : public testing::Test {
 protected:
  void start() {
    fc_error_t error = {};
    const http_server_options_t options = {"127.0.0.1", 0, 64, 50, Echo::handle, &echo_};
    ASSERT_OK(http_server_start(&options, &server_, &error));
  }
  void TearDown() override { http_server_stop(&server_); }
  int port() const { return http_server_port(server_); }
  Echo echo_;
  http_server_t *server_ = nullptr;
};

}  // namespace

TEST_F(HttpServer, AnswersSeveralRequestsOnOneConnection) {
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ("http://127.0.0.1:" + std::to_string(port()), http_server_url(server_));
  Client client(port());
  for (int i = 0; i < 3; ++i) {
    client.post("/?key=" + std::to_string(i), "body");
    const std::string answer = client.receive();
    EXPECT_EQ(0u, answer.find("HTTP/1.1 200")) << answer;
    EXPECT_NE(std::string::npos, answer.find("\r\n\r\nPOST " + std::to_string(i) + " body")) << answer;
  }
}

TEST_F(HttpServer, ServesRequestsAtOnceEachOnAThread) {
  ASSERT_NO_FATAL_FAILURE(start());
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    clients.back()->post("/gate", std::to_string(i));
  }
  echo_.wait_for(5);
  echo_.open_gate();
  for (int i = 0; i < 5; ++i) EXPECT_NE(std::string::npos, clients[i]->receive().find("POST - " + std::to_string(i)));
}

TEST_F(HttpServer, TakesABodyOfTheLargestSizeAndRefusesALargerOne) {
  ASSERT_NO_FATAL_FAILURE(start());
  Client fits(port()), larger(port());
  fits.post("/", std::string(HTTP_MAX_BODY_BYTES, 'a'));
  EXPECT_EQ(0u, fits.receive().find("HTTP/1.1 200"));
  larger.post("/", std::string(HTTP_MAX_BODY_BYTES + 1, 'a'));
  EXPECT_EQ(0u, larger.receive().find("HTTP/1.1 413"));
}

TEST_F(HttpServer, StopAnswersWhatIsInServiceAndTakesNobodyNew) {
  ASSERT_NO_FATAL_FAILURE(start());
  const int port_before = port();
  Client waits(port_before), idle(port_before);
  idle.post("/", "x");
  EXPECT_NE(std::string::npos, idle.receive().find("POST - x"));  // kept alive, nothing under way
  waits.post("/gate", "late");
  echo_.wait_for(1);
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    http_server_stop(&server_);
    stopped = true;
  });
  EXPECT_FALSE(stopped);
  echo_.open_gate();
  const std::string answer = waits.receive();
  EXPECT_EQ(0u, answer.find("HTTP/1.1 200")) << answer;
  EXPECT_NE(std::string::npos, answer.find("POST - late"));
  stopper.join();
  EXPECT_FALSE(Client(port_before).connected());
}

TEST_F(HttpServer, StopDoesNotWaitForClientsThatStall) {
  ASSERT_NO_FATAL_FAILURE(start());
  Client half(port()), good(port());
  half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it");
  good.post("/", "x");  // answered after the other one was accepted
  good.receive();
  http_server_stop(&server_);
  EXPECT_EQ("", half.receive());
}

TEST_F(HttpServer, SurvivesWhatIsNoHttp) {
  ASSERT_NO_FATAL_FAILURE(start());
  for (const std::string &text : {std::string("\0\1\2\r\n\r\n", 7), std::string("GET\r\n\r\n"), std::string("x"),
                                  std::string("POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"),
                                  std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")}) {
    Client client(port());
    client.send(text);
  }
  Client good(port());
  good.post("/", "still there");
  EXPECT_NE(std::string::npos, good.receive().find("still there"));
}

// The library cannot be stopped while it answers what is no HTTP: the end waits for those who have not said anything
// that is, as long as for others who stall.
TEST_F(HttpServer, TheEndWaitsForConnectionsWithoutARequest) {
  ASSERT_NO_FATAL_FAILURE(start());
  Client silent(port());
  Client good(port());
  good.post("/", "after the silent one");
  EXPECT_NE(std::string::npos, good.receive().find("after the silent one"));
  const auto before = std::chrono::steady_clock::now();
  http_server_stop(&server_);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(50));
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  ASSERT_NO_FATAL_FAILURE(start());
  fc_error_t error = {};
  http_server_t *second = nullptr;
  const http_server_options_t taken = {"127.0.0.1", port(), 64, 50, Echo::handle, &echo_};
  EXPECT_EQ(FC_EIO, http_server_start(&taken, &second, &error));
  EXPECT_NE(nullptr, strstr(error.message, "in use")) << error.message;
  EXPECT_NE(nullptr, strstr(error.message, "--port")) << error.message;
  const http_server_options_t nowhere = {"localhost.", 0, 64, 50, Echo::handle, &echo_};
  EXPECT_EQ(FC_EINVAL, http_server_start(&nowhere, &second, &error));
  EXPECT_EQ(nullptr, second);
}
