/* number_text.c - see number_text.h. */
#include "number_text.h"

#include <math.h>
#include <stdio.h>

const char *number_text(double value, int decimals, const char *unit, char *text) {
  if (isfinite(value)) {
    snprintf(text, NUMBER_TEXT, "%.*f%s", decimals, value, unit);
  } else {
    snprintf(text, NUMBER_TEXT, "-");
  }
  return text;
}
