/* calibrate_report.c - see calibrate_report.h. */
#include "calibrate_report.h"

#include <inttypes.h>
#include <math.h>

#include "json_output.h"
#include "number_text.h"

/* Above this share of the prior's deviation the windows have not said much. */
#define NOT_IDENTIFIED 0.7

/* Factor on the file's value: the posterior's median and central 80 %. */
typedef struct {
  char name[128];
  double factor, low80, high80, deviation_share;
  double point; /* NaN: no point estimate */
} row_t;

static row_t row_of(const twin_t *twin, const calibrate_options_t *options, const calibrate_result_t *result,
                    const unknown_t *list, int32_t u) {
  const double z80 = 1.2815515655446004;
  double mean = 0, deviation = 0;
  row_t row;
  twin_unknown(twin, u, &mean, &deviation);
  unknowns_name(options->workflow, list[u], row.name, sizeof row.name);
  row.factor = exp(mean);
  row.low80 = exp(mean - z80 * deviation);
  row.high80 = exp(mean + z80 * deviation);
  row.point = result->point != NULL ? exp(result->point[u]) : NAN;
  row.deviation_share = deviation / options->prior_sigma;
  return row;
}

static fc_json_t *unknown_json(const row_t *row) {
  fc_json_t *out = fc_json_object();
  fc_json_set_string(out, "unknown", row->name);
  fc_json_set_double(out, "factor", row->factor);
  json_set_interval(out, "interval80", row->low80, row->high80);
  fc_json_set_double(out, "deviation_share", row->deviation_share);
  if (!isnan(row->point)) fc_json_set_double(out, "point", row->point);
  fc_json_set_bool(out, "identified", row->deviation_share <= NOT_IDENTIFIED);
  return out;
}

/* ---- structures and alarms ---- */

static const char *const series_name[ALARM_SERIES] = {"latency", "successes"};
static const char *const direction_name[ALARM_DIRECTIONS] = {"more", "less"};

static fc_json_t *structures_json(const twin_t *twin) {
  const twin_structure_t *list = NULL;
  const int32_t n = twin_structures(twin, &list);
  fc_json_t *out = fc_json_array();
  for (int32_t i = 0; i < n; ++i) {
    fc_json_t *one = fc_json_object();
    fc_json_set_string(one, "balancer", fc_balancer_name(list[i].balancer));
    fc_json_set_string(one, "overflow", fc_overflow_name(list[i].overflow));
    fc_json_set_double(one, "weight", list[i].weight);
    fc_json_append(out, &one);
  }
  return out;
}

static fc_json_t *alarms_json(const alarm_t *alarm) {
  fc_json_t *out = fc_json_array();
  for (int s = 0; s < ALARM_SERIES; ++s)
    for (int d = 0; d < ALARM_DIRECTIONS; ++d) {
      if (alarm->n_alarms[s][d] == 0) continue;
      fc_json_t *one = fc_json_object();
      fc_json_set_string(one, "series", series_name[s]);
      fc_json_set_string(one, "direction", direction_name[d]);
      fc_json_set_int(one, "alarms", alarm->n_alarms[s][d]);
      fc_json_set_int(one, "first_window", alarm->first[s][d]);
      fc_json_set_int(one, "since_window", alarm->first_since[s][d]);
      fc_json_append(out, &one);
    }
  return out;
}

static void print_structures(const twin_t *twin) {
  const twin_structure_t *list = NULL;
  const int32_t n = twin_structures(twin, &list);
  if (n < 2) return;
  printf("\n%-40s %8s\n", "structure", "weight");
  for (int32_t i = 0; i < n; ++i) {
    char name[64];
    snprintf(name, sizeof name, "%s, %s", fc_balancer_name(list[i].balancer), fc_overflow_name(list[i].overflow));
    printf("%-40s %8.3f%s\n", name, list[i].weight, list[i].weight > 0 ? "" : "  ruled out");
  }
}

static void print_alarms(const alarm_t *alarm, double windows_per_false_alarm) {
  bool any = false;
  for (int s = 0; s < ALARM_SERIES; ++s)
    for (int d = 0; d < ALARM_DIRECTIONS; ++d) {
      if (alarm->n_alarms[s][d] == 0) continue;
      printf("\nALARM: %s %s than any of these worlds expects, from window %" PRId64
             " on (%d alarms, the first at %" PRId64 ")",
             s == TERM_LATENCY ? "latency is" : "successes are", d == 0 ? "more" : "less", alarm->first_since[s][d],
             (int)alarm->n_alarms[s][d], alarm->first[s][d]);
      any = true;
    }
  if (any)
    printf(
        "\nThe system does something that the model does not know, or it has changed. Plans on this twin can be "
        "wrong.\n");
  else
    printf("\nno alarm: the windows stayed within what the worlds expect (one false alarm in %.0f windows)\n",
           windows_per_false_alarm);
}

/* ---- output ---- */

enum { WORLDS_PER_UNKNOWN = 12 }; /* fewer are overconfident (sim/calibration/ensemble.h) */

