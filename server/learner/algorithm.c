/* algorithm.c - the one table of learning algorithms: a new one is a file of its own and a line here. */
#include "algorithm.h"

#include <string.h>

#include "attmf.h"

static const algorithm_interface_t *const ALGORITHMS[] = {&algorithm_attmf};
static const char *const ALGORITHM_NAMES = "attmf";

const algorithm_interface_t *algorithm_find(const char *name, const char **names) {
  if (names != NULL) *names = ALGORITHM_NAMES;
  for (size_t i = 0; i < sizeof ALGORITHMS / sizeof *ALGORITHMS; ++i) {
    if (strcmp(ALGORITHMS[i]->name, name) == 0) return ALGORITHMS[i];
  }
  return NULL;
}
