/* backtest_text.c - the result of a backtest for a terminal of 100 columns: see backtest.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "backtest.h"
#include "faasconf/knobs.h"
#include "number_text.h"
#include "timestamp.h"

/* Larger workflows show their configurations with --json only; so do longer lists of what windows lack. */
enum { SHOWN_FUNCTIONS = 12, SHOWN_QUANTITIES = 8, LINE_WIDTH = 100 };

static void print_data(const backtest_t *self) {
  const recording_t *recording = self->recording;
  char from[32], to[32], name[2 * FC_NAME_SIZE];
  timestamp_format(self->measured.from_ms, from, sizeof from);
  timestamp_format(self->measured.to_ms, to, sizeof to);
  printf("%s, %s semantics, %s loop, prices %s\n", self->workflow->name, fc_semantics_name(self->semantics),
         recording->closed_loop ? "closed" : "open", self->workflow->prices.version);
  printf("%s\n", recording->options.path);
  printf("%s to %s: %" PRId64 " windows of %.15g s", from, to, recording->n_windows, self->workflow->window_s);
  printf("; %" PRId64 " incomplete, %" PRId64 " missing", recording->n_incomplete, recording->n_missing);
  if (self->measured.n_idle > 0) printf("; %" PRId64 " idle, not judged", self->measured.n_idle);
  printf("\n");
  int32_t n_shown = 0;
  for (int32_t c = 0; c < recording->n_columns && n_shown <= SHOWN_QUANTITIES; ++c) {
    if (recording->n_lacking[c] == 0) continue;
    recording_column_name(self->workflow, recording->columns[c], name, sizeof name);
    if (n_shown++ < SHOWN_QUANTITIES) {
      printf("  %" PRId64 " windows lack %s\n", recording->n_lacking[c], name);
    } else {
      printf("  and so on; --json has all\n");
    }
  }
  if (recording->n_ignored_series > 0)
    printf("  %" PRId64 " series of other functions ignored\n", recording->n_ignored_series);
}

static void print_measured(const backtest_t *self) {
  const backtest_measured_t *measured = &self->measured;
  printf("\nmeasured\n");
  printf("  %-20s %.3f USD/h, %.2f USD in these %.2f h\n", "reserved cost", measured->cost_usd_h, measured->cost_usd,
         (double)self->recording->n_windows * self->workflow->window_s / 3600);
  if (measured->n_judged > 0)
    printf("  %-20s %.1f %% of %" PRId64 " windows (95 %% interval %.1f..%.1f %%)\n", "met QoS",
           100 * measured->compliance, measured->n_judged, 100 * measured->wilson_low, 100 * measured->wilson_high);
  printf("  %-20s %.3g (%.3g to %.3g)\n", self->recording->closed_loop ? "users, mean" : "arrivals/s, mean",
         measured->load_mean, measured->load_min, measured->load_max);
  printf("  %-20s %" PRId64 "\n", "configurations", measured->n_configurations);
}

static void print_score(const backtest_t *self) {
  const prediction_score_t *score = &self->score;
  printf("\ntwin: learned from %" PRId64 " windows, %d particles, %.1f s\n", self->n_learned, (int)self->particles.n,
         self->seconds);
  if (score->n_windows == 0) return;
  char held_out[64];
  snprintf(held_out, sizeof held_out, "%" PRId64 " windows it has not seen", score->n_windows);
  printf("  %-36s %9s %9s\n", held_out, "latency", "successes");
  char latency[NUMBER_TEXT], successes[NUMBER_TEXT];
  printf("  %-36s %9s %9s\n", "R2 (latency: of its logarithm)", number_text(score->r2_log_latency, 3, "", latency),
         number_text(score->r2_success, 3, "", successes));
  printf("  %-36s %9s\n", "mean absolute error", number_text(100 * score->mape_latency, 1, "%", latency));
  printf("  %-36s %9s %9s\n", "within the predicted 80 %",
         number_text(100 * score->coverage80_latency, 1, "%", latency),
         number_text(100 * score->coverage80_success, 1, "%", successes));
}

