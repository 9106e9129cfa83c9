/* backtest_json.c - the result of a backtest as one JSON object: see backtest.h; keys in docs/cli.md. */
#include "backtest.h"
#include "faasconf/knobs.h"
#include "json_output.h"

static fc_json_t *data_json(const backtest_t *self) {
  const recording_t *recording = self->recording;
  fc_json_t *out = fc_json_object(), *lacking = fc_json_object(), *assumed = fc_json_array();
  fc_json_set_string(out, "path", recording->options.path);
  fc_json_set_string(out, "format", recording->is_prometheus ? "prometheus" : "csv");
  fc_json_set_int(out, "windows", recording->n_windows);
  fc_json_set_int(out, "windows_incomplete", recording->n_incomplete);
  fc_json_set_int(out, "windows_missing", recording->n_missing);
  fc_json_set_int(out, "windows_idle", self->measured.n_idle);
  fc_json_set_int(out, "from_us", self->measured.from_ms * 1000);
  fc_json_set_int(out, "to_us", self->measured.to_ms * 1000);
  for (int32_t c = 0; c < recording->n_columns; ++c) {
    char name[2 * FC_NAME_SIZE];
    recording_column_name(self->workflow, recording->columns[c], name, sizeof name);
    if (recording->n_lacking[c] > 0) fc_json_set_int(lacking, name, recording->n_lacking[c]);
  }
  fc_json_set(out, "lacking", &lacking);
  for (int32_t k = 0; k < FC_KNOBS; ++k)
    if (recording->assumed_knobs & (1u << k)) fc_json_append_string(assumed, fc_knob_name((fc_knob_t)k));
  fc_json_set(out, "assumed_knobs", &assumed);
  fc_json_set_int(out, "ignored_series", recording->n_ignored_series);
  return out;
}

static fc_json_t *measured_json(const backtest_t *self) {
  const backtest_measured_t *measured = &self->measured;
  fc_json_t *out = fc_json_object();
  fc_json_set_double(out, "cost", measured->cost_usd_h);
  fc_json_set_double(out, "cost_total_usd", measured->cost_usd);
  fc_json_set_int(out, "windows_judged", measured->n_judged);
  fc_json_set_int(out, "windows_met", measured->n_met);
  fc_json_set_double(out, "compliance", measured->compliance);
  json_set_interval(out, "compliance_interval95", measured->wilson_low, measured->wilson_high);
  fc_json_set_double(out, "load_min", measured->load_min);
  fc_json_set_double(out, "load_mean", measured->load_mean);
  fc_json_set_double(out, "load_max", measured->load_max);
  fc_json_set_int(out, "configurations", measured->n_configurations);
  return out;
}

static fc_json_t *load_json(const backtest_t *self, const backtest_load_t *load) {
  fc_json_t *out = fc_json_object();
  json_set_interval(out, "load", load->load_low, load->load_high);
  fc_json_set_double(out, "load_planned", load->load_planned);
  fc_json_set_double(out, "share", load->share);
  fc_json_set_double(out, "cost_measured", load->measured_usd_h);
  fc_json_set_int(out, "searches_confirmed", load->n_confirmed);
  fc_json_set_bool(out, "confirmed", load->confirmed);
  if (load->best < 0) {
    fc_json_set_null(out, "cost");
    return out;
  }
  const plan_t *best = &load->plans[load->best];
  fc_json_set_double(out, "cost", best->cost_usd_h);
  fc_json_set_double(out, "cost_median", load->median_usd_h);
  fc_json_set_double(out, "cost_max", load->max_usd_h);
  fc_json_set_double(out, "compliance", load->compliance);
  json_set_interval(out, "compliance_interval95", load->wilson_low, load->wilson_high);
  json_set_interval(out, "compliance_worlds80", load->worlds_low, load->worlds_high);
  fc_json_t *configuration = json_of_configuration(self->workflow, best->configuration);
  fc_json_set(out, "configuration", &configuration);
  return out;
}

