// options.h - the command line of a benchmark: a table of options whose variables hold the defaults.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

namespace fc_bench {

// --name VALUE, or --name alone for a bool. Numbers are at least `least`.
struct Option {
  const char *name;
  std::variant<bool *, int *, double *, std::string *> value;
  double least = 0;
};

inline std::string show(const Option &option) {
  std::ostringstream text;
  text << "[--" << option.name;
  if (const auto *i = std::get_if<int *>(&option.value)) text << ' ' << **i;
  if (const auto *d = std::get_if<double *>(&option.value)) text << ' ' << **d;
  if (const auto *s = std::get_if<std::string *>(&option.value)) text << ' ' << ((*s)->empty() ? "TEXT" : **s);
  text << ']';
  return text.str();
}

// Says what is wrong and what may be said, with the defaults; ends the program.
[[noreturn]] inline void usage(const char *bench, const std::vector<Option> &table, const std::string &problem) {
  std::fprintf(stderr, "%s: %s\nusage: %s", bench, problem.c_str(), bench);
  for (const Option &option : table) std::fprintf(stderr, " %s", show(option).c_str());
  std::fprintf(stderr, "\n");
  std::exit(2);
}

// False when the text is no number of this kind, or too small.
inline bool set(const Option &option, const char *text) {
  char *end = nullptr;
  if (auto *s = std::get_if<std::string *>(&option.value)) {
    **s = text;
    return true;
  }
  if (auto *i = std::get_if<int *>(&option.value)) {
    const long value = std::strtol(text, &end, 10);
    **i = static_cast<int>(value);
    return end != text && *end == '\0' && value == **i && value >= option.least;
  }
  const double value = std::strtod(text, &end);
  **std::get_if<double *>(&option.value) = value;
  return end != text && *end == '\0' && value >= option.least;
}

// Fills the variables of the table in, or ends the program with a usage.
inline void parse(const char *bench, const std::vector<Option> &table, int argc, char **argv) {
  for (int a = 1; a < argc; ++a) {
    const Option *found = nullptr;
    for (const Option &option : table) {
      if (std::strncmp(argv[a], "--", 2) == 0 && std::strcmp(argv[a] + 2, option.name) == 0) found = &option;
    }
    if (found == nullptr) usage(bench, table, std::string("there is no option ") + argv[a]);
    if (auto *flag = std::get_if<bool *>(&found->value)) {
      **flag = true;
      continue;
    }
    if (a + 1 >= argc) usage(bench, table, std::string(argv[a]) + " lacks its value");
    if (!set(*found, argv[a + 1])) usage(bench, table, std::string(argv[a]) + ": bad value " + argv[a + 1]);
    ++a;
  }
}

// The parts of a comma list.
inline std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

// A comma list of counts of at least 1; ends the program at any other.
inline std::vector<int> counts(const char *bench, const std::vector<Option> &table, const std::string &text) {
  std::vector<int> numbers;
  for (const std::string &part : split(text)) {
    int number = 0;
    if (!set({"", &number, 1}, part.c_str())) usage(bench, table, "expected counts, found " + part);
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace fc_bench
