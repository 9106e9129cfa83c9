/* trainer_device.c - training elsewhere than on the CPU: the replay's rows and the learner's weights go to a cohort of
 * one and come back when somebody asks (cohort.h). Batches are drawn on the device by (seed, update), so that resuming
 * goes on with the same ones. */
#include <string.h>

#include "trainer_private.h"

enum { ROUND = 64 };

fc_status_t trainer_device_open(trainer_t *t, fc_error_t *error) {
  const char *backend = t->options.backend == NULL ? "cpu" : t->options.backend;
  if (strcmp(backend, "auto") == 0 && !cohort_knows(t->algorithm->name)) backend = "cpu";
  t->device = t->options.device;
  if (t->device == NULL) FC_TRY(fc_device_open(backend, &t->device, error));
  if (strcmp(fc_device_ops(t->device)->backend, "cpu") == 0) return FC_OK;
  if (!cohort_knows(t->algorithm->name))
    return fc_error_set(error, FC_EINVAL, "backend %s trains attmf and mean_field: use backend cpu for %s", backend,
                        t->algorithm->name);
  cohort_options_t options = cohort_options_default(t->algorithm->name, t->options.learning.variant);
  options.learning = t->options.learning;
  options.row_capacity = t->options.replay_capacity;
  t->rows_there = -1;
  t->device_is_behind = true;
  return cohort_new(t->workflow, t->n_features, &options, t->device, &t->cohort, error);
}

void trainer_device_close(trainer_t *t) {
  cohort_destroy(&t->cohort);
  if (t->options.device == NULL) fc_device_close(&t->device);
}

const char *trainer_device(const trainer_t *t) {
  return fc_device_name(t->device);
}

int64_t trainer_round(const trainer_t *t) {
  return t->cohort == NULL ? 1 : ROUND;
}

/* Rows at the ring's positions [first, first + n), a batch at a time through the trainer's own buffers. */
static fc_status_t send_rows(trainer_t *t, int32_t first, int32_t n, fc_error_t *error) {
  const int32_t n_batch = t->options.learning.n_batch;
  for (int32_t done = 0; done < n;) {
    const int32_t count = n - done < n_batch ? n - done : n_batch;
    replay_rows_copy(t->replay, first + done, count, t->features, t->action, t->reward, t->next_features, t->terminal);
    FC_TRY(cohort_set_rows(t->cohort, first + done, count, t->features, t->action, t->reward, t->next_features,
                           t->terminal, error));
    done += count;
  }
  return FC_OK;
}

static fc_status_t send_new_rows(trainer_t *t, fc_error_t *error) {
  const int64_t inserted = replay_inserted(t->replay), fresh = inserted - t->rows_there;
  const int32_t size = replay_size(t->replay);
  if (t->rows_there < 0 || fresh >= size) {
    FC_TRY(send_rows(t, 0, size, error));
  } else {
    for (int32_t k = (int32_t)fresh - 1; k >= 0; --k) FC_TRY(send_rows(t, replay_position(t->replay, k), 1, error));
  }
  t->rows_there = inserted;
  return FC_OK;
}

fc_status_t trainer_device_update(trainer_t *t, int64_t n, algorithm_report_t *report, fc_error_t *error) {
  const bool begins = t->device_is_behind;
  FC_TRY(send_new_rows(t, error));
  if (begins) FC_TRY(cohort_put(t->cohort, 0, t->algorithm, t->self, error));
  t->device_is_behind = false;
  t->host_is_behind = true;
  FC_TRY(cohort_update(t->cohort, n, error));
  FC_TRY(cohort_send(t->cohort, 0, error));
  /* The device works on while the caller does other things: what it hears of is the call before, which is done. */
  return cohort_receive(t->cohort, begins ? 0 : 1, t->algorithm, NULL, report, error);
}

fc_status_t trainer_device_bring_back(trainer_t *t, fc_error_t *error) {
  algorithm_report_t report;
  if (!t->host_is_behind) return FC_OK;
  FC_TRY(cohort_receive(t->cohort, 0, t->algorithm, t->self, &report, error));
  t->host_is_behind = false;
  return FC_OK;
}
