// A published measurement file made by the test: rows of the Parallel workflow in the published format.
#pragma once
#include <cstdio>
#include <string>
#include <vector>

namespace fc_test {

// Fields of one row; row i differs from the others in every action, metric and outcome.
inline std::vector<std::string> published_fields(int i) {
  static const char *const names[6] = {"starter", "rgb", "resize", "update", "resnet", "mobilenet"};
  std::vector<std::string> actions, functions;
  double price = 0;
  char text[40];
  const auto number = [&text](double value) {
    std::snprintf(text, sizeof text, "%.17g", value);
    return std::string(text);
  };
  for (int f = 0; f < 6; ++f) {
    const int cpu = 600 + 37 * i % 900 + 10 * f, mem = 614 + 53 * i % 1000 + 7 * f, replicas = 2 + (i + f) % 5,
              concurrency = 2 + (2 * i + f) % 7;
    for (const double action :
         {(cpu - 250) / 1750.0, (mem - 256) / 1792.0, (replicas - 0.5) / 7, (concurrency - 0.5) / 9})
      actions.push_back(number(action));
    functions.insert(functions.end(), {names[f], std::to_string(cpu), std::to_string(mem), std::to_string(replicas)});
    for (int metric = 0; metric < 6; ++metric) functions.push_back(number(1.25 + metric + 0.5 * (i % 7) + f));
    price += (cpu * 0.000173 + mem * 0.000012) * replicas;
  }
  std::vector<std::string> all = actions;
  all.insert(all.end(), functions.begin(), functions.end());
  const int successes = 15 + i % 20;
  for (const std::string &field : {number(8 + i % 9), number(12 + i % 9), std::to_string(successes),
                                   std::to_string(successes + i % 4), number(price), std::string("10")})
    all.push_back(field);
  return all;
}

inline std::string joined(const std::vector<std::string> &fields) {
  std::string line;
  for (const std::string &field : fields) line += (line.empty() ? "" : ",") + field;
  return line + "\n";
}

inline std::string published_header() {
  std::string line = "cpu-func1";
  for (int column = 1; column < 90; ++column) line += ",c" + std::to_string(column);
  return line + "\n";
}

inline std::string published_file(int n_rows) {
  std::string text = published_header();
  for (int i = 0; i < n_rows; ++i) text += joined(published_fields(i));
  return text;
}

}  // namespace fc_test
