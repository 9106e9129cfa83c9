/* json_output.h - what commands with --json share: the line they print, and the shapes that several of them have. */
#ifndef CLI_JSON_OUTPUT_H
#define CLI_JSON_OUTPUT_H

#include "faasconf/json.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Prints the value as one line on stdout and destroys it. */
void json_print(fc_json_t **value);

/* object[key] = [low, high] */
void json_set_interval(fc_json_t *object, const char *key, double low, double high);

/* The four knobs of one function. */
void json_set_knobs(fc_json_t *object, const fc_function_configuration_t *configuration);

/* {function: its knobs} of a configuration (N): what `simulate --configuration` reads. Caller owns the result. */
fc_json_t *json_of_configuration(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration);

#ifdef __cplusplus
}
#endif
#endif
