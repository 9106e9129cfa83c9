/* choices.c - see choices.h. */
#include "choices.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define TEXT(member) RECORD_FIELD(choice_t, RECORD_TEXT, member)
#define REAL(member) RECORD_FIELD(choice_t, RECORD_DOUBLE, member)

static const record_field_t fields[] = {
    TEXT(workflow),
    RECORD_FIELD(choice_t, RECORD_INT32, users),
    TEXT(world),
    TEXT(track),
    TEXT(method),
    TEXT(variant),
    TEXT(safety),
    RECORD_FIELD(choice_t, RECORD_BOOL, rails),
    RECORD_FIELD(choice_t, RECORD_INT64, seed),
    REAL(cost_usd_h),
    REAL(compliance),
    TEXT(configuration),
};

const record_table_t choices_table = {"choice", fields, sizeof fields / sizeof fields[0], sizeof(choice_t)};

fc_status_t choice_of(const cell_t *cell, const fc_function_configuration_t *configuration, int32_t n_functions,
                      choice_t *choice, fc_error_t *error) {
  *choice = (choice_t){.users = cell->users,
                       .rails = cell->rails,
                       .seed = cell->seed,
                       .cost_usd_h = cell->cost_usd_h,
                       .compliance = cell->compliance};
  memcpy(choice->workflow, cell->workflow, sizeof choice->workflow);
  memcpy(choice->world, cell->world, sizeof choice->world);
  memcpy(choice->track, cell->track, sizeof choice->track);
  memcpy(choice->method, cell->method, sizeof choice->method);
  memcpy(choice->variant, cell->variant, sizeof choice->variant);
  memcpy(choice->safety, cell->safety, sizeof choice->safety);
  size_t used = 0;
  for (int32_t f = 0; f < n_functions && used < CHOICE_TEXT_SIZE; ++f) {
    const fc_function_configuration_t *c = &configuration[f];
    used += (size_t)snprintf(choice->configuration + used, CHOICE_TEXT_SIZE - used, "%s%d/%d/%d/%d", f > 0 ? " " : "",
                             (int)c->cpu_millicores, (int)c->mem_mib, (int)c->replicas, (int)c->concurrency);
  }
  if (used < CHOICE_TEXT_SIZE) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "the configuration of %d functions does not fit a line of choices",
                      (int)n_functions);
}

fc_status_t choices_read(const char *path, choice_t **choices, int32_t *n, fc_error_t *error) {
  void *records = NULL;
  bool torn = false;
  const fc_status_t status = record_read(&choices_table, path, &records, n, &torn, error);
  *choices = records;
  return status;
}
