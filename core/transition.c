/* transition.c - memory and semantic checks of observations and transitions. */
#include "faasconf/transition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "qos_terms.h"

/* Far beyond anything real; beyond them a value is damage. */
static const double largest_metric = 1e15;
static const double largest_seconds = 1e7;
static const int64_t largest_count = (int64_t)1 << 48;

fc_status_t fc_observation_init(fc_observation_t *observation, int32_t n_functions) {
  FC_ASSERT(n_functions > 0);
  memset(observation, 0, sizeof *observation);
  observation->configuration = calloc((size_t)n_functions, sizeof *observation->configuration);
  observation->metrics = calloc((size_t)n_functions, sizeof *observation->metrics);
  if (observation->configuration == NULL || observation->metrics == NULL) {
    fc_observation_clear(observation);
    return FC_ENOMEM;
  }
  observation->n_functions = n_functions;
  return FC_OK;
}

void fc_observation_clear(fc_observation_t *observation) {
  free(observation->configuration);
  free(observation->metrics);
  memset(observation, 0, sizeof *observation);
}

void fc_observation_copy(fc_observation_t *to, const fc_observation_t *from) {
  FC_ASSERT_EQ(to->n_functions, from->n_functions);
  fc_function_configuration_t *configuration = to->configuration;
  fc_function_metrics_t *metrics = to->metrics;
  const size_t n = (size_t)from->n_functions;
  if (to == from) return;
  *to = *from;
  to->configuration = configuration;
  to->metrics = metrics;
  memcpy(configuration, from->configuration, n * sizeof *configuration);
  memcpy(metrics, from->metrics, n * sizeof *metrics);
}

fc_status_t fc_transition_init(fc_transition_t *transition, int32_t n_functions) {
  memset(transition, 0, sizeof *transition);
  FC_TRY(fc_observation_init(&transition->before, n_functions));
  const fc_status_t status = fc_observation_init(&transition->after, n_functions);
  if (status != FC_OK) fc_observation_clear(&transition->before);
  return status;
}

void fc_transition_clear(fc_transition_t *transition) {
  fc_observation_clear(&transition->before);
  fc_observation_clear(&transition->after);
  memset(transition, 0, sizeof *transition);
}

void fc_transition_copy(fc_transition_t *to, const fc_transition_t *from) {
  if (to == from) return;
  const fc_observation_t before = to->before, after = to->after;
  *to = *from;
  to->before = before;
  to->after = after;
  fc_observation_copy(&to->before, &from->before);
  fc_observation_copy(&to->after, &from->after);
}

int64_t fc_outcome_completed(const fc_outcome_t *outcome) {
  return qos_completed(outcome);
}

int64_t fc_outcome_offered(const fc_outcome_t *outcome) {
  return qos_offered(outcome);
}

bool fc_observation_is_idle(const fc_observation_t *observation) {
  const fc_load_t *load = &observation->load;
  const bool has_rate = (load->present & FC_LOAD_HAS_ARRIVAL_RATE) != 0;
  const bool has_in_flight = (load->present & FC_LOAD_HAS_IN_FLIGHT) != 0;
  if ((observation->outcome.present & FC_OUTCOME_HAS_COUNTS) == 0 || (!has_rate && !has_in_flight)) return false;
  return fc_outcome_offered(&observation->outcome) == 0 && !(has_rate && load->arrival_rate_per_s > 0) &&
         !(has_in_flight && load->mean_in_flight > 0);
}

/* ---- checks of values from outside --------------------------------------------------------------------------- */

static bool good_value(double value, double largest) {
  return isfinite(value) && value >= 0.0 && value <= largest;
}
static bool good_count(int64_t value) {
  return value >= 0 && value <= largest_count;
}

static fc_status_t check_outcome(const fc_outcome_t *outcome, fc_error_t *error) {
  const uint32_t has = outcome->present;
  if ((has & FC_OUTCOME_HAS_LATENCY_MEAN) && !good_value(outcome->latency_mean_s, largest_seconds))
    return fc_error_set(error, FC_EINVAL, "outcome.latency_mean_s: %g is not a latency in s", outcome->latency_mean_s);
  if ((has & FC_OUTCOME_HAS_LATENCY_P95) && !good_value(outcome->latency_p95_s, largest_seconds))
    return fc_error_set(error, FC_EINVAL, "outcome.latency_p95_s: %g is not a latency in s", outcome->latency_p95_s);
  if ((has & FC_OUTCOME_HAS_COUNTS) && !(good_count(outcome->successes) && good_count(outcome->failures)))
    return fc_error_set(error, FC_EINVAL, "outcome.successes or .failures: %lld, %lld are not counts",
                        (long long)outcome->successes, (long long)outcome->failures);
  if ((has & FC_OUTCOME_HAS_UNFINISHED) && !good_count(outcome->unfinished))
    return fc_error_set(error, FC_EINVAL, "outcome.unfinished: %lld is not a count", (long long)outcome->unfinished);
  if ((has & FC_OUTCOME_HAS_REJECTED) && !good_count(outcome->rejected))
    return fc_error_set(error, FC_EINVAL, "outcome.rejected: %lld is not a count", (long long)outcome->rejected);
  if ((has & FC_OUTCOME_HAS_EXECUTION) && !good_value(outcome->execution_s, largest_metric))
    return fc_error_set(error, FC_EINVAL, "outcome.execution_s: %g is not a time in s", outcome->execution_s);
  return FC_OK;
}

