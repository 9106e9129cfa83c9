/* access_log_line.c - reading and counting one line: see access_log.h. */
#include <stdlib.h>
#include <string.h>

#include "access_log.h"

enum { LINE_SIZE = 1024, FIELD_SIZE = 64, MAX_DIGITS = 15 };
typedef enum { SERVER = 0, STATUS, TERMINATION, TW, TC, TR, TA, BYTES_IN, RETRIES, FIELDS } field_t;
static const double S_PER_MS = 1e-3;

/* A whole number with an optional sign and nothing else. */
static bool read_number(const char *text, int64_t *value) {
  const char *digits = text + (*text == '+' || *text == '-');
  const size_t n = strspn(digits, "0123456789");
  if (n == 0 || n > MAX_DIGITS || digits[n] != '\0') return false;
  *value = strtoll(text, NULL, 10);
  return true;
}

/* The next ` "text"`; returns what follows it, NULL when there is none. */
static const char *read_quoted(const char *at, char *out) {
  if (at[0] != ' ' || at[1] != '"') return NULL;
  const char *end = strchr(at + 2, '"');
  if (!end || end - (at + 2) >= FIELD_SIZE) return NULL;
  const size_t n = (size_t)(end - (at + 2));
  memcpy(out, at + 2, n);
  out[n] = '\0';
  return end + 1;
}

static access_log_end_t judge(int64_t status, const char *termination) {
  if (status >= 200 && status < 400) return ACCESS_LOG_SUCCESS;
  const bool in_queue = strlen(termination) > 1 && termination[1] == 'Q';
  return status == 429 || (status == 503 && in_queue) ? ACCESS_LOG_REJECTED : ACCESS_LOG_FAILED;
}

bool access_log_parse(const char *line, size_t size, int32_t n_proxies, access_log_line_t *out) {
  char text[LINE_SIZE], fields[FIELDS][FIELD_SIZE];
  while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\0')) --size;
  if (size >= sizeof text || size < 4 || memcmp(line, "fc ", 3) != 0) return false;
  memcpy(text, line, size);
  text[size] = '\0';
  char index[FIELD_SIZE];
  const size_t n = strcspn(text + 3, " ");
  if (n >= sizeof index) return false;
  memcpy(index, text + 3, n);
  index[n] = '\0';
  int64_t proxy = 0, number[FIELDS] = {0};
  if (!read_number(index, &proxy) || proxy < 0 || proxy >= n_proxies) return false;
  const char *at = text + 3 + n;
  for (int32_t f = 0; f < FIELDS; ++f) {
    at = read_quoted(at, fields[f]);
    if (!at) return false;
    if (f != SERVER && f != TERMINATION && !read_number(fields[f], &number[f])) return false;
  }
  if (*at != '\0' || number[TA] < 0) return false;
  memset(out, 0, sizeof *out);
  out->proxy = (int32_t)proxy;
  out->status = (int32_t)number[STATUS];
  out->end = judge(number[STATUS], fields[TERMINATION]);
  out->has_server = number[TC] >= 0;
  out->latency_s = (double)number[TA] * S_PER_MS;
  const int64_t service_ms = number[TA] - (number[TW] > 0 ? number[TW] : 0) - (number[TC] > 0 ? number[TC] : 0);
  out->service_s = out->has_server && service_ms > 0 ? (double)service_ms * S_PER_MS : 0;
  out->bytes_in = number[BYTES_IN] > 0 ? number[BYTES_IN] : 0;
  out->retries = (int32_t)(number[RETRIES] > 0 ? number[RETRIES] : 0);
  return true;
}

void access_log_count(access_log_window_t *window, const access_log_line_t *line) {
  window->service_s += line->service_s;
  window->bytes_in += line->bytes_in;
  window->retries += line->retries;
  switch (line->end) {
    case ACCESS_LOG_SUCCESS:
      window->successes += 1;
      fc_histogram_add(&window->latency, line->latency_s);
      break;
    case ACCESS_LOG_REJECTED:
      window->rejected += 1;
      window->rejected_in_queue += line->status == 503;
      break;
    case ACCESS_LOG_FAILED:
      window->failed += 1;
      break;
  }
}
