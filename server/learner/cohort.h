/* cohort.h - L learners of one workflow trained at once on one device: seeds, for most purposes.
 *
 * The equations are those of attmf.c (attmf_learners.h), with the learner axis on every op: many narrow nets fill a
 * device that one would leave idle. The rows they learn from lie on the device and are shared; every learner draws its
 * own batches there, so that the host only says how many updates to make. On a CUDA device several updates are one
 * launch. An instance of algorithm.h gives a learner its weights and takes them back: acting, judging, exporting and
 * checkpoints are its business.
 *
 *   row:  | features (N,O) | action (N,A) | reward | next_features (N,O) | terminal |     (R of them, normalised)
 *
 * One thread; the device is the cohort's alone while it works. The same seeds, rows and device give the same bytes.
 */
#ifndef SERVER_LEARNER_COHORT_H
#define SERVER_LEARNER_COHORT_H

#include "algorithm.h"
#include "faasconf/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cohort cohort_t;

typedef struct {
  const char *algorithm;        /* "attmf" or "mean_field"; static */
  algorithm_options_t learning; /* learner l draws its batches with seed + l */
  int32_t n_learners;           /* L */
  int32_t row_capacity;         /* R */
  int32_t updates_per_launch;   /* of a recording; 8 */
} cohort_options_t;
cohort_options_t cohort_options_default(const char *algorithm, algorithm_variant_t variant);

/* Can this algorithm be trained as a cohort? */
bool cohort_knows(const char *algorithm);

/* For one workflow and O features. Borrows the device until cohort_destroy; the workflow until the call returns.
 * Caller owns *out. FC_EINVAL, FC_ENOMEM, FC_ECUDA. */
fc_status_t cohort_new(const fc_workflow_t *workflow, int32_t n_features, const cohort_options_t *options,
                       fc_device_t *device, cohort_t **out, fc_error_t *error);
void cohort_destroy(cohort_t **cohort);

/* Rows [first, first + n) become these (host memory, row-major, normalised); later batches draw from rows
 * [0, largest first + n so far). FC_EINVAL beyond the capacity. */
fc_status_t cohort_set_rows(cohort_t *cohort, int32_t first, int32_t n, const float *features, const float *action,
                            const float *reward, const float *next_features, const uint8_t *terminal,
                            fc_error_t *error);

/* Where rows [first, first + n) lie, for somebody who fills them in on the device's stream (sim/batch_rows.h): *to is
 * the cohort's. Later batches draw from them as from cohort_set_rows'. FC_EINVAL beyond the capacity. */
fc_status_t cohort_lend_rows(cohort_t *cohort, int32_t first, int32_t n, fc_row_memory_t *to, fc_error_t *error);

/* Learner l begins as `from` is, an instance made by `algorithm` (the cohort's) with the same options; all learners
 * go on from from's number of updates. */
fc_status_t cohort_put(cohort_t *cohort, int32_t l, const algorithm_interface_t *algorithm, algorithm_t *from,
                       fc_error_t *error);
/* The other way: `into` becomes what learner l is. Blocks until all updates are done. */
fc_status_t cohort_get(cohort_t *cohort, int32_t l, const algorithm_interface_t *algorithm, algorithm_t *into,
                       fc_error_t *error);

/* Queues learner l, as it is after all that was queued before, and its last report for their way to the host; does not
 * wait, and work may be queued behind it. The two newest of what was sent can be received. FC_ENOMEM, FC_ECUDA. */
fc_status_t cohort_send(cohort_t *cohort, int32_t l, fc_error_t *error);
/* What was sent last (age 0) or before that (age 1): `into` becomes that learner, unless NULL, and *report is its.
 * Blocks until it has arrived, not for what was queued behind it. FC_ESTATE when so much was not sent. */
fc_status_t cohort_receive(cohort_t *cohort, int32_t age, const algorithm_interface_t *algorithm, algorithm_t *into,
                           algorithm_report_t *report, fc_error_t *error);

/* Queues n updates of every learner; does not wait. FC_ESTATE without rows. */
fc_status_t cohort_update(cohort_t *cohort, int64_t n, fc_error_t *error);

/* What the last update of learner l was like; blocks until it is done. */
fc_status_t cohort_report(cohort_t *cohort, int32_t l, algorithm_report_t *report, fc_error_t *error);

/* Bytes of device memory it has taken. */
size_t cohort_bytes(const cohort_t *cohort);

#ifdef __cplusplus
}
#endif
#endif
