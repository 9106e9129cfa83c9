/* faasconf/json.h - JSON values, read and written (core/json.c is the only includer of jansson).
 *
 * A value is owned by its holder; putting it into an object or array moves it there. Objects keep insertion order when
 * written; numbers are written with 17 significant digits at most and the fewest that read back the same. NaN and
 * infinities are written as null. One thread per value.
 */
#ifndef FAASCONF_JSON_H
#define FAASCONF_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_json fc_json_t;

/* Parsing refuses duplicate keys, trailing text, invalid UTF-8; the message has line and column. */
fc_status_t fc_json_parse(const char *text, size_t size, fc_json_t **out, fc_error_t *error);
void fc_json_destroy(fc_json_t **value);

fc_json_t *fc_json_object(void);
fc_json_t *fc_json_array(void);
/* Setters abort only on out of memory (FC_ASSERT); keys are copied. */
void fc_json_set_string(fc_json_t *object, const char *key, const char *text);
void fc_json_set_int(fc_json_t *object, const char *key, int64_t number);
void fc_json_set_double(fc_json_t *object, const char *key, double number);
void fc_json_set_bool(fc_json_t *object, const char *key, bool truth);
void fc_json_set_null(fc_json_t *object, const char *key);
/* Takes ownership of *value and sets it to NULL. */
void fc_json_set(fc_json_t *object, const char *key, fc_json_t **value);
void fc_json_append(fc_json_t *array, fc_json_t **value);
void fc_json_append_double(fc_json_t *array, double number);
void fc_json_append_int(fc_json_t *array, int64_t number);
void fc_json_append_string(fc_json_t *array, const char *text);

/* Readers: false / NULL / 0 when the key is absent or of another type; borrowed from the parent. */
const fc_json_t *fc_json_get(const fc_json_t *object, const char *key);
const char *fc_json_string(const fc_json_t *value);
bool fc_json_double(const fc_json_t *value, double *out);
bool fc_json_int(const fc_json_t *value, int64_t *out);
bool fc_json_bool(const fc_json_t *value, bool *out);
bool fc_json_is_object(const fc_json_t *value);
bool fc_json_is_array(const fc_json_t *value);
size_t fc_json_size(const fc_json_t *value); /* of an array or object */
const fc_json_t *fc_json_at(const fc_json_t *array, size_t index);
/* Keys of an object by position. */
const char *fc_json_key_at(const fc_json_t *object, size_t index);

/* Text, NUL-terminated; caller frees with free(). indent 0 = one line. */
char *fc_json_dump(const fc_json_t *value, int indent);

#ifdef __cplusplus
}
#endif
#endif
