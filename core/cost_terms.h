/* cost_terms.h - what one function's configuration costs: arithmetic that host (cost.c) and kernels share. */
#ifndef CORE_COST_TERMS_H
#define CORE_COST_TERMS_H

#include "faasconf/rng.h"
#include "faasconf/workflow.h"

/* fc_cost_function_usd_h */
static inline FC_HOST_DEVICE double cost_function_usd_h(const fc_prices_t *prices,
                                                        const fc_function_configuration_t *configuration) {
  return (configuration->cpu_millicores * prices->usd_per_millicore_hour +
          configuration->mem_mib * prices->usd_per_mib_hour) *
         configuration->replicas;
}

#endif
