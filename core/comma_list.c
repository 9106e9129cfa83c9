/* comma_list.c - see comma_list.h. */
#include "comma_list.h"

#include <stdio.h>
#include <string.h>

bool comma_list_next(const char **list, char *item, size_t size) {
  const size_t length = strcspn(*list, ",");
  if (**list == '\0') return false;
  snprintf(item, size, "%.*s", (int)length, *list);
  *list += length + ((*list)[length] == ',' ? 1 : 0);
  return true;
}
