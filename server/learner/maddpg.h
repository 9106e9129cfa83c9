/* maddpg.h - the interface table of maddpg.c, for algorithm.c. */
#ifndef SERVER_LEARNER_MADDPG_H
#define SERVER_LEARNER_MADDPG_H

#include "algorithm.h"

extern const algorithm_interface_t algorithm_maddpg;

#endif
