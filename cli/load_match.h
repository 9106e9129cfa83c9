/* load_match.h - finds a text in an answer that comes in pieces, without keeping the answer (Knuth, Morris, Pratt). */
#ifndef CLI_LOAD_MATCH_H
#define CLI_LOAD_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *text; /* borrowed */
  int32_t size;
  int32_t *border; /* (size) longest proper border of the first i + 1 characters */
} load_match_t;

/* text: at least one character. FC_ENOMEM. Caller frees with load_match_clear. */
fc_status_t load_match_init(load_match_t *match, const char *text, fc_error_t *error);
void load_match_clear(load_match_t *match);

/* How much of the text the pieces so far end with, after one more piece: begin with 0; `size` of the match: found, and
 * it stays so. */
int32_t load_match_piece(const load_match_t *match, int32_t matched, const char *piece, size_t n);

#ifdef __cplusplus
}
#endif
#endif
