/* config.c - YAML documents as immutable trees with places; the only includer of libyaml.
 *
 * libyaml's event parser feeds a tree of our own, so that hostile input (aliases, tags, depth, size, duplicate keys) is
 * refused while it is read, before anything is expanded.
 */
#include "faasconf/config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 32, MAX_NODES = 200000, FILE_NAME_SIZE = 256 };

typedef enum { NODE_SCALAR, NODE_LIST, NODE_MAP } node_kind_t;

struct fc_config_node {
  node_kind_t kind;
  const fc_config_t *document;
  int line, column; /* from 1 */
  char *text;       /* scalar */
  bool quoted;
  int32_t size, capacity;
  fc_config_node_t **children; /* list items or map values */
  char **keys;                 /* map */
};

struct fc_config {
  char file[FILE_NAME_SIZE];
  fc_config_node_t *root;
  int32_t n_nodes;
};

static void node_destroy(fc_config_node_t *node) {
  if (node == NULL) return;
  for (int32_t i = 0; i < node->size; ++i) {
    node_destroy(node->children[i]);
    if (node->keys != NULL) free(node->keys[i]);
  }
  free(node->children);
  free(node->keys);
  free(node->text);
  free(node);
}

void fc_config_destroy(fc_config_t **config) {
  if (config == NULL || *config == NULL) return;
  node_destroy((*config)->root);
  free(*config);
  *config = NULL;
}

/* ---- parsing ------------------------------------------------------------------------------------------------- */

typedef struct {
  yaml_parser_t yaml;
  fc_config_t *document;
  fc_error_t *error;
} parser_t;

static fc_status_t refuse(const parser_t *p, yaml_mark_t mark, const char *sentence) {
  return fc_error_set(p->error, FC_EFORMAT, "%s:%zu:%zu: %s", p->document->file, mark.line + 1, mark.column + 1,
                      sentence);
}

static fc_status_t next_event(parser_t *p, yaml_event_t *event) {
  if (yaml_parser_parse(&p->yaml, event)) return FC_OK;
  const char *problem = p->yaml.problem != NULL ? p->yaml.problem : "not readable as YAML";
  return refuse(p, p->yaml.problem_mark, problem);
}

static fc_config_node_t *node_new(parser_t *p, node_kind_t kind, yaml_mark_t mark) {
  if (++p->document->n_nodes > MAX_NODES) return NULL;
  fc_config_node_t *node = calloc(1, sizeof *node);
  if (node == NULL) return NULL;
  node->kind = kind;
  node->document = p->document;
  node->line = (int)mark.line + 1;
  node->column = (int)mark.column + 1;
  return node;
}

/* Takes ownership of key and child, also when it fails. */
static bool node_add(fc_config_node_t *parent, char *key, fc_config_node_t *child) {
  if (parent->size == parent->capacity) {
    const int32_t capacity = parent->capacity > 0 ? 2 * parent->capacity : 8;
    fc_config_node_t **children = realloc(parent->children, (size_t)capacity * sizeof *children);
    if (children != NULL) parent->children = children;
    char **keys = parent->kind == NODE_MAP ? realloc(parent->keys, (size_t)capacity * sizeof *keys) : NULL;
    if (keys != NULL) parent->keys = keys;
    if (children == NULL || (parent->kind == NODE_MAP && keys == NULL)) {
      free(key);
      node_destroy(child);
      return false;
    }
    parent->capacity = capacity;
  }
  if (parent->kind == NODE_MAP) parent->keys[parent->size] = key;
  parent->children[parent->size++] = child;
  return true;
}

static fc_status_t parse_node(parser_t *p, yaml_event_t *event, int depth, fc_config_node_t **out);

static fc_status_t parse_scalar(parser_t *p, const yaml_event_t *event, fc_config_node_t **out) {
  const size_t size = event->data.scalar.length;
  if (memchr(event->data.scalar.value, 0, size) != NULL) return refuse(p, event->start_mark, "a NUL inside a value");
  fc_config_node_t *node = node_new(p, NODE_SCALAR, event->start_mark);
  if (node == NULL) return refuse(p, event->start_mark, "too many values, or out of memory");
  node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  node->text = malloc(size + 1);
  *out = node;
  if (node->text == NULL) return fc_error_set(p->error, FC_ENOMEM, "out of memory");
  memcpy(node->text, event->data.scalar.value, size);
  node->text[size] = '\0';
  return FC_OK;
}

