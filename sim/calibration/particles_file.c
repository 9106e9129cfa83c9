/* particles_file.c - the twin file: see particles.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/json.h"
#include "file.h"
#include "model.h"
#include "particles.h"

enum { FILE_FORMAT = 1, MAX_FILE_BYTES = 1 << 30 };

/* clang-format off */
#define GLOBALS(X) \
  X(orchestrator_startup_s) X(orchestrator_startup_sigma) X(orchestrator_finish_s) X(gateway_delay_s) \
  X(throttling_loss) X(warmup_share) X(sigma_window) X(sigma_function) X(sigma_replica) X(mem_idle_mib) \
  X(mem_waiting_share) X(spawn_rate_per_s) X(cold_start_median_s) X(cold_start_sigma)
#define FUNCTIONS(X) \
  X(work_cpu_s) X(startup_share) X(parallelism) X(mem_mib_per_request) X(contention) X(answer_delay_s) \
  X(net_bytes_per_call) X(work_sigma) X(io_s)
/* clang-format on */

/* ---- writing ---- */

static fc_json_t *world_json(const fc_simulator_parameters_t *world, double weight, const fc_workflow_t *workflow) {
  fc_json_t *out = fc_json_object(), *functions = fc_json_object();
  fc_json_set_double(out, "weight", weight);
#define SET(field) fc_json_set_double(out, #field, world->field);
  GLOBALS(SET)
#undef SET
  fc_json_set_double(out, "tail_share", world->tail_share);
  fc_json_set_double(out, "tail_factor", world->tail_factor);
  fc_json_set_int(out, "balancer", world->balancer);
  fc_json_set_int(out, "overflow", world->overflow);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    fc_json_t *one = fc_json_object();
#define SET(field) fc_json_set_double(one, #field, world->functions[f].field);
    FUNCTIONS(SET)
#undef SET
    fc_json_set(functions, workflow->functions[f].name, &one);
  }
  fc_json_set(out, "functions", &functions);
  return out;
}

fc_status_t particles_save(const particles_t *particles, const fc_workflow_t *workflow, const char *path,
                           fc_error_t *error) {
  fc_json_t *out = fc_json_object(), *worlds = fc_json_array();
  fc_json_set_int(out, "faasconf_twin", FILE_FORMAT);
  fc_json_set_string(out, "workflow", workflow->name);
  for (int32_t i = 0; i < particles->n; ++i) {
    fc_json_t *world = world_json(&particles->parameters[i], particles->weights[i], workflow);
    fc_json_append(worlds, &world);
  }
  fc_json_set(out, "particles", &worlds);
  char *text = fc_json_dump(out, 1);
  fc_json_destroy(&out);
  if (text == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to write %s", path);
  const size_t size = strlen(text);
  text[size] = '\n'; /* instead of the 0 */
  const fc_status_t status = file_replace(path, text, size + 1, error);
  free(text);
  return status;
}

/* ---- reading ---- */

static fc_status_t get_number(const fc_json_t *object, const char *key, double *out, fc_error_t *error) {
  if (fc_json_double(fc_json_get(object, key), out) && isfinite(*out)) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "%s: expected a number", key);
}

static fc_status_t get_word(const fc_json_t *object, const char *key, int64_t most, int64_t *out, fc_error_t *error) {
  if (fc_json_int(fc_json_get(object, key), out) && *out >= 0 && *out <= most) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "%s: expected 0 to %d", key, (int)most);
}

