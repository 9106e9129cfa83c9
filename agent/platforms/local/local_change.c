/* local_change.c - one function from one configuration to another without losing a request: see local_state.h.
 *
 * Order: limits of the replicas that are there, new replicas until they serve, the file, HAProxy (new servers before
 * old ones are drained), the replicas that are no longer wanted. Whatever fails before HAProxy has the new servers is
 * taken back, so that the function has its old configuration; draining ends in the new one.
 */
#include <unistd.h>

#include "faasconf/knobs.h"
#include "local_state.h"

static const int64_t MIB = 1 << 20;

static int64_t machine_mib(void) {
  return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / MIB;
}

void platform_local_caps(fc_knob_range_t *caps) {
  const int64_t mib = machine_mib();
  caps[FC_KNOB_CPU] = (fc_knob_range_t){CGROUP_MIN_MILLICORES, (int32_t)sysconf(_SC_NPROCESSORS_ONLN) * 1000};
  caps[FC_KNOB_MEM] = (fc_knob_range_t){CGROUP_MIN_MIB, (int32_t)(mib < INT32_MAX ? mib : INT32_MAX)};
  caps[FC_KNOB_REPLICAS] = (fc_knob_range_t){1, LOCAL_MAX_REPLICAS};
  caps[FC_KNOB_CONCURRENCY] = (fc_knob_range_t){1, LOCAL_MAX_CONCURRENCY};
}

platform_change_t platform_local_change(const fc_function_configuration_t *from,
                                        const fc_function_configuration_t *to) {
  if (platform_same(from, to)) return PLATFORM_CHANGE_NONE;
  return from->replicas == to->replicas ? PLATFORM_CHANGE_IN_PLACE : PLATFORM_CHANGE_SCALE;
}

fc_status_t local_validate(const local_t *local, int32_t f, const fc_function_configuration_t *configuration,
                           fc_error_t *error) {
  fc_knob_range_t caps[FC_KNOBS];
  platform_local_caps(caps);
  for (int32_t k = 0; k < FC_KNOBS; ++k) {
    const int32_t value = fc_knob_get(configuration, (fc_knob_t)k);
    if (value < caps[k].min || value > caps[k].max)
      return fc_error_set(error, FC_EINVAL, "platform local: %s of function %s is %d: this machine takes %d to %d",
                          fc_knob_name((fc_knob_t)k), local->workflow->functions[f].name, (int)value, (int)caps[k].min,
                          (int)caps[k].max);
  }
  return FC_OK;
}

static fc_status_t set_limits(const replica_t *replica, const fc_function_configuration_t *configuration,
                              fc_error_t *error) {
  FC_TRY(cgroup_set_memory(&replica->group, configuration->mem_mib, error)); /* the one that may be refused */
  return cgroup_set_cpu(&replica->group, configuration->cpu_millicores, error);
}

/* All or none. */
static fc_status_t set_all_limits(const local_function_t *function, const fc_function_configuration_t *to,
                                  fc_error_t *error) {
  for (int32_t i = 0; i < function->n_replicas; ++i) {
    const fc_status_t status = set_limits(&function->replicas[i], to, error);
    if (status == FC_OK) continue;
    for (int32_t j = 0; j <= i; ++j) (void)set_limits(&function->replicas[j], &function->wanted, NULL);
    return status;
  }
  return FC_OK;
}

/* Behind those that are there, until the function has as many as wanted. *n_added gets how many are there, also after a
 * failure. */
static fc_status_t add_replicas(local_t *local, int32_t f, const fc_function_configuration_t *to, int32_t *n_added,
                                fc_error_t *error) {
  local_function_t *function = &local->functions[f];
  replica_t *first = &function->replicas[function->n_replicas];
  *n_added = 0;
  while (function->n_replicas + *n_added < to->replicas) {
    FC_TRY(local_add_replica(local, f, to, &first[*n_added], error));
    *n_added += 1;
  }
  return local_wait_until_serving(local, f, first, *n_added, error);
}

/* Those that do not serve go to the end, where replicas are taken away first; the order is else kept. */
static void sort_by_service(local_function_t *function) {
  for (int32_t i = 1; i < function->n_replicas; ++i) {
    for (int32_t j = i; j > 0; --j) {
      replica_t *left = &function->replicas[j - 1], *right = &function->replicas[j];
      if (left->state == REPLICA_SERVING || right->state != REPLICA_SERVING) break;
      const replica_t moved = *left;
      *left = *right;
      *right = moved;
    }
  }
}

static fc_status_t publish(local_t *local, int32_t f, fc_error_t *error) {
  local_fill_proxy(local, f);
  FC_TRY(haproxy_write_file(&local->haproxy, error));
  local->changing = f; /* draining takes as long as requests do: the other functions are looked after meanwhile */
  const fc_status_t status = haproxy_sync(&local->haproxy, f, error);
  local->changing = -1;
  return status;
}

/* With n_added replicas behind those that are there. On failure HAProxy has its old servers again. */
static fc_status_t change_servers(local_t *local, int32_t f, const fc_function_configuration_t *to, int32_t n_added,
                                  fc_error_t *error) {
  local_function_t *function = &local->functions[f];
  const fc_function_configuration_t old = function->wanted;
  const int32_t n_old = function->n_replicas;
  function->n_replicas = to->replicas < n_old ? to->replicas : n_old + n_added;
  function->wanted = *to;
  const fc_status_t status = publish(local, f, error);
  if (status == FC_OK) return FC_OK;
  function->n_replicas = n_old;
  function->wanted = old;
  (void)publish(local, f, NULL);
  return status;
}

fc_status_t local_change(local_t *local, int32_t f, const fc_function_configuration_t *to, fc_error_t *error) {
  local_function_t *function = &local->functions[f];
  const fc_function_configuration_t old = function->wanted;
  const int32_t n_old = function->n_replicas;
  int32_t n_added = 0;
  FC_TRY(local_validate(local, f, to, error));
  sort_by_service(function);
  FC_TRY(set_all_limits(function, to, error));
  fc_status_t status = add_replicas(local, f, to, &n_added, error);
  if (status == FC_OK) status = change_servers(local, f, to, n_added, error);
  if (status != FC_OK) {
    local_end_replicas(local, f, &function->replicas[n_old], n_added);
    for (int32_t i = 0; i < n_old; ++i) (void)set_limits(&function->replicas[i], &old, NULL);
    return status;
  }
  if (to->replicas < n_old) local_end_replicas(local, f, &function->replicas[to->replicas], n_old - to->replicas);
  return local_record_write(local, error);
}
