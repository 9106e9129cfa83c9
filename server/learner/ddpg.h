/* ddpg.h - the interface table of ddpg.c, for algorithm.c. */
#ifndef SERVER_LEARNER_DDPG_H
#define SERVER_LEARNER_DDPG_H

#include "algorithm.h"

extern const algorithm_interface_t algorithm_ddpg;

#endif
