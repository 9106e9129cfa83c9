/* library.c - the cheapest QoS-meeting row of the history (algorithms, section 5.1: a baseline the paper omits). */
#include "tuner.h"

fc_status_t tuner_library(const tuner_task_t *task, tuner_candidate_t *rows, int32_t n_rows, tuner_choice_t *choice,
                          fc_error_t *error) {
  choice->windows_used = 0;
  choice->violations = 0;
  return tuner_verify(task, rows, n_rows, choice, error);
}