static fc_status_t parse_list(parser_t *p, int depth, fc_config_node_t *list) {
  for (;;) {
    yaml_event_t event;
    fc_config_node_t *item = NULL;
    FC_TRY(next_event(p, &event));
    if (event.type == YAML_SEQUENCE_END_EVENT) {
      yaml_event_delete(&event);
      return FC_OK;
    }
    const fc_status_t status = parse_node(p, &event, depth + 1, &item);
    yaml_event_delete(&event);
    if (status != FC_OK) {
      node_destroy(item);
      return status;
    }
    if (!node_add(list, NULL, item)) return fc_error_set(p->error, FC_ENOMEM, "out of memory");
  }
}

static fc_status_t parse_key(parser_t *p, const yaml_event_t *event, const fc_config_node_t *map, char **key) {
  if (event->type != YAML_SCALAR_EVENT || event->data.scalar.anchor != NULL)
    return refuse(p, event->start_mark, "expected a plain key");
  const char *text = (const char *)event->data.scalar.value;
  if (strlen(text) != event->data.scalar.length) return refuse(p, event->start_mark, "a NUL inside a key");
  if (fc_config_get(map, text) != NULL) return refuse(p, event->start_mark, "this key is here twice");
  *key = strdup(text);
  return *key != NULL ? FC_OK : fc_error_set(p->error, FC_ENOMEM, "out of memory");
}

static fc_status_t parse_map(parser_t *p, int depth, fc_config_node_t *map) {
  for (;;) {
    yaml_event_t event;
    char *key = NULL;
    fc_config_node_t *value = NULL;
    FC_TRY(next_event(p, &event));
    if (event.type == YAML_MAPPING_END_EVENT) {
      yaml_event_delete(&event);
      return FC_OK;
    }
    fc_status_t status = parse_key(p, &event, map, &key);
    yaml_event_delete(&event);
    if (status != FC_OK) return status;
    status = next_event(p, &event);
    if (status == FC_OK) {
      status = parse_node(p, &event, depth + 1, &value);
      yaml_event_delete(&event);
    }
    if (status != FC_OK) {
      free(key);
      node_destroy(value);
      return status;
    }
    if (!node_add(map, key, value)) return fc_error_set(p->error, FC_ENOMEM, "out of memory");
  }
}

/* *out may hold a partial node after a failure; the caller destroys it. */
static fc_status_t parse_node(parser_t *p, yaml_event_t *event, int depth, fc_config_node_t **out) {
  if (depth > MAX_DEPTH) return refuse(p, event->start_mark, "nested too deeply");
  switch (event->type) {
    case YAML_SCALAR_EVENT:
      if (event->data.scalar.anchor != NULL || (event->data.scalar.tag != NULL && !event->data.scalar.quoted_implicit))
        return refuse(p, event->start_mark, "anchors and tags are not used in these files");
      return parse_scalar(p, event, out);
    case YAML_SEQUENCE_START_EVENT:
      if (event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL)
        return refuse(p, event->start_mark, "anchors and tags are not used in these files");
      *out = node_new(p, NODE_LIST, event->start_mark);
      return *out != NULL ? parse_list(p, depth, *out) : refuse(p, event->start_mark, "too many values");
    case YAML_MAPPING_START_EVENT:
      if (event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL)
        return refuse(p, event->start_mark, "anchors and tags are not used in these files");
      *out = node_new(p, NODE_MAP, event->start_mark);
      return *out != NULL ? parse_map(p, depth, *out) : refuse(p, event->start_mark, "too many values");
    case YAML_ALIAS_EVENT:
      return refuse(p, event->start_mark, "aliases are not used in these files");
    default:
      return refuse(p, event->start_mark, "expected a value");
  }
}

static fc_status_t expect_event(parser_t *p, yaml_event_type_t type, const char *sentence) {
  yaml_event_t event;
  FC_TRY(next_event(p, &event));
  const fc_status_t status = event.type == type ? FC_OK : refuse(p, event.start_mark, sentence);
  yaml_event_delete(&event);
  return status;
}

static fc_status_t parse_document(parser_t *p) {
  yaml_event_t event;
  FC_TRY(expect_event(p, YAML_STREAM_START_EVENT, "expected a document"));
  FC_TRY(expect_event(p, YAML_DOCUMENT_START_EVENT, "the file is empty"));
  FC_TRY(next_event(p, &event));
  const fc_status_t status = parse_node(p, &event, 0, &p->document->root);
  yaml_event_delete(&event);
  FC_TRY(status);
  FC_TRY(expect_event(p, YAML_DOCUMENT_END_EVENT, "expected the end of the document"));
  return expect_event(p, YAML_STREAM_END_EVENT, "expected one document only");
}

