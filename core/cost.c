/* cost.c - reserved cost, and the paper's Eq. 2 beside it. */
#include "faasconf/cost.h"

#include "cost_terms.h"

double fc_cost_function_usd_h(const fc_prices_t *prices, const fc_function_configuration_t *configuration) {
  return cost_function_usd_h(prices, configuration);
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
