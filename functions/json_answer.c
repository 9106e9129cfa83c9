/* json_answer.c - see json_answer.h. */
#include "json_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faasconf/digest.h"

void answer_json(http_response_t *response, int32_t status, fc_json_t **json) {
  response->status = status;
  response->body = fc_json_dump(*json, 0);
  fc_json_destroy(json);
  if (response->body == NULL) response->status = HTTP_UNAVAILABLE;
}

void answer_failure(http_response_t *response, int32_t status, const char *reason) {
  fc_json_t *json = fc_json_object();
  fc_json_set_bool(json, "ok", false);
  fc_json_set_string(json, "reason", reason);
  answer_json(response, status, &json);
}

void checksum_print(uint64_t checksum, char text[CHECKSUM_TEXT_SIZE]) {
  snprintf(text, CHECKSUM_TEXT_SIZE, "%016" PRIx64, checksum);
}

bool checksum_parse(const char *text, uint64_t *checksum) {
  uint8_t bytes[8];
  if (text == NULL || strlen(text) != 2 * sizeof bytes || !fc_unhex(text, bytes, sizeof bytes)) return false;
  *checksum = 0;
  for (size_t i = 0; i < sizeof bytes; ++i) *checksum = *checksum << 8 | bytes[i];
  return true;
}

void print_ready(const http_server_t *server) {
  fc_json_t *json = fc_json_object();
  fc_json_set_string(json, "event", "ready");
  fc_json_set_int(json, "pid", (int64_t)getpid());
  fc_json_set_string(json, "url", http_server_url(server));
  char *text = fc_json_dump(json, 0);
  fc_json_destroy(&json);
  if (text != NULL) puts(text);
  free(text);
  fflush(stdout);
}
