/* algorithm.c - the one table of learning algorithms: a new one is a file of its own and a line here. */
#include "algorithm.h"

#include <string.h>

#include "attmf.h"
#include "ddpg.h"
#include "firm.h"
#include "maddpg.h"
#include "mean_field.h"

static const algorithm_interface_t *const ALGORITHMS[] = {&algorithm_attmf, &algorithm_mean_field, &algorithm_maddpg,
                                                          &algorithm_ddpg, &algorithm_firm};
static const char *const ALGORITHM_NAMES = "attmf, mean_field, maddpg, ddpg, firm";

const algorithm_interface_t *algorithm_find(const char *name, const char **names) {
  if (names != NULL) *names = ALGORITHM_NAMES;
  for (size_t i = 0; i < sizeof ALGORITHMS / sizeof *ALGORITHMS; ++i) {
    if (strcmp(ALGORITHMS[i]->name, name) == 0) return ALGORITHMS[i];
  }
  return NULL;
}
