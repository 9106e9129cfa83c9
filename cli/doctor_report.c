/* doctor_report.c - see doctor_report.h; also how findings are kept. */
#include "doctor_report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "json_output.h"

enum { LEVEL_WIDTH = 7, CHECK_WIDTH = 14 };

const char *doctor_level_name(doctor_level_t level) {
  switch (level) {
    case DOCTOR_OK:
      return "ok";
    case DOCTOR_WARNING:
      return "warning";
    case DOCTOR_FAILED:
      return "FAILED";
  }
  return "unknown";
}

fc_status_t doctor_init(doctor_t *doctor, fc_error_t *error) {
  doctor->folder.descriptor = doctor->folder.lock = -1;
  doctor->findings = calloc(DOCTOR_MAX_FINDINGS, sizeof *doctor->findings);
  return doctor->findings ? FC_OK : fc_error_set(error, FC_ENOMEM, "no memory for the findings");
}

void doctor_clear(doctor_t *doctor) {
  if (doctor->has_folder) folder_close(&doctor->folder);
  fc_workflow_destroy(&doctor->workflow);
  settings_clear(&doctor->settings);
  free(doctor->findings);
  doctor->findings = NULL;
  doctor->n_findings = 0;
  doctor->has_settings = doctor->has_folder = false;
}

/* One line of it: what others wrote (a server's reason) must not look like findings of ours. */
static void flatten(char *text) {
  for (; *text; ++text)
    if ((unsigned char)*text < ' ' || *text == 0x7F) *text = ' ';
}

void doctor_find(doctor_t *doctor, doctor_level_t level, const char *check, const char *format, ...) {
  if (doctor->n_findings == DOCTOR_MAX_FINDINGS) return;
  doctor_finding_t *finding = &doctor->findings[doctor->n_findings++];
  va_list arguments;
  finding->check = check;
  finding->level = level;
  finding->remedy[0] = '\0';
  va_start(arguments, format);
  (void)vsnprintf(finding->found, sizeof finding->found, format, arguments);
  va_end(arguments);
  flatten(finding->found);
}

void doctor_remedy(doctor_t *doctor, const char *format, ...) {
  if (doctor->n_findings == 0) return;
  doctor_finding_t *finding = &doctor->findings[doctor->n_findings - 1];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(finding->remedy, sizeof finding->remedy, format, arguments);
  va_end(arguments);
  flatten(finding->remedy);
}

int32_t doctor_count(const doctor_t *doctor, doctor_level_t level) {
  int32_t n = 0;
  for (int32_t i = 0; i < doctor->n_findings; ++i) n += doctor->findings[i].level == level;
  return n;
}

void doctor_print_text(const doctor_t *doctor, FILE *out) {
  for (int32_t i = 0; i < doctor->n_findings; ++i) {
    const doctor_finding_t *finding = &doctor->findings[i];
    fprintf(out, "%-*s  %-*s  %s\n", LEVEL_WIDTH, doctor_level_name(finding->level), CHECK_WIDTH, finding->check,
            finding->found);
    if (finding->remedy[0] != '\0') fprintf(out, "%*s  -> %s\n", LEVEL_WIDTH + 2 + CHECK_WIDTH, "", finding->remedy);
  }
  const int32_t warnings = doctor_count(doctor, DOCTOR_WARNING);
  fprintf(out, "\n%d checks: %d failed, %d warning%s\n", (int)doctor->n_findings,
          (int)doctor_count(doctor, DOCTOR_FAILED), (int)warnings, warnings == 1 ? "" : "s");
}

void doctor_print_json(const doctor_t *doctor) {
  fc_json_t *out = fc_json_object(), *checks = fc_json_array();
  fc_json_set_bool(out, "ok", doctor_count(doctor, DOCTOR_FAILED) == 0);
  fc_json_set_int(out, "failed", doctor_count(doctor, DOCTOR_FAILED));
  fc_json_set_int(out, "warnings", doctor_count(doctor, DOCTOR_WARNING));
  for (int32_t i = 0; i < doctor->n_findings; ++i) {
    const doctor_finding_t *finding = &doctor->findings[i];
    fc_json_t *one = fc_json_object();
    fc_json_set_string(one, "check", finding->check);
    fc_json_set_string(one, "level", finding->level == DOCTOR_FAILED ? "failed" : doctor_level_name(finding->level));
    fc_json_set_string(one, "found", finding->found);
    if (finding->remedy[0] != '\0') {
      fc_json_set_string(one, "remedy", finding->remedy);
    } else {
      fc_json_set_null(one, "remedy");
    }
    fc_json_append(checks, &one);
  }
  fc_json_set(out, "checks", &checks);
  json_print(&out);
}
