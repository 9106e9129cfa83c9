/* planned_load.c - see planned_load.h. */
#include "planned_load.h"

#include <math.h>

#include "rows.h"

int32_t planned_users(const fc_workflow_t *workflow, const fc_observation_t *last, bool is_fresh) {
  const double mean = tuner_load_of(last, 0);
  if (!(mean > 0)) return 0;
  double users = mean;
  if (is_fresh && workflow->simulator.present && workflow->simulator.windows == FC_WINDOWS_FRESH) {
    /* User u is there from u / rate on: mean = U - U^2 / (2 rate window). */
    const double most = workflow->simulator.spawn_rate_per_s * last->duration_s;
    const double square = 1 - 2 * mean / most;
    if (square > 0) users = most * (1 - sqrt(square));
  }
  return users < 1 ? 1 : (int32_t)lround(users);
}
