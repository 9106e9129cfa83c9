/* doctor_settings.c - agent.yaml and the workflow file; the order of all checks. See doctor.h. */
#include <inttypes.h>
#include <string.h>

#include "doctor.h"
#include "ownership.h"

static void check_file(doctor_t *doctor) {
  fc_error_t error = {0};
  const fc_status_t status = settings_load(doctor->config, &doctor->settings, &error);
  doctor->has_settings = status == FC_OK;
  if (status != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "settings", "%s", error.message);
    if (status == FC_ENOTFOUND) {
      doctor_remedy(doctor, "give --config the path of agent.yaml (docs/agent.md has an example)");
    } else {
      doctor_remedy(doctor, "edit %s there; docs/agent.md lists all keys", doctor->config);
    }
    return;
  }
  const settings_t *s = &doctor->settings;
  doctor_find(doctor, DOCTOR_OK, "settings", "%s reads: agent %s, platform %s", doctor->config, s->agent,
              s->platform_kind);
}

static void check_workflow(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  fc_error_t error = {0};
  if (fc_workflow_load(s->workflow, &doctor->workflow, &error) != FC_OK) {
    doctor->workflow = NULL;
    doctor_find(doctor, DOCTOR_FAILED, "workflow", "%s", error.message);
    doctor_remedy(doctor,
                  "set workflow in %s to a shipped name or the path of a workflow file, or correct that file "
                  "(docs/workflow-file.md)",
                  doctor->config);
    return;
  }
  char digest[FC_HEX_SIZE];
  fc_hex(doctor->workflow->digest, FC_DIGEST_SIZE, digest);
  doctor_find(doctor, DOCTOR_OK, "workflow", "%s: %d functions, windows of %g s, digest %.12s...",
              doctor->workflow->name, (int)doctor->workflow->n_functions, doctor->workflow->window_s, digest);
}

static void check_owned(doctor_t *doctor) {
  ownership_t ownership;
  fc_error_t error = {0};
  if (ownership_init(&doctor->settings, doctor->workflow, &ownership, &error) != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "functions", "%s", error.message);
    doctor_remedy(doctor, "name functions of workflow %s in functions of %s, or leave the key out for all of them",
                  doctor->workflow->name, doctor->config);
  } else if (!ownership_is_all(&ownership)) {
    doctor_find(doctor, DOCTOR_OK, "functions", "owns %d of %d and writes those only; %s", (int)ownership.n_owned,
                (int)ownership.n_functions,
                ownership_reports(&ownership) ? "it reports the windows of the workflow"
                                              : "another agent, of the first function, reports windows");
  }
  ownership_clear(&ownership);
}

static void check_mode(doctor_t *doctor) {
  settings_t *s = &doctor->settings;
  const bool overridden = doctor->mode != NULL && agent_mode_parse(doctor->mode, &s->mode);
  const char *from = overridden ? "--mode" : doctor->config;
  switch (s->mode) {
    case AGENT_MODE_OBSERVE:
      doctor_find(doctor, DOCTOR_OK, "mode", "observe (%s): measures and reports; decides and writes nothing", from);
      return;
    case AGENT_MODE_RECOMMEND:
      doctor_find(doctor, DOCTOR_OK, "mode", "recommend (%s): decides, logs and proposes; writes nothing", from);
      return;
    case AGENT_MODE_AUTO:
      if (s->session.windows > 0) {
        doctor_find(doctor, DOCTOR_OK, "mode", "auto (%s): WRITES configurations; a tuning session of %d windows first",
                    from, (int)s->session.windows);
      } else {
        doctor_find(doctor, DOCTOR_OK, "mode",
                    "auto (%s): WRITES configurations as the policy decides, without a session", from);
      }
      return;
  }
}

void doctor_check_settings(doctor_t *doctor) {
  check_file(doctor);
  if (!doctor->has_settings) return;
  check_mode(doctor);
  check_workflow(doctor);
  if (doctor->workflow) check_owned(doctor);
}

void doctor_run(doctor_t *doctor) {
  doctor_check_settings(doctor);
  if (!doctor->has_settings) return;
  doctor_check_state(doctor);
  doctor_check_clock(doctor);
  if (!doctor->workflow) return;
  doctor_check_server(doctor);
  doctor_check_platform(doctor);
}
