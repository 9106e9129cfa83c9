/* comma_list.h - the items of a comma-separated list, one after the other. Pure; any thread. */
#ifndef CORE_COMMA_LIST_H
#define CORE_COMMA_LIST_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The next item of *list into item[size], which moves behind it and its comma; false at the end. An item that is too
 * long is cut, so that no name is found by it. */
bool comma_list_next(const char **list, char *item, size_t size);

/* Whether the list has an item, and every one is there once: else the first that is empty or named again is in
 * item[size]. */
bool comma_list_is_set(const char *list, char *item, size_t size);

#ifdef __cplusplus
}
#endif
#endif
