/* cost.c - reserved cost, and the paper's Eq. 2 beside it. */
#include "faasconf/cost.h"

double fc_cost_function_usd_h(const fc_prices_t *prices, const fc_function_configuration_t *configuration) {
  return (configuration->cpu_millicores * prices->usd_per_millicore_hour +
          configuration->mem_mib * prices->usd_per_mib_hour) *
         configuration->replicas;
}

double fc_cost_reserved_usd_h(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration) {
  double sum = 0.0;
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    sum += fc_cost_function_usd_h(&workflow->prices, &configuration[f]);
  return sum;
}

double fc_cost_eq2_usd(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration,
                       const double *execution_s) {
  double sum = 0.0;
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    sum += execution_s[f] / 3600.0 * fc_cost_function_usd_h(&workflow->prices, &configuration[f]);
  return sum;
}
