/* oracle_truth.c - which system a row is the oracle of: see oracle_table.h. */
#include <stdio.h>
#include <string.h>

#include "faasconf/digest.h"
#include "oracle_table.h"

static void add(fc_sha256_t *hash, double value) {
  char text[40];
  const int n = snprintf(text, sizeof text, "%.9g;", value);
  fc_sha256_update(hash, text, (size_t)n);
}

void oracle_truth(const fc_workflow_t *workflow, const world_t *world, char truth[ORACLE_TRUTH_SIZE]) {
  oracle_truth_of(workflow, &world->truth, truth);
}

void oracle_truth_of(const fc_workflow_t *workflow, const fc_simulator_parameters_t *p, char truth[ORACLE_TRUTH_SIZE]) {
  /* What windows under a closed loop depend on; rollouts are no part of it. */
  const double globals[] = {p->orchestrator_startup_s,
                            p->orchestrator_startup_sigma,
                            p->orchestrator_finish_s,
                            p->gateway_delay_s,
                            p->throttling_loss,
                            p->warmup_share,
                            p->sigma_window,
                            p->sigma_function,
                            p->sigma_replica,
                            p->mem_idle_mib,
                            p->mem_waiting_share,
                            p->tail_share,
                            p->tail_share > 0 ? p->tail_factor : 0,
                            p->spawn_rate_per_s,
                            p->cpu_period_s,
                            p->cpu_tick_s,
                            p->cores,
                            p->balancer,
                            p->overflow,
                            p->windows};
  fc_sha256_t hash;
  uint8_t digest[FC_DIGEST_SIZE];
  fc_sha256_start(&hash);
  fc_sha256_update(&hash, workflow->digest, FC_DIGEST_SIZE);
  for (size_t i = 0; i < sizeof globals / sizeof globals[0]; ++i) add(&hash, globals[i]);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_function_simulator_t *one = &p->functions[f];
    const double values[] = {one->work_cpu_s,          one->startup_share, one->parallelism,
                             one->mem_mib_per_request, one->contention,    one->answer_delay_s,
                             one->net_bytes_per_call,  one->work_sigma,    one->io_s};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; ++i) add(&hash, values[i]);
  }
  fc_sha256_final(&hash, digest);
  for (int i = 0; i < (ORACLE_TRUTH_SIZE - 1) / 2; ++i) snprintf(truth + 2 * i, 3, "%02x", (unsigned)digest[i]);
}
