/* endpoints.c - see endpoints.h. */
#include "endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/config.h"

static fc_status_t set_url(endpoints_t *endpoints, const fc_workflow_t *workflow, const char *name, const char *url,
                           fc_error_t *error) {
  const int32_t function = fc_workflow_find(workflow, name);
  if (function < 0) return fc_error_set(error, FC_EINVAL, "workflow %s has no function %s", workflow->name, name);
  if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
    return fc_error_set(error, FC_EINVAL, "%s: expected a URL such as http://127.0.0.1:8081, found %.64s", name, url);
  if (strlen(url) >= ENDPOINT_SIZE)
    return fc_error_set(error, FC_EINVAL, "%s: its URL is longer than %d bytes", name, ENDPOINT_SIZE - 1);
  if (endpoints->urls[function][0] != '\0') return fc_error_set(error, FC_EINVAL, "%s has two URLs: keep one", name);
  snprintf(endpoints->urls[function], ENDPOINT_SIZE, "%s", url);
  return FC_OK;
}

/* "name=url,name=url" */
static fc_status_t read_list(const char *text, const fc_workflow_t *workflow, endpoints_t *endpoints,
                             fc_error_t *error) {
  char entry[FC_NAME_SIZE + ENDPOINT_SIZE + 1];
  while (*text != '\0') {
    const size_t length = strcspn(text, ",");
    if (length >= sizeof entry)
      return fc_error_set(error, FC_EINVAL, "an entry of %zu bytes is too long: expected name=url", length);
    memcpy(entry, text, length);
    entry[length] = '\0';
    char *url = strchr(entry, '=');
    if (url == NULL) return fc_error_set(error, FC_EINVAL, "expected name=url, found %.64s", entry);
    *url++ = '\0';
    FC_TRY(set_url(endpoints, workflow, entry, url, error));
    text += length + (text[length] == ',');
  }
  return FC_OK;
}

static fc_status_t read_map(const fc_config_node_t *map, const fc_workflow_t *workflow, endpoints_t *endpoints,
                            fc_error_t *error) {
  if (!fc_config_is_map(map)) return fc_config_error(map, error, "expected a map of functions to URLs");
  for (int32_t i = 0; i < fc_config_size(map); ++i) {
    const fc_config_node_t *value = fc_config_value_at(map, i);
    const char *url = fc_config_text(value);
    fc_error_t about = {0};
    if (url == NULL) return fc_config_error(value, error, "%s: expected a URL", fc_config_key_at(map, i));
    if (set_url(endpoints, workflow, fc_config_key_at(map, i), url, &about) != FC_OK)
      return fc_config_error(value, error, "%s", about.message);
  }
  return FC_OK;
}

static fc_status_t read_file(const char *path, const fc_workflow_t *workflow, endpoints_t *endpoints,
                             fc_error_t *error) {
  fc_config_t *config = NULL;
  FC_TRY(fc_config_load(path, &config, error));
  const fc_status_t status = read_map(fc_config_root(config), workflow, endpoints, error);
  fc_config_destroy(&config);
  return status;
}

static fc_status_t refuse_missing(const fc_workflow_t *workflow, const endpoints_t *endpoints, fc_error_t *error) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    if (workflow->visits[f] > 0 && endpoints->urls[f][0] == '\0')
      return fc_error_set(error, FC_EINVAL, "function %s of workflow %s has no URL: add %s=http://HOST:PORT",
                          workflow->functions[f].name, workflow->name, workflow->functions[f].name);
  }
  return FC_OK;
}

fc_status_t endpoints_read(const char *text, const fc_workflow_t *workflow, endpoints_t *out, fc_error_t *error) {
  out->n_functions = workflow->n_functions;
  out->urls = calloc((size_t)workflow->n_functions, sizeof *out->urls);
  if (out->urls == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the endpoints");
  fc_status_t status =
      strchr(text, '=') != NULL ? read_list(text, workflow, out, error) : read_file(text, workflow, out, error);
  if (status == FC_OK) status = refuse_missing(workflow, out, error);
  return status == FC_OK ? FC_OK : fc_error_prefix(error, "--endpoints");
}

void endpoints_clear(endpoints_t *endpoints) {
  free(endpoints->urls);
  endpoints->urls = NULL;
}
