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

bool comma_list_is_set(const char *list, char *item, size_t size) {
  enum { MOST = 1200 };
  char before[MOST];
  item[0] = '\0';
  if (*list == '\0' || list[strlen(list) - 1] == ',') return false;
  for (const char *rest = list; comma_list_next(&rest, item, size);) {
    if (item[0] == '\0') return false;
    bool is_first = true;
    for (const char *at = list; comma_list_next(&at, before, sizeof before) && at != rest;)
      is_first = is_first && strcmp(before, item) != 0;
    if (!is_first) return false;
  }
  return true;
}
