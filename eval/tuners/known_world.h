/* known_world.h - what `shared` of a setting is for a method that knows the world: its oracles. */
#ifndef EVAL_TUNERS_KNOWN_WORLD_H
#define EVAL_TUNERS_KNOWN_WORLD_H

#include "oracle_table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const oracle_table_t *table; /* borrowed */
  char truth[ORACLE_TRUTH_SIZE];
} known_world_t;

#ifdef __cplusplus
}
#endif
#endif
