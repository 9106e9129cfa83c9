/* trainer_private.h - inside server/learner: the trainer's state, for trainer.c and trainer_state.c. */
#ifndef SERVER_LEARNER_TRAINER_PRIVATE_H
#define SERVER_LEARNER_TRAINER_PRIVATE_H

#include <stdio.h>

#include "cohort.h"
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
  float *features, *next_features, *action, *reward, *q;
  uint8_t *terminal;
  /* elsewhere than on the CPU: trainer_device.c */
  fc_device_t *device;
  cohort_t *cohort;      /* of one; NULL: the CPU trains `self` itself */
  int64_t rows_there;    /* replay_inserted() as far as the device has them; -1: none, or of another normaliser */
  bool device_is_behind; /* `self` was changed here: resumed, or never put */
  bool host_is_behind;   /* `self` lacks the cohort's last updates */
};

/* A device and a cohort of one by options.backend; nothing for the CPU. */
fc_status_t trainer_device_open(trainer_t *trainer, fc_error_t *error);
void trainer_device_close(trainer_t *trainer);
/* trainer_update's work on the device. */
fc_status_t trainer_device_update(trainer_t *trainer, int64_t n, algorithm_report_t *report, fc_error_t *error);
/* Before `self` is read: it becomes what the device has. Does nothing on the CPU. */
fc_status_t trainer_device_bring_back(trainer_t *trainer, fc_error_t *error);

#endif
