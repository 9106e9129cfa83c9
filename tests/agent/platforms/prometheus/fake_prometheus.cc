#include "fake_prometheus.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace fc_test {

std::map<std::string, std::string> form_of(const std::string &body) {
  std::map<std::string, std::string> form;
  std::istringstream fields(body);
  for (std::string field; std::getline(fields, field, '&');) {
    std::string text;
    for (size_t i = 0; i < field.size(); ++i) {
      if (field[i] == '%' && i + 2 < field.size()) {
        text += static_cast<char>(std::strtol(field.substr(i + 1, 2).c_str(), nullptr, 16));
        i += 2;
      } else {
        text += field[i] == '+' ? ' ' : field[i];
      }
    }
    form[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  return form;
}

void FakePrometheus::put(const std::string &selector, std::vector<std::pair<double, double>> samples) {
  const std::lock_guard<std::mutex> lock(mutex_);
  series_.emplace_back(selector, std::move(samples));
}

void FakePrometheus::put_sample(double time_s, double value) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto &series : series_) {
    series.second.emplace_back(time_s, value);
    std::sort(series.second.begin(), series.second.end());
  }
}

void FakePrometheus::set_value(const std::string &value) {
  const std::lock_guard<std::mutex> lock(mutex_);
  value_ = value;
}

void FakePrometheus::set_fault(std::function<HttpServer::Reply(const std::string &query)> fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  fault_ = std::move(fault);
}

std::vector<std::string> FakePrometheus::queries() const {
  std::vector<std::string> found;
  for (const auto &request : server_.requests()) found.push_back(form_of(request.body)["query"]);
  return found;
}

HttpServer::Reply FakePrometheus::reply(const HttpRequest &request) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto form = form_of(request.body);
  const std::string query = form["query"];
  if (fault_) return fault_(query);
  const auto answer = [](const std::string &type, const std::string &result) {
    return HttpServer::answer(
        200, R"({"status":"success","data":{"resultType":")" + type + R"(","result":[)" + result + "]}}");
  };
  const size_t bracket = query.rfind('[');
  if (query.empty() || query.back() != ']' || bracket == std::string::npos)
    return answer("vector", value_.empty() ? "" : R"({"metric":{},"value":[1,")" + value_ + R"("]})");
  const double until = form["time"].empty() ? 1e12 : std::stod(form["time"]);
  const double from = until - std::stod(query.substr(bracket + 1)) / 1000; /* [NUMBERms] */
  std::string result;
  for (const auto &[selector, samples] : series_) {
    if (query.find(selector) == std::string::npos) continue;
    std::string values;
    for (const auto &[time, value] : samples) {
      char text[80];
      snprintf(text, sizeof text, "%s[%.3f,\"%.17g\"]", values.empty() ? "" : ",", time, value);
      if (time >= from && time <= until) values += text;
    }
    if (!values.empty())
      result += (result.empty() ? "" : ",") + std::string(R"({"metric":{},"values":[)") + values + "]}";
  }
  return answer("matrix", result);
}

}  // namespace fc_test
