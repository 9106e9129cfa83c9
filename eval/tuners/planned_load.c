/* planned_load.c - see planned_load.h. */
#include "planned_load.h"

#include <math.h>

#include "rows.h"

int32_t planned_users(const fc_observation_t *last) {
  const double users = tuner_load_of(last, 0);
  if (!(users > 0)) return 0;
  return users < 1 ? 1 : (int32_t)lround(users);
}
