/* doctor_machine.c - the clock, and whether the start configuration fits cores and memory of this machine. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"
#include "faasconf/clock.h"

static const int64_t MIB = 1 << 20, US_PER_S = 1000000, LEAST_S = 1704067200 /* 2024-01-01 */, TOLERANCE_S = 2;
enum { MILLICORES = 1000 };

/* The newest of the agent's own records, s since 1970; 0: there are none. */
static int64_t find_newest(const doctor_t *doctor) {
  static const char *const names[] = {"epoch", "decisions.jsonl", "last_good.json", "trust.json"};
  int64_t newest_s = 0;
  struct stat about;
  for (size_t i = 0; doctor->has_folder && i < sizeof names / sizeof *names; ++i)
    if (fstatat(doctor->folder.descriptor, names[i], &about, AT_SYMLINK_NOFOLLOW) == 0 && about.st_mtime > newest_s)
      newest_s = about.st_mtime;
  return newest_s;
}

void doctor_check_clock(doctor_t *doctor) {
  const fc_clock_t clock = fc_clock_system();
  const int64_t now_s = clock.wall_us(clock.self) / US_PER_S, newest_s = find_newest(doctor);
  const time_t seconds = (time_t)now_s;
  char text[32] = "?";
  struct tm parts;
  struct timex kernel = {.modes = 0}; /* reads only */
  if (gmtime_r(&seconds, &parts) != NULL) strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  if (now_s < LEAST_S || now_s + TOLERANCE_S < newest_s) {
    doctor_find(doctor, DOCTOR_FAILED, "clock", "%s: %s", text,
                now_s < LEAST_S ? "this cannot be" : "files of the agent are newer: the clock was set back");
    doctor_remedy(doctor, "set it (timedatectl set-ntp true): windows carry its time");
    return;
  }
  const int state = adjtimex(&kernel);
  doctor_find(doctor, DOCTOR_OK, "clock", "%s%s", text,
              state < 0                                                  ? ""
              : state == TIME_ERROR || (kernel.status & STA_UNSYNC) != 0 ? ", not synchronized by NTP"
                                                                         : ", synchronized");
}

void doctor_check_machine(doctor_t *doctor) {
  const fc_workflow_t *workflow = doctor->workflow;
  const int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);
  const int64_t mib = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / MIB;
  int64_t wanted_millicores = 0, wanted_mib = 0;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_function_configuration_t *start = &workflow->functions[f].start;
    wanted_millicores += (int64_t)start->cpu_millicores * start->replicas;
    wanted_mib += (int64_t)start->mem_mib * start->replicas;
  }
  const bool cpu = wanted_millicores > cores * MILLICORES, memory = wanted_mib > mib;
  doctor_find(doctor, cpu || memory ? DOCTOR_WARNING : DOCTOR_OK, "machine",
              "the start configuration reserves %" PRId64 " of %" PRId64 " millicores and %" PRId64 " of %" PRId64
              " MiB",
              wanted_millicores, cores * MILLICORES, wanted_mib, mib);
  if (cpu || memory)
    doctor_remedy(
        doctor, "lower start (%s) in the workflow file, or use a larger machine: %s",
        cpu && memory ? "cpu_millicores, mem_mib, replicas"
        : cpu         ? "cpu_millicores, replicas"
                      : "mem_mib, replicas",
        cpu ? "functions would not get the CPU their limit says" : "functions may be killed below their limit");
}
