/* surrogate_state.h - inside a surrogate: shared by surrogate.c and surrogate_search.c. */
#ifndef EVAL_TUNERS_SURROGATE_STATE_H
#define EVAL_TUNERS_SURROGATE_STATE_H

#include "known.h"
#include "surrogate.h"

#ifdef __cplusplus
extern "C" {
#endif

struct surrogate {
  const tuner_setting_t *setting;
  surrogate_options_t options;
  box_t box;
  known_t known;
  proven_t proven;               /* this run's */
  double load;                   /* NaN: unknown yet */
  gp_t *terms[FC_MAX_QOS_TERMS]; /* NULL: never judged */
  gp_t *cost;                    /* NULL unless asked for */
  int32_t n_selected, since_fit;
  int32_t *selected; /* (SURROGATE_MAX_ROWS) */
  double *x, *y;     /* (SURROGATE_MAX_ROWS, d), (SURROGATE_MAX_ROWS): rows of one process, and scratch */
  int32_t *row_of;   /* (SURROGATE_MAX_ROWS) index of each row */
  double *scratch;   /* (4, d) */
};

/* Is the process of this term in use: it applies and has rows. */
bool surrogate_uses(const surrogate_t *surrogate, int32_t term);

#ifdef __cplusplus
}
#endif
#endif