static fc_status_t read_world(const fc_json_t *json, const fc_workflow_t *workflow, fc_simulator_parameters_t *world,
                              double *weight, fc_error_t *error) {
  int64_t balancer = 0, overflow = 0;
  FC_TRY(get_number(json, "weight", weight, error));
  if (*weight < 0) return fc_error_set(error, FC_EFORMAT, "weight: expected a number >= 0");
#define GET(field) FC_TRY(get_number(json, #field, &world->field, error));
  GLOBALS(GET)
#undef GET
  if (fc_json_get(json, "tail_share") != NULL) { /* else as in the workflow file: no tail was thought of */
    FC_TRY(get_number(json, "tail_share", &world->tail_share, error));
    FC_TRY(get_number(json, "tail_factor", &world->tail_factor, error));
  }
  FC_TRY(get_word(json, "balancer", FC_BALANCER_LEAST_CONNECTIONS, &balancer, error));
  FC_TRY(get_word(json, "overflow", FC_OVERFLOW_QUEUE, &overflow, error));
  world->balancer = (fc_balancer_t)balancer;
  world->overflow = (fc_overflow_t)overflow;
  world->windows = workflow->simulator.windows;           /* of how it is measured, not of what it is */
  world->cpu_period_s = workflow->simulator.cpu_period_s; /* of the kernel and the machine: nothing to learn */
  world->cpu_tick_s = workflow->simulator.cpu_tick_s;
  world->cores = workflow->simulator.cores;
  const fc_json_t *functions = fc_json_get(json, "functions");
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_json_t *one = fc_json_get(functions, workflow->functions[f].name);
    if (!fc_json_is_object(one))
      return fc_error_set(error, FC_EMISMATCH, "functions: has no %s", workflow->functions[f].name);
    fc_function_simulator_t *p = &world->functions[f];
#define GET(field)                                        \
  if (get_number(one, #field, &p->field, error) != FC_OK) \
    return fc_error_prefix(error, "functions.%s", workflow->functions[f].name);
    FUNCTIONS(GET)
#undef GET
  }
  if ((int32_t)fc_json_size(functions) != workflow->n_functions)
    return fc_error_set(error, FC_EMISMATCH, "functions: expected the %d of workflow %s", (int)workflow->n_functions,
                        workflow->name);
  return model_check(workflow, world, error);
}

static fc_status_t read_particles(const fc_json_t *json, const fc_workflow_t *workflow, particles_t *particles,
                                  fc_error_t *error) {
  int64_t format = 0;
  const char *name = fc_json_string(fc_json_get(json, "workflow"));
  const fc_json_t *worlds = fc_json_get(json, "particles");
  if (!fc_json_int(fc_json_get(json, "faasconf_twin"), &format) || format != FILE_FORMAT)
    return fc_error_set(error, FC_EFORMAT, "is no twin file (faasconf_twin: %d)", FILE_FORMAT);
  if (name == NULL || strcmp(name, workflow->name) != 0)
    return fc_error_set(error, FC_EMISMATCH, "is the twin of workflow %.64s, not of %s", name != NULL ? name : "-",
                        workflow->name);
  if (!fc_json_is_array(worlds) || fc_json_size(worlds) < 1 || fc_json_size(worlds) > PARTICLES_MAX)
    return fc_error_set(error, FC_EFORMAT, "particles: expected a list of 1 to %d", PARTICLES_MAX);
  FC_TRY(particles_init(particles, workflow, (int32_t)fc_json_size(worlds), error));
  double sum = 0;
  for (int32_t i = 0; i < particles->n; ++i) {
    if (read_world(fc_json_at(worlds, (size_t)i), workflow, &particles->parameters[i], &particles->weights[i], error) !=
        FC_OK)
      return fc_error_prefix(error, "particle %d", (int)i);
    sum += particles->weights[i];
  }
  if (!(sum > 0)) return fc_error_set(error, FC_EFORMAT, "particles: their weights sum to 0");
  for (int32_t i = 0; i < particles->n; ++i) particles->weights[i] /= sum;
  return FC_OK;
}

fc_status_t particles_load(const char *path, const fc_workflow_t *workflow, particles_t *particles, fc_error_t *error) {
  uint8_t *text = NULL;
  size_t size = 0;
  fc_json_t *json = NULL;
  memset(particles, 0, sizeof *particles);
  FC_TRY(file_read(path, MAX_FILE_BYTES, &text, &size, error));
  fc_status_t status = fc_json_parse((const char *)text, size, &json, error);
  if (status == FC_OK) status = read_particles(json, workflow, particles, error);
  fc_json_destroy(&json);
  free(text);
  if (status == FC_OK) return FC_OK;
  particles_clear(particles);
  return fc_error_prefix(error, "%s", path);
}
