/* curl_functions.c - see curl_functions.h. */
#include "curl_functions.h"

#include <dlfcn.h>
#include <string.h>

static const char LIBRARY[] = "libcurl.so.4"; /* the name of its ABI since 2006 */

fc_status_t curl_functions_load(curl_functions_t *functions, fc_error_t *error) {
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library)
    return fc_error_set(error, FC_ENOTFOUND, "%s: install the package libcurl4, or use metrics.source: platform",
                        dlerror());
  void *found = NULL;
/* POSIX: a pointer to an object and one to a function have one size. */
#define LOAD(name)                                                                                          \
  found = dlsym(library, "curl_" #name);                                                                    \
  if (!found) return fc_error_set(error, FC_ENOTFOUND, "%s has no curl_%s: it is too old", LIBRARY, #name); \
  memcpy(&functions->name, &found, sizeof found);
  CURL_FUNCTIONS(LOAD)
#undef LOAD
  return FC_OK;
}
