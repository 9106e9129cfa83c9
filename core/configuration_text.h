/* configuration_text.h - configurations in files of one line: a group "CPU/memory/replicas/concurrency" per function.
 * Pure; any thread. */
#ifndef CORE_CONFIGURATION_TEXT_H
#define CORE_CONFIGURATION_TEXT_H

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The groups of configuration (n) with this separator between them into text[size]. Returns their length, or size when
 * they do not fit with their NUL. */
size_t configuration_text_print(char *text, size_t size, const fc_function_configuration_t *configuration, int32_t n,
                                char separator);

/* One group at *at, which moves behind it; false when there is none. */
bool configuration_text_read(const char **at, fc_function_configuration_t *configuration);

#ifdef __cplusplus
}
#endif
#endif
