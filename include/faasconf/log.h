/* faasconf/log.h - one line per event, to a stream, as text or JSON.
 *
 * A logger is plain data owned by main() (or a test) and passed down by pointer; NULL logs nothing. Lines are written
 * with one write each, so lines of several threads never mix. Never logs secrets; never exits.
 */
#ifndef FAASCONF_LOG_H
#define FAASCONF_LOG_H

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { FC_LOG_DEBUG = 0, FC_LOG_INFO = 1, FC_LOG_WARN = 2, FC_LOG_ERROR = 3 } fc_log_level_t;

typedef struct {
  FILE *stream;           /* borrowed; where lines go */
  fc_log_level_t minimum; /* lines below are dropped */
  bool json;              /* one JSON object per line instead of text */
  char program[32];       /* "faasconfd", "faasconf-agent", ... */
} fc_log_t;

/* Fills *log: stream stderr, level INFO, text. Borrows `stream` until the last call with *log. */
void fc_log_init(fc_log_t *log, const char *program, FILE *stream, fc_log_level_t minimum, bool json);

/* Writes "TIME LEVEL program component: sentence". `component` names the module ("ingest"). May block as long as the
 * stream does. */
#ifdef __GNUC__
__attribute__((format(printf, 4, 5)))
#endif
void fc_log_write(const fc_log_t *log, fc_log_level_t level, const char *component, const char *format, ...);

/* "debug|info|warn|error" -> level. Returns false for any other text. */
bool fc_log_level_parse(const char *text, fc_log_level_t *level);

#define FC_LOG_D(log, component, ...) fc_log_write((log), FC_LOG_DEBUG, (component), __VA_ARGS__)
#define FC_LOG_I(log, component, ...) fc_log_write((log), FC_LOG_INFO, (component), __VA_ARGS__)
#define FC_LOG_W(log, component, ...) fc_log_write((log), FC_LOG_WARN, (component), __VA_ARGS__)
#define FC_LOG_E(log, component, ...) fc_log_write((log), FC_LOG_ERROR, (component), __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
