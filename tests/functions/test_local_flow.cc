// Functions and orchestrator as processes on 127.0.0.1: every kind answers what its checksum says, at once and until
// the end; workflows run over them, and what is dead, slow or wrong is reported.
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "plain_client.h"
#include "support.h"

extern "C" {
#include "faasconf/digest.h"
#include "faasconf/json.h"
#include "http_server.h"
#include "json_answer.h"
#include "work.h"
}

using fc_test::Answered;
using fc_test::exchange;
using fc_test::Finished;
using fc_test::Process;

namespace {

// A JSON object; a missing key reads as "" or -1.
class Json {
 public:
  explicit Json(const std::string &text) {
    fc_error_t error = {};
    EXPECT_OK(fc_json_parse(text.data(), text.size(), &value_, &error)) << text;
  }
  ~Json() { fc_json_destroy(&value_); }
  Json(const Json &) = delete;
  Json &operator=(const Json &) = delete;
  const fc_json_t *operator[](const char *key) const { return fc_json_get(value_, key); }
  std::string text(const char *key) const {
    const char *value = fc_json_string((*this)[key]);
    return value == nullptr ? "" : value;
  }
  double number(const char *key) const {
    double value = -1;
    fc_json_double((*this)[key], &value);
    return value;
  }
  bool is(const char *key) const {
    bool value = false;
    return fc_json_bool((*this)[key], &value) && value;
  }

 private:
  fc_json_t *value_ = nullptr;
};

// A program that prints where it is ready.
class Service {
 public:
  explicit Service(std::vector<std::string> argv) {
    argv[0] = fc_test::program(argv[0]);
    process_ = std::make_unique<Process>(argv);
    const std::string line = process_->wait_line("\"event\":\"ready\"", 30);
    if (line.empty()) {
      ADD_FAILURE() << argv[0] << " is not ready: " << process_->output();
      return;
    }
    url_ = Json(line).text("url");
    port_ = std::stoi(url_.substr(url_.rfind(':') + 1));
  }
  int port() const { return port_; }
  const std::string &url() const { return url_; }
  Process &process() { return *process_; }
  int stop() {
    process_->signal(SIGTERM);
    return process_->wait_exit(30);
  }

