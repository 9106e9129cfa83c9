/* ramp.c - see ramp.h. */
#include "ramp.h"

#include <math.h>

void ramp_correct(const fc_workflow_t *workflow, fc_observation_t *window) {
  const fc_simulator_parameters_t *simulator = &workflow->simulator;
  fc_load_t *load = &window->load;
  if (!simulator->present || simulator->windows != FC_WINDOWS_FRESH) return;
  if (!(load->present & FC_LOAD_HAS_IN_FLIGHT) || !(load->mean_in_flight > 0)) return;
  const double most = simulator->spawn_rate_per_s * window->duration_s;
  const double square = 1 - 2 * load->mean_in_flight / most;
  if (square > 0) load->mean_in_flight = most * (1 - sqrt(square));
}
