/* eval_local.h - inside `faasconf eval local`: what it found, and how that is told (eval_local_report.c). */
#ifndef CLI_EVAL_LOCAL_H
#define CLI_EVAL_LOCAL_H

#include "local_methods.h"
#include "reality_check.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  local_experiment_t experiment;
  reality_check_t check;
  bool has_check, has_methods;          /* what there is so far */
  double plan_level;                    /* share of the twin's windows that the plan meets QoS in */
  fc_function_configuration_t *planned; /* (N) */
  demo_methods_t methods;
} eval_local_result_t;

void eval_local_print_check(const eval_local_result_t *result, FILE *out);
/* The rest. */
void eval_local_print(const eval_local_result_t *result, FILE *out);
/* Prints one JSON object on stdout. */
void eval_local_print_json(const eval_local_result_t *result);

#ifdef __cplusplus
}
#endif
#endif