 private:
  std::unique_ptr<Process> process_;
  std::string url_;
  int port_ = 0;
};

Service function(const std::string &kind, int work = 1) {
  return Service({"faasconf-function", kind, "--work", std::to_string(work), "--mem-mib", "1"});
}

uint64_t expected_checksum(const std::string &kind, uint64_t number, const uint64_t *previous = nullptr) {
  fc_error_t error = {};
  uint64_t checksum = 0;
  const work_t work = {work_find(kind.c_str()), 1, 0};
  const work_input_t input = {number, previous != nullptr, previous != nullptr ? *previous : 0, false};
  EXPECT_EQ(FC_OK, fc_digest_init());
  EXPECT_OK(work_run(&work, &input, &checksum, &error));
  return checksum;
}

std::string hex(uint64_t checksum) {
  char text[CHECKSUM_TEXT_SIZE];
  checksum_print(checksum, text);
  return text;
}

const char *const kKinds[] = {"image-resize", "convolution", "matrix-inference", "json-transform"};

// A function of the test's own: answers what it is told.
class Scripted {
 public:
  explicit Scripted(int32_t status, std::string body = "{}") : status_(status), body_(std::move(body)) {
    fc_error_t error = {};
    const http_server_options_t options = {"127.0.0.1", 0, 16, HTTP_LINGER_MS, handle, this};
    EXPECT_OK(http_server_start(&options, &server_, &error));
  }
  ~Scripted() {
    release();
    http_server_stop(&server_);
  }
  std::string url() const { return http_server_url(server_); }
  // status 0: waits until it is released.
  void release() {
    const std::lock_guard<std::mutex> held(lock_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  static void handle(void *context, const http_request_t *, http_response_t *response) {
    auto *self = static_cast<Scripted *>(context);
    if (self->status_ == 0) {
      std::unique_lock<std::mutex> held(self->lock_);
      self->changed_.wait(held, [&] { return self->released_; });
    }
    response->status = self->status_ == 0 ? HTTP_OK : self->status_;
    response->body = strdup(self->body_.c_str());
  }
  int32_t status_;
  std::string body_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool released_ = false;
  http_server_t *server_ = nullptr;
};

// A workflow of two functions, first and second, and an orchestrator for it.
class TwoCalls {
 public:
  explicit TwoCalls(const std::string &calls = "[first, second]", const std::string &first = "fail") {
    fc_test::write_file(
        path(),
        "faasconf: 1\nworkflow: two\nprices: {version: v, usd_per_millicore_hour: 1, usd_per_mib_hour: 1}\n"
        "ranges: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}\n"
        "start: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}\n"
        "functions: [{name: first, on_failure: " +
            first + "}, {name: second}]\ncalls: " + calls + "\nqos: [{latency_mean_s: 1}]\n");
  }
  void start(const std::string &first, const std::string &second, const std::vector<std::string> &more = {}) {
    std::vector<std::string> argv = {"faasconf-orchestrator", "--workflow", path(), "--endpoints",
                                     "first=" + first + ",second=" + second};
    argv.insert(argv.end(), more.begin(), more.end());
    service_ = std::make_unique<Service>(argv);
  }
  Service &service() { return *service_; }
  Answered post(const std::string &body = "") { return exchange(service_->port(), "POST", "/", body); }
  Answered metrics(const std::string &query = "") { return exchange(service_->port(), "GET", "/metrics.json" + query); }
  std::string path() const { return folder_.path("two.yaml"); }

 private:
  fc_test::TemporaryFolder folder_;
  std::unique_ptr<Service> service_;
};

// A port that nobody listens at.
std::string dead_url() {
  fc_error_t error = {};
  http_server_t *server = nullptr;
  const http_server_options_t options = {"127.0.0.1", 0, 4, 0, [](void *, const http_request_t *, http_response_t *) {},
                                         nullptr};
  EXPECT_OK(http_server_start(&options, &server, &error));
  const std::string url = http_server_url(server);
  http_server_stop(&server);
  return url;
}

}  // namespace

TEST(LocalFunction, EveryKindAnswersTheChecksumOfItsResult) {
  const uint64_t previous = 0x0123456789abcdef;
  for (const char *kind : kKinds) {
    Service service = function(kind);
    EXPECT_EQ(200, exchange(service.port(), "GET", "/health").status);
    const Answered plain = exchange(service.port(), "POST", "/"),
                   given = exchange(service.port(), "POST", "/", R"({"number": 5, "previous": "0123456789abcdef"})");
    EXPECT_EQ(200, plain.status);
    EXPECT_EQ(hex(expected_checksum(kind, 0)), Json(plain.body).text("checksum")) << kind;
    EXPECT_EQ(hex(expected_checksum(kind, 5, &previous)), Json(given.body).text("checksum")) << kind;
    EXPECT_TRUE(Json(plain.body).is("ok"));
    EXPECT_GT(Json(plain.body).number("cpu_ms"), 0);
    EXPECT_EQ(0, service.stop()) << service.process().output();
  }
}

TEST(LocalFunction, AnswersRequestsAtOnce) {
  Service service = function("convolution", 20);
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      const Answered answer = exchange(service.port(), "POST", "/", "{\"number\": " + std::to_string(t % 2) + "}");
      EXPECT_EQ(200, answer.status);
      EXPECT_EQ(t % 2, Json(answer.body).number("number"));
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(0, service.stop());
}

TEST(LocalFunction, FinishesWhatIsInServiceAtSigterm) {
  Service service = function("image-resize", 150);
  std::vector<Answered> answers(2);
  std::vector<std::thread> threads;
  std::atomic<bool> answered{false};
  for (Answered &answer : answers)
    threads.emplace_back([&] {
      answer = exchange(service.port(), "POST", "/");
      answered = true;
    });
  double in_service = 0;
  while (in_service < 2 && !answered)
    in_service = Json(exchange(service.port(), "GET", "/health").body).number("in_service");
  EXPECT_EQ(0, service.stop());
  for (std::thread &thread : threads) thread.join();
  for (const Answered &answer : answers) EXPECT_EQ(200, answer.status) << "cut off";
  EXPECT_EQ(0, exchange(service.port(), "GET", "/health").status) << "still there";
}

TEST(LocalFunction, RefusesGarbageAndWhatIsNoRequest) {
  Service service = function("json-transform");
  const std::vector<std::pair<std::string, int>> cases = {{R"({"previous": "failed"})", 422},
                                                          {R"({"previous": 7})", 422},
                                                          {R"({"previous": "0123456789ABCDEG"})", 422},
                                                          {"{", 400},
                                                          {"[]", 400},
                                                          {R"({"number": -1})", 400},
                                                          {R"({"number": "one"})", 400},
                                                          {R"({"number": 1, "other": 2})", 200}};
  for (const auto &[body, status] : cases) {
    const Answered answer = exchange(service.port(), "POST", "/", body);
    EXPECT_EQ(status, answer.status) << body;
    if (status != 200) {
      EXPECT_FALSE(Json(answer.body).is("ok"));
      EXPECT_NE("", Json(answer.body).text("reason"));
    }
  }
  EXPECT_EQ(404, exchange(service.port(), "POST", "/elsewhere").status);
  EXPECT_EQ(405, exchange(service.port(), "GET", "/").status);
}

TEST(LocalFunction, MeasuresItsAppetite) {
  const Finished done = fc_test::run({fc_test::program("faasconf-function"), "matrix-inference", "--work", "2",
                                      "--measure", "--measure-s", "0.01", "--json"});
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  EXPECT_EQ("matrix-inference", json.text("kind"));
  EXPECT_GT(json.number("cpu_ms"), json.number("startup_cpu_ms"));
  EXPECT_GT(json.number("startup_cpu_ms"), 0);
  EXPECT_EQ(16u, json.text("checksum").size());
}

TEST(LocalFunction, SaysWhatIsWrongWithACall) {
  const std::string program = fc_test::program("faasconf-function");
  const std::vector<std::pair<std::vector<std::string>, const char *>> wrong = {
      {{}, "KIND"},
      {{"resize"}, "image-resize"},
      {{"image-resize", "--work", "0"}, "--work"},
      {{"image-resize", "--port", "http"}, "--port"},
      {{"image-resize", "--listen", "nowhere"}, "--listen"},
      {{"image-resize", "convolution"}, "too many"}};
  for (const auto &[arguments, expected] : wrong) {
    std::vector<std::string> argv = {program};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const Finished done = fc_test::run(argv);
    EXPECT_EQ(2, done.exit_code);
    EXPECT_EQ(0u, done.err.find("faasconf-function: ")) << done.err;
    EXPECT_NE(std::string::npos, done.err.find(expected)) << done.err;
  }
  EXPECT_NE(std::string::npos, fc_test::run({program, "--help"}).out.find("usage: faasconf-function KIND"));
}

TEST(LocalFunction, SaysThatItsPortIsTaken) {
  Service service = function("convolution");
  const Finished done =
      fc_test::run({fc_test::program("faasconf-function"), "convolution", "--port", std::to_string(service.port())});
  EXPECT_EQ(1, done.exit_code);
  EXPECT_NE(std::string::npos, done.err.find("in use")) << done.err;
}

TEST(LocalOrchestrator, RunsTheShippedWorkflowsOverTheirFunctions) {
  Service picture = function("image-resize"), filter = function("convolution"), classify = function("matrix-inference"),
          text = function("json-transform");
  const std::vector<std::pair<std::string, std::string>> urls = {{"parse", text.url()},
                                                                 {"resize", picture.url()},
                                                                 {"filter", filter.url()},
                                                                 {"classify", classify.url()},
                                                                 {"report", text.url()}};
  for (const char *workflow : {"local-sequential", "local-parallel", "local-branch"}) {
    std::string endpoints;
    for (const auto &[name, url] : urls)
      if (std::string(workflow) != "local-sequential" || name != "filter")
        endpoints += (endpoints.empty() ? "" : ",") + name + "=" + url;
    Service service({"faasconf-orchestrator", "--workflow",
                     fc_test::source_file(std::string("workflows/") + workflow + ".yaml"), "--endpoints", endpoints});
    for (int i = 0; i < 3; ++i) {
      const Answered answer = exchange(service.port(), "POST", "/");
      EXPECT_EQ(200, answer.status) << answer.body;
      EXPECT_TRUE(Json(answer.body).is("ok"));
      EXPECT_EQ(workflow, Json(answer.body).text("workflow"));
    }
    EXPECT_EQ(0, service.stop()) << service.process().output();
  }
}

TEST(LocalOrchestrator, TheChecksumSaysThatTheDataWentThroughTheFunctionsInOrder) {
  Service first = function("image-resize"), second = function("matrix-inference");
  TwoCalls two;
  two.start(first.url(), second.url());
  const uint64_t picture = expected_checksum("image-resize", 9);
  const Answered answer = two.post(R"({"number": 9})");
  ASSERT_EQ(200, answer.status) << answer.body;
  EXPECT_EQ(hex(expected_checksum("matrix-inference", 9, &picture)), Json(answer.body).text("checksum"));
  EXPECT_EQ(2, Json(answer.body).number("calls"));
  EXPECT_GT(Json(answer.body).number("latency_s"), 0);
  EXPECT_EQ(400, two.post("what").status);
  EXPECT_EQ(404, exchange(two.service().port(), "GET", "/elsewhere").status);
}

TEST(LocalOrchestrator, ADeadFunctionFailsTheWorkflowAndIsNamed) {
  Service first = function("json-transform");
  TwoCalls two;
  two.start(first.url(), dead_url());
  const Answered answer = two.post();
  EXPECT_EQ(502, answer.status);
  const Json json(answer.body);
  EXPECT_FALSE(json.is("ok"));
  EXPECT_EQ("second", json.text("function"));
  EXPECT_EQ("failure", json.text("result"));
  EXPECT_NE(std::string::npos, json.text("reason").find("connect")) << answer.body;
}

TEST(LocalOrchestrator, AFunctionThatDoesNotAnswerTimesOut) {
  Service second = function("json-transform");
  Scripted silent(0);
  TwoCalls two;
  two.start(silent.url(), second.url(), {"--timeout-s", "0.2"});
  const Answered answer = two.post();
  EXPECT_EQ(504, answer.status) << answer.body;
  EXPECT_EQ("timeout", Json(answer.body).text("result"));
  EXPECT_EQ("first", Json(answer.body).text("function"));
  EXPECT_EQ(1, Json(two.metrics().body).number("timeouts"));
  silent.release();
}

TEST(LocalOrchestrator, ARefusalAtAConcurrencyLimitIsRejected) {
  Service second = function("json-transform");
  Scripted full(429, "too many");
  TwoCalls two;
  two.start(full.url(), second.url());
  const Answered answer = two.post();
  EXPECT_EQ(429, answer.status) << "so that a proxy's log tells rejected workflows from failed ones";
  EXPECT_EQ("rejected", Json(answer.body).text("result"));
  EXPECT_EQ(1, Json(answer.body).number("calls_rejected"));
  EXPECT_EQ(2, Json(answer.body).number("calls"));
  EXPECT_EQ(1, Json(two.metrics().body).number("rejected"));
}

TEST(LocalOrchestrator, AnAnswerWithoutAChecksumIsAFailure) {
  Service second = function("json-transform");
  for (const char *body : {"", "ok", "{}", R"({"ok": false, "checksum": "0123456789abcdef"})",
                           R"({"ok": true, "checksum": "0123"})", R"([{"ok": true}])"}) {
    Scripted wrong(200, body);
    TwoCalls two;
    two.start(wrong.url(), second.url());
    const Answered answer = two.post();
    EXPECT_EQ(502, answer.status) << body;
    EXPECT_EQ("first", Json(answer.body).text("function")) << body;
  }
}

TEST(LocalOrchestrator, TheGarbageOfAPoisoningFunctionMakesTheNextOneFail) {
  Service second = function("json-transform");
  Scripted broken(500, "no");
  TwoCalls two("[first, second]", "poison"), ignoring("[first, second]", "ignore");
  two.start(broken.url(), second.url(), {"--semantics", "as-published"});
  const Answered answer = two.post();
  EXPECT_EQ(502, answer.status);
  EXPECT_EQ("second", Json(answer.body).text("function")) << answer.body;
  EXPECT_EQ("answered 422", Json(answer.body).text("reason"));
  ignoring.start(broken.url(), second.url(), {"--semantics", "as-published"});
  EXPECT_EQ(200, ignoring.post().status);
}

TEST(LocalOrchestrator, MetricsCountAndGiveTheCompletionsSinceACursor) {
  Service both = function("json-transform");
  TwoCalls two("[{parallel: [[first], [second]]}]");
  two.start(both.url(), both.url());
  const Json before(two.metrics().body);
  EXPECT_EQ(0, before.number("cursor"));
  EXPECT_EQ(nullptr, fc_json_string(before["latency_s"]));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(200, two.post().status);
  const Json all(two.metrics("?since=0").body), limited(two.metrics("?since=1&limit=1").body), now(two.metrics().body);
  EXPECT_EQ(3, all.number("started"));
  EXPECT_EQ(3, all.number("successes"));
  EXPECT_EQ(0, all.number("failures"));
  EXPECT_EQ(0, all.number("in_flight"));
  EXPECT_EQ(6, all.number("calls"));
  EXPECT_EQ(3, all.number("cursor"));
  EXPECT_EQ(3u, fc_json_size(fc_json_get(all["recent"], "result")));
  EXPECT_STREQ("success", fc_json_string(fc_json_at(fc_json_get(all["recent"], "result"), 0)));
  double mean = 0, in_flight_s = all.number("in_flight_s");
  EXPECT_TRUE(fc_json_double(fc_json_get(all["latency_s"], "mean"), &mean));
  EXPECT_NEAR(3 * mean, in_flight_s, 1e-6) << "one after the other: the integral is the sum of the latencies";
  EXPECT_EQ(2, limited.number("cursor"));
  EXPECT_EQ(1u, fc_json_size(fc_json_get(limited["recent"], "end_us")));
  EXPECT_EQ(3, now.number("cursor"));
  EXPECT_EQ(0u, fc_json_size(fc_json_get(now["recent"], "end_us")));
  EXPECT_EQ(400, two.metrics("?since=x").status);
  EXPECT_EQ(400, two.metrics("?since=0&limit=1000000000").status);
}

TEST(LocalOrchestrator, AnswersWorkflowsAtOnceAndThoseInFlightAtSigterm) {
  Scripted silent(0, R"({"ok": true, "checksum": "0123456789abcdef"})");
  Service second = function("json-transform");
  TwoCalls two;
  two.start(silent.url(), second.url());
  std::vector<Answered> answers(4);
  std::vector<std::thread> threads;
  for (Answered &answer : answers) threads.emplace_back([&] { answer = two.post(); });
  while (Json(two.metrics().body).number("in_flight") < 4) std::this_thread::yield();
  two.service().process().signal(SIGTERM);
  silent.release();
  EXPECT_EQ(0, two.service().process().wait_exit(30)) << two.service().process().output();
  for (std::thread &thread : threads) thread.join();
  for (const Answered &answer : answers) EXPECT_EQ(200, answer.status) << answer.body;
}

TEST(LocalOrchestrator, SaysWhatIsWrongWithACall) {
  TwoCalls two;
  const std::string program = fc_test::program("faasconf-orchestrator");
  const std::vector<std::pair<std::vector<std::string>, const char *>> wrong = {
      {{}, "--workflow"},
      {{"--workflow", two.path()}, "--endpoints"},
      {{"--workflow", two.path(), "--endpoints", "first=http://h:1"}, "second"},
      {{"--workflow", "nowhere.yaml", "--endpoints", "first=http://h:1"}, "nowhere.yaml"},
      {{"--workflow", two.path(), "--endpoints", "first=http://h:1,second=http://h:1", "--semantics", "lax"}, "lax"},
      {{"--workflow", two.path(), "--endpoints", "first=http://h:1,second=http://h:1", "--timeout-s", "0"},
       "--timeout-s"},
      {{"--workflow", fc_test::source_file("workflows/tcktapp.yaml"), "--endpoints", "x=http://h:1"},
       "calls of its own"}};
  for (const auto &[arguments, expected] : wrong) {
    std::vector<std::string> argv = {program};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const Finished done = fc_test::run(argv);
    EXPECT_EQ(2, done.exit_code) << expected;
    EXPECT_EQ(0u, done.err.find("faasconf-orchestrator: ")) << done.err;
    EXPECT_NE(std::string::npos, done.err.find(expected)) << done.err;
  }
  EXPECT_NE(std::string::npos, fc_test::run({program, "--help"}).out.find("usage: faasconf-orchestrator"));
}
