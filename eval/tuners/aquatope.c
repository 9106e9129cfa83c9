/* aquatope.c - Aquatope's resource manager (Zhou, Zhang, Delimitrou, ASPLOS 2023), repaired; as published:
 * aquatope_published.c.
 *
 * Independent processes of the cost and of every QoS term, noisy expected improvement with feasibility, outliers left
 * out. Repaired against the published code (algorithms, section 5.6): a draw without a feasible configuration counts
 * as twice the highest cost, where 0 makes the acquisition vanish everywhere; outcomes are standardised, without which
 * the priors do not fit them; outliers are judged by the deviation, not the variance, of both kinds of processes; the
 * measured load is an input; success is a constraint beside latency; whole box, all knobs, the same offline rows.
 */
#include <math.h>
#include <stdlib.h>

#include "aquatope_published.h"
#include "surrogate.h"

enum { N_STARTS = 32, N_BASELINE = 24, N_DRAWS = 32, N_RANDOM = 400, N_CLIMBS = 6, EVALUATIONS = 40 };

typedef struct {
  const tuner_setting_t *setting;
  surrogate_t *surrogate;          /* repaired */
  aquatope_published_t *published; /* faithful */
  fc_rng_t rng;
  double *memory; /* (N_STARTS + N_BASELINE + 1, d) */
} aquatope_t;

static void aquatope_destroy(void **self) {
  aquatope_t *aquatope = *self;
  if (aquatope == NULL) return;
  surrogate_destroy(&aquatope->surrogate);
  aquatope_published_destroy(&aquatope->published);
  free(aquatope->memory);
  free(aquatope);
  *self = NULL;
}

static fc_status_t open_repaired(aquatope_t *aquatope, fc_error_t *error) {
  const surrogate_options_t options = {.models_cost = true, .filters_outliers = true};
  FC_TRY(surrogate_new(aquatope->setting, &options, &aquatope->surrogate, error));
  const size_t d = (size_t)surrogate_box(aquatope->surrogate)->d;
  aquatope->memory = calloc((N_STARTS + N_BASELINE + 1) * d, sizeof *aquatope->memory);
  return aquatope->memory != NULL ? FC_OK : fc_error_set(error, FC_ENOMEM, "aquatope: out of memory");
}

static fc_status_t aquatope_create(const tuner_setting_t *setting, void **self, fc_error_t *error) {
  aquatope_t *aquatope = calloc(1, sizeof *aquatope);
  *self = NULL;
  if (aquatope == NULL) return fc_error_set(error, FC_ENOMEM, "aquatope: out of memory");
  aquatope->setting = setting;
  fc_rng_init(&aquatope->rng, setting->seed, 0x61717561);
  const fc_status_t status = setting->variant == TUNER_FAITHFUL
                                 ? aquatope_published_new(setting, &aquatope->published, error)
                                 : open_repaired(aquatope, error);
  *self = aquatope;
  if (status != FC_OK) aquatope_destroy(self);
  return status;
}

static fc_status_t improve(aquatope_t *aquatope, fc_function_configuration_t *proposal, fc_error_t *error) {
  surrogate_t *surrogate = aquatope->surrogate;
  box_t *box = surrogate_box(surrogate);
  const size_t d = (size_t)box->d;
  const double level = aquatope->setting->level > 0 ? aquatope->setting->level : SURROGATE_COMPLIANCE;
  double *starts = aquatope->memory, *baseline = starts + N_STARTS * d, *x = baseline + N_BASELINE * d, value;
  acquisition_noisy_options_t options = {.objective = surrogate_cost(surrogate),
                                         .worst = box_worst_cost(box, x),
                                         .weight = SURROGATE_REQUIRED_MEETS,
                                         .baseline = baseline,
                                         .n_baseline = surrogate_starts(surrogate, true, N_BASELINE, baseline),
                                         .n_draws = N_DRAWS,
                                         .seed = aquatope->setting->seed};
  options.n_constraints = surrogate_constraints(surrogate, level, options.constraints);
  acquisition_noisy_t *acquisition;
  FC_TRY(acquisition_noisy_new(&options, &acquisition, error));
  const acquisition_search_t search = {.n_dims = box->d,
                                       .lower = box->lower,
                                       .upper = box->upper,
                                       .starts = starts,
                                       .n_starts = surrogate_starts(surrogate, false, N_STARTS, starts),
                                       .n_random = N_RANDOM,
                                       .n_climbs = N_CLIMBS,
                                       .evaluations = EVALUATIONS,
                                       .seed = fc_rng_u32(&aquatope->rng)};
  const fc_status_t status = acquisition_maximise(&search, acquisition_noisy_ei, acquisition, x, &value, error);
  if (status == FC_OK) surrogate_settle(surrogate, acquisition_noisy_ei, acquisition, x, proposal);
  acquisition_noisy_destroy(&acquisition);
  return status;
}

static fc_status_t aquatope_propose(void *self, const fc_observation_t *last, bool dynamic,
                                    fc_function_configuration_t *proposal, fc_error_t *error) {
  aquatope_t *aquatope = self;
  bool ready;
  if (aquatope->published != NULL) return aquatope_published_propose(aquatope->published, proposal, error);
  FC_TRY(surrogate_prepare(aquatope->surrogate, last, &ready, error));
  if (ready)
    return dynamic ? surrogate_exploit(aquatope->surrogate, SURROGATE_CONFIDENCE, proposal, error)
                   : improve(aquatope, proposal, error);
  box_draw(surrogate_box(aquatope->surrogate), &aquatope->rng, proposal);
  return FC_OK;
}

static fc_status_t aquatope_learn(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict,
                                  fc_error_t *error) {
  aquatope_t *aquatope = self;
  if (aquatope->published != NULL) return aquatope_published_learn(aquatope->published, window, error);
  return surrogate_learn(aquatope->surrogate, window, verdict, error);
}

const tuner_t tuner_aquatope = {.name = "aquatope",
                                .summary = "Bayesian optimisation: noisy expected improvement (Aquatope, repaired)",
                                .has_faithful = true,
                                .create = aquatope_create,
                                .destroy = aquatope_destroy,
                                .propose = aquatope_propose,
                                .learn = aquatope_learn};
