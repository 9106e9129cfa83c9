/* eval_report.c - see eval_report.h. */
#include "eval_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commit.h"
#include "jobs.h"

void eval_report_command(int argc, char **argv, char *text, size_t size) {
  size_t used = (size_t)snprintf(text, size, "faasconf eval");
  for (int i = 0; i < argc && used < size; ++i) used += (size_t)snprintf(text + used, size - used, " %s", argv[i]);
  for (char *c = text; *c != '\0'; ++c)
    if (*c == '\n') *c = ' ';
}

/* "Intel(R) Xeon(R) ..., 2 processors"; the processors alone where the kernel does not name them. */
static void describe_machine(char *text, size_t size) {
  char line[256], model[160] = "";
  FILE *file = fopen("/proc/cpuinfo", "re");
  while (file != NULL && model[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
    const char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) == 0 && colon != NULL)
      snprintf(model, sizeof model, "%.*s, ", (int)strcspn(colon + 2, "\n"), colon + 2);
  }
  if (file != NULL) (void)fclose(file);
  snprintf(text, size, "%s%d processors", model, (int)jobs_default_workers());
}

fc_status_t eval_report_write(const report_t *report, const char *folder, fc_error_t *error) {
  report_t whole = *report;
  report_result_t result = {0};
  char machine[192], date[32];
  const time_t now = time(NULL);
  struct tm parts;
  describe_machine(machine, sizeof machine);
  if (gmtime_r(&now, &parts) == NULL || strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts) == 0) date[0] = '\0';
  whole.commit = FAASCONF_COMMIT;
  whole.date = date;
  whole.machine = machine;
  if (getloadavg(&whole.load_average, 1) != 1) whole.load_average = NAN;
  FC_TRY(report_write(&whole, folder, &result, error));
  fprintf(stderr, "%s/report.html: %d plots", folder, (int)result.n_plots);
  if (result.n_plots_failed > 0)
    fprintf(stderr, ", %d not drawn: %s", (int)result.n_plots_failed, result.plots_message);
  fputc('\n', stderr);
  return FC_OK;
}
