/* prometheus_text.c - see prometheus_text.h. */
#include "prometheus_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_escaped(FILE *out, const char *text) {
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\' || *text == '\'') fputc('\\', out);
    fputc(*text, out);
  }
}

/* Length of the placeholder at `at`, written to `out`; 0: none begins here. */
static size_t fill_one(FILE *out, const char *at, const prometheus_words_t *words) {
  static const char function[] = "{function}", workflow[] = "{workflow}", window[] = "{window}", labels[] = "{labels}";
  if (words->function && strncmp(at, function, sizeof function - 1) == 0) {
    write_escaped(out, words->function);
    return sizeof function - 1;
  }
  if (strncmp(at, workflow, sizeof workflow - 1) == 0) {
    write_escaped(out, words->workflow);
    return sizeof workflow - 1;
  }
  if (strncmp(at, window, sizeof window - 1) == 0) {
    fprintf(out, "%.0fms", words->window_s * 1000);
    return sizeof window - 1;
  }
  if (strncmp(at, labels, sizeof labels - 1) != 0) return 0;
  fputs(words->labels, out);
  return sizeof labels - 1 + (words->labels[0] == '\0' && at[sizeof labels - 1] == ',');
}

fc_status_t prometheus_text_fill(const char *query, const prometheus_words_t *words, const char *suffix, char **out,
                                 fc_error_t *error) {
  size_t size = 0;
  *out = NULL;
  FILE *text = open_memstream(out, &size);
  if (!text) return fc_error_set(error, FC_ENOMEM, "Prometheus: out of memory");
  while (*query != '\0') {
    const size_t n = *query == '{' ? fill_one(text, query, words) : 0;
    if (n == 0) fputc(*query, text);
    query += n > 0 ? n : 1;
  }
  fputs(suffix, text);
  if (fclose(text) == 0) return FC_OK;
  free(*out);
  *out = NULL;
  return fc_error_set(error, FC_ENOMEM, "Prometheus: out of memory");
}
