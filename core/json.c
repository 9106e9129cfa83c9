/* json.c - JSON values over jansson; its only includer. */
#include "faasconf/json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* fc_json_t is jansson's json_t: never dereferenced outside this file. */
static json_t *inner(fc_json_t *value) {
  return (json_t *)value;
}
static const json_t *inner_const(const fc_json_t *value) {
  return (const json_t *)value;
}
static fc_json_t *outer(json_t *value) {
  FC_ASSERT(value != NULL);
  return (fc_json_t *)value;
}

fc_status_t fc_json_parse(const char *text, size_t size, fc_json_t **out, fc_error_t *error) {
  json_error_t problem;
  *out = NULL;
  json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
  if (value == NULL)
    return fc_error_set(error, FC_EFORMAT, "line %d, column %d: %s", problem.line, problem.column, problem.text);
  *out = outer(value);
  return FC_OK;
}

void fc_json_destroy(fc_json_t **value) {
  if (value == NULL || *value == NULL) return;
  json_decref(inner(*value));
  *value = NULL;
}

fc_json_t *fc_json_object(void) {
  return outer(json_object());
}
fc_json_t *fc_json_array(void) {
  return outer(json_array());
}

static void put(fc_json_t *object, const char *key, json_t *value) {
  FC_ASSERT(value != NULL);
  FC_ASSERT(json_object_set_new(inner(object), key, value) == 0);
}

/* Text that is not UTF-8 must not lose the whole document. */
static json_t *make_string(const char *text) {
  if (text == NULL) return json_null();
  json_t *value = json_string(text);
  return value != NULL ? value : json_string("(not UTF-8)");
}
static json_t *make_double(double number) {
  return isfinite(number) ? json_real(number) : json_null();
}

void fc_json_set_string(fc_json_t *object, const char *key, const char *text) {
  put(object, key, make_string(text));
}
void fc_json_set_int(fc_json_t *object, const char *key, int64_t number) {
  put(object, key, json_integer(number));
}
void fc_json_set_double(fc_json_t *object, const char *key, double number) {
  put(object, key, make_double(number));
}
void fc_json_set_bool(fc_json_t *object, const char *key, bool truth) {
  put(object, key, json_boolean(truth));
}
void fc_json_set_null(fc_json_t *object, const char *key) {
  put(object, key, json_null());
}
void fc_json_set(fc_json_t *object, const char *key, fc_json_t **value) {
  put(object, key, inner(*value));
  *value = NULL;
}

static void append(fc_json_t *array, json_t *value) {
  FC_ASSERT(value != NULL);
  FC_ASSERT(json_array_append_new(inner(array), value) == 0);
}
void fc_json_append(fc_json_t *array, fc_json_t **value) {
  append(array, inner(*value));
  *value = NULL;
}
void fc_json_append_double(fc_json_t *array, double number) {
  append(array, make_double(number));
}
void fc_json_append_int(fc_json_t *array, int64_t number) {
  append(array, json_integer(number));
}
void fc_json_append_string(fc_json_t *array, const char *text) {
  append(array, make_string(text));
}

