/* doctor_platform.c - what the platform can set and measure, and what limits leave of it; then the checks of its kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "faasconf/knobs.h"
#include "local.h"
#include "sim_rules.h"

enum { LIST_SIZE = 256 };

static bool is_local(const doctor_t *doctor) {
  return strcmp(doctor->settings.platform_kind, "local") == 0;
}

/* ---- limits --------------------------------------------------------------------------------------------------- */

static void fill_caps(const doctor_t *doctor, fc_knob_range_t *caps) {
  if (!is_local(doctor)) {
    sim_rules_caps(doctor->workflow, caps);
    return;
  }
  for (int32_t f = 0; f < doctor->workflow->n_functions; ++f) platform_local_caps(&caps[f * FC_KNOBS]);
}

/* Start values that are outside: where the agent may act, its first change moves them inside. */
static void check_start(doctor_t *doctor, const fc_limits_t *limits) {
  const fc_workflow_t *workflow = doctor->workflow;
  for (int32_t i = 0; i < workflow->n_functions * FC_KNOBS; ++i) {
    const fc_function_t *function = &workflow->functions[i / FC_KNOBS];
    const fc_knob_t knob = (fc_knob_t)(i % FC_KNOBS);
    const int32_t value = fc_knob_get(&function->start, knob);
    if (value >= limits->knobs[i].min && value <= limits->knobs[i].max) continue;
    doctor_find(doctor, DOCTOR_WARNING, "limits", "%s of function %s starts at %d, outside its limits [%d, %d]",
                fc_knob_name(knob), function->name, (int)value, (int)limits->knobs[i].min, (int)limits->knobs[i].max);
    doctor_remedy(doctor, "correct start in the workflow file, or safety.limits.%s in %s", function->name,
                  doctor->config);
  }
}

static void say_limits(doctor_t *doctor, const fc_limits_t *limits) {
  const int32_t n = doctor->workflow->n_functions * FC_KNOBS;
  int32_t n_moving = 0;
  for (int32_t i = 0; i < n; ++i) n_moving += limits->knobs[i].max > limits->knobs[i].min;
  doctor_find(doctor, n_moving == 0 ? DOCTOR_WARNING : DOCTOR_OK, "limits",
              "every knob has a value; %d of %d knobs of %d functions can move", (int)n_moving, (int)n,
              (int)doctor->workflow->n_functions);
  if (n_moving == 0) doctor_remedy(doctor, "widen safety.limits in %s: there is nothing to tune", doctor->config);
  check_start(doctor, limits);
}

static void check_limits(doctor_t *doctor) {
  const fc_workflow_t *workflow = doctor->workflow;
  fc_limits_t limits = {0};
  fc_error_t error = {0};
  fc_knob_range_t *caps = calloc((size_t)workflow->n_functions * FC_KNOBS, sizeof *caps);
  fc_status_t status = caps ? fc_limits_init(&limits, workflow, doctor->settings.ranges) : FC_ENOMEM;
  if (status == FC_OK) status = settings_apply_limits(&doctor->settings, workflow, &limits, &error);
  if (status == FC_OK) {
    fill_caps(doctor, caps);
    status = settings_narrow_limits(doctor->settings.platform_kind, workflow, caps, &limits, &error);
  }
  if (status == FC_OK) {
    say_limits(doctor, &limits);
  } else {
    doctor_find(doctor, DOCTOR_FAILED, "limits", "%s", error.message);
    doctor_remedy(doctor, "widen safety.limits in %s, or the ranges in the workflow file", doctor->config);
  }
  fc_limits_clear(&limits);
  free(caps);
}

/* ---- capabilities --------------------------------------------------------------------------------------------- */

static platform_change_t plan(const doctor_t *doctor, fc_knob_t knob) {
  platform_step_t step = {.from = doctor->workflow->functions[0].start, .to = doctor->workflow->functions[0].start};
  fc_knob_set(&step.to, knob, fc_knob_get(&step.from, knob) + 1);
  if (is_local(doctor)) return platform_local_change(&step.from, &step.to);
  sim_rules_plan(&step);
  return step.change;
}

static void list_knobs(const doctor_t *doctor, platform_change_t change, char *list) {
  list[0] = '\0';
  for (int32_t k = 0; k < FC_KNOBS; ++k) {
    if (plan(doctor, (fc_knob_t)k) != change) continue;
    const size_t length = strlen(list);
    snprintf(list + length, LIST_SIZE - length, "%s%s", length > 0 ? ", " : "", fc_knob_name((fc_knob_t)k));
  }
}

static void say_capabilities(doctor_t *doctor) {
  char in_place[LIST_SIZE], scale[LIST_SIZE], replace[LIST_SIZE];
  list_knobs(doctor, PLATFORM_CHANGE_IN_PLACE, in_place);
  list_knobs(doctor, PLATFORM_CHANGE_SCALE, scale);
  list_knobs(doctor, PLATFORM_CHANGE_REPLACE, replace);
  doctor_find(doctor, DOCTOR_OK, "platform",
              "%s sets in place: %s; by scaling: %s; by rollout: %s; measures every function",
              doctor->settings.platform_kind, in_place[0] ? in_place : "none", scale[0] ? scale : "none",
              replace[0] ? replace : "none");
}

void doctor_check_platform(doctor_t *doctor) {
  say_capabilities(doctor);
  check_limits(doctor);
  if (is_local(doctor)) {
    doctor_check_machine(doctor);
    doctor_check_local(doctor);
  } else {
    doctor_check_sim(doctor);
  }
  doctor_check_metrics(doctor);
}
