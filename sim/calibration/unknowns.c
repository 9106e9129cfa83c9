/* unknowns.c - see unknowns.h. */
#include "unknowns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add(unknown_t *list, int32_t *n, unknown_kind_t kind, int32_t function) {
  if (list != NULL) list[*n] = (unknown_t){kind, function};
  *n += 1;
}

int32_t unknowns_list(const fc_workflow_t *workflow, unknown_t *list) {
  const fc_simulator_parameters_t *p = &workflow->simulator;
  bool contention = false, delays = p->gateway_delay_s > 0;
  int32_t n = 0;
  if (!p->present) return 0;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    add(list, &n, UNKNOWN_WORK, f);
    contention = contention || p->functions[f].contention > 0;
    delays = delays || p->functions[f].answer_delay_s > 0;
  }
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    if (p->functions[f].mem_mib_per_request > 0) add(list, &n, UNKNOWN_MEMORY, f);
  if (p->orchestrator_startup_s > 0) add(list, &n, UNKNOWN_ORCHESTRATOR, -1);
  if (delays) add(list, &n, UNKNOWN_DELAYS, -1);
  if (contention) add(list, &n, UNKNOWN_CONTENTION, -1);
  if (p->throttling_loss > 0 && p->throttling_loss < 1) add(list, &n, UNKNOWN_THROTTLING, -1);
  if (p->warmup_share > 0) add(list, &n, UNKNOWN_WARMUP, -1);
  return n;
}

static double times_exp(double value, double theta, double largest) {
  const double out = value * exp(fmax(-20, fmin(20, theta)));
  return out < largest ? out : largest;
}

void unknowns_apply(const fc_workflow_t *workflow, const unknown_t *list, int32_t n, const double *theta,
                    fc_simulator_parameters_t *world) {
  fc_function_simulator_t *functions = world->functions;
  *world = workflow->simulator;
  world->functions = functions;
  memcpy(functions, workflow->simulator.functions, (size_t)workflow->n_functions * sizeof *functions);
  for (int32_t i = 0; i < n; ++i) {
    const int32_t f = list[i].function;
    switch (list[i].kind) {
      case UNKNOWN_WORK:
        functions[f].work_cpu_s = times_exp(functions[f].work_cpu_s, theta[i], 1e4);
        break;
      case UNKNOWN_MEMORY:
        functions[f].mem_mib_per_request = times_exp(functions[f].mem_mib_per_request, theta[i], 1e6);
        break;
      case UNKNOWN_ORCHESTRATOR:
        world->orchestrator_startup_s = times_exp(world->orchestrator_startup_s, theta[i], 1e4);
        break;
      case UNKNOWN_THROTTLING: {
        const double odds = times_exp(world->throttling_loss / (1 - world->throttling_loss), theta[i], 999);
        world->throttling_loss = odds / (1 + odds);
        break;
      }
      case UNKNOWN_WARMUP:
        world->warmup_share = times_exp(world->warmup_share, theta[i], 1e2);
        break;
      case UNKNOWN_DELAYS:
        world->gateway_delay_s = times_exp(world->gateway_delay_s, theta[i], 1e4);
        for (int32_t g = 0; g < workflow->n_functions; ++g)
          functions[g].answer_delay_s = times_exp(functions[g].answer_delay_s, theta[i], 1e4);
        break;
      case UNKNOWN_CONTENTION:
        for (int32_t g = 0; g < workflow->n_functions; ++g)
          functions[g].contention = times_exp(functions[g].contention, theta[i], 1e2);
        break;
    }
  }
}

void unknowns_name(const fc_workflow_t *workflow, unknown_t unknown, char *name, size_t size) {
  static const char *const shared[] = {"work of", "memory of",  "orchestrator's start-up",
                                       "delays",  "contention", "throttling loss (its odds)",
                                       "warm-up"};
  if (unknown.function >= 0) {
    snprintf(name, size, "%s %s", shared[unknown.kind], workflow->functions[unknown.function].name);
  } else {
    snprintf(name, size, "%s", shared[unknown.kind]);
  }
}
