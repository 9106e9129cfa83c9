/* mean_field.h - the interface table of mean_field.c, for algorithm.c. */
#ifndef SERVER_LEARNER_MEAN_FIELD_H
#define SERVER_LEARNER_MEAN_FIELD_H

#include "algorithm.h"

extern const algorithm_interface_t algorithm_mean_field;

#endif
