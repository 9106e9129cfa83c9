/* timestamp.c - see timestamp.h. */
#include "timestamp.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LATEST_S 253402300799.0 /* the end of 9999 */

bool timestamp_of_seconds(double seconds, int64_t *time_ms) {
  if (!(seconds >= 0 && seconds <= LATEST_S)) return false;
  *time_ms = llround(seconds * 1000);
  return true;
}

/* `n` digits at *at as a number within [low, high]; moves *at behind them. */
static bool take_digits(const char **at, int n, int low, int high, int *out) {
  *out = 0;
  for (int i = 0; i < n; ++i, ++*at) {
    if (!isdigit((unsigned char)**at)) return false;
    *out = 10 * *out + (**at - '0');
  }
  return *out >= low && *out <= high;
}

static bool take(const char **at, char wanted) {
  if (toupper((unsigned char)**at) != wanted) return false;
  ++*at;
  return true;
}

/* ".25" and the like; nothing is 0. */
static bool take_fraction(const char **at, double *out) {
  *out = 0;
  if (**at != '.') return true;
  double unit = 0.1;
  if (!isdigit((unsigned char)*++*at)) return false;
  for (; isdigit((unsigned char)**at); ++*at, unit /= 10) *out += unit * (**at - '0');
  return true;
}

static bool take_offset(const char **at, int *minutes) {
  int hours = 0, rest = 0;
  *minutes = 0;
  if (take(at, 'Z')) return true;
  const int sign = **at == '-' ? -1 : 1;
  if (**at != '+' && **at != '-') return false;
  ++*at;
  if (!take_digits(at, 2, 0, 23, &hours) || !take(at, ':') || !take_digits(at, 2, 0, 59, &rest)) return false;
  *minutes = sign * (60 * hours + rest);
  return true;
}

static bool parse_rfc3339(const char *at, int64_t *time_ms) {
  struct tm tm = {0};
  double fraction = 0;
  int offset_minutes = 0;
  if (!take_digits(&at, 4, 1970, 9999, &tm.tm_year) || !take(&at, '-') || !take_digits(&at, 2, 1, 12, &tm.tm_mon) ||
      !take(&at, '-') || !take_digits(&at, 2, 1, 31, &tm.tm_mday) || !(take(&at, 'T') || take(&at, ' ')) ||
      !take_digits(&at, 2, 0, 23, &tm.tm_hour) || !take(&at, ':') || !take_digits(&at, 2, 0, 59, &tm.tm_min) ||
      !take(&at, ':') || !take_digits(&at, 2, 0, 59, &tm.tm_sec) || !take_fraction(&at, &fraction) ||
      !take_offset(&at, &offset_minutes) || *at != '\0')
    return false;
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  const int day = tm.tm_mday;
  const time_t seconds = timegm(&tm);
  return tm.tm_mday == day && timestamp_of_seconds((double)seconds - 60.0 * offset_minutes + fraction, time_ms);
}

bool timestamp_parse(const char *text, int64_t *time_ms) {
  char *end = NULL;
  if (strchr(text, ':') != NULL) return parse_rfc3339(text, time_ms);
  if (text[0] == '\0' || strspn(text, "0123456789.eE+") != strlen(text)) return false;
  const double seconds = strtod(text, &end);
  return *end == '\0' && end != text && timestamp_of_seconds(seconds, time_ms);
}

void timestamp_format(int64_t time_ms, char *text, size_t size) {
  const time_t seconds = (time_t)(time_ms / 1000);
  struct tm tm;
  if (gmtime_r(&seconds, &tm) == NULL || strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    snprintf(text, size, "?");
}