const fc_json_t *fc_json_get(const fc_json_t *object, const char *key) {
  return (const fc_json_t *)json_object_get(inner_const(object), key);
}
const char *fc_json_string(const fc_json_t *value) {
  return json_string_value(inner_const(value));
}
bool fc_json_double(const fc_json_t *value, double *out) {
  if (!json_is_number(inner_const(value))) return false;
  *out = json_number_value(inner_const(value));
  return true;
}
bool fc_json_int(const fc_json_t *value, int64_t *out) {
  if (!json_is_integer(inner_const(value))) return false;
  *out = json_integer_value(inner_const(value));
  return true;
}
bool fc_json_bool(const fc_json_t *value, bool *out) {
  if (!json_is_boolean(inner_const(value))) return false;
  *out = json_is_true(inner_const(value));
  return true;
}
bool fc_json_is_object(const fc_json_t *value) {
  return json_is_object(inner_const(value));
}
bool fc_json_is_array(const fc_json_t *value) {
  return json_is_array(inner_const(value));
}
size_t fc_json_size(const fc_json_t *value) {
  return fc_json_is_array(value) ? json_array_size(inner_const(value)) : json_object_size(inner_const(value));
}
const fc_json_t *fc_json_at(const fc_json_t *array, size_t index) {
  return (const fc_json_t *)json_array_get(inner_const(array), index);
}
const char *fc_json_key_at(const fc_json_t *object, size_t index) {
  json_t *mutable_object = (json_t *)(uintptr_t)object;
  void *at = fc_json_is_object(object) ? json_object_iter(mutable_object) : NULL;
  while (at != NULL && index-- > 0) at = json_object_iter_next(mutable_object, at);
  return at != NULL ? json_object_iter_key(at) : NULL;
}

/* ---- writing: jansson always prints 17 digits; ours are the fewest that read back the same ------------------- */

typedef struct {
  char *text;
  size_t size, capacity;
} text_t;

static void text_add(text_t *text, const char *piece, size_t n) {
  if (text->size + n + 1 > text->capacity) {
    text->capacity = 2 * (text->size + n + 1) + 256;
    text->text = realloc(text->text, text->capacity);
    FC_ASSERT(text->text != NULL);
  }
  memcpy(text->text + text->size, piece, n);
  text->size += n;
  text->text[text->size] = '\0';
}

static void add_newline(text_t *text, int indent, int depth) {
  if (indent == 0) return;
  text_add(text, "\n", 1);
  for (int i = 0; i < indent * depth; ++i) text_add(text, " ", 1);
}

static void add_number(text_t *text, double number) {
  char digits[40];
  int precision = 15;
  do {
    snprintf(digits, sizeof digits, "%.*g", precision, number);
  } while (strtod(digits, NULL) != number && ++precision <= 17);
  /* A real stays a real when it is read again. */
  text_add(text, digits, strlen(digits));
  if (strpbrk(digits, ".en") == NULL) text_add(text, ".0", 2);
}

static void add_scalar(text_t *text, const json_t *value) {
  if (json_is_real(value)) {
    add_number(text, json_real_value(value));
    return;
  }
  char *plain = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  FC_ASSERT(plain != NULL);
  text_add(text, plain, strlen(plain));
  free(plain);
}

static void add_value(text_t *text, json_t *value, int indent, int depth);

static void add_members(text_t *text, json_t *value, int indent, int depth) {
  size_t index = 0;
  if (json_is_array(value)) {
    for (; index < json_array_size(value); ++index) {
      if (index > 0) text_add(text, ",", 1);
      add_newline(text, indent, depth + 1);
      add_value(text, json_array_get(value, index), indent, depth + 1);
    }
    return;
  }
  for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at), ++index) {
    json_t *key = json_string(json_object_iter_key(at));
    FC_ASSERT(key != NULL);
    if (index > 0) text_add(text, ",", 1);
    add_newline(text, indent, depth + 1);
    add_scalar(text, key);
    json_decref(key);
    text_add(text, indent > 0 ? ": " : ":", indent > 0 ? 2 : 1);
    add_value(text, json_object_iter_value(at), indent, depth + 1);
  }
}

static void add_value(text_t *text, json_t *value, int indent, int depth) {
  const bool array = json_is_array(value);
  if (!array && !json_is_object(value)) {
    add_scalar(text, value);
    return;
  }
  text_add(text, array ? "[" : "{", 1);
  add_members(text, value, indent, depth);
  if (fc_json_size((const fc_json_t *)value) > 0) add_newline(text, indent, depth);
  text_add(text, array ? "]" : "}", 1);
}

char *fc_json_dump(const fc_json_t *value, int indent) {
  text_t text = {0};
  add_value(&text, (json_t *)(uintptr_t)value, indent, 0);
  return text.text;
}
