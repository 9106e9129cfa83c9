/* tuner.c - the one table of methods: a new one is a file of its own and a line here (docs/adding-a-tuner.md). */
#include "tuner.h"

#include <string.h>

/* Each name is a `const tuner_t tuner_NAME` of a file of this folder. */
#define EACH_TUNER(X) \
  X(random)           \
  X(library)          \
  X(rambo)            \
  X(aquatope)         \
  X(attmf)            \
  X(mean_field)       \
  X(maddpg)           \
  X(ddpg)             \
  X(firm)             \
  X(twin_search)      \
  X(oracle)

#define DECLARED(name) extern const tuner_t tuner_##name;
#define ADDRESS(name) &tuner_##name,
#define LISTED(name) ", " #name

EACH_TUNER(DECLARED)
static const tuner_t *const TUNERS[] = {EACH_TUNER(ADDRESS)};
static const char TUNER_NAMES[] = EACH_TUNER(LISTED);
enum { N_TUNERS = sizeof TUNERS / sizeof TUNERS[0], SEPARATOR = sizeof ", " - 1 };

fc_status_t tuner_create(const tuner_t *tuner, const tuner_setting_t *setting, void **self, fc_error_t *error) {
  *self = NULL;
  if (setting->variant == TUNER_FAITHFUL && !tuner->has_faithful)
    return fc_error_set(error, FC_EINVAL, "%s has no faithful variant: leave the variant at repaired", tuner->name);
  return tuner->create(setting, self, error);
}

const tuner_t *tuner_find(const char *name, const char **names) {
  if (names != NULL) *names = TUNER_NAMES + SEPARATOR;
  for (int32_t i = 0; i < N_TUNERS; ++i)
    if (strcmp(TUNERS[i]->name, name) == 0) return TUNERS[i];
  return NULL;
}

const tuner_t *tuner_at(int32_t i) {
  return i >= 0 && i < N_TUNERS ? TUNERS[i] : NULL;
}
