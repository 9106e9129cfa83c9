/* particles.h - what is known of a system after some windows: weighted worlds, each a full set of simulator parameters.
 *
 * Between calibration, which makes them, and everything that plans on the twin. One particle of weight 1 is a point:
 * the parameters of the workflow file are that. Plain data; immutable once filled, then any number of threads may read.
 */
#ifndef SIM_CALIBRATION_PARTICLES_H
#define SIM_CALIBRATION_PARTICLES_H

#include <stdint.h>

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PARTICLES_MAX = 4096 };

typedef struct {
  int32_t n;                             /* particles */
  int32_t n_functions;                   /* N */
  fc_simulator_parameters_t *parameters; /* (n); their `functions` are (N) */
  double *weights;                       /* (n) sum to 1 */
} particles_t;

/* n particles, all with the parameters of the workflow and equal weights. Borrows nothing. FC_EINVAL when the workflow
 * has no `simulator:` section or n is not in 1..PARTICLES_MAX; FC_ENOMEM. Caller frees with particles_clear. */
fc_status_t particles_init(particles_t *particles, const fc_workflow_t *workflow, int32_t n, fc_error_t *error);
void particles_clear(particles_t *particles);

/* The particle of window `window` of a plan: over n consecutive windows each particle comes up in proportion to its
 * weight (systematic resampling with a fixed offset), and over fewer nearly so, the same for every configuration that
 * is compared. */
int32_t particles_of_window(const particles_t *particles, int64_t window);

/* The twin file: JSON with the digest-free identity of the workflow (name, functions), parameters and weights. load
 * checks names and functions against the workflow and every number; errors name file and key. Block on file I/O; save
 * replaces the file at once (rename). */
fc_status_t particles_save(const particles_t *particles, const fc_workflow_t *workflow, const char *path,
                           fc_error_t *error);
fc_status_t particles_load(const char *path, const fc_workflow_t *workflow, particles_t *particles, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
