/* json_answer.h - what functions and orchestrator answer: JSON bodies, and checksums as text. Any thread. */
#ifndef FUNCTIONS_JSON_ANSWER_H
#define FUNCTIONS_JSON_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/json.h"
#include "http_server.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CHECKSUM_TEXT_SIZE = 17 };

/* Takes ownership of *json and sets it to NULL. */
void answer_json(http_response_t *response, int32_t status, fc_json_t **json);

/* {"ok": false, "reason": reason} */
void answer_failure(http_response_t *response, int32_t status, const char *reason);

/* 16 lower-case hex digits. */
void checksum_print(uint64_t checksum, char text[CHECKSUM_TEXT_SIZE]);

/* False for anything else, NULL too. */
bool checksum_parse(const char *text, uint64_t *checksum);

/* Prints {"event": "ready", "pid", "url"} as one line on stdout: who started the program reads the port there. */
void print_ready(const http_server_t *server);

#ifdef __cplusplus
}
#endif
#endif
