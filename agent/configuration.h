/* configuration.h - whole configurations (N): compare, copy, write and read as JSON, digest.
 *
 * Pure functions on caller-provided arrays; any thread, never blocks. The JSON form is the one of the summary line, the
 * decision log and the files of the state folder: a list of {"function", "cpu_millicores", "mem_mib", "replicas",
 * "concurrency"} in the order of the workflow.
 */
#ifndef AGENT_CONFIGURATION_H
#define AGENT_CONFIGURATION_H

#include "faasconf/digest.h"
#include "faasconf/json.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

bool configuration_equal(const fc_workflow_t *workflow, const fc_function_configuration_t *a,
                         const fc_function_configuration_t *b);
void configuration_copy(const fc_workflow_t *workflow, fc_function_configuration_t *to,
                        const fc_function_configuration_t *from);

/* Every knob positive. */
bool configuration_positive(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration);

/* Caller owns the result and destroys it with fc_json_destroy. */
fc_json_t *configuration_to_json(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration);

/* Functions are matched by position and name. FC_EFORMAT names what is wrong. */
fc_status_t configuration_from_json(const fc_workflow_t *workflow, const fc_json_t *json,
                                    fc_function_configuration_t *configuration, fc_error_t *error);

/* SHA-256 of "faasconf decision\n", agent, epoch, window, policy version, and each function with its knobs, one per
 * line: what a proposal, an approval and the decision log cite. */
void configuration_decision_digest(const fc_workflow_t *workflow, const char *agent, uint64_t epoch, int64_t window,
                                   int64_t policy_version, const fc_function_configuration_t *configuration,
                                   uint8_t digest[FC_DIGEST_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