static fc_status_t check_metrics(const fc_function_metrics_t *metrics, const char *function, fc_error_t *error) {
#define CHECK_METRIC(name, field, unit)                                                                             \
  if ((metrics->present & FC_METRIC_BIT(name)) && !good_value(metrics->field, largest_metric))                      \
    return fc_error_set(error, FC_EINVAL, "metrics of %s: " #field " is %g, expected a number >= 0 (%s)", function, \
                        metrics->field, unit);
  FC_FUNCTION_METRICS(CHECK_METRIC)
#undef CHECK_METRIC
  if (metrics->present >> FC_FUNCTION_METRIC_COUNT)
    return fc_error_set(error, FC_EINVAL, "metrics of %s: unknown presence bits", function);
  return FC_OK;
}

static fc_status_t check_configuration(const fc_function_configuration_t *configuration, const char *function,
                                       fc_error_t *error) {
  if (configuration->cpu_millicores < 1 || configuration->cpu_millicores > 1000000)
    return fc_error_set(error, FC_EINVAL, "configuration of %s: %d millicores", function,
                        configuration->cpu_millicores);
  if (configuration->mem_mib < 1 || configuration->mem_mib > 16777216)
    return fc_error_set(error, FC_EINVAL, "configuration of %s: %d MiB", function, configuration->mem_mib);
  if (configuration->replicas < 0 || configuration->replicas > 100000)
    return fc_error_set(error, FC_EINVAL, "configuration of %s: %d replicas", function, configuration->replicas);
  if (configuration->concurrency < 0 || configuration->concurrency > 1000000)
    return fc_error_set(error, FC_EINVAL, "configuration of %s: concurrency %d", function, configuration->concurrency);
  return FC_OK;
}

static fc_status_t check_load(const fc_load_t *load, fc_error_t *error) {
  if ((load->present & FC_LOAD_HAS_ARRIVAL_RATE) && !good_value(load->arrival_rate_per_s, largest_metric))
    return fc_error_set(error, FC_EINVAL, "load.arrival_rate_per_s: %g is not a rate", load->arrival_rate_per_s);
  if ((load->present & FC_LOAD_HAS_IN_FLIGHT) && !good_value(load->mean_in_flight, largest_metric))
    return fc_error_set(error, FC_EINVAL, "load.mean_in_flight: %g is not a number of requests", load->mean_in_flight);
  return FC_OK;
}

fc_status_t fc_observation_validate(const fc_observation_t *observation, const fc_workflow_t *workflow,
                                    fc_error_t *error) {
  if (observation->n_functions != workflow->n_functions)
    return fc_error_set(error, FC_EMISMATCH, "the observation has %d functions, workflow %s has %d",
                        observation->n_functions, workflow->name, workflow->n_functions);
  if (observation->window < 0)
    return fc_error_set(error, FC_EINVAL, "window: %lld is negative", (long long)observation->window);
  if (!good_value(observation->duration_s, largest_seconds) || observation->duration_s <= 0.0)
    return fc_error_set(error, FC_EINVAL, "duration_s: %g is not a window length", observation->duration_s);
  FC_TRY(check_load(&observation->load, error));
  FC_TRY(check_outcome(&observation->outcome, error));
  for (int32_t f = 0; f < observation->n_functions; ++f) {
    FC_TRY(check_configuration(&observation->configuration[f], workflow->functions[f].name, error));
    FC_TRY(check_metrics(&observation->metrics[f], workflow->functions[f].name, error));
  }
  return FC_OK;
}

fc_status_t fc_transition_validate(const fc_transition_t *transition, const fc_workflow_t *workflow,
                                   fc_error_t *error) {
  fc_status_t status = FC_OK;
  if (strcmp(transition->workflow, workflow->name) != 0)
    return fc_error_set(error, FC_EMISMATCH, "the transition is of workflow %s, not %s", transition->workflow,
                        workflow->name);
  if (transition->agent[0] == '\0' || transition->sequence == 0)
    return fc_error_set(error, FC_EINVAL, "agent or sequence is missing");
  if (!good_value(transition->cost_usd_h, largest_metric))
    return fc_error_set(error, FC_EINVAL, "cost_usd_h: %g is not a cost", transition->cost_usd_h);
  if (transition->policy_version < 0)
    return fc_error_set(error, FC_EINVAL, "policy_version: %lld is negative", (long long)transition->policy_version);
  if (transition->flags & FC_TRANSITION_HAS_BEFORE) {
    status = fc_observation_validate(&transition->before, workflow, error);
    if (status != FC_OK) {
      (void)fc_error_prefix(error, "before");
      return status;
    }
  }
  status = fc_observation_validate(&transition->after, workflow, error);
  if (status != FC_OK) (void)fc_error_prefix(error, "after");
  return status;
}
