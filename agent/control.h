/* control.h - how a person stops, pauses and asks the agent, with the server off as well as on.
 *
 * Three ways in: a Unix socket (control.sock, 0600, in the state folder) that takes one word a line and answers one
 * JSON line; files in the state folder (`kill`, `pause`), which are also how both latches survive a restart; signals
 * (SIGTERM and SIGINT: end gracefully after the window's work; SIGUSR1: stop acting; SIGUSR2: pause). Words: status,
 * pause, resume, stop-acting.
 *
 * The kill switch is latched: only removing the file by hand lets the agent act again, no word and no restart does.
 * One thread, never blocks: control_poll is called at least every fraction of a second.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "folder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct control control_t;

/* Fills a JSON object with what `status` answers. */
typedef struct {
  void *self;
  void (*describe)(void *self, fc_json_t *status);
} control_status_t;

/* Opens the socket; signals, when asked for, are blocked and read from a descriptor (call before any other thread
 * starts). Borrows folder until control_destroy. Caller owns the result and destroys it with control_destroy. */
fc_status_t control_new(const folder_t *folder, bool take_signals, control_status_t status, control_t **out,
                        fc_error_t *error);
void control_destroy(control_t **control);

/* Serves what is waiting. */
void control_poll(control_t *control);

/* A descriptor that becomes readable when control_poll has something to do. */
int control_descriptor(const control_t *control);

bool control_must_end(const control_t *control);
/* May the agent write to the platform now? *why gets static text when it may not. Looks at the files each time. */
bool control_allows_acting(control_t *control, const char **why);
bool control_is_paused(const control_t *control);
bool control_is_killed(const control_t *control);

/* For `faasconf-agent --status` and the like: asks the agent of this state folder, waits at most timeout_ms, for the
 * connection too. Caller frees *answer with free(). FC_ENOTFOUND: no agent runs there. FC_ETIMEOUT: it is busy. */
fc_status_t control_ask(const char *state, const char *word, int timeout_ms, char **answer, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
