// An HTTP server that answers queries of raw samples as Prometheus does, from series a test puts in.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http_server.h"

namespace fc_test {

// Fields of a POST form, decoded.
std::map<std::string, std::string> form_of(const std::string &body);

class FakePrometheus {
 public:
  FakePrometheus() : server_([this](const HttpRequest &request) { return reply(request); }) {}
  std::string url() const { return server_.url(""); }
  // A series that a selector with this text in it finds: samples (Unix time, value).
  void put(const std::string &selector, std::vector<std::pair<double, double>> samples);
  // One more sample of every series.
  void put_sample(double time_s, double value);
  // What every expression (a query that is no selector) is worth; "" for an empty vector.
  void set_value(const std::string &value);
  // Instead of an answer; an empty function takes it back.
  void set_fault(std::function<HttpServer::Reply(const std::string &query)> fault);
  std::vector<HttpRequest> requests() const { return server_.requests(); }
  std::vector<std::string> queries() const;

 private:
  HttpServer::Reply reply(const HttpRequest &request);
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::vector<std::pair<double, double>>>> series_;
  std::string value_;
  std::function<HttpServer::Reply(const std::string &)> fault_;
  HttpServer server_;
};

}  // namespace fc_test
