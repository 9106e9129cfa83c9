/* sim.c - platform `sim`: see sim.h. One thread. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "sim_rules.h"
#include "simulator.h"

typedef struct {
  const fc_workflow_t *workflow;
  platform_sim_options_t options;
  simulator_t *simulator;
  fc_virtual_clock_t time;
  fc_function_configuration_t *configuration; /* (N) in force */
} sim_t;

static fc_status_t sim_discover(void *self, uint32_t *capabilities, fc_knob_range_t *caps, fc_error_t *error) {
  (void)error;
  const sim_t *sim = self;
  *capabilities = PLATFORM_SETS_ALL | PLATFORM_MEASURES_FUNCTIONS | PLATFORM_VIRTUAL_TIME;
  sim_rules_caps(sim->workflow, caps);
  return FC_OK;
}

static fc_status_t sim_read(void *self, int64_t window, fc_observation_t *observation, fc_error_t *error) {
  sim_t *sim = self;
  const int64_t duration_us = (int64_t)(sim->workflow->window_s * 1e6);
  FC_TRY(simulator_observed_window(sim->simulator, sim->options.first_window + window, sim->configuration, observation,
                                   error));
  observation->window = window;
  observation->start_us = sim->time.wall_start_us + sim->time.now_ns / 1000 - duration_us;
  return FC_OK;
}

static fc_status_t sim_read_back(void *self, int32_t function, fc_function_configuration_t *configuration,
                                 fc_error_t *error) {
  const sim_t *sim = self;
  FC_TRY(sim_rules_check_function(sim->workflow, function, error));
  *configuration = sim->configuration[function];
  return FC_OK;
}

static fc_status_t sim_plan(void *self, platform_step_t *step, fc_error_t *error) {
  (void)self;
  (void)error;
  sim_rules_plan(step);
  return FC_OK;
}

static fc_status_t sim_validate(void *self, const fc_function_configuration_t *configuration, fc_error_t *error) {
  const sim_t *sim = self;
  for (int32_t f = 0; f < sim->workflow->n_functions; ++f)
    FC_TRY(sim_rules_validate(sim->workflow, f, &configuration[f], error));
  return FC_OK;
}

static fc_status_t write_one(sim_t *sim, int32_t function, const fc_function_configuration_t *configuration,
                             fc_error_t *error) {
  FC_TRY(sim_rules_check_function(sim->workflow, function, error));
  FC_TRY(sim_rules_validate(sim->workflow, function, configuration, error));
  sim->configuration[function] = *configuration;
  return FC_OK;
}

static fc_status_t sim_apply(void *self, const platform_step_t *step, fc_error_t *error) {
  return write_one(self, step->function, &step->to, error);
}

static fc_status_t sim_rollback(void *self, const platform_step_t *step, fc_error_t *error) {
  return write_one(self, step->function, &step->from, error);
}

static fc_clock_t sim_clock(void *self) {
  return fc_clock_virtual(&((sim_t *)self)->time);
}

static void sim_destroy(void *self) {
  sim_t *sim = self;
  simulator_destroy(&sim->simulator);
  free(sim->configuration);
  free(sim);
}

fc_status_t platform_sim_new(const fc_workflow_t *workflow, const platform_sim_options_t *options, platform_t *out,
                             fc_error_t *error) {
  *out = (platform_t){0};
  sim_t *sim = calloc(1, sizeof *sim);
  if (!sim) return fc_error_set(error, FC_ENOMEM, "platform sim: out of memory");
  sim->workflow = workflow;
  sim->options = *options;
  sim->time.wall_start_us = options->wall_start_us;
  sim->configuration = calloc((size_t)workflow->n_functions, sizeof *sim->configuration);
  fc_status_t status = sim->configuration ? FC_OK : fc_error_set(error, FC_ENOMEM, "platform sim: out of memory");
  if (status == FC_OK) {
    const simulator_options_t simulated = {options->seed, options->semantics, options->users, 0};
    status = simulator_new(workflow, &simulated, &sim->simulator, error);
  }
  if (status != FC_OK) {
    sim_destroy(sim);
    return status;
  }
  for (int32_t f = 0; f < workflow->n_functions; ++f) sim->configuration[f] = workflow->functions[f].start;
  *out = (platform_t){.kind = "sim",
                      .self = sim,
                      .discover = sim_discover,
                      .read = sim_read,
                      .read_back = sim_read_back,
                      .plan = sim_plan,
                      .validate = sim_validate,
                      .apply = sim_apply,
                      .rollback = sim_rollback,
                      .clock = sim_clock,
                      .destroy = sim_destroy};
  return FC_OK;
}
