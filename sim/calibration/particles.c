/* particles.c - see particles.h; the file is particles_file.c. */
#include "particles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

fc_status_t particles_init(particles_t *particles, const fc_workflow_t *workflow, int32_t n, fc_error_t *error) {
  memset(particles, 0, sizeof *particles);
  if (!workflow->simulator.present)
    return fc_error_set(error, FC_EINVAL, "workflow %s has no `simulator:` section", workflow->name);
  if (n < 1 || n > PARTICLES_MAX)
    return fc_error_set(error, FC_EINVAL, "%d particles: expected 1 to %d", (int)n, PARTICLES_MAX);
  particles->n = n;
  particles->n_functions = workflow->n_functions;
  particles->parameters = calloc((size_t)n, sizeof *particles->parameters);
  particles->weights = calloc((size_t)n, sizeof *particles->weights);
  bool taken = particles->parameters != NULL && particles->weights != NULL;
  const size_t size = (size_t)workflow->n_functions * sizeof *workflow->simulator.functions;
  for (int32_t i = 0; taken && i < n; ++i) {
    particles->weights[i] = 1.0 / n;
    particles->parameters[i] = workflow->simulator;
    particles->parameters[i].functions = malloc(size);
    taken = particles->parameters[i].functions != NULL;
    if (taken) memcpy(particles->parameters[i].functions, workflow->simulator.functions, size);
  }
  if (taken) return FC_OK;
  particles_clear(particles);
  return fc_error_set(error, FC_ENOMEM, "no memory for %d particles of workflow %s", (int)n, workflow->name);
}

void particles_clear(particles_t *particles) {
  for (int32_t i = 0; particles->parameters != NULL && i < particles->n; ++i) free(particles->parameters[i].functions);
  free(particles->parameters);
  free(particles->weights);
  memset(particles, 0, sizeof *particles);
}

static bool are_coprime(int32_t a, int32_t b) {
  while (b != 0) {
    const int32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a == 1;
}

/* Particles lie structure by structure: steps of about the golden section of n, coprime to it, so that few windows in a
 * row see all kinds and n of them everyone. */
static int32_t stride_of(int32_t n) {
  int32_t stride = (int32_t)lround(0.618 * n);
  while (stride > 1 && !are_coprime(n, stride)) --stride;
  return stride < 1 ? 1 : stride;
}

int32_t particles_of_window(const particles_t *particles, int64_t window) {
  const int64_t row = ((window % particles->n) + particles->n) % particles->n;
  const int64_t slot = row * stride_of(particles->n) % particles->n;
  const double at = ((double)slot + 0.5) / particles->n;
  double below = 0;
  int32_t i = 0;
  for (; i < particles->n - 1; ++i) {
    below += particles->weights[i];
    if (at < below) break;
  }
  return i;
}
