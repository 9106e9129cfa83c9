/* learned.h - constants of the learned methods (learned.c) that reports state and tests use. */
#ifndef EVAL_TUNERS_LEARNED_H
#define EVAL_TUNERS_LEARNED_H

#include "tuner.h"

/* Updates on the offline rows before the first window: half as many as rows, but no fewer and no more than these. With
 * 31,000 rows of the Parallel workflow AttMF's choices cost 17 USD/h after 3,000 updates, 10.3 after 15,000 and 9.9
 * after 40,000 (10, 20, 30 users; docs/evaluation.md). */
enum { LEARNED_LEAST_UPDATES = 3000, LEARNED_MOST_UPDATES = 15000 };
int32_t learned_updates(const tuner_rows_t *rows);

extern const tuner_t tuner_attmf, tuner_mean_field, tuner_maddpg, tuner_ddpg, tuner_firm;

#endif
