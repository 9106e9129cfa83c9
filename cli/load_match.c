/* load_match.c - see load_match.h. */
#include "load_match.h"

#include <stdlib.h>
#include <string.h>

fc_status_t load_match_init(load_match_t *match, const char *text, fc_error_t *error) {
  match->text = text;
  match->size = (int32_t)strlen(text);
  FC_ASSERT(match->size > 0);
  match->border = calloc((size_t)match->size, sizeof *match->border);
  if (match->border == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d characters", (int)match->size);
  for (int32_t i = 1, k = 0; i < match->size; ++i) {
    while (k > 0 && text[i] != text[k]) k = match->border[k - 1];
    k += text[i] == text[k];
    match->border[i] = k;
  }
  return FC_OK;
}

void load_match_clear(load_match_t *match) {
  free(match->border);
  memset(match, 0, sizeof *match);
}

int32_t load_match_piece(const load_match_t *match, int32_t matched, const char *piece, size_t n) {
  for (size_t i = 0; i < n && matched < match->size; ++i) {
    while (matched > 0 && piece[i] != match->text[matched]) matched = match->border[matched - 1];
    matched += piece[i] == match->text[matched];
  }
  return matched;
}
