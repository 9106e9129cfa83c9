// What the benchmarks share: time, and rows as JSON.
#pragma once
#include <cstdio>
#include <cstdlib>

extern "C" {
#include "faasconf/clock.h"
#include "faasconf/json.h"
}

namespace fc_bench {

inline double now_s() {
  const fc_clock_t clock = fc_clock_system();
  return 1e-9 * static_cast<double>(clock.monotonic_ns(clock.self));
}

[[noreturn]] inline void give_up(const char *bench, const fc_error_t &error) {
  std::fprintf(stderr, "%s: %s\n", bench, error.message);
  std::exit(1);
}

// One line on stdout; destroys the value.
inline void print(fc_json_t *value) {
  char *text = fc_json_dump(value, 0);
  std::puts(text);
  std::free(text);
  fc_json_destroy(&value);
}

}  // namespace fc_bench