static void print_doubts(const calibrate_options_t *options, const calibrate_result_t *result, int32_t n_unknowns) {
  if (!options->open_loop && options->users == 0) {
    if (result->users_min == result->users_max) {
      printf("users: %d", (int)result->users_max);
    } else {
      printf("users: %d to %d", (int)result->users_min, (int)result->users_max);
    }
    printf(", the mean in flight; if there were more (they arrive one by one, or pause), say so with --users\n");
  }
  if (result->n_worlds < WORLDS_PER_UNKNOWN * n_unknowns)
    printf("%d worlds for %d unknowns are too few: take these intervals for too narrow\n", (int)result->n_worlds,
           (int)n_unknowns);
}

static void print_json(const calibrate_options_t *options, const twin_t *twin, const calibrate_result_t *result) {
  const unknown_t *list = NULL;
  const int32_t d = twin_unknowns(twin, &list);
  fc_json_t *out = fc_json_object(), *unknowns = fc_json_array();
  fc_json_set_string(out, "workflow", options->workflow->name);
  fc_json_set_string(out, "semantics", fc_semantics_name(result->semantics));
  fc_json_set_int(out, "particles", options->n_particles);
  fc_json_set_int(out, "seed", options->seed);
  if (!options->open_loop) {
    fc_json_set_int(out, "users_min", result->users_min);
    fc_json_set_int(out, "users_max", result->users_max);
  }
  fc_json_set_int(out, "worlds", result->n_worlds);
  fc_json_set_int(out, "windows_learned", result->n_learned);
  fc_json_set_int(out, "windows_skipped", result->n_skipped);
  fc_json_set_int(out, "windows_heldout", result->n_heldout);
  fc_json_set_double(out, "r2_log_latency", result->r2_log_latency);
  fc_json_set_double(out, "r2_success", result->r2_success);
  fc_json_set_double(out, "mape_latency", result->mape_latency);
  fc_json_set_double(out, "coverage80_latency", result->coverage80_latency);
  fc_json_set_double(out, "coverage80_success", result->coverage80_success);
  fc_json_set_double(out, "seconds", result->seconds);
  for (int32_t u = 0; u < d; ++u) {
    const row_t row = row_of(twin, options, result, list, u);
    fc_json_t *one = unknown_json(&row);
    fc_json_append(unknowns, &one);
  }
  fc_json_set(out, "unknowns", &unknowns);
  if (result->point != NULL) {
    fc_json_set_double(out, "point_misfit_start", result->point_start);
    fc_json_set_double(out, "point_misfit", result->point_found);
    fc_json_set_int(out, "point_evaluations", result->n_point_evaluations);
  }
  fc_json_t *structures = structures_json(twin), *alarms = alarms_json(twin_alarm(twin));
  fc_json_set(out, "structures", &structures);
  fc_json_set_double(out, "windows_per_false_alarm", options->windows_per_false_alarm);
  fc_json_set(out, "alarms", &alarms);
  json_print(&out);
}

static void print_text(const calibrate_options_t *options, const twin_t *twin, const calibrate_result_t *result) {
  const unknown_t *list = NULL;
  const int32_t d = twin_unknowns(twin, &list);
  printf("%s, %s semantics: learned from %" PRId64 " windows, %" PRId64 " particles, %.1f s\n", options->workflow->name,
         fc_semantics_name(result->semantics), result->n_learned, options->n_particles, result->seconds);
  if (result->n_skipped > 0)
    printf("%" PRId64 " windows skipped (other semantics or length, no counts, or unknown load)\n", result->n_skipped);
  print_doubts(options, result, d);
  printf("\n%-40s %8s  %-17s%s\n", "factor on the file's value", "median", "80 % interval",
         result->point != NULL ? "    point" : "");
  for (int32_t u = 0; u < d; ++u) {
    const row_t row = row_of(twin, options, result, list, u);
    printf("%-40s %8.3f  %7.3f..%-8.3f", row.name, row.factor, row.low80, row.high80);
    if (result->point != NULL) printf(" %8.3f", row.point);
    printf("%s\n", row.deviation_share > NOT_IDENTIFIED ? "  not identified by these windows" : "");
  }
  if (result->point != NULL)
    printf("\npoint: the misfit of the best world is %.1f; at the posterior's mean %.1f (%d evaluations)\n",
           result->point_found, result->point_start, (int)result->n_point_evaluations);
  print_structures(twin);
  print_alarms(twin_alarm(twin), options->windows_per_false_alarm);
  if (result->n_heldout == 0) {
    printf("\nno window was held out: too few for a score\n");
    return;
  }
  char latency[NUMBER_TEXT], successes[NUMBER_TEXT];
  printf("\nheld out: %" PRId64 " windows it has not seen\n", result->n_heldout);
  printf("%-36s %9s %9s\n", "", "latency", "successes");
  printf("%-36s %9s %9s\n", "R2 (latency: of its logarithm)", number_text(result->r2_log_latency, 3, "", latency),
         number_text(result->r2_success, 3, "", successes));
  printf("%-36s %9s\n", "mean absolute error", number_text(100 * result->mape_latency, 1, "%", latency));
  printf("%-36s %9s %9s\n", "within the predicted 80 %", number_text(100 * result->coverage80_latency, 1, "%", latency),
         number_text(100 * result->coverage80_success, 1, "%", successes));
}

void calibrate_report(const calibrate_options_t *options, const twin_t *twin, const calibrate_result_t *result,
                      bool json) {
  if (json) {
    print_json(options, twin, result);
  } else {
    print_text(options, twin, result);
  }
}
