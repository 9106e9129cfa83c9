/* ask.h - what the commands that ask a running server share: the two options, the connection, and how failures read. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "command.h"
#include "faasconf/client.h"
#include "json_output.h"

#define ASK_DEFAULT_SERVER "tcp://127.0.0.1:7603"
enum { ASK_DEFAULT_TIMEOUT_MS = 5000, ASK_MAX_TIMEOUT_MS = 600000 };

#define ASK_HELP_SERVER "the server's rpc address (default " ASK_DEFAULT_SERVER ")"
#define ASK_HELP_TIMEOUT "milliseconds to wait for an answer (default 5000)"

/* The rows of the options table: const char *server, int64_t timeout_ms, bool json. */
#define ASK_ARGUMENTS(server, timeout_ms, json)                                                        \
  {"server", ARGUMENT_TEXT, (server), "ADDRESS", ASK_HELP_SERVER, false, 0, 0},                        \
      {"timeout", ARGUMENT_INT, (timeout_ms), "MS", ASK_HELP_TIMEOUT, false, 1, ASK_MAX_TIMEOUT_MS}, { \
    "json", ARGUMENT_FLAG, (json), NULL, "print one JSON object", false, 0, 0                          \
  }

/* CLI_DONE with *out set (destroy with fc_client_destroy), else the exit code after a complaint on stderr. */
int ask_connect(const char *command, const char *server, int64_t timeout_ms, fc_client_t **out);

/* "faasconf COMMAND: CODE: sentence" on stderr, and CLI_FAILED. */
int ask_failed(const char *command, const fc_client_t *client, const fc_error_t *error);

#endif
