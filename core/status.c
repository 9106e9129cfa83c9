/* status.c - codes, sentences and failed assertions. */
#include "faasconf/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

const char *fc_status_text(fc_status_t status) {
  switch (status) {
#define STATUS_TEXT(name, code, text) \
  case FC_##name:                     \
    return text;
    FC_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
  }
  return "unknown status";
}

const char *fc_status_name(fc_status_t status) {
  switch (status) {
#define STATUS_NAME(name, code, text) \
  case FC_##name:                     \
    return "FC_" #name;
    FC_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
  }
  return "FC_UNKNOWN";
}

fc_status_t fc_error_set(fc_error_t *error, fc_status_t status, const char *format, ...) {
  if (error == NULL) return status;
  va_list arguments;
  va_start(arguments, format);
  error->status = status;
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  utf8_repair(error->message);
  return status;
}

fc_status_t fc_error_prefix(fc_error_t *error, const char *format, ...) {
  char prefix[FC_ERROR_MESSAGE_SIZE / 2], whole[2 * FC_ERROR_MESSAGE_SIZE];
  if (error == NULL) return FC_EINTERNAL;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(prefix, sizeof prefix, format, arguments);
  va_end(arguments);
  snprintf(whole, sizeof whole, "%s: %s", prefix, error->message);
  whole[sizeof error->message - 1] = '\0';
  memcpy(error->message, whole, sizeof error->message);
  utf8_repair(error->message);
  return error->status;
}

void fc_assert_failed(const char *expression, long long left, long long right, const char *file, int line) {
  fprintf(stderr, "faasconf: broken invariant at %s:%d: %s (%lld, %lld)\n", file, line, expression, left, right);
  abort();
}