static void format_range(const backtest_load_t *load, char *range, size_t size) {
  if (load->load_low < load->load_high) {
    snprintf(range, size, "%.3g..%.3g", load->load_low, load->load_high);
  } else {
    snprintf(range, size, "%.3g", load->load_low);
  }
}

static void print_load(const backtest_load_t *load) {
  char range[40];
  format_range(load, range, sizeof range);
  printf("  %-12s %7.3g %4.0f%% %8.3f", range, load->load_planned, 100 * load->share, load->measured_usd_h);
  if (load->best < 0) {
    printf(" %8s   no search found a configuration that is confirmed\n", "-");
    return;
  }
  printf(" %8.3f %8.3f %8.3f %6.1f (%.1f..%.1f) %% %5.0f..%.0f %%\n", load->plans[load->best].cost_usd_h,
         load->median_usd_h, load->max_usd_h, 100 * load->compliance, 100 * load->wilson_low, 100 * load->wilson_high,
         100 * load->worlds_low, 100 * load->worlds_high);
}

static void print_loads(const backtest_t *self) {
  printf("\ncould cost, USD/h, with %.15g %% of windows meeting QoS (%d search%s a load)\n", 100 * self->level,
         (int)self->n_searches, self->n_searches == 1 ? "" : "es");
  printf("  %-12s %7s %5s %8s %8s %8s %8s   %-21s %s\n", self->recording->closed_loop ? "users" : "arrivals/s",
         "planned", "time", "measured", "cheapest", "median", "dearest", "met (95 % interval)", "80 % worlds");
  for (int32_t i = 0; i < self->n_loads; ++i) print_load(&self->loads[i]);
  if (!self->confirmed) return;
  if (self->n_loads > 1)
    printf("  %-12s %7s %4.0f%% %8.3f %8.3f %8.3f %8.3f\n", "all", "", 100.0, self->measured.cost_usd_h,
           self->cost_usd_h, self->median_usd_h, self->max_usd_h);
  const double saving_usd_h = self->measured.cost_usd_h - self->cost_usd_h;
  printf("\nit cost %.3f USD/h; the twin says %.3f USD/h would do: %.3f USD/h (%.1f %%) %s\n",
         self->measured.cost_usd_h, self->cost_usd_h, fabs(saving_usd_h),
         100 * fabs(saving_usd_h) / self->measured.cost_usd_h, saving_usd_h >= 0 ? "less" : "MORE");
}

static void print_configurations(const backtest_t *self) {
  if (self->workflow->n_functions > SHOWN_FUNCTIONS) return;
  for (int32_t i = 0; i < self->n_loads; ++i) {
    const backtest_load_t *load = &self->loads[i];
    if (load->best < 0) continue;
    char range[40], title[64];
    format_range(load, range, sizeof range);
    snprintf(title, sizeof title, "for %s %s", range, self->recording->closed_loop ? "users" : "arrivals/s");
    printf("\n  %-24s %14s %8s %9s %12s\n", title, "cpu_millicores", "mem_mib", "replicas", "concurrency");
    for (int32_t f = 0; f < self->workflow->n_functions; ++f) {
      const fc_function_configuration_t *c = &load->plans[load->best].configuration[f];
      printf("  %-24.24s %14d %8d %9d %12d\n", self->workflow->functions[f].name, (int)c->cpu_millicores,
             (int)c->mem_mib, (int)c->replicas, (int)c->concurrency);
    }
  }
}

/* Breaks the line at blanks. */
static void print_warning(const char *text) {
  static const char start[] = "warning:";
  int column = printf("%s", start);
  for (int length; *text != '\0'; text += length) {
    text += *text == ' ';
    length = (int)strcspn(text, " ");
    if (column + 1 + length > LINE_WIDTH) column = printf("\n%*s", (int)strlen(start), "") - 1;
    column += printf(" %.*s", length, text);
  }
  printf("\n");
}

void backtest_print_text(const backtest_t *self) {
  backtest_warnings_t warnings;
  print_data(self);
  print_measured(self);
  if (self->has_twin) {
    print_score(self);
    print_loads(self);
    print_configurations(self);
  }
  backtest_warnings(self, &warnings);
  if (warnings.n > 0) printf("\n");
  for (int32_t i = 0; i < warnings.n; ++i) print_warning(warnings.text[i]);
}
