/* workflow_parse.h - inside core: the parts of reading a workflow file, in the order they run.
 *
 * Each part fills its fields of *workflow from the document and complains with a place. workflow.c calls them.
 */
#ifndef CORE_WORKFLOW_PARSE_H
#define CORE_WORKFLOW_PARSE_H

#include "faasconf/config.h"
#include "faasconf/workflow.h"

/* Name, window, prices, functions with ranges and start; not their calls. */
fc_status_t workflow_parse_functions(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error);

/* Call plans of the workflow and of each function; refuses recursion. */
fc_status_t workflow_parse_calls(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error);

fc_status_t workflow_parse_qos(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error);

/* The optional sections `simulator:` and `platform:`. */
fc_status_t workflow_parse_simulator(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error);
fc_status_t workflow_parse_platform(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error);

/* Edges, visits, depth, degrees from the call plans. FC_ENOMEM. */
fc_status_t workflow_derive(fc_workflow_t *workflow, fc_error_t *error);

/* SHA-256 over what matters to dims and meaning. */
void workflow_digest(fc_workflow_t *workflow);

#endif
