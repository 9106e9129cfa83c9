/* tuner.c - the one table of methods: a new one is a file of its own and a line here (docs/adding-a-tuner.md). */
#include "tuner.h"

#include <string.h>

extern const tuner_t tuner_random, tuner_library, tuner_rambo, tuner_aquatope;
extern const tuner_t tuner_twin_search, tuner_oracle;
extern const tuner_t tuner_attmf, tuner_mean_field, tuner_maddpg, tuner_ddpg, tuner_firm; /* learned.c */

static const tuner_t *const TUNERS[] = {&tuner_random, &tuner_library,     &tuner_rambo,  &tuner_aquatope,
                                        &tuner_attmf,  &tuner_mean_field,  &tuner_maddpg, &tuner_ddpg,
                                        &tuner_firm,   &tuner_twin_search, &tuner_oracle};
static const char *const TUNER_NAMES =
    "random, library, rambo, aquatope, attmf, mean_field, maddpg, ddpg, firm, twin_search, oracle";
enum { N_TUNERS = sizeof TUNERS / sizeof TUNERS[0] };

const tuner_t *tuner_find(const char *name, const char **names) {
  if (names != NULL) *names = TUNER_NAMES;
  for (int32_t i = 0; i < N_TUNERS; ++i)
    if (strcmp(TUNERS[i]->name, name) == 0) return TUNERS[i];
  return NULL;
}

const tuner_t *tuner_at(int32_t i) {
  return i >= 0 && i < N_TUNERS ? TUNERS[i] : NULL;
}
