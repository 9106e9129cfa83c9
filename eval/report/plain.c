/* plain.c - see plain.h. */
#include "plain.h"

#include <ctype.h>
#include <string.h>

#include "utf8.h"

void plain_text(const char *text, char *out, size_t size) {
  (void)snprintf(out, size, "%s", text != NULL ? text : "");
  utf8_repair(out);
  for (char *at = out; *at != '\0'; ++at)
    if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = ' ';
}

void plain_file_name(const char *text, char *out, size_t size) {
  size_t length = 0;
  for (const char *at = text; *at != '\0' && length + 1 < size; ++at) {
    const unsigned char byte = (unsigned char)*at;
    const bool fits = byte < 0x80 && isalnum(byte);
    if (!fits && (length == 0 || out[length - 1] == '-')) continue;
    out[length++] = (char)(fits ? tolower(byte) : '-');
  }
  while (length > 0 && out[length - 1] == '-') --length;
  if (length == 0 && size > 1) out[length++] = 'x';
  out[length] = '\0';
}

void plain_arm(const arm_t *arm, char out[PLAIN_LABEL_SIZE]) {
  const bool has_variant = arm->variant[0] != '\0' && strcmp(arm->variant, "repaired") != 0;
  const bool has_safety = arm->safety[0] != '\0' && strcmp(arm->safety, "none") != 0;
  char text[PLAIN_LABEL_SIZE];
  (void)snprintf(text, sizeof text, "%s%s%s%s%s%s", arm->method, has_variant ? " " : "",
                 has_variant ? arm->variant : "", has_safety ? " + " : "", has_safety ? arm->safety : "",
                 arm->rails ? ", rails" : "");
  plain_text(text, out, PLAIN_LABEL_SIZE);
}
