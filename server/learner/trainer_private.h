/* trainer_private.h - inside server/learner: the trainer's state, for trainer.c and trainer_state.c. */
#ifndef SERVER_LEARNER_TRAINER_PRIVATE_H
#define SERVER_LEARNER_TRAINER_PRIVATE_H

#include <stdio.h>

#include "trainer.h"

struct trainer {
  const fc_workflow_t *workflow; /* borrowed */
  trainer_options_t options;
  const algorithm_interface_t *algorithm;
  algorithm_t *self;
  replay_t *replay;
  fc_rng_t rng; /* of sampling */
  int32_t n_features;
  fc_feature_t normaliser[FC_MAX_FEATURES];
  bool frozen;
  int64_t inserts, updates;           /* since the beginning of the training */
  int64_t inserts_base, updates_base; /* at creation or resumption: what is due counts from here */
  int64_t position;
  float *features, *next_features, *action, *reward, *q, *feature_scratch;
  uint8_t *terminal;
};

#endif
