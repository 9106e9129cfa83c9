/* learned.h - constants of the learned methods (learned.c) that reports state and tests use. */
#ifndef EVAL_TUNERS_LEARNED_H
#define EVAL_TUNERS_LEARNED_H

#include "tuner.h"

/* Updates on the offline rows before the first window. */
enum { LEARNED_UPDATES = 3000 };

extern const tuner_t tuner_attmf, tuner_mean_field, tuner_maddpg, tuner_ddpg, tuner_firm;

#endif
