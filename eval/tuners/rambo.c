/* rambo.c - RAMBO (Li et al., CLOUD 2021), repaired: Bayesian optimisation of the cost under QoS.
 *
 * The published port for FaaSConf optimises one sum of price and latency, in which latency far below QoS earns as much
 * as price, with one length for all dimensions, no noise, no load, a clipped box and unclipped coordinates in its
 * history (algorithms, section 5.5). Here: constrained expected improvement of the cost, which is known, with a process
 * per QoS term, one length per dimension, learned noise, the measured load as context, the whole box, all knobs, and
 * the offline rows of every other method.
 */
#include <math.h>
#include <stdlib.h>

#include "surrogate.h"

enum { N_STARTS = 32, N_RANDOM = 600, N_CLIMBS = 6, EVALUATIONS = 60 };

/* Improvement of a known cost is smoothed over this share of it, so that a climb can begin anywhere. The incumbent is
 * proposed again where the best of its surroundings is a gamble: 2 % cheaper with a chance below 4 %. */
static const double SMOOTHING = 0.002;

typedef struct {
  const tuner_setting_t *setting;
  surrogate_t *surrogate;
  fc_rng_t rng;
  double *memory; /* (N_STARTS + 4, d) */
} rambo_t;

static void rambo_destroy(void **self) {
  rambo_t *rambo = *self;
  if (rambo == NULL) return;
  surrogate_destroy(&rambo->surrogate);
  free(rambo->memory);
  free(rambo);
  *self = NULL;
}

static fc_status_t rambo_create(const tuner_setting_t *setting, void **self, fc_error_t *error) {
  const surrogate_options_t options = {0};
  *self = NULL;
  rambo_t *rambo = calloc(1, sizeof *rambo);
  if (rambo == NULL) return fc_error_set(error, FC_ENOMEM, "rambo: out of memory");
  rambo->setting = setting;
  fc_rng_init(&rambo->rng, setting->seed, 0x72616d626f);
  fc_status_t status = surrogate_new(setting, &options, &rambo->surrogate, error);
  if (status == FC_OK) {
    const size_t d = (size_t)surrogate_box(rambo->surrogate)->d;
    rambo->memory = calloc((N_STARTS + 4) * d, sizeof *rambo->memory);
    if (rambo->memory == NULL) status = fc_error_set(error, FC_ENOMEM, "rambo: out of memory");
  }
  *self = rambo;
  if (status != FC_OK) rambo_destroy(self);
  return status;
}

/* What a proposal has to beat: the incumbent; before there is one anything is better than nothing, also what is dearer
 * than the start, which may be too little. */
static double cost_to_beat(const rambo_t *rambo, double level, double *x) {
  const proven_item_t *incumbent = surrogate_incumbent(rambo->surrogate, level);
  return incumbent != NULL ? incumbent->cost_usd_h : box_worst_cost(surrogate_box(rambo->surrogate), x);
}

static fc_status_t improve(rambo_t *rambo, fc_function_configuration_t *proposal, fc_error_t *error) {
  surrogate_t *surrogate = rambo->surrogate;
  box_t *box = surrogate_box(surrogate);
  const size_t d = (size_t)box->d;
  const double level = rambo->setting->level > 0 ? rambo->setting->level : SURROGATE_COMPLIANCE;
  double *starts = rambo->memory, *x = starts + N_STARTS * d, value;
  acquisition_constrained_t acquisition = {.known = box_cost,
                                           .known_context = box,
                                           .best = cost_to_beat(rambo, level, x),
                                           .weight = SURROGATE_REQUIRED_MEETS,
                                           .scratch = x + d};
  acquisition.known_sd = SMOOTHING * acquisition.best;
  acquisition.n_constraints = surrogate_constraints(surrogate, level, acquisition.constraints);
  const acquisition_search_t search = {.n_dims = box->d,
                                       .lower = box->lower,
                                       .upper = box->upper,
                                       .starts = starts,
                                       .n_starts = surrogate_starts(surrogate, false, N_STARTS, starts),
                                       .n_random = N_RANDOM,
                                       .n_climbs = N_CLIMBS,
                                       .evaluations = EVALUATIONS,
                                       .seed = fc_rng_u32(&rambo->rng)};
  FC_TRY(acquisition_maximise(&search, acquisition_constrained_ei, &acquisition, x, &value, error));
  surrogate_settle(surrogate, acquisition_constrained_ei, &acquisition, x, proposal);
  return FC_OK;
}

static fc_status_t rambo_propose(void *self, const fc_observation_t *last, bool dynamic,
                                 fc_function_configuration_t *proposal, fc_error_t *error) {
  rambo_t *rambo = self;
  bool ready;
  FC_TRY(surrogate_prepare(rambo->surrogate, last, &ready, error));
  if (ready)
    return dynamic ? surrogate_exploit(rambo->surrogate, SURROGATE_CONFIDENCE, proposal, error)
                   : improve(rambo, proposal, error);
  box_draw(surrogate_box(rambo->surrogate), &rambo->rng, proposal);
  return FC_OK;
}

static fc_status_t rambo_learn(void *self, const fc_observation_t *window, fc_qos_verdict_t verdict,
                               fc_error_t *error) {
  return surrogate_learn(((rambo_t *)self)->surrogate, window, verdict, error);
}

const tuner_t tuner_rambo = {.name = "rambo",
                             .summary = "Bayesian optimisation: constrained expected improvement (RAMBO, repaired)",
                             .create = rambo_create,
                             .destroy = rambo_destroy,
                             .propose = rambo_propose,
                             .learn = rambo_learn};
