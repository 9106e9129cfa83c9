/* log.c - one write per line, as text or JSON. */
#include "faasconf/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "faasconf/clock.h"
#include "utf8.h"

enum { LINE_SIZE = 2048, TEXT_SIZE = 1024 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void fc_log_init(fc_log_t *log, const char *program, FILE *stream, fc_log_level_t minimum, bool json) {
  memset(log, 0, sizeof *log);
  log->stream = stream;
  log->minimum = minimum;
  log->json = json;
  snprintf(log->program, sizeof log->program, "%s", program);
}

bool fc_log_level_parse(const char *text, fc_log_level_t *level) {
  for (int i = 0; i < 4; ++i) {
    if (strcmp(text, level_names[i]) == 0) {
      *level = (fc_log_level_t)i;
      return true;
    }
  }
  return false;
}

/* Escapes for JSON; control characters would also break the one-line rule of text logs. */
static void escape(const char *from, char *to, size_t size) {
  size_t n = 0;
  for (; *from != '\0' && n + 8 < size; ++from) {
    const unsigned char c = (unsigned char)*from;
    if (c == '"' || c == '\\') {
      to[n++] = '\\';
      to[n++] = (char)c;
    } else if (c < 0x20) {
      n += (size_t)snprintf(to + n, size - n, "\\u%04x", c);
    } else {
      to[n++] = (char)c;
    }
  }
  to[n] = '\0';
}

static void stamp(char *text, size_t size) {
  const fc_clock_t clock = fc_clock_system();
  const int64_t us = clock.wall_us(clock.self);
  const time_t seconds = (time_t)(us / 1000000);
  struct tm utc;
  gmtime_r(&seconds, &utc);
  const size_t n = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text + n, size - n, ".%03dZ", (int)(us / 1000 % 1000));
}

void fc_log_write(const fc_log_t *log, fc_log_level_t level, const char *component, const char *format, ...) {
  if (log == NULL || log->stream == NULL || level < log->minimum) return;
  char sentence[TEXT_SIZE], escaped[TEXT_SIZE + 64], line[LINE_SIZE], when[40];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  utf8_repair(sentence);
  stamp(when, sizeof when);
  if (log->json) {
    escape(sentence, escaped, sizeof escaped);
    utf8_repair(escaped); /* may have been cut */
    snprintf(line, sizeof line,
             "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"component\":\"%s\",\"text\":\"%s\"}\n", when,
             level_names[level], log->program, component, escaped);
  } else {
    for (char *c = sentence; *c != '\0'; ++c)
      if ((unsigned char)*c < 0x20) *c = ' ';
    snprintf(line, sizeof line, "%s %-5s %s %s: %s\n", when, level_names[level], log->program, component, sentence);
  }
  (void)fwrite(line, 1, strlen(line), log->stream);
  (void)fflush(log->stream);
}
