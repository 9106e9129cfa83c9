/* utf8.c - see utf8.h. */
#include "utf8.h"

#include <stddef.h>

/* Bytes of the character that begins with `lead`, 0 for a byte that begins none; *low and *high bound its second byte
 * (no overlong forms, no surrogates, nothing above U+10FFFF). */
static size_t expected_size(unsigned char lead, unsigned char *low, unsigned char *high) {
  *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

void utf8_repair(char *text) {
  unsigned char *at = (unsigned char *)text;
  while (*at != '\0') {
    unsigned char low, high;
    const size_t size = expected_size(*at, &low, &high);
    size_t n = size > 0 ? 1 : 0;
    while (n > 0 && n < size && at[n] >= low && at[n] <= high) {
      low = 0x80;
      high = 0xbf;
      n += 1;
    }
    if (n > 0 && n < size && at[n] == '\0') {
      *at = '\0';
    } else if (n == 0 || n < size) {
      *at++ = '?';
    } else {
      at += size;
    }
  }
}
