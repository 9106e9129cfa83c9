/* timestamp.h - points in time in files: Unix seconds, or RFC 3339. Pure; any thread. */
#ifndef CLI_TIMESTAMP_H
#define CLI_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "1764150600", "1764150600.25", "2025-11-26T09:50:00Z", "2025-11-26T10:50:00.5+01:00"; from 1970 to 9999. */
bool timestamp_parse(const char *text, int64_t *time_ms);

/* Unix seconds, rounded to ms. False before 1970 and after 9999. */
bool timestamp_of_seconds(double seconds, int64_t *time_ms);

/* "2025-11-26T09:50:00Z" into text[size]; whole seconds. */
void timestamp_format(int64_t time_ms, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
