/* firm.h - the interface table of firm.c, for algorithm.c. */
#ifndef SERVER_LEARNER_FIRM_H
#define SERVER_LEARNER_FIRM_H

#include "algorithm.h"

extern const algorithm_interface_t algorithm_firm;

#endif
