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

// What may be said, with the defaults, as long as no variable has been set.
inline std::string usage_of(const char *bench, const std::vector<Option> &table) {
  std::string text = std::string("usage: ") + bench;
  for (const Option &option : table) text += " " + show(option);
  return text;
}

// Says what is wrong; ends the program.
[[noreturn]] inline void usage(const char *bench, const std::string &problem) {
  std::fprintf(stderr, "%s: %s; see %s --help\n", bench, problem.c_str(), bench);
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

// Fills the variables of the table in; ends the program after --help, and with the usage after anything else.
inline void parse(const char *bench, const std::vector<Option> &table, int argc, char **argv) {
  const std::string help = usage_of(bench, table);
  const auto fail = [&](const std::string &problem) {
    std::fprintf(stderr, "%s: %s\n%s\n", bench, problem.c_str(), help.c_str());
    std::exit(2);
  };
  for (int a = 1; a < argc; ++a) {
    const Option *found = nullptr;
    if (std::strcmp(argv[a], "--help") == 0) {
      std::puts(help.c_str());
      std::exit(0);
    }
    for (const Option &option : table) {
      if (std::strncmp(argv[a], "--", 2) == 0 && std::strcmp(argv[a] + 2, option.name) == 0) found = &option;
    }
    if (found == nullptr) fail(std::string("there is no option ") + argv[a]);
    if (auto *flag = std::get_if<bool *>(&found->value)) {
      **flag = true;
      continue;
    }
    if (a + 1 >= argc) fail(std::string(argv[a]) + " lacks its value");
    if (!set(*found, argv[a + 1])) fail(std::string(argv[a]) + ": bad value " + argv[a + 1]);
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
inline std::vector<int> counts(const char *bench, const std::string &text) {
  std::vector<int> numbers;
  for (const std::string &part : split(text)) {
    int number = 0;
    if (!set({"", &number, 1}, part.c_str())) usage(bench, "expected counts such as 10,20, found " + text);
    numbers.push_back(number);
  }
  if (numbers.empty()) usage(bench, "expected counts such as 10,20, found nothing");
  return numbers;
}

}  // namespace fc_bench