fc_status_t fc_config_parse(const char *text, size_t size, const char *file, fc_config_t **out, fc_error_t *error) {
  *out = NULL;
  if (size > MAX_BYTES) return fc_error_set(error, FC_EFORMAT, "%s: larger than %d bytes", file, MAX_BYTES);
  parser_t p = {.error = error, .document = calloc(1, sizeof *p.document)};
  if (p.document == NULL) return fc_error_set(error, FC_ENOMEM, "out of memory");
  snprintf(p.document->file, sizeof p.document->file, "%s", file);
  if (!yaml_parser_initialize(&p.yaml)) {
    fc_config_destroy(&p.document);
    return fc_error_set(error, FC_ENOMEM, "out of memory");
  }
  yaml_parser_set_input_string(&p.yaml, (const unsigned char *)text, size);
  const fc_status_t status = parse_document(&p);
  yaml_parser_delete(&p.yaml);
  if (status != FC_OK) fc_config_destroy(&p.document);
  *out = p.document;
  return status;
}

fc_status_t fc_config_load(const char *path, fc_config_t **out, fc_error_t *error) {
  *out = NULL;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", path, strerror(errno));
  char *text = malloc(MAX_BYTES + 1);
  const size_t size = text != NULL ? fread(text, 1, MAX_BYTES + 1, file) : 0;
  const bool failed = text == NULL || ferror(file) != 0;
  (void)fclose(file);
  const fc_status_t status =
      failed ? fc_error_set(error, FC_EIO, "%s: cannot be read", path) : fc_config_parse(text, size, path, out, error);
  free(text);
  return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

const fc_config_node_t *fc_config_root(const fc_config_t *config) {
  return config->root;
}
bool fc_config_is_map(const fc_config_node_t *node) {
  return node != NULL && node->kind == NODE_MAP;
}
bool fc_config_is_list(const fc_config_node_t *node) {
  return node != NULL && node->kind == NODE_LIST;
}
bool fc_config_is_scalar(const fc_config_node_t *node) {
  return node != NULL && node->kind == NODE_SCALAR;
}

const fc_config_node_t *fc_config_get(const fc_config_node_t *map, const char *key) {
  if (!fc_config_is_map(map)) return NULL;
  for (int32_t i = 0; i < map->size; ++i)
    if (strcmp(map->keys[i], key) == 0) return map->children[i];
  return NULL;
}

int32_t fc_config_size(const fc_config_node_t *map_or_list) {
  return map_or_list != NULL ? map_or_list->size : 0;
}

const fc_config_node_t *fc_config_at(const fc_config_node_t *list, int32_t index) {
  return fc_config_is_list(list) && index >= 0 && index < list->size ? list->children[index] : NULL;
}
const char *fc_config_key_at(const fc_config_node_t *map, int32_t index) {
  return fc_config_is_map(map) && index >= 0 && index < map->size ? map->keys[index] : NULL;
}
const fc_config_node_t *fc_config_value_at(const fc_config_node_t *map, int32_t index) {
  return fc_config_is_map(map) && index >= 0 && index < map->size ? map->children[index] : NULL;
}
const char *fc_config_text(const fc_config_node_t *node) {
  return fc_config_is_scalar(node) ? node->text : NULL;
}

fc_status_t fc_config_error(const fc_config_node_t *node, fc_error_t *error, const char *format, ...) {
  char sentence[FC_ERROR_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  if (node == NULL) return fc_error_set(error, FC_EFORMAT, "%s", sentence);
  return fc_error_set(error, FC_EFORMAT, "%s:%d:%d: %s", node->document->file, node->line, node->column, sentence);
}

static const char *found(const fc_config_node_t *node) {
  if (node == NULL) return "nothing";
  return node->kind == NODE_MAP ? "a map" : node->kind == NODE_LIST ? "a list" : node->text;
}

fc_status_t fc_config_as_double(const fc_config_node_t *node, double minimum, double maximum, double *out,
                                fc_error_t *error) {
  char *end = NULL;
  const char *text = fc_config_text(node);
  errno = 0;
  const double value = text != NULL && *text != '\0' ? strtod(text, &end) : NAN;
  if (end == NULL || *end != '\0' || !isfinite(value) || value < minimum || value > maximum)
    return fc_config_error(node, error, "expected a number from %.9g to %.9g, found %.80s", minimum, maximum,
                           found(node));
  *out = value;
  return FC_OK;
}

fc_status_t fc_config_as_int(const fc_config_node_t *node, int64_t minimum, int64_t maximum, int64_t *out,
                             fc_error_t *error) {
  char *end = NULL;
  const char *text = fc_config_text(node);
  errno = 0;
  const long long value = text != NULL && *text != '\0' ? strtoll(text, &end, 10) : 0;
  if (end == NULL || *end != '\0' || errno != 0 || value < minimum || value > maximum)
    return fc_config_error(node, error, "expected a whole number from %lld to %lld, found %.80s", (long long)minimum,
                           (long long)maximum, found(node));
  *out = value;
  return FC_OK;
}

fc_status_t fc_config_as_bool(const fc_config_node_t *node, bool *out, fc_error_t *error) {
  const char *text = fc_config_text(node);
  if (text != NULL && strcmp(text, "true") == 0) {
    *out = true;
  } else if (text != NULL && strcmp(text, "false") == 0) {
    *out = false;
  } else {
    return fc_config_error(node, error, "expected true or false, found %.80s", found(node));
  }
  return FC_OK;
}

fc_status_t fc_config_as_text(const fc_config_node_t *node, char *out, size_t size, fc_error_t *error) {
  const char *text = fc_config_text(node);
  if (text == NULL || *text == '\0') return fc_config_error(node, error, "expected text, found %.80s", found(node));
  if (strlen(text) >= size) return fc_config_error(node, error, "expected at most %zu bytes of text", size - 1);
  memcpy(out, text, strlen(text) + 1);
  return FC_OK;
}

/* An optional key: the value's complaint gets the key's name. */
static fc_status_t named(fc_status_t status, const char *key, fc_error_t *error) {
  if (status != FC_OK && error != NULL) {
    char message[FC_ERROR_MESSAGE_SIZE + 96];
    const char *sentence = strstr(error->message, ": ");
    const int place = sentence != NULL ? (int)(sentence + 2 - error->message) : 0;
    snprintf(message, sizeof message, "%.*s%.64s: %s", place, error->message, key, error->message + place);
    message[sizeof error->message - 1] = '\0';
    memcpy(error->message, message, sizeof error->message);
  }
  return status;
}

fc_status_t fc_config_double(const fc_config_node_t *map, const char *key, double minimum, double maximum, double *out,
                             fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(map, key);
  return node == NULL ? FC_OK : named(fc_config_as_double(node, minimum, maximum, out, error), key, error);
}
fc_status_t fc_config_int(const fc_config_node_t *map, const char *key, int64_t minimum, int64_t maximum, int64_t *out,
                          fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(map, key);
  return node == NULL ? FC_OK : named(fc_config_as_int(node, minimum, maximum, out, error), key, error);
}
fc_status_t fc_config_bool(const fc_config_node_t *map, const char *key, bool *out, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(map, key);
  return node == NULL ? FC_OK : named(fc_config_as_bool(node, out, error), key, error);
}
fc_status_t fc_config_string(const fc_config_node_t *map, const char *key, char *out, size_t size, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(map, key);
  return node == NULL ? FC_OK : named(fc_config_as_text(node, out, size, error), key, error);
}

fc_status_t fc_config_require(const fc_config_node_t *map, const char *key, const fc_config_node_t **out,
                              fc_error_t *error) {
  if (!fc_config_is_map(map)) return fc_config_error(map, error, "expected a map with the key %s", key);
  *out = fc_config_get(map, key);
  return *out != NULL ? FC_OK : fc_config_error(map, error, "the key %s is missing", key);
}

/* Edit distance with early small sizes; keys are short. */
static int distance(const char *a, const char *b) {
  enum { LONGEST = 64 };
  int row[LONGEST + 1];
  const int n = (int)strlen(a), m = (int)strlen(b);
  if (n > LONGEST || m > LONGEST) return LONGEST;
  for (int j = 0; j <= m; ++j) row[j] = j;
  for (int i = 1; i <= n; ++i) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= m; ++j) {
      const int up = row[j];
      int best = diagonal + (a[i - 1] != b[j - 1]);
      if (up + 1 < best) best = up + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
      diagonal = up;
    }
  }
  return row[m];
}

fc_status_t fc_config_reject_unknown(const fc_config_node_t *map, const char *const *keys, int32_t n,
                                     fc_error_t *error) {
  for (int32_t i = 0; i < fc_config_size(map) && fc_config_is_map(map); ++i) {
    const char *key = map->keys[i], *nearest = NULL;
    int best = 4;
    bool known = false;
    for (int32_t k = 0; k < n && !known; ++k) {
      const int d = distance(key, keys[k]);
      known = strcmp(key, keys[k]) == 0;
      if (d < best) {
        best = d;
        nearest = keys[k];
      }
    }
    if (!known)
      return fc_config_error(map->children[i], error, "unknown key %.64s%s%s%s", key,
                             nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                             nearest != NULL ? "?" : "");
  }
  return FC_OK;
}
