/* choices.h - what every method of an experiment chose: a configuration per cell at constant load. Plain data; CSV as
 * record.h. Oracles are no dearer than the choices of a cell put on the boundary (`faasconf eval oracles --choices`).
 */
#ifndef EVAL_CELLS_CHOICES_H
#define EVAL_CELLS_CHOICES_H

#include "cell.h"
#include "faasconf/workflow.h"
#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CHOICE_TEXT_SIZE = 3500, CHOICE_MAX_FUNCTIONS = 150 };

typedef struct {
  char workflow[FC_NAME_SIZE];
  int32_t users;
  char world[24];
  char track[16];
  char method[24];
  char variant[24];
  char safety[16];
  bool rails;
  char semantics[16];
  int64_t seed;
  double cost_usd_h;
  double compliance;
  char configuration[CHOICE_TEXT_SIZE]; /* a group CPU/memory/replicas/concurrency per function, in their order */
} choice_t;

extern const record_table_t choices_table;

/* The choice of a cell: configuration is (n_functions), at most CHOICE_MAX_FUNCTIONS. */
choice_t choice_of(const cell_t *cell, const fc_function_configuration_t *configuration, int32_t n_functions);

/* Whether it is what was chosen in this cell. */
bool choice_is_of(const choice_t *choice, const cell_t *cell);

/* As record_read. Caller frees *choices with free(). */
fc_status_t choices_read(const char *path, choice_t **choices, int32_t *n, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
