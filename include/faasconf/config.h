/* faasconf/config.h - YAML files with line and column in every complaint (core/config.c is the only includer of
 * libyaml).
 *
 * A document is read whole and is immutable afterwards. Nodes are borrowed from it. Readers remember which keys were
 * asked for, so that fc_config_reject_unknown can name a misspelt one. One thread per document.
 */
#ifndef FAASCONF_CONFIG_H
#define FAASCONF_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_config fc_config_t;
typedef struct fc_config_node fc_config_node_t;

/* Caller owns the result and destroys it with fc_config_destroy. At most 1 MiB, depth 32, no aliases, no tags, no
 * duplicate keys. */
fc_status_t fc_config_load(const char *path, fc_config_t **out, fc_error_t *error);
fc_status_t fc_config_parse(const char *text, size_t size, const char *file, fc_config_t **out, fc_error_t *error);
void fc_config_destroy(fc_config_t **config);
const fc_config_node_t *fc_config_root(const fc_config_t *config);

bool fc_config_is_map(const fc_config_node_t *node);
bool fc_config_is_list(const fc_config_node_t *node);
bool fc_config_is_scalar(const fc_config_node_t *node);
/* Value of a key of a map, or NULL. */
const fc_config_node_t *fc_config_get(const fc_config_node_t *map, const char *key);
int32_t fc_config_size(const fc_config_node_t *map_or_list);
const fc_config_node_t *fc_config_at(const fc_config_node_t *list, int32_t index);
const char *fc_config_key_at(const fc_config_node_t *map, int32_t index);
const fc_config_node_t *fc_config_value_at(const fc_config_node_t *map, int32_t index);
/* Text of a scalar, or NULL. */
const char *fc_config_text(const fc_config_node_t *node);

/* Typed values of one node: FC_EFORMAT "file:line:column: expected ..., found ...". */
fc_status_t fc_config_as_double(const fc_config_node_t *node, double minimum, double maximum, double *out,
                                fc_error_t *error);
fc_status_t fc_config_as_int(const fc_config_node_t *node, int64_t minimum, int64_t maximum, int64_t *out,
                             fc_error_t *error);
fc_status_t fc_config_as_bool(const fc_config_node_t *node, bool *out, fc_error_t *error);
fc_status_t fc_config_as_text(const fc_config_node_t *node, char *out, size_t size, fc_error_t *error);

/* Optional keys of a map: *out is left alone when the key is absent. */
fc_status_t fc_config_double(const fc_config_node_t *map, const char *key, double minimum, double maximum, double *out,
                             fc_error_t *error);
fc_status_t fc_config_int(const fc_config_node_t *map, const char *key, int64_t minimum, int64_t maximum, int64_t *out,
                          fc_error_t *error);
fc_status_t fc_config_bool(const fc_config_node_t *map, const char *key, bool *out, fc_error_t *error);
fc_status_t fc_config_string(const fc_config_node_t *map, const char *key, char *out, size_t size, fc_error_t *error);
/* Like fc_config_get, but absent is FC_EFORMAT naming key and place. */
fc_status_t fc_config_require(const fc_config_node_t *map, const char *key, const fc_config_node_t **out,
                              fc_error_t *error);

/* FC_EFORMAT at `node`'s place with this sentence. */
#ifdef __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
fc_status_t
fc_config_error(const fc_config_node_t *node, fc_error_t *error, const char *format, ...);

/* Fails on the first key below `map` (this level only) that is not in keys[n]; suggests the nearest. */
fc_status_t fc_config_reject_unknown(const fc_config_node_t *map, const char *const *keys, int32_t n,
                                     fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
