/* choices.c - see choices.h. */
#include "choices.h"

#include <stddef.h>
#include <string.h>

#include "configuration_text.h"

#define TEXT(member) RECORD_FIELD(choice_t, RECORD_TEXT, member)
#define REAL(member) RECORD_FIELD(choice_t, RECORD_DOUBLE, member)

static const record_field_t fields[] = {
    TEXT(workflow),      RECORD_FIELD(choice_t, RECORD_INT32, users),
    TEXT(world),         TEXT(track),
    TEXT(method),        TEXT(variant),
    TEXT(safety),        RECORD_FIELD(choice_t, RECORD_BOOL, rails),
    TEXT(semantics),     RECORD_FIELD(choice_t, RECORD_INT64, seed),
    REAL(cost_usd_h),    REAL(compliance),
    TEXT(configuration),
};

const record_table_t choices_table = {"choice", fields, sizeof fields / sizeof fields[0], sizeof(choice_t)};

choice_t choice_of(const cell_t *cell, const fc_function_configuration_t *configuration, int32_t n_functions) {
  choice_t choice = {.users = cell->users,
                     .rails = cell->rails,
                     .seed = cell->seed,
                     .cost_usd_h = cell->cost_usd_h,
                     .compliance = cell->compliance};
  memcpy(choice.workflow, cell->workflow, sizeof choice.workflow);
  memcpy(choice.world, cell->world, sizeof choice.world);
  memcpy(choice.track, cell->track, sizeof choice.track);
  memcpy(choice.method, cell->method, sizeof choice.method);
  memcpy(choice.variant, cell->variant, sizeof choice.variant);
  memcpy(choice.safety, cell->safety, sizeof choice.safety);
  memcpy(choice.semantics, cell->semantics, sizeof choice.semantics);
  FC_ASSERT(n_functions <= CHOICE_MAX_FUNCTIONS);
  const size_t length =
      configuration_text_print(choice.configuration, CHOICE_TEXT_SIZE, configuration, n_functions, ' ');
  FC_ASSERT(length < CHOICE_TEXT_SIZE);
  return choice;
}

bool choice_is_of(const choice_t *choice, const cell_t *cell) {
  return choice->users == cell->users && choice->rails == cell->rails && choice->seed == cell->seed &&
         strcmp(choice->workflow, cell->workflow) == 0 && strcmp(choice->world, cell->world) == 0 &&
         strcmp(choice->track, cell->track) == 0 && strcmp(choice->method, cell->method) == 0 &&
         strcmp(choice->variant, cell->variant) == 0 && strcmp(choice->safety, cell->safety) == 0 &&
         strcmp(choice->semantics, cell->semantics) == 0;
}

fc_status_t choices_read(const char *path, choice_t **choices, int32_t *n, fc_error_t *error) {
  void *records = NULL;
  bool torn = false;
  const fc_status_t status = record_read(&choices_table, path, &records, n, &torn, error);
  *choices = records;
  return status;
}
