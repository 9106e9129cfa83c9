/* attmf.h - the interface table of attmf.c, for algorithm.c. Everybody else calls algorithm_find("attmf", ...). */
#ifndef SERVER_LEARNER_ATTMF_H
#define SERVER_LEARNER_ATTMF_H

#include "algorithm.h"

extern const algorithm_interface_t algorithm_attmf;

#endif
