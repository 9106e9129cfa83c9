/* model.c - the parameters of a world: checked, and put into a simulator. See model.h. */
#include "model.h"

/* ---- checks ---- */

typedef struct {
  const char *name;
  double value, minimum, maximum;
} bounded_t;

static fc_status_t check_bounds(const char *where, const bounded_t *bounded, int32_t n, fc_error_t *error) {
  for (int32_t i = 0; i < n; ++i) {
    if (!(bounded[i].value >= bounded[i].minimum && bounded[i].value <= bounded[i].maximum))
      return fc_error_set(error, FC_EINVAL, "%s: simulator parameter %s is %g: expected %g to %g", where,
                          bounded[i].name, bounded[i].value, bounded[i].minimum, bounded[i].maximum);
  }
  return FC_OK;
}

static fc_status_t check_function(const fc_workflow_t *workflow, const fc_function_simulator_t *p, int32_t f,
                                  fc_error_t *error) {
  const fc_function_t *function = &workflow->functions[f];
  const bounded_t bounded[] = {{"work_cpu_s", p->work_cpu_s, 0, 1e6},
                               {"startup_share", p->startup_share, 0, 1},
                               {"parallelism", p->parallelism, 1e-3, 1e4},
                               {"mem_mib_per_request", p->mem_mib_per_request, 0, 1e9},
                               {"contention", p->contention, 0, 1e3},
                               {"answer_delay_s", p->answer_delay_s, 0, 1e6},
                               {"net_bytes_per_call", p->net_bytes_per_call, 0, 1e15},
                               {"work_sigma", p->work_sigma, 0, 3},
                               {"io_s", p->io_s, 0, 1e6}};
  return check_bounds(function->name, bounded, (int32_t)(sizeof bounded / sizeof bounded[0]), error);
}

fc_status_t model_check(const fc_workflow_t *workflow, const fc_simulator_parameters_t *p, fc_error_t *error) {
  if (!p->present)
    return fc_error_set(
        error, FC_EINVAL,
        "workflow %s has no `simulator:` section: add one with the measured parameters of its functions",
        workflow->name);
  for (int32_t f = 0; f < workflow->n_functions; ++f) FC_TRY(check_function(workflow, &p->functions[f], f, error));
  const bounded_t bounded[] = {{"window_s", workflow->window_s, 1e-3, 1e5},
                               {"orchestrator_startup_s", p->orchestrator_startup_s, 0, 1e6},
                               {"orchestrator_startup_sigma", p->orchestrator_startup_sigma, 0, 3},
                               {"orchestrator_finish_s", p->orchestrator_finish_s, 0, 1e6},
                               {"gateway_delay_s", p->gateway_delay_s, 0, 1e6},
                               {"throttling_loss", p->throttling_loss, 0, 1},
                               {"warmup_share", p->warmup_share, 0, 1e3},
                               {"sigma_window", p->sigma_window, 0, 3},
                               {"sigma_function", p->sigma_function, 0, 3},
                               {"sigma_replica", p->sigma_replica, 0, 3},
                               {"mem_idle_mib", p->mem_idle_mib, 0, 1e9},
                               {"mem_waiting_share", p->mem_waiting_share, 0, 1},
                               {"tail_share", p->tail_share, 0, 1},
                               {"tail_factor", p->tail_share > 0 ? p->tail_factor : 1, 1, 1e3},
                               {"spawn_rate_per_s", p->spawn_rate_per_s, 1e-6, 1e9},
                               {"cold_start_median_s", p->cold_start_median_s, 0, 1e6},
                               {"cold_start_sigma", p->cold_start_sigma, 0, 3},
                               {"cpu_period_s", p->cpu_period_s, 0, 1},
                               {"cpu_tick_s", p->cpu_tick_s, 0, 1},
                               {"cores", p->cores, 0, 1e6},
                               {"balancer", p->balancer, FC_BALANCER_RANDOM, FC_BALANCER_LEAST_CONNECTIONS},
                               {"overflow", p->overflow, FC_OVERFLOW_REJECT, FC_OVERFLOW_QUEUE}};
  FC_TRY(check_bounds(workflow->name, bounded, (int32_t)(sizeof bounded / sizeof bounded[0]), error));
  if (p->cpu_period_s > 0 && p->cpu_period_s < 1e-3) /* as the kernel: every period costs an event */
    return fc_error_set(error, FC_EINVAL,
                        "%s: simulator parameter cpu_period_s is %g: expected 0 (no periods), or 0.001 to 1",
                        workflow->name, p->cpu_period_s);
  return FC_OK;
}

/* ---- putting into force ---- */

static void set_function(const fc_simulator_parameters_t *parameters, const fc_function_simulator_t *p,
                         function_state_t *function) {
  function->startup_work_s = p->startup_share * p->work_cpu_s;
  function->main_work_s = (1 - p->startup_share) * p->work_cpu_s;
  function->warmup_work_s = parameters->warmup_share * p->work_cpu_s;
  function->parallelism = p->parallelism;
  function->main_speed = 1 / p->parallelism;
  function->contention = p->contention;
  for (int32_t n = 0; n <= CONTENTION_TABLE; ++n)
    function->contention_speed[n] = n == 0 ? 1 : 1 / (1 + p->contention * (n - 1));
  function->work_sigma = p->work_sigma;
  function->mem_mib = p->mem_mib_per_request;
  function->answer_delay_s = p->answer_delay_s;
  function->io_s = p->io_s;
  function->net_bytes_per_call = p->net_bytes_per_call;
}

void model_set(simulator_t *simulator, const fc_simulator_parameters_t *p) {
  simulator->orchestrator_startup_s = p->orchestrator_startup_s;
  simulator->orchestrator_startup_sigma = p->orchestrator_startup_sigma;
  simulator->orchestrator_finish_s = p->orchestrator_finish_s;
  simulator->gateway_delay_s = p->gateway_delay_s;
  simulator->throttling_loss = p->throttling_loss;
  simulator->sigma_window = p->sigma_window;
  simulator->sigma_function = p->sigma_function;
  simulator->sigma_replica = p->sigma_replica;
  simulator->mem_idle_mib = p->mem_idle_mib;
  simulator->mem_waiting_share = p->mem_waiting_share;
  simulator->tail_share = p->tail_share;
  simulator->tail_factor = p->tail_factor;
  simulator->spawn_rate_per_s = p->spawn_rate_per_s;
  simulator->cold_start_median_s = p->cold_start_median_s;
  simulator->cold_start_sigma = p->cold_start_sigma;
  simulator->cpu_period_s = p->cpu_period_s;
  simulator->cpu_tick_s = p->cpu_tick_s;
  simulator->cores = p->cores;
  simulator->balancer = p->balancer;
  simulator->queues = p->overflow == FC_OVERFLOW_QUEUE;
  simulator->has_been_running = p->windows == FC_WINDOWS_RUNNING;
  for (int32_t f = 0; f < simulator->n_functions; ++f) set_function(p, &p->functions[f], &simulator->functions[f]);
}
