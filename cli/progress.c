/* progress.c - one redrawn line on a terminal for work that takes over a second. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "faasconf/clock.h"

enum { REDRAW_NS = 100000000 };

static int64_t now_ns(void) {
  const fc_clock_t clock = fc_clock_system();
  return clock.monotonic_ns(clock.self);
}

void progress_start(progress_t *progress, const char *what) {
  progress->active = isatty(STDERR_FILENO) == 1;
  progress->what = what;
  progress->last_ns = 0;
  progress->started_ns = progress->active ? now_ns() : 0;
}

void progress_update(progress_t *progress, int64_t done, int64_t total, const char *detail) {
  if (!progress->active) return;
  const int64_t now = now_ns();
  if (now - progress->last_ns < REDRAW_NS && done != total) return;
  progress->last_ns = now;
  fprintf(stderr, "\r\033[K%s  %" PRId64, progress->what, done);
  if (total > 0) fprintf(stderr, "/%" PRId64 " (%.0f %%)", total, 100.0 * (double)done / (double)total);
  fprintf(stderr, "  %.0f s%s%s", (double)(now - progress->started_ns) * 1e-9, detail ? "  " : "",
          detail ? detail : "");
  fflush(stderr);
}

void progress_end(progress_t *progress) {
  if (!progress->active) return;
  fprintf(stderr, "\r\033[K");
  fflush(stderr);
  progress->active = false;
}
