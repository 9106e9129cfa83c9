/* configuration_text.c - see configuration_text.h. */
#include "configuration_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "faasconf/knobs.h"

size_t configuration_text_print(char *text, size_t size, const fc_function_configuration_t *configuration, int32_t n,
                                char separator) {
  size_t used = 0;
  for (int32_t f = 0; f < n && used < size; ++f) {
    const fc_function_configuration_t *c = &configuration[f];
    if (f > 0) text[used++] = separator;
    used += (size_t)snprintf(text + used, size - used, "%d/%d/%d/%d", (int)c->cpu_millicores, (int)c->mem_mib,
                             (int)c->replicas, (int)c->concurrency);
  }
  return used < size ? used : size;
}

bool configuration_text_read(const char **at, fc_function_configuration_t *configuration) {
  for (int k = 0; k < FC_KNOBS; ++k) {
    char *end = NULL;
    const long value = strtol(*at, &end, 10);
    if (end == *at || value < 1 || value > INT32_MAX || (k + 1 < FC_KNOBS && *end != '/')) return false;
    fc_knob_set(configuration, (fc_knob_t)k, (int32_t)value);
    *at = k + 1 < FC_KNOBS ? end + 1 : end;
  }
  return true;
}