static void set_costs(const backtest_t *self, fc_json_t *out) {
  static const char *const keys[] = {"cost", "cost_median", "cost_max", "saving_usd_h", "saving_share"};
  const double saving_usd_h = self->measured.cost_usd_h - self->cost_usd_h;
  const double values[] = {self->cost_usd_h, self->median_usd_h, self->max_usd_h, saving_usd_h,
                           saving_usd_h / self->measured.cost_usd_h};
  fc_json_set_bool(out, "confirmed", self->confirmed);
  for (int i = 0; i < 5; ++i) {
    if (self->confirmed) {
      fc_json_set_double(out, keys[i], values[i]);
    } else {
      fc_json_set_null(out, keys[i]);
    }
  }
}

static fc_json_t *alarms_json(const backtest_t *self) {
  static const char *const series[ALARM_SERIES] = {"latency", "successes"};
  static const char *const directions[ALARM_DIRECTIONS] = {"more", "less"};
  fc_json_t *out = fc_json_array();
  for (int s = 0; s < ALARM_SERIES; ++s) {
    for (int d = 0; d < ALARM_DIRECTIONS; ++d) {
      if (self->alarm_since_ms[s][d] < 0) continue;
      fc_json_t *one = fc_json_object();
      fc_json_set_string(one, "series", series[s]);
      fc_json_set_string(one, "direction", directions[d]);
      fc_json_set_int(one, "since_us", self->alarm_since_ms[s][d] * 1000);
      fc_json_append(out, &one);
    }
  }
  return out;
}

static fc_json_t *twin_json(const backtest_t *self) {
  const prediction_score_t *score = &self->score;
  fc_json_t *out = fc_json_object(), *loads = fc_json_array(), *alarms = alarms_json(self);
  fc_json_set_int(out, "particles", self->particles.n);
  fc_json_set_int(out, "windows_learned", self->n_learned);
  fc_json_set_int(out, "windows_heldout", score->n_windows);
  fc_json_set_double(out, "r2_log_latency", score->r2_log_latency);
  fc_json_set_double(out, "r2_success", score->r2_success);
  fc_json_set_double(out, "mape_latency", score->mape_latency);
  fc_json_set_double(out, "coverage80_latency", score->coverage80_latency);
  fc_json_set_double(out, "coverage80_success", score->coverage80_success);
  fc_json_set_bool(out, "explains", backtest_is_explained(self));
  fc_json_set(out, "alarms", &alarms);
  fc_json_set_double(out, "level", self->level);
  fc_json_set_int(out, "searches", self->n_searches);
  set_costs(self, out);
  for (int32_t i = 0; i < self->n_loads; ++i) {
    fc_json_t *load = load_json(self, &self->loads[i]);
    fc_json_append(loads, &load);
  }
  fc_json_set(out, "loads", &loads);
  fc_json_set_double(out, "seconds", self->seconds);
  return out;
}

void backtest_print_json(const backtest_t *self) {
  backtest_warnings_t said;
  fc_json_t *out = fc_json_object(), *data = data_json(self), *measured = measured_json(self),
            *warnings = fc_json_array();
  fc_json_set_string(out, "workflow", self->workflow->name);
  fc_json_set_string(out, "semantics", fc_semantics_name(self->semantics));
  fc_json_set_string(out, "loop", self->recording->closed_loop ? "closed" : "open");
  fc_json_set_string(out, "prices", self->workflow->prices.version);
  fc_json_set_double(out, "window_s", self->workflow->window_s);
  fc_json_set_int(out, "seed", self->seed);
  fc_json_set(out, "data", &data);
  fc_json_set(out, "measured", &measured);
  if (self->has_twin) {
    fc_json_t *twin = twin_json(self);
    fc_json_set(out, "twin", &twin);
  } else {
    fc_json_set_null(out, "twin");
  }
  backtest_warnings(self, &said);
  for (int32_t i = 0; i < said.n; ++i) fc_json_append_string(warnings, said.text[i]);
  fc_json_set(out, "warnings", &warnings);
  json_print(&out);
}
