/* load_machine.c - see load_machine.h. */
#include "load_machine.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { OTHER_FILES = 64 };

fc_status_t load_machine_allow_connections(int32_t n_connections, fc_error_t *error) {
  struct rlimit limit;
  const rlim_t wanted = (rlim_t)n_connections + OTHER_FILES;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return FC_OK;
  limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return FC_OK;
  return fc_error_set(
      error, FC_EEXHAUSTED,
      "%d requests at once need %llu open files and only %llu are allowed: raise it (ulimit -Hn), or ask "
      "for fewer users or connections",
      (int)n_connections, (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
}

int load_machine_open_account(void) {
  return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

double load_machine_busy_s(int account) {
  char text[96] = ""; /* nanoseconds it ran, nanoseconds it waited, time slices */
  if (account >= 0 && pread(account, text, sizeof text - 1, 0) > 0) {
    char *rest = NULL, *end = NULL;
    const unsigned long long ran_ns = strtoull(text, &rest, 10), waited_ns = strtoull(rest, &end, 10);
    if (end != rest) return (double)(ran_ns + waited_ns) * 1e-9;
  }
  struct timespec used;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) return NAN;
  return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}
