/* guarded.c - see guarded.h. */
#include "guarded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "rows.h"

enum { VIOLATIONS_TO_REDETERMINE = 3 };
static const double SES_NOISE_SIGMA = 0.05;

static size_t functions(const guarded_t *guarded) {
  return (size_t)guarded->workflow->n_functions;
}

static void add_row(guarded_t *guarded, const fc_observation_t *window, fc_qos_verdict_t verdict) {
  if (guarded->n_rows == guarded->capacity || verdict == FC_QOS_UNKNOWN) return;
  fc_function_configuration_t *copy = guarded->copies + (size_t)guarded->n_rows * functions(guarded);
  memcpy(copy, window->configuration, functions(guarded) * sizeof *copy);
  guarded->rows[guarded->n_rows++] = (fc_safety_row_t){.configuration = copy,
                                                       .cost_usd_h = fc_cost_reserved_usd_h(guarded->workflow, copy),
                                                       .mean_in_flight = tuner_load_of(window, 0),
                                                       .qos_met = verdict == FC_QOS_MET};
}

fc_status_t guarded_init(guarded_t *guarded, const tuner_setting_t *setting, fc_safety_strategy_t strategy,
                         fc_rails_profile_t rails, int32_t n_windows) {
  const bool has_ses = strategy != FC_STRATEGY_NONE;
  *guarded = (guarded_t){.workflow = setting->workflow,
                         .ranges = setting->ranges,
                         .strategy = strategy,
                         .rails = fc_rails_default(rails),
                         .watch = {.threshold = VIOLATIONS_TO_REDETERMINE},
                         .record_load = NAN,
                         .capacity = has_ses ? setting->rows->n + n_windows : 1};
  const size_t n = functions(guarded), room = (size_t)guarded->capacity;
  fc_rng_init(&guarded->rng, setting->seed, 0x736573);
  guarded->rows = calloc(room, sizeof *guarded->rows);
  guarded->copies = calloc(room * n, sizeof *guarded->copies);
  guarded->current = calloc(n, sizeof *guarded->current);
  if (guarded->rows == NULL || guarded->copies == NULL || guarded->current == NULL) return FC_ENOMEM;
  FC_TRY(fc_safety_record_init(&guarded->record, setting->workflow->n_functions));
  for (size_t f = 0; f < n; ++f) guarded->current[f] = setting->workflow->functions[f].start;
  for (int32_t i = 0; has_ses && i < setting->rows->n; ++i)
    add_row(guarded, &setting->rows->windows[i], setting->rows->verdicts[i]);
  return FC_OK;
}

void guarded_clear(guarded_t *guarded) {
  fc_safety_record_clear(&guarded->record);
  free(guarded->rows);
  free(guarded->copies);
  free(guarded->current);
  *guarded = (guarded_t){0};
}

/* The band of this load; the one there is stays as long as the load does. */
static fc_status_t determine(guarded_t *guarded, double load) {
  const fc_bounds_options_t options = fc_bounds_options_default();
  if (fabs(guarded->record_load - load) <= options.load_tolerance * load) return FC_OK;
  guarded->record_load = load;
  const fc_status_t status =
      fc_bounds_determine(guarded->workflow, &options, guarded->rows, guarded->n_rows, load, &guarded->record);
  guarded->has_record = status == FC_OK;
  return status == FC_ENOTFOUND ? FC_OK : status;
}

fc_status_t guarded_apply(guarded_t *guarded, double load, bool trusted, fc_function_configuration_t *proposal) {
  const size_t bytes = functions(guarded) * sizeof *proposal;
  const fc_safety_record_t *record = NULL;
  if (guarded->strategy != FC_STRATEGY_NONE) {
    FC_TRY(determine(guarded, load));
    record = guarded->has_record ? &guarded->record : NULL;
    if (!trusted)
      (void)fc_ses_apply(guarded->workflow, guarded->ranges, guarded->strategy, record, SES_NOISE_SIGMA, &guarded->rng,
                         proposal);
  }
  if (guarded->rails.profile != FC_RAILS_OFF) {
    fc_rails_apply(&guarded->rails, guarded->workflow, guarded->current, NULL, 0, guarded->is_breach, proposal, NULL);
    /* Cheaper than the band and than now: held, as the agent does. */
    const double now = fc_cost_reserved_usd_h(guarded->workflow, guarded->current);
    const double then = fc_cost_reserved_usd_h(guarded->workflow, proposal);
    if (!trusted && record != NULL && then < record->lb_usd_h && then < now) memcpy(proposal, guarded->current, bytes);
  }
  return FC_OK;
}

void guarded_learn(guarded_t *guarded, const fc_observation_t *window, fc_qos_verdict_t verdict) {
  const size_t bytes = functions(guarded) * sizeof *guarded->current;
  memcpy(guarded->current, window->configuration, bytes);
  guarded->is_breach = verdict == FC_QOS_VIOLATED;
  if (guarded->strategy == FC_STRATEGY_NONE) return;
  add_row(guarded, window, verdict);
  if (fc_bounds_watch_update(&guarded->watch, verdict)) guarded->record_load = NAN;
}
