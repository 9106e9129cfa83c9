/* workflow.c - loading a workflow file: find it, read it, check it, derive what follows from it. */
#include "faasconf/workflow.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faasconf/digest.h"
#include "workflow_parse.h"

enum { PATH_SIZE = 1024 };

static bool is_file(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* <folder of this program>/../share/faasconf/workflows, where an installation puts them. */
static bool install_folder(char *path, size_t size) {
  char program[PATH_SIZE];
  const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
  if (n <= 0) return false;
  program[n] = '\0';
  char *slash = strrchr(program, '/');
  if (slash == NULL) return false;
  *slash = '\0';
  return snprintf(path, size, "%s/../share/faasconf/workflows", program) < (int)size;
}

static bool try_folder(const char *folder, const char *name, char *path, size_t size) {
  const int n = snprintf(path, size, "%s/%s.yaml", folder, name);
  return n > 0 && n < (int)size && is_file(path);
}

fc_status_t fc_workflow_resolve(const char *name_or_path, char *path, size_t size, fc_error_t *error) {
  char installed[PATH_SIZE] = "";
  const char *environment = getenv("FAASCONF_WORKFLOWS");
  if (is_file(name_or_path)) {
    if (snprintf(path, size, "%s", name_or_path) < (int)size) return FC_OK;
    return fc_error_set(error, FC_EINVAL, "the path of the workflow is too long: %.200s", name_or_path);
  }
  if (strchr(name_or_path, '/') == NULL) {
    if (environment != NULL && try_folder(environment, name_or_path, path, size)) return FC_OK;
    if (try_folder(FAASCONF_WORKFLOWS_FOLDER, name_or_path, path, size)) return FC_OK;
    if (install_folder(installed, sizeof installed) && try_folder(installed, name_or_path, path, size)) return FC_OK;
  }
  return fc_error_set(error, FC_ENOTFOUND,
                      "workflow %.100s: no such file, and no shipped workflow of that name in %.100s%s%.100s (set "
                      "FAASCONF_WORKFLOWS to name another folder)",
                      name_or_path, environment != NULL ? environment : FAASCONF_WORKFLOWS_FOLDER,
                      installed[0] != '\0' ? " or " : "", installed);
}

static fc_status_t parse_root(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error) {
  static const char *const keys[] = {"faasconf",    "workflow",     "window_s",  "prices", "ranges",
                                     "full_ranges", "start",        "functions", "calls",  "qos",
                                     "platform",    "orchestrator", "simulator"};
  if (!fc_config_is_map(root))
    return fc_config_error(root, error, "expected a map with faasconf: 1 and workflow: NAME");
  FC_TRY(fc_config_reject_unknown(root, keys, (int32_t)(sizeof keys / sizeof keys[0]), error));
  const fc_config_node_t *version = NULL;
  int64_t number = 0;
  FC_TRY(fc_config_require(root, "faasconf", &version, error));
  FC_TRY(fc_config_as_int(version, 1, 1, &number, error));
  FC_TRY(workflow_parse_functions(root, workflow, error));
  FC_TRY(workflow_parse_calls(root, workflow, error));
  FC_TRY(workflow_parse_qos(root, workflow, error));
  FC_TRY(workflow_parse_simulator(root, workflow, error));
  FC_TRY(workflow_parse_platform(root, workflow, error));
  FC_TRY(workflow_derive(workflow, error));
  workflow_digest(workflow);
  return FC_OK;
}

static fc_status_t from_config(fc_config_t **config, fc_workflow_t **out, fc_error_t *error) {
  fc_workflow_t *workflow = calloc(1, sizeof *workflow);
  fc_status_t status = fc_error_set(error, FC_ENOMEM, "no memory for the workflow");
  if (workflow != NULL) status = parse_root(fc_config_root(*config), workflow, error);
  fc_config_destroy(config);
  if (status != FC_OK) fc_workflow_destroy(&workflow);
  *out = workflow;
  return status;
}

fc_status_t fc_workflow_load(const char *name_or_path, fc_workflow_t **out, fc_error_t *error) {
  char path[PATH_SIZE];
  fc_config_t *config = NULL;
  *out = NULL;
  FC_TRY(fc_workflow_resolve(name_or_path, path, sizeof path, error));
  FC_TRY(fc_config_load(path, &config, error));
  return from_config(&config, out, error);
}

fc_status_t fc_workflow_parse(const char *text, size_t size, const char *file, fc_workflow_t **out, fc_error_t *error) {
  fc_config_t *config = NULL;
  *out = NULL;
  FC_TRY(fc_config_parse(text, size, file, &config, error));
  return from_config(&config, out, error);
}

void fc_workflow_destroy(fc_workflow_t **workflow) {
  if (workflow == NULL || *workflow == NULL) return;
  fc_workflow_t *w = *workflow;
  free(w->functions);
  free(w->call_nodes);
  free(w->simulator.functions);
  free(w->visits);
  free(w->depth);
  free(w->in_degree);
  free(w->out_degree);
  fc_topology_clear(&w->topology);
  fc_topology_clear(&w->neighbours);
  free(w);
  *workflow = NULL;
}

int32_t fc_workflow_find(const fc_workflow_t *workflow, const char *function) {
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    if (strcmp(workflow->functions[f].name, function) == 0) return f;
  return -1;
}

fc_knob_range_t fc_workflow_range(const fc_workflow_t *workflow, int32_t function, fc_knob_t knob, fc_ranges_t ranges) {
  const fc_function_t *f = &workflow->functions[function];
  return ranges == FC_RANGES_FULL ? f->full_ranges[knob] : f->ranges[knob];
}

bool fc_semantics_parse(const char *text, fc_semantics_t *out) {
  for (int i = 0; i < 2; ++i) {
    if (strcmp(text, fc_semantics_name((fc_semantics_t)i)) == 0) {
      *out = (fc_semantics_t)i;
      return true;
    }
  }
  return false;
}

const char *fc_semantics_name(fc_semantics_t semantics) {
  return semantics == FC_SEMANTICS_AS_PUBLISHED ? "as-published" : "strict";
}

/* ---- digest -------------------------------------------------------------------------------------------------- */

#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
static void
add(fc_sha256_t *hash, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  FC_ASSERT(n >= 0 && n < (int)sizeof text);
  fc_sha256_update(hash, text, (size_t)n + 1); /* with the NUL: a separator that no name contains */
}

static void add_function(fc_sha256_t *hash, const fc_function_t *f) {
  add(hash, "function %s %d %d %d", f->name, (int)f->mode, (int)f->on_failure, f->calls);
  for (int k = 0; k < FC_KNOBS; ++k)
    add(hash, "%d %d %d %d", f->ranges[k].min, f->ranges[k].max, f->full_ranges[k].min, f->full_ranges[k].max);
  add(hash, "start %d %d %d %d", f->start.cpu_millicores, f->start.mem_mib, f->start.replicas, f->start.concurrency);
}

static void add_node(fc_sha256_t *hash, const fc_call_node_t *n) {
  add(hash, "node %d %d %d %d %.17g %d", (int)n->kind, n->function, n->first_child, n->next_sibling, n->probability,
      (int)n->uses_previous_output);
  for (int32_t i = 0; i < n->count.n_outcomes; ++i) add(hash, "%d %.17g", n->count.count[i], n->count.probability[i]);
}

void workflow_digest(fc_workflow_t *workflow) {
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  add(&hash, "faasconf workflow 1 %s %d", workflow->name, workflow->n_functions);
  for (int32_t f = 0; f < workflow->n_functions; ++f) add_function(&hash, &workflow->functions[f]);
  add(&hash, "calls %d orchestrator %s", workflow->calls, workflow->orchestrator);
  for (int32_t i = 0; i < workflow->n_call_nodes; ++i) add_node(&hash, &workflow->call_nodes[i]);
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    const fc_qos_term_t *term = &workflow->qos_terms[i];
    add(&hash, "qos %d %.17g %d %d", (int)term->kind, term->percentile, (int)term->base, (int)term->strict_only);
    for (int32_t p = 0; p < term->n_points; ++p) add(&hash, "%.17g %.17g", term->in_flight[p], term->target[p]);
  }
  add(&hash, "prices %s %.17g %.17g", workflow->prices.version, workflow->prices.usd_per_millicore_hour,
      workflow->prices.usd_per_mib_hour);
  add(&hash, "window %.17g", workflow->window_s);
  fc_sha256_final(&hash, workflow->digest);
}
