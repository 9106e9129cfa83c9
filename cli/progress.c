/* progress.c - a line about work that takes over a second: see command.h. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "faasconf/clock.h"

static const int64_t REDRAW_NS = 100000000, NEW_LINE_NS = 60000000000;

/* A rest that is told from less time, or from a smaller share of the work, is a guess. */
static const int64_t TELLING_NS = 5000000000;
enum { TELLING_SHARE = 50 };

static int64_t now_ns(void) {
  const fc_clock_t clock = fc_clock_system();
  return clock.monotonic_ns(clock.self);
}

void progress_start(progress_t *progress, const char *what) {
  *progress = (progress_t){.active = true,
                           .is_terminal = isatty(STDERR_FILENO) == 1,
                           .what = what,
                           .started_ns = now_ns(),
                           .first_done = -1};
  progress->last_ns = progress->is_terminal ? 0 : progress->started_ns;
}

static void print_rest(const progress_t *progress, int64_t done, int64_t total, int64_t elapsed_ns) {
  const int64_t measured = done - progress->first_done;
  if (measured <= 0 || measured < total / TELLING_SHARE || done >= total || elapsed_ns < TELLING_NS) return;
  const double rest_s = 1e-9 * (double)elapsed_ns * (double)(total - done) / (double)measured;
  if (rest_s < 90)
    fprintf(stderr, ", %.0f s left", rest_s);
  else
    fprintf(stderr, ", %.0f min left", rest_s / 60);
}

void progress_update(progress_t *progress, int64_t done, int64_t total, const char *detail) {
  if (!progress->active) return;
  const int64_t now = now_ns(), pause_ns = progress->is_terminal ? REDRAW_NS : NEW_LINE_NS;
  if (progress->first_done < 0) progress->first_done = done;
  if (now - progress->last_ns < pause_ns && !(progress->is_terminal && done == total)) return;
  progress->last_ns = now;
  fprintf(stderr, "%s%s  %" PRId64, progress->is_terminal ? "\r\033[K" : "", progress->what, done);
  if (total > 0) fprintf(stderr, "/%" PRId64 " (%.0f %%)", total, 100.0 * (double)done / (double)total);
  fprintf(stderr, "  %.0f s", (double)(now - progress->started_ns) * 1e-9);
  print_rest(progress, done, total, now - progress->started_ns);
  fprintf(stderr, "%s%s%s", detail ? "  " : "", detail ? detail : "", progress->is_terminal ? "" : "\n");
  fflush(stderr);
}

void progress_end(progress_t *progress) {
  if (progress->active && progress->is_terminal) fprintf(stderr, "\r\033[K");
  fflush(stderr);
  progress->active = false;
}
